#!/usr/bin/env python3
"""What deploy/ ships for systemd and containers, as far as it can be judged without running it.

The unit: `systemd-analyze verify` and `security`. Compose: yamllint and `docker-compose config`. The Dockerfile: rules of
our own, since Debian packages no linter for it. Shell scripts of deploy/: shellcheck.
usage: deploy.py [--root DIR]     prints `file:line: what is wrong`, then `N passed, N failed`; exit 1 if anything is
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

sys.dont_write_bytecode = True
from source_tree import root_of  # noqa: E402

UNIT, IMAGE, COMPOSE = 'deploy/systemd/burrow.service', 'deploy/container/Dockerfile', 'deploy/container/compose.yaml'
PROGRAM = '/usr/local/bin/burrow'
EXPOSURE_MAX = 1.5  # of 10; the design asks for 2.5
YAML_RULES = '{extends: default, rules: {line-length: {max: 120}, truthy: {check-keys: false}}}'


def run(*command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=50, **more)
    return done.returncode, done.stdout.strip()


def missing(program):
    return None if shutil.which(program) else f'{program} is not installed (test/packages.txt)'


def unit_verified(path, root):
    """No word of systemd about the unit, on a file system of its own where the program is there."""
    with tempfile.TemporaryDirectory() as scratch:
        text = open(path).read()
        # The lint runs before the build: whether the unit is right does not hang on there being a program yet.
        if not os.access(PROGRAM, os.X_OK):
            text = text.replace(f'ExecStart={PROGRAM} ', f'ExecStart={shutil.which("true")} ')
        copy = os.path.join(scratch, os.path.basename(path))
        with open(copy, 'w') as f:
            f.write(text)
        code, said = run('systemd-analyze', 'verify', '--man=no', copy)
        said = [line.replace(scratch + '/', '') for line in said.split('\n') if 'burrow' in line]
        if code != 0 or said:
            yield f'{UNIT}:1: {"; ".join(said) or f"systemd-analyze verify: exit {code}"}'


def unit_exposure(path, root):
    code, said = run('systemd-analyze', 'security', '--offline=true', f'--threshold={EXPOSURE_MAX * 10:.0f}', path)
    level = re.search(r'exposure level for \S+ (\d+\.\d+)', said)
    if code != 0 or not level:
        yield f'{UNIT}:1: exposure {level[1] if level else "unknown"}, at most {EXPOSURE_MAX}: systemd-analyze security'


def compose_style(path, root):
    code, said = run('yamllint', '--strict', '--format', 'parsable', '-d', YAML_RULES, path)
    if code != 0:
        yield from (line.replace(root + '/', '') for line in said.split('\n'))


def compose_read(path, root):
    """docker-compose understands it; this needs no daemon. That names belong to something it only sees at a start."""
    code, said = run('docker-compose', '--file', path, 'config', '--quiet')
    if code != 0:
        yield f'{COMPOSE}:1: {said}'
        return
    whole = yaml.safe_load(open(path))
    for name, service in whole['services'].items():
        used = [('networks', n) for n in service.get('networks') or ()]
        used += [('volumes', v.split(':')[0]) for v in service.get('volumes', ()) if re.match(r'\w', v)]
        yield from (f'{COMPOSE}:1: {name}: {kind} has no {n}' for kind, n in used if n not in (whole.get(kind) or {}))


def instructions(text):
    """(line, word, rest) of a Dockerfile, continued lines joined."""
    pending, first = '', 0
    for number, line in enumerate(text.split('\n'), 1):
        if not pending and (not line.strip() or line.lstrip().startswith('#')):
            continue
        first = first if pending else number
        pending += line.rstrip('\\').strip() + ' '
        if not line.endswith('\\'):
            word, _, rest = pending.strip().partition(' ')
            yield first, word.upper(), rest.strip()
            pending = ''


def is_exec_form(rest):
    """A JSON list: no shell, which the image does not have and which would swallow SIGTERM."""
    try:
        return isinstance(json.loads(rest[rest.index('['):]), list)
    except ValueError:
        return False


def dockerfile(path, root):
    stages, last, user = set(), {}, None
    for number, word, rest in instructions(open(path).read()):
        at = f'{IMAGE}:{number}:'
        if word == 'FROM':
            base, last, user = rest.split()[0], {}, None
            if base not in stages | {'scratch'} and not re.search(r'(:(?!latest\b)[\w.-]+|@sha256:\w{64})$', base):
                yield f'{at} {base} names no version'
            stages.update(re.findall(r' AS (\S+)$', rest, re.I))
        elif word == 'COPY':
            source = re.search(r'--from=(\S+)', rest)
            if source and source[1] not in stages:
                yield f'{at} no stage is called {source[1]}'
            if not source:
                yield from (f'{at} {p} is not there' for p in rest.split()[:-1] if not os.path.exists(os.path.join(root, p)))
        elif word == 'ADD':
            yield f'{at} ADD fetches and unpacks by itself: COPY'
        elif word in ('CMD', 'ENTRYPOINT', 'HEALTHCHECK') and not is_exec_form(rest):
            yield f'{at} {word} is no list'
        elif word == 'USER':
            user = rest
        elif word == 'RUN' and re.search(r'apt(-get)? install', rest) and 'no-install-recommends' not in rest:
            yield f'{at} installs what is recommended, too'
        last[word] = rest
    if not user or re.match(r'(root|0)\b', user):
        yield f'{IMAGE}:1: the last stage runs as root'
    for word in ('HEALTHCHECK', 'VOLUME', 'ENTRYPOINT'):
        if word not in last:
            yield f'{IMAGE}:1: the last stage has no {word}'


def scripts(path, root):
    code, said = run('shellcheck', '--format', 'gcc', *sorted(
        p for p in glob.glob(root + '/deploy/**', recursive=True)
        if os.path.isfile(p) and open(p, 'rb').read(20).startswith(b'#!/usr/bin/env bash')))
    if code != 0:
        yield from (line.replace(root + '/', '') for line in said.split('\n'))


CHECKS = [(UNIT, 'systemd-analyze', unit_verified), (UNIT, 'systemd-analyze', unit_exposure),
          (COMPOSE, 'yamllint', compose_style), (COMPOSE, 'docker-compose', compose_read),
          (IMAGE, 'true', dockerfile), ('deploy/systemd/install', 'shellcheck', scripts)]


def main():
    root, passed, failed = root_of(sys.argv), 0, 0
    for path, program, check in CHECKS:
        if '--root' in sys.argv and not os.path.exists(os.path.join(root, path)):
            continue  # a tree made for one mistake
        absent = missing(program)
        found = [absent] if absent else list(check(os.path.join(root, path), root))
        print('\n'.join(found), end='\n' if found else '')
        passed, failed = passed + (not found), failed + bool(found)
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
