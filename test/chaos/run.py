#!/usr/bin/env python3
"""Breaks clusters of real processes under load and checks what the clients saw. README.md says what there is.

usage: run.py [--list] [--short] [--only NAME[,NAME...]] [--seed N] [--seconds N] [--loopback] [--table]
  --short      the selection of test/check.sh, on one cluster that is kept, and the checkers' own tests first
  --seed N     draws victims, moments and what a power cut takes; a run's own seed is printed
  --seconds N  how long a fault lasts, about (4)
  --loopback   without namespaces, as where they cannot be made; only what needs no network of its own
  --table      prints the results once more as rows for README.md
As root it moves into namespaces of its own first. Prints `N passed, N failed`; logs and histories of what failed, and a
line that repeats it, lie in build/chaos/failed.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../support')]
import net  # noqa: E402
import scenarios_machines  # noqa: E402,F401
import scenarios_state  # noqa: E402,F401
from burrow_node import BINARY, Checks  # noqa: E402
from scenario_registry import ALL  # noqa: E402
from scenario_run import Run  # noqa: E402
from world import World  # noqa: E402

FAILED = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'build/chaos/failed')


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    for flag in ('--list', '--short', '--loopback', '--table'):
        parser.add_argument(flag, action='store_true')
    parser.add_argument('--only', default='')
    parser.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(3), 'big'))
    parser.add_argument('--seconds', type=float, default=4)
    return parser.parse_args()


def chosen(options, apart):
    names = [n for n in options.only.split(',') if n]
    unknown = [n for n in names if n not in ALL]
    if unknown:
        sys.exit(f'no scenario {", ".join(unknown)}; --list names them')
    for name, spec in ALL.items():
        if (name in names if names else spec['short'] or not options.short):
            yield name, spec, apart or not spec['network']


class Stage:
    """The cluster that scenarios run on: kept from one to the next where that is asked for and nothing went wrong."""

    def __init__(self, apart, keep):
        self.apart, self.keep, self.world, self.key = apart, keep, None, None

    def world_for(self, spec):
        key = (spec['nodes'], spec.get('small_disk'), tuple(spec.get('arguments', ())))
        if self.world is None or key != self.key:
            self.clear()
            self.world, self.key = World(key[0], self.apart, key[1], key[2]), key
            self.world.begin()
        return self.world

    def clear(self):
        world, self.world = self.world, None
        if world:
            world.__exit__()

    def save(self, name, seed, run):
        """The logs and the history; returns where they are."""
        place = os.path.join(FAILED, f'{name}-{seed}')
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        for m in self.world.members if self.world else ():
            if os.path.exists(m.log_path):
                shutil.copy(m.log_path, place)
        if run:
            run.history.save(os.path.join(place, 'history.jsonl'))
        return place


def play(stage, name, spec, options, checks):
    """One scenario; its row for the table."""
    print(f'-- {name}: {(spec["run"].__doc__ or name).split(chr(10))[0]}', flush=True)
    begun, failed, run = time.monotonic(), checks.failed, None
    try:
        run = Run(stage.world_for(spec), name, spec, f'{options.seed} {name}', options.seconds, checks)
        run.go()
    except Exception as e:  # whatever it is: this scenario has failed, the next one has a cluster of its own
        checks.check(f'{name} goes through', False, f'{type(e).__name__}: {str(e)[:3000]}')
    good = checks.failed == failed
    row = [name, 'passed' if good else f'{checks.failed - failed} failed', *(run.figures() if run else ['-'] * 5),
           f'{time.monotonic() - begun:.0f} s']
    print(f'   {row[1]}: largest gap {row[2]}, {row[3]} inserts acknowledged, {row[4]} delivered, {row[5]} acknowledged by '
          f'workers, {row[6]} answers unknown, {row[7]}', flush=True)
    if not good:
        print(f'   logs and history: {stage.save(name, options.seed, run)}\n'
              f'   repeat: test/chaos/run.py --only {name} --seed {options.seed} --seconds {options.seconds:g}', flush=True)
    if run:
        run.end()
    if not stage.keep or not good:
        stage.clear()
    return row


def main():
    options = arguments()
    if options.list:
        for name, spec in ALL.items():
            marks = [m for m in ('short', 'network') if spec[m]] + [f'{spec["nodes"]} nodes']
            print(f'{name:18}{", ".join(marks):26}{(spec["run"].__doc__ or "").split(chr(10))[0]}')
        return 0
    os.environ.setdefault('BURROW_CHAOS_SEED', str(options.seed))  # the same once inside
    options.seed = int(os.environ['BURROW_CHAOS_SEED'])
    why = 'as asked for' if options.loopback else net.enter()
    if why:
        print(f'on loopback, without the faults of a network: {why}')
    # The first process of a namespace is deaf to signals that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended by a signal'))
    checks, rows = Checks(), []
    print(f'seed {options.seed}, {BINARY}', flush=True)
    if options.short or not options.only:
        own = subprocess.run([sys.executable, os.path.join(HERE, 'self_test.py')], capture_output=True, text=True)
        checks.check("the checkers' own tests", own.returncode == 0, own.stdout[-2000:] + own.stderr[-2000:])
    stage = Stage(not why, options.short)
    try:
        for name, spec, possible in chosen(options, not why):
            if possible:
                rows.append(play(stage, name, spec, options, checks))
            elif not options.short:  # the short selection has its scenarios for machines without namespaces
                checks.skip(name, f'no network of its own: {why}')
    finally:
        stage.clear()
    if options.table:
        print('\n'.join('| ' + ' | '.join(row) + ' |' for row in rows))
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
