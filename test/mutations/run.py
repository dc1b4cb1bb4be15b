#!/usr/bin/env python3
"""Planted mistakes: each is put into one source, and the named test must fail (style.md section 6).

usage: run.py [--tree release] [--jobs N] [--list] [--part I/N] [NAME...]      default: all of planted.txt
Ends with `N passed, N failed`: a mistake that its test does not catch counts as failed, as does one that no longer
applies. The source tree is never touched: the patched copy and what is built of it lie in build/mutations/. Only that
one object is compiled; it goes in front of the libraries, so the linker takes it instead of theirs.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.path.join(ROOT, 'build', 'mutations')
LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'planted.txt')
COMPILE_SECONDS, TEST_SECONDS = 300, 60


class Mutation:
    def __init__(self, name):
        self.name, self.why, self.file, self.old, self.new, self.suite, self.test = name, [], None, [], [], None, None


def planted(path):
    """The mistakes of a list: `== name`, why, `file:`, lines with - and +, `caught: SUITE | TEST CASE`."""
    out = []
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip('\n')
            if line.startswith('== '):
                out.append(Mutation(line[3:].strip()))
            elif not line.strip() or line.startswith('#'):
                continue
            elif not out:
                raise SystemExit(f'{path}:{number}: text before the first name')
            elif line.startswith('file: '):
                out[-1].file = line[6:].strip()
            elif line.startswith('caught: '):
                out[-1].suite, out[-1].test = (part.strip() for part in line[8:].split('|', 1))
            elif line[0] in '-+':
                (out[-1].old if line[0] == '-' else out[-1].new).append(line[1:])
            else:
                out[-1].why.append(line)
    for m in out:
        if not (m.why and m.file and m.old and m.suite and m.test):
            raise SystemExit(f'{path}: {m.name}: needs why, file, - lines and a test')
    return out


class Failed(Exception):
    pass


def run(command, seconds, **options):
    return subprocess.run(command, cwd=options.pop('cwd', ROOT), timeout=seconds, text=True, errors='replace',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)


class Builder:
    def __init__(self, tree):
        self.dir = os.path.join(ROOT, 'build', tree)
        try:
            with open(os.path.join(self.dir, 'compile_commands.json'), encoding='utf-8') as f:
                self.units = {entry['file']: entry for entry in json.load(f)}
        except OSError:
            raise SystemExit(f'{self.dir} is not built: deploy/build {tree}') from None
        self.links = {}

    def compiled(self, source, patched, out):
        """Compiles the patched copy as the build tree compiles the source."""
        entry = self.units.get(os.path.join(ROOT, source))
        if entry is None:
            raise Failed(f'{source} is not compiled in this tree')
        words = shlex.split(entry['command'])
        words[words.index('-o') + 1] = out
        words[words.index('-c') + 1] = patched
        words.append('-Wno-error')  # of what the mistake leaves unused
        if shutil.which('ccache'):
            words.insert(0, 'ccache')  # the copy is the same every time
        done = run(words, COMPILE_SECONDS, cwd=entry['directory'])
        if done.returncode != 0:
            raise Failed(f'does not compile:\n{done.stdout[-3000:]}')

    def linked(self, suite, patched, out):
        if suite not in self.links:
            done = run(['ninja', '-C', self.dir, '-t', 'commands', suite], 60)
            found = [l for l in done.stdout.splitlines() if f' -o test/{suite} ' in l]
            if not found:
                raise Failed(f'{suite} is not in this tree')
            self.links[suite] = found[-1]
        command = self.links[suite].replace(f' -o test/{suite} ', f' -o {shlex.quote(out)} {shlex.quote(patched)} ')
        done = run(command, COMPILE_SECONDS, cwd=self.dir, shell=True)
        if done.returncode != 0:
            raise Failed(f'does not link:\n{done.stdout[-3000:]}')


def patched_text(m):
    with open(os.path.join(ROOT, m.file), encoding='utf-8') as f:
        text = f.read()
    old = '\n'.join(m.old) + '\n'
    if text.count(old) != 1:
        raise Failed(f'{m.file} has its lines {text.count(old)} times: it no longer applies')
    return text.replace(old, ''.join(line + '\n' for line in m.new))


def outcome(program, test):
    """(passed, failed) test cases; a program that aborts in one has failed it."""
    # A comma would end the pattern.
    done = run([program, '--no-colors=1', '-tc=' + test.replace(',', '?')], TEST_SECONDS)
    counts = re.search(r'^\[doctest\] test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed', done.stdout, re.M)
    if counts is None:
        if done.returncode == 0:
            raise Failed(f'{program} says nothing')
        return 0, 1  # it crashed; that it can run at all, the one without the mistake has shown
    passed, failed = int(counts[2]), int(counts[3])
    if done.returncode != 0 and failed == 0:
        failed = 1
    return passed, failed


def check(builder, m):
    """Nothing if the mistake is caught, else what is wrong."""
    try:
        if outcome(os.path.join(builder.dir, 'test', m.suite), m.test) != (1, 0):
            raise Failed(f'without it "{m.test}" is not one test that passes')
        folder = os.path.join(WORK, m.name)
        os.makedirs(folder, exist_ok=True)
        copy, unit, program = (os.path.join(folder, n) for n in (os.path.basename(m.file), 'unit.o', m.suite))
        with open(copy, 'w', encoding='utf-8') as f:
            f.write(patched_text(m))
        builder.compiled(m.file, copy, unit)
        builder.linked(m.suite, unit, program)
        failed = outcome(program, m.test)[1]
        os.remove(program)  # they are large
        if failed == 0:
            raise Failed(f'not caught by "{m.test}"')
    except subprocess.TimeoutExpired as late:
        return f'not done after {late.timeout} s'
    except Failed as why:
        return str(why)
    return None


def main():
    options = argparse.ArgumentParser(usage=__doc__.split('\n')[2][7:])
    options.add_argument('--tree', default='release')
    options.add_argument('--jobs', type=int, default=os.cpu_count())
    options.add_argument('--list', action='store_true')
    options.add_argument('--part', default='0/1', help='every N-th from the I-th on; that they apply is seen of all')
    options.add_argument('names', nargs='*')
    given = options.parse_args()
    wanted = planted(LIST)
    if given.names:
        unknown = set(given.names) - {m.name for m in wanted}
        if unknown:
            raise SystemExit(f'no such mistake: {", ".join(sorted(unknown))}')
        wanted = [m for m in wanted if m.name in given.names]
    if given.list:
        for m in wanted:
            print(f'{m.name}: {" ".join(m.why)}')
        return 0
    builder, wrong = Builder(given.tree), 0
    for m in wanted:
        try:
            patched_text(m)
        except Failed as why:
            print(f'FAIL {m.name}: {why}', flush=True)
            wrong += 1
    part, parts = (int(x) for x in given.part.split('/'))
    applied, wanted = len(wanted) - wrong, wanted[part::parts]
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        for m, why in zip(wanted, pool.map(lambda m: check(builder, m), wanted)):
            print(f'{"FAIL" if why else "caught"} {m.name}' + (f': {why}' if why else f' by "{m.test}"'), flush=True)
            wrong += why is not None
    print(f'{applied} apply')
    print(f'{max(len(wanted) - wrong, 0)} passed, {wrong} failed')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
