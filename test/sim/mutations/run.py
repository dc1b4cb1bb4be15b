#!/usr/bin/env python3
"""Plants each mistake of this folder and sees that it is caught: the test of the tests.

usage: run.py [--part I/N] [NAME...]     replays what caught.txt says, all or every N-th from the I-th on
       run.py --search [NAME...]         looks for a seed, or a unit test, that catches it, and writes caught.txt
Needs the release build of burrow_sim and burrow_unit. Only the patched units are compiled, into build/mutations/.

caught.txt says `seed N` (of the raft world), `replicas N` (of the world of whole replicas) or `unit NAME`.

A mistake is a file: a sentence, then one or more blocks of `file PATH`, lines to find (-) and what to put there (+). A
block that is not found exactly once is an error: the code has changed, so must the mistake.
"""
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, '..', '..', '..'))
BUILD = os.path.join(ROOT, 'build', 'release')
OUT = os.path.join(ROOT, 'build', 'mutations')
LOCK = threading.Lock()
CAUGHT = os.path.join(HERE, 'caught.txt')
SEARCH_SEEDS = [(1, 1500), (1501, 2500)]  # before and after the unit tests are asked
# Few at a time: a mistake may keep a world busy for ever, and the next seeds catch it in a moment.
REPLICA_SEEDS = [(first, 20) for first in range(1, 1500, 20)]
REPLICA_LIMIT_S, REPLICA_SEARCH_S = 30, 600
LIMIT_S = 120


def read_mistake(name):
    blocks, block = [], None
    with open(os.path.join(HERE, name + '.txt')) as f:
        for line in f.read().split('\n')[1:]:
            if line.startswith('file '):
                block = [line[5:], [], []]
                blocks.append(block)
            elif block and line[:1] in '-+' and line:
                block[1 if line[0] == '-' else 2].append(line[1:])
    return blocks


def patched_sources(name):
    sources = {}
    for path, old, new in read_mistake(name):
        if path not in sources:
            with open(os.path.join(ROOT, path)) as f:
                sources[path] = f.read()
        text, wanted = sources[path], '\n'.join(old) + '\n'
        found = ('\n' + text).count('\n' + wanted)  # whole lines
        if found != 1:
            raise SystemExit(f'{name}: found {found} times in {path}:\n{wanted}')
        sources[path] = ('\n' + text).replace('\n' + wanted, '\n' + ('\n'.join(new) + '\n' if new else ''))[1:]
    return sources


def commands():
    with open(os.path.join(BUILD, 'compile_commands.json')) as f:
        return {os.path.relpath(c['file'], ROOT): c for c in json.load(f)}


def build(name, known):
    """The paths of burrow_sim and burrow_unit with this mistake."""
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    objects = []
    for path, text in patched_sources(name).items():
        source = os.path.join(folder, os.path.basename(path))
        with open(source, 'w') as f:
            f.write(text)
        command, target = shlex.split(known[path]['command']), source + '.o'
        command[command.index('-o') + 1] = target
        command[command.index('-c') + 1] = source
        command = [c for c in command if c != '-Werror']
        subprocess.run(command, cwd=known[path]['directory'], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        objects.append(target)
    # The patched objects come first, so the linker leaves theirs in the libraries alone.
    main = os.path.join(BUILD, 'test', 'CMakeFiles', 'burrow_sim.dir', 'sim', 'main.cpp.o')
    program = os.path.join(folder, 'burrow_sim')
    subprocess.run(['g++', '-o', program, main, *objects, *libraries()], check=True)
    return program, objects


def libraries():
    ours = [f'cluster/libburrow_{x}.a'
            for x in ('sim_world', 'checkers', 'replica', 'codec', 'queue', 'storage', 'placement', 'raft', 'base')]
    return [os.path.join(BUILD, x) for x in (*ours, 'proto/libburrow_proto.a')] + ['-lprotobuf', '-lxxhash']


def is_of_replicas(name):
    """Whether it lies in what only the world of whole replicas runs."""
    return all(not path.startswith('cluster/raft/') and not re.match(r'cluster/sim/(disk|turn)', path)
               for path, _, _ in read_mistake(name))


def build_unit(name, objects):
    """The tests of raft alone, or of what runs whole replicas, with this mistake."""
    folder = os.path.join(BUILD, 'test', 'CMakeFiles', 'burrow_unit.dir')
    wanted = ['unit/cluster/replica/group_test.cpp.o'] if is_of_replicas(name) else [
        'script/raft_script_test.cpp.o',
        *(f'unit/cluster/raft/{x}' for x in sorted(os.listdir(folder + '/unit/cluster/raft')) if x.endswith('.o'))]
    parts = [os.path.join(folder, x) for x in wanted]
    parts.append(os.path.join(BUILD, 'test', 'CMakeFiles', 'burrow_doctest.dir', 'support', 'doctest_main.cpp.o'))
    program = os.path.join(OUT, name, 'unit')
    support = os.path.join(BUILD, 'test', 'libburrow_test_support.a')
    subprocess.run(['g++', '-o', program, *objects, *parts, support, *libraries()], check=True)
    return program


def sim_fails(program, arguments, limit_s=LIMIT_S):
    """The seed that failed, or None."""
    try:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return None
    found = re.search(r'replay: burrow_sim (?:--world replicas )?--seed (\d+)', done.stdout)
    return int(found[1]) if done.returncode != 0 and found else None


def unit_fails(program, pattern='*'):
    """The name of a test that failed, or None."""
    done = subprocess.run([program, '--no-colors=1', f'-tc={pattern}'], capture_output=True, text=True, timeout=LIMIT_S)
    found = re.search(r'^TEST CASE:\s+(.*)$', done.stdout, re.M)
    return found[1].strip() if done.returncode != 0 and found else None


def read_caught():
    caught = {}
    if os.path.exists(CAUGHT):
        for line in open(CAUGHT):
            name, _, how = line.strip().partition(' ')
            if name and not name.startswith('#'):
                caught[name] = how
    return caught


def replay(name, known, caught):
    how = caught.get(name)
    if how is None:
        return name, False, 'not in caught.txt: run.py --search'
    program, objects = build(name, known)
    kind, _, what = how.partition(' ')
    if kind == 'seed':
        return name, sim_fails(program, ['--seed', what]) is not None, how
    if kind == 'replicas':
        return name, sim_fails(program, ['--world', 'replicas', '--seed', what]) is not None, how
    return name, unit_fails(build_unit(name, objects), what) is not None, how


def search(name, known, caught):
    program, objects = build(name, known)
    found = None
    if is_of_replicas(name):
        seed, end = None, time.monotonic() + REPLICA_SEARCH_S
        for first, count in REPLICA_SEEDS:
            if seed is None and time.monotonic() < end:
                seed = sim_fails(program, ['--world', 'replicas', '--from', str(first), '--count', str(count)],
                                 REPLICA_LIMIT_S)
        found = None if seed is None else f'replicas {seed}'
    for at, (first, count) in enumerate([] if is_of_replicas(name) else SEARCH_SEEDS):
        seed = sim_fails(program, ['--from', str(first), '--count', str(count)])
        if seed is not None:
            found = f'seed {seed}'
            break
        test = unit_fails(build_unit(name, objects)) if at == 0 else None
        if test is not None:
            # doctest takes commas and brackets for its own, so they are left open.
            found = 'unit ' + re.sub(r'[,\[\]\\]', '?', test)
            break
    if found is None:
        return name, False, 'nothing catches it'
    with LOCK:
        caught[name] = found
        write_caught(caught)
    return name, True, found


def write_caught(caught):
    with open(CAUGHT, 'w') as f:
        f.write('# What catches each mistake: a seed of the raft world, or of that of replicas, or a unit test. Written by\n')
        f.write('# run.py --search.\n')
        f.writelines(f'{n} {caught[n]}\n' for n in sorted(caught))


def main():
    arguments = sys.argv[1:]
    looks = '--search' in arguments
    part, parts = 0, 1
    if '--part' in arguments:
        at = arguments.index('--part')
        part, parts = (int(x) for x in arguments[at + 1].split('/'))
        del arguments[at:at + 2]
    names = [a for a in arguments if not a.startswith('--')]
    every = sorted(x[:-4] for x in os.listdir(HERE) if x.endswith('.txt') and x != 'caught.txt')
    names = names or every[part % parts::parts]
    known, caught = commands(), read_caught()
    work = search if looks else replay
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = []
        for name, good, how in pool.map(lambda n: work(n, known, caught), names):
            print(f'{"caught" if good else "MISSED"} {name}: {how}', flush=True)
            results.append((name, good))
    missed = [n for n, good in results if not good]
    print(f'{len(results) - len(missed)} passed, {len(missed)} failed')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
