#!/usr/bin/env python3
"""Burrow's benchmarks with the floors of the same run: three interleaved rounds, medians with min..max.

Client and server share the machine; each workload has a fresh node. Writes a table to stdout, everything else to stderr
and build/bench/results.json. How to read it: README.md beside this.
usage: run.py [--quick] [--rounds N] [--only NAME]... [--deep MESSAGES] [--directory DIR]
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../support')]
import floors  # noqa: E402
import workloads  # noqa: E402
from burrow_node import BINARY, ROOT  # noqa: E402

MIB = 1048576


class Series:
    """Values of the rounds, by workload and figure."""

    def __init__(self):
        self.rounds, self.failures = {}, {}

    def add(self, name, round_figures):
        for figure, value in round_figures.items():
            if value is not None:
                self.rounds.setdefault(name, {}).setdefault(figure, []).append(value)

    def median(self, name, figure):
        values = self.rounds.get(name, {}).get(figure)
        return statistics.median(values) if values else None

    def shown(self, name, figure, scale=1.0, digits=0):
        """`median (min..max)`, scaled."""
        values = self.rounds.get(name, {}).get(figure)
        if not values:
            return '-'
        low, middle, high = (f'{v * scale:,.{digits}f}'.replace(',', ' ')
                             for v in (min(values), statistics.median(values), max(values)))
        return middle if len(values) == 1 else f'{middle} ({low}..{high})'


def note(text):
    print(text, file=sys.stderr, flush=True)


def try_one(series, name, function, *arguments):
    begin = time.monotonic()
    try:
        series.add(name, function(*arguments))
        note(f'  {name}: {time.monotonic() - begin:.0f} s')
    except (RuntimeError, OSError, KeyError, ValueError, TypeError, subprocess.SubprocessError) as e:
        series.failures.setdefault(name, []).append(f'{type(e).__name__}: {e}'[:500])
        note(f'  {name}: FAILED: {type(e).__name__}: {e}')


def floor_round(series, size, directory):
    """All floors once; each workload is compared with the medians of the whole run."""
    def machine():
        out = {}
        for name, figures in floors.machine(directory, size.floor_seconds).items():
            out.update({f'{name}.{figure}': value for figure, value in figures.items()})
        return out
    try_one(series, 'floors', machine)
    try_one(series, 'redis', lambda: {'rate': floors.redis(directory, size.redis_messages)})
    try_one(series, 'nginx', lambda: {'rate': floors.nginx(directory, size.seconds / 2)})


def run(options, size):
    series = Series()
    wanted = lambda name: not options.only or name in options.only  # noqa: E731
    for round_number in range(1, options.rounds + 1):
        note(f'round {round_number}')
        floor_round(series, size, options.directory)
        for name, workload in workloads.ROUNDS.items():
            if wanted(name):
                try_one(series, name, workload, size)
        if wanted('start'):
            try_one(series, 'start', workloads.start, size)
    for name in ('idle', 'idle_queues'):
        if wanted(name):
            try_one(series, name, workloads.ONCE[name], size)
    if options.deep:
        try_one(series, 'deep', workloads.deep, size, options.deep)
    return series


def ratio(a, b):
    return a / b if a is not None and b else None


def verdict(value, bound, aim=None, less=False):
    """Whether a figure keeps its bound, and its aim if it has one."""
    if value is None or bound is None:
        return 'not measured'
    keeps = (lambda limit: value <= limit) if less else (lambda limit: value >= limit)
    if not keeps(bound):
        return 'MISSED'
    return 'met' if aim is None else ('aim met' if keeps(aim) else 'met, aim not')


def show(value, unit='', digits=2):
    return '-' if value is None else f'{value:,.{digits}f}'.replace(',', ' ') + unit


def rate_rows(s, group, xadd):
    """Rows of inserts and takes: (workload, measured, share, at least, aim, verdict)."""
    insert, batch, take, queues = (s.median(n, 'rate') for n in ('insert', 'batch', 'take', 'queues'))
    by_group, by_xadd = ratio(insert, group), ratio(insert, xadd)
    yield ('insert, one a request, 64 connections', s.shown('insert', 'rate') + ' /s',
           f'{show(by_group)} x group commit, {show(by_xadd)} x XADD', '0.4 x group commit', '0.6 x XADD',
           f'{verdict(by_group, 0.4)}; aim {verdict(by_xadd, 0.6).lower()}')
    cpu = s.median('insert', 'cpu_us')
    yield ('- its server CPU for each message', s.shown('insert', 'cpu_us', 1, 1) + ' us', '', '', '40 us', verdict(cpu, 40, less=True))
    by_insert, by_xadd = ratio(batch, insert), ratio(batch, xadd)
    yield ('insert in batches of 10, 64 connections', s.shown('batch', 'rate') + ' /s',
           f'{show(by_insert)} x single, {show(by_xadd)} x XADD', '3 x single', '1.5 x XADD',
           f'{verdict(by_insert, 3)}; aim {verdict(by_xadd, 1.5).lower()}')
    cpu = s.median('batch', 'cpu_us')
    yield ('- its server CPU for each message', s.shown('batch', 'cpu_us', 1, 1) + ' us', '', '', '17 us', verdict(cpu, 17, less=True))
    by_group = ratio(take, group)
    yield ('take 10 with receipts, ~ack', s.shown('take', 'rate') + ' /s', f'{show(by_group)} x group commit',
           '1.0 x group commit', '2.0 x', verdict(by_group, 1.0, 2.0))
    by_insert = ratio(queues, insert)
    yield ('1000 queues, inserts spread', s.shown('queues', 'rate') + ' /s', f'{show(by_insert)} x one queue', '0.8 x', '1.0 x',
           verdict(by_insert, 0.8, 1.0))


def time_rows(s, sync):
    over = None if s.median('latency', 'p50') is None or sync is None else s.median('latency', 'p50') - sync
    yield ('one client, one in flight: p50', s.shown('latency', 'p50') + ' us', f'sync + {show(over, " us", 0)}', 'sync + 200 us',
           'sync + 120 us', verdict(over, 200, 120, less=True))
    over = None if s.median('longpoll', 'p50') is None or sync is None else s.median('longpoll', 'p50') - sync
    yield ('long poll, sent to delivered: p50', s.shown('longpoll', 'p50') + ' us', f'sync + {show(over, " us", 0)}', 'sync + 500 us', '',
           verdict(over, 500, less=True))
    yield ('- its p99', s.shown('longpoll', 'p99') + ' us', '', '5000 us', '', verdict(s.median('longpoll', 'p99'), 5000, less=True))
    times = ratio(s.median('tenants', 'flooded_p99'), s.median('tenants', 'alone_p99'))
    yield ('quiet tenant beside a flood: p99', s.shown('tenants', 'flooded_p99') + ' us', f'{show(times)} x alone', '3 x', '1.5 x',
           verdict(times, 3, 1.5, less=True))
    yield ('start on an empty directory to first insert', s.shown('start', 'seconds', 1000) + ' ms', '', '300 ms', '',
           verdict(s.median('start', 'seconds'), 0.3, less=True))


def memory_rows(s):
    core, size = s.median('idle', 'core'), s.median('idle', 'resident')
    yield ('idle node: CPU', s.shown('idle', 'core', 100, 2) + ' % of a core', '', '1 %', '', verdict(core, 0.01, less=True))
    yield ('idle node: resident', s.shown('idle', 'resident', 1 / MIB) + ' MiB', '', '60 MiB', '', verdict(size, 60 * MIB, less=True))
    count = s.median('idle_queues', 'queues') or 100000
    above = s.median('idle_queues', 'above')
    yield (f'{count:.0f} idle queues, above the empty node', s.shown('idle_queues', 'above', 1 / MIB, 1) + ' MiB', '',
           f'{count / 1000:.0f} MiB', '', verdict(above, count * MIB / 1000, less=True))
    if 'deep' in s.rounds:
        share = ratio(s.median('deep', 'take_rate'), s.median('deep', 'shallow_rate_alike'))
        yield (f'{s.median("deep", "messages"):.0f} x 1 KiB stored: resident', s.shown('deep', 'resident', 1 / MIB) + ' MiB', '',
               '1536 MiB', '', verdict(s.median('deep', 'resident'), 1536 * MIB, less=True))
        yield ('- takes beside those of a shallow queue', s.shown('deep', 'take_rate') + ' /s', f'{show(share)} x', '0.8 x', '',
               verdict(share, 0.8))
        yield ('- kill -9 to first take answered', s.shown('deep', 'restart_seconds', 1, 2) + ' s', '', '2 s', '1 s',
               verdict(s.median('deep', 'restart_seconds'), 2, 1, less=True))


FLOORS = (('fdatasync after an append of 4 KiB, p50', 'floors', 'fdatasync_4k_growing.p50_us', 'us'),
          ('the same over prepared zeros, p50', 'floors', 'fdatasync_4k_prepared.p50_us', 'us'),
          ('group commit of 64 x 1.1 KiB to a file', 'floors', 'group_commit_file_64x1126.per_second', '/s'),
          ('the same through RocksDB', 'floors', 'group_commit_rocksdb_64x1126.per_second', '/s'),
          ('loopback ping-pong, p50', 'floors', 'loopback_ping_pong.p50_us', 'us'),
          ('nginx, static reply, 64 connections', 'nginx', 'rate', '/s'),
          ('Redis XADD, appendfsync always, 64 clients', 'redis', 'rate', '/s'))


def table(s):
    group, xadd = s.median('floors', 'group_commit_file_64x1126.per_second'), s.median('redis', 'rate')
    lines = ['| Floor | Median (min..max) |', '|---|---|']
    lines += [f'| {label} | {s.shown(name, figure)} {unit} |' for label, name, figure, unit in FLOORS]
    lines += ['', '| Workload | Median (min..max) | Share | At least | Aim | |', '|---|---|---|---|---|---|']
    rows = [*rate_rows(s, group, xadd), *time_rows(s, s.median('floors', 'fdatasync_4k_growing.p50_us')), *memory_rows(s)]
    lines += ['| ' + ' | '.join(r) + ' |' for r in rows if not r[1].startswith('- ')]
    lines += [f'\n{name} failed: {why}' for name, all_of_it in s.failures.items() for why in all_of_it]
    return '\n'.join(lines)


def command_output(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.strip() if done.returncode == 0 else ''


def settings(options, size):
    with open('/proc/cpuinfo') as f:
        model = next((line.split(':', 1)[1].strip() for line in f if line.startswith('model name')), platform.machine())
    return {'commit': command_output('git', 'describe', '--always', '--dirty'), 'when': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
            'processor': model, 'cores': os.cpu_count(), 'kernel': platform.release(),
            'file_system': command_output('stat', '-f', '-c', '%T', options.directory), 'rounds': options.rounds,
            'seconds_a_workload': size.seconds, 'stored': size.stored, 'quick': options.quick}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--quick', action='store_true', help='one short round')
    parser.add_argument('--rounds', type=int)
    names = sorted({*workloads.ROUNDS, *workloads.ONCE, 'none'})
    parser.add_argument('--only', action='append', default=[], choices=names, help='these workloads; the floors always run')
    parser.add_argument('--deep', type=int, default=0, metavar='MESSAGES', help='also with so many messages stored (10000000)')
    parser.add_argument('--directory', default=tempfile.gettempdir(), help='where all servers keep their files')
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    if not os.path.exists(BINARY):
        sys.exit(f'{BINARY} is missing: deploy/build release burrow burrow_bench')
    tempfile.tempdir = options.directory
    size = workloads.Scale(options.quick)
    series, facts = run(options, size), settings(options, size)
    os.makedirs(os.path.join(ROOT, 'build/bench'), exist_ok=True)
    with open(os.path.join(ROOT, 'build/bench/results.json'), 'w') as f:
        json.dump({'settings': facts, 'rounds': series.rounds, 'failures': series.failures}, f, indent=1)
    print(', '.join(f'{k} {v}' for k, v in facts.items()) + '\n')
    print(table(series))
    return 1 if series.failures else 0


if __name__ == '__main__':
    sys.exit(main())
