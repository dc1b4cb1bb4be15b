#!/usr/bin/env python3
"""Three nodes on one machine: inserts beside one node, RabbitMQ's quorum queue and NATS JetStream; what idling costs; how
fast a node's data spread to two new ones.

Interleaved rounds, medians with min..max; every system is started anew for its turn, over empty directories, and ended
before the next. Writes a table to stdout, everything else to stderr and build/bench/cluster.json. How to read it:
README.md beside this. Bounded: about six minutes as shipped, two with --quick.
usage: cluster.py [--quick] [--rounds N] [--only publish|idle|grow]... [--quiet CORES] [--directory DIR]
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../support')]
from burrow_cluster import Cluster  # noqa: E402
from burrow_node import BINARY, ROOT, Node  # noqa: E402
from cluster_load import Writers, names_stored  # noqa: E402
from floors import bench  # noqa: E402
from rivals import Nats, Rabbit  # noqa: E402
from run import MIB, Series, command_output, note, ratio, settings, show, try_one, verdict  # noqa: E402
from workloads import TICKS, cpu_seconds, resident, sound  # noqa: E402

LOAD = os.environ.get('BURROW_BENCH_PUBLISH', os.path.join(ROOT, 'build/release/test/bench_publish_load'))
IN_FLIGHT, SIZE = 64, 1024


class Scale:
    def __init__(self, quick):
        self.seconds = 2 if quick else 6
        self.warm_up = 1 if quick else 2
        self.idle_queues = 1000 if quick else 10000
        self.idle_wait, self.idle_seconds = (35, 10) if quick else (60, 60)
        self.grow_bytes = 64 * MIB if quick else 1024 * MIB


def publish(dialect, target, ports, seconds, connections=IN_FLIGHT):
    """Messages of 1 KiB, 64 in flight over so many connections: what the load generator says, if it had no error."""
    done = subprocess.run([LOAD, dialect, target, ','.join(map(str, ports)), str(connections), str(IN_FLIGHT // connections),
                           str(seconds), str(SIZE)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode != 0:
        raise RuntimeError(f'{dialect}: {done.stderr[-300:]} {done.stdout[-200:]}')
    return json.loads(done.stdout)


def measured(scale, cpu, dialect, target, ports, connections=IN_FLIGHT):
    """A run after a warm-up, with the CPU of all servers for each message; and how many were acknowledged in all."""
    warm, run = (target + '/w', target + '/r') if dialect == 'http' else (target, target)  # names must be new
    warm = publish(dialect, warm, ports, scale.warm_up, connections)
    before = cpu()
    result = publish(dialect, run, ports, scale.seconds, connections)
    result['cpu_us'] = (cpu() - before) * 1e6 / result['messages']
    return {k: result[k] for k in ('rate', 'p50', 'p99', 'cpu_us', 'client_cpu_us')}, warm['messages'] + result['messages']


def check_stored(there, expected):
    if there != expected:
        raise RuntimeError(f'{there} messages are there, {expected} were acknowledged')


def stored(client):
    shown = client.call('GET', '/v1.0?detail=full')
    return sum(a['messages'] for a in shown.json()) if shown.status == 200 else -1


def settled(size=3, arguments=()):
    """A cluster with three voters in every shard, whose leaders have stopped moving."""
    cluster = Cluster(size, arguments)
    try:
        cluster.grow()
        cluster.wait(cluster.settled, 60, 'three voters in every shard')
        for m in cluster.members:
            cluster.wait(m.ready, 30, f'{m.name} to be ready')
        cluster.wait(lambda: spread(cluster), 30, 'leaders on every node')
    except BaseException:
        cluster.__exit__()
        raise
    return cluster


def spread(cluster):
    shards = cluster[0].ask('/admin/v1/shards')
    leads = [s.get('leader') for s in shards['shards']] if shards and shards.get('complete') else []
    return all(leads.count(m.name) >= len(leads) // 4 for m in cluster.members) if leads else False


def queues_led_by(cluster, zone, count):
    """Queues whose leader stands in the zone, of an account that holds nothing yet."""
    client, found = cluster[0].client(), []
    for number in range(1000):
        path = f'/v1.0/bench/q{number}'
        if client.call('GET', path + '?limit=1').headers.get('burrow-zone') == zone:
            found.append(path)
        if len(found) == count:
            return found
    raise RuntimeError(f'{len(found)} queues are led in zone {zone}')


def one_node(scale):
    with Node() as node:
        node.start()
        figures, count = measured(scale, lambda: cpu_seconds(node.process), 'http', '/v1.0/bench/q', [node.http])
        check_stored(stored(node.client(60)), count)
        return {'one': figures}


def three_nodes(scale):
    """Clients on all nodes, on the one that leads the queue, and on the other two: a queue for each, led by the first node."""
    out, counts = {}, 0
    with settled() as cluster:
        everybody = [m.http for m in cluster.members]
        kinds = {'three': everybody, 'three, leader': everybody[:1], 'three, others': everybody[1:]}
        for path, (name, ports) in zip(queues_led_by(cluster, cluster[0].zone, len(kinds)), kinds.items()):
            out[name], count = measured(scale, lambda: sum(cpu_seconds(m.process) for m in cluster.members), 'http', path, ports)
            counts += count
        check_stored(stored(cluster[2].client(60)), counts)
    return out


def rival(scale, kind, name):
    """64 connections over all three servers; and one to the first, which leads RabbitMQ's queue then: its best case."""
    out, counts = {}, 0
    with kind() as servers:
        for label, target, connections in ((name, kind.targets[0], IN_FLIGHT), (name + ', one', kind.targets[1], 1)):
            out[label], count = measured(scale, servers.cpu_seconds, kind.dialect, target, servers.ports, connections)
            counts += count
        check_stored(servers.stored(counts), counts)
    return out


TURNS = {'one': one_node, 'three': three_nodes, 'rabbit': lambda s: rival(s, Rabbit, 'rabbit'), 'nats': lambda s: rival(s, Nats, 'nats')}
NEEDED = {'rabbit': Rabbit.missing, 'nats': Nats.missing}


def threads_cpu(process):
    """Seconds of CPU by what the threads are for. CAF calls its workers and its multiplexer by one name; the workers, which
    run our actors, come before its clock, the multiplexer after it. A log writer and the readers have threads of their own."""
    tasks = {}
    for task in sorted(map(int, os.listdir(f'/proc/{process.pid}/task'))):
        try:
            with open(f'/proc/{process.pid}/task/{task}/stat') as f:
                name, fields = f.read().split('(', 1)[1].rsplit(')', 1)
            tasks[task] = name, sum(map(int, fields.split()[11:13])) / TICKS
        except FileNotFoundError:
            pass
    clock = min((t for t, (name, _) in tasks.items() if name == 'caf.clock'), default=0)
    out = {}
    for task, (name, seconds) in tasks.items():
        kind = ('actors on CAF\'s workers' if name == 'caf.multiplexer' and task < clock else 'CAF: clock' if name == 'caf.clock' else
                'CAF: multiplexer' if name == 'caf.multiplexer' else 'log writer and readers' if name == 'caf.actor' else
                'RocksDB' if name.startswith('rocksdb') else 'sockets and the rest of ours')
        out[kind] = out.get(kind, 0) + seconds
    return out


def idle(scale):
    """Share of a core and memory of each node, a while after one small message went into each of many queues."""
    with settled() as cluster:
        sound(bench(cluster[0].http, 'queues', None, connections=64, size=16, queues=scale.idle_queues, messages=scale.idle_queues,
                    keep=True, no_verify=True, account='idle', timeout=300))
        time.sleep(scale.idle_wait)  # queues are passivated after 30 s: this is what is measured, not a wait for luck
        before = [threads_cpu(m.process) for m in cluster.members]
        time.sleep(scale.idle_seconds)
        after = [threads_cpu(m.process) for m in cluster.members]
        spent = [{name: a[name] - b.get(name, 0) for name in a} for a, b in zip(after, before)]
        out = {'core': max(sum(s.values()) for s in spent) / scale.idle_seconds, 'queues': scale.idle_queues,
               'core_least': min(sum(s.values()) for s in spent) / scale.idle_seconds,
               'resident': max(resident(m.process) for m in cluster.members)}
        for name in {n for s in spent for n in s}:
            out['of it ' + name] = max(s.get(name, 0) for s in spent) / scale.idle_seconds
        check_stored(stored(cluster[2].client(60)), scale.idle_queues)
        return out


def grow(scale):
    """One node with data, under load, gets two more: seconds until every shard has three voters, and what failed."""
    with Cluster(3, ['--limits-stored-bytes', '0']) as cluster:
        cluster.grow(0, 1)
        accounts = 16
        each = scale.grow_bytes // SIZE // accounts
        for number in range(accounts):  # an account has four shards, so several of them
            sound(bench(cluster[0].http, 'batch', None, connections=16, size=SIZE, batch=100, queues=64, messages=each, keep=True,
                        no_verify=True, account=f'grow{number}', timeout=300))
        writers = Writers([cluster[0].http], account='load', queue='jobs', threads=4, pause=0.002)
        cluster.wait(lambda: writers.count() > 200, 30, 'load')
        begin = time.monotonic()
        cluster.grow(1)
        cluster.wait(cluster.settled, 300, 'three voters in every shard')
        seconds = time.monotonic() - begin
        for m in cluster.members:
            cluster.wait(m.ready, 60, f'{m.name} to be ready')
        writers.stop()
        if writers.failures:
            raise RuntimeError(f'{len(writers.failures)} failed requests, the first: {writers.failures[0]}')
        missing = writers.acknowledged - set(names_stored(cluster[2].http, 'load', 'jobs'))
        if missing:
            raise RuntimeError(f'{len(missing)} acknowledged messages are not there')
        check_stored(stored(cluster[1].client(60)) - writers.count(), each * accounts)
        return {'seconds': seconds, 'bytes': scale.grow_bytes, 'rate': scale.grow_bytes * 2 / seconds, **latencies(writers, begin, seconds)}


def latencies(writers, begin, seconds):
    """Of the writers' requests while the cluster grew, beside those before."""
    pairs = list(zip(writers.times, writers.latencies))
    during = sorted(took for at, took in pairs if begin <= at <= begin + seconds)
    before = sorted(took for at, took in pairs if at < begin)
    return {'p99_during': during[len(during) * 99 // 100], 'most_during': during[-1], 'p99_before': before[len(before) * 99 // 100],
            'written': len(during)}


def others_busy(seconds=1.0):
    """Cores that other programs keep busy, and of it those that give way to ours; asked while nothing of ours runs."""
    def ticks():
        with open('/proc/stat') as f:
            fields = [int(v) for v in f.readline().split()[1:9]]
        return sum(fields) - fields[3] - fields[4], fields[1]  # idle, and waiting for a disk; at a lower priority
    before = ticks()
    time.sleep(seconds)
    return tuple((b - a) / TICKS / seconds for a, b in zip(before, ticks()))


class Patience:
    """Waits for a machine that others leave alone; what they take at the start of each turn is noted in any case."""

    def __init__(self, series, cores, seconds=600):
        self.series, self.cores, self.left = series, cores, seconds

    def wait(self):
        while True:
            begin, (busy, niced) = time.monotonic(), others_busy()
            if self.cores is None or busy - niced <= self.cores or self.left <= 0:
                self.series.add('others', {'cores': busy - niced, 'niced': niced})
                return
            time.sleep(1)
            self.left -= time.monotonic() - begin


LABELS = {'one': 'one node of ours', 'three': 'three nodes, clients on all three', 'three, leader': '- clients on the leader\'s node',
          'three, others': '- clients on the other two', 'rabbit': 'RabbitMQ, quorum queue, 64 connections on three nodes',
          'rabbit, one': '- one connection to the leader, 64 in flight', 'nats': 'NATS JetStream R3, 64 connections on three (no sync '
          'before it acknowledges)', 'nats, one': '- one connection, 64 in flight'}


def table(s):
    lines = ['| 1 KiB, 64 in flight | acknowledged/s | p50 us | p99 us | CPU us a message, all servers | client CPU us |', '|---|---|---|---|---|---|']
    for name, label in LABELS.items():
        if name in s.rounds:
            cells = [s.shown(name, 'rate'), s.shown(name, 'p50'), s.shown(name, 'p99'), s.shown(name, 'cpu_us', 1, 1),
                     s.shown(name, 'client_cpu_us', 1, 1)]
            lines.append(f'| {label} | ' + ' | '.join(cells) + ' |')
    lines += ['', '| What | Result | Asked for | |', '|---|---|---|---|', *compared(s), *once(s)]
    lines += [f'\n{name} failed: {why}' for name, all_of_it in s.failures.items() for why in all_of_it]
    return '\n'.join(lines)


def compared(s):
    if 'three' not in s.rounds:
        return
    best = lambda *names: max((s.median(n, 'rate') or 0 for n in names), default=0)  # noqa: E731
    ours = s.median('three', 'rate')
    for what, other, bound, aim in (('one node', best('one'), 0.5, None), ('RabbitMQ at its better', best('rabbit', 'rabbit, one'), 1.5, 2),
                                    ('NATS at its better', best('nats', 'nats, one'), None, 1.0)):
        share = ratio(ours, other)
        asked = f'{bound} x' + (f'; aim {aim} x' if aim else '') if bound else f'aim {aim} x'
        judged = verdict(share, bound, aim) if bound else ('not measured' if share is None else 'met' if share >= aim else 'aim MISSED')
        yield f'| three nodes beside {what} | {show(share)} x | {asked} | {judged} |'


def once(s):
    if 'idle' in s.rounds:
        core, size = s.median('idle', 'core'), s.median('idle', 'resident')
        yield f'| idle: CPU of a node, the dearest | {s.shown("idle", "core", 100, 2)} % of a core | 1.5 % | {verdict(core, 0.015, less=True)} |'
        yield f'| - resident, the largest | {s.shown("idle", "resident", 1 / MIB)} MiB | 150 MiB | {verdict(size, 150 * MIB, less=True)} |'
        for name in sorted(s.rounds['idle'], key=lambda n: -s.median('idle', n)):
            if name.startswith('of it '):
                yield f'| - {name} | {s.shown("idle", name, 100, 2)} % of a core | | |'
    if 'grow' in s.rounds:
        yield (f'| from one node to three with {s.median("grow", "bytes") / MIB:.0f} MiB, under load | {s.shown("grow", "seconds", 1, 1)} s, '
               f'{s.shown("grow", "rate", 1 / MIB, 1)} MiB/s to both together | no failed request | met |')
        yield (f'| - p99 of the writers before; meanwhile; the longest | {s.shown("grow", "p99_before", 1000, 1)} ms; '
               f'{s.shown("grow", "p99_during", 1000, 1)} ms; {s.shown("grow", "most_during", 1000)} ms | | |')


def take_turn(series, turn, scale):
    """A turn has several rows; try_one adds those of one."""
    for name, figures in turn(scale).items():
        series.add(name, figures)
    return {}


def run(options, scale):
    series = Series()
    patience = Patience(series, options.quiet)
    wanted = lambda name: not options.only or name in options.only  # noqa: E731
    for number in range(1, options.rounds + 1) if wanted('publish') else ():
        note(f'round {number}')
        for name, turn in TURNS.items():
            absent = NEEDED.get(name, lambda: None)()
            if absent:
                series.failures.setdefault(name, []).append(f'{absent} is not installed (test/packages.txt)')
                continue
            patience.wait()
            try_one(series, name, lambda: take_turn(series, turn, scale))
    for name, workload in (('idle', idle), ('grow', grow)):
        if wanted(name):
            patience.wait()
            try_one(series, name, workload, scale)
    return series


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--quick', action='store_true', help='one short round')
    parser.add_argument('--rounds', type=int)
    parser.add_argument('--only', action='append', default=[], choices=['publish', 'idle', 'grow'])
    parser.add_argument('--quiet', type=float, metavar='CORES',
                        help='wait before each turn, ten minutes in all, until others of our priority keep no more than that busy')
    parser.add_argument('--directory', default=tempfile.gettempdir(), help='where all servers keep their files')
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    for path in (BINARY, LOAD):
        if not os.path.exists(path):
            sys.exit(f'{path} is missing: deploy/build release burrow burrow_bench')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    tempfile.tempdir = options.directory
    scale = Scale(options.quick)
    scale.stored = scale.grow_bytes // SIZE
    facts = settings(options, scale)
    series = run(options, scale)
    facts['burrow'] = command_output(BINARY, 'version')
    facts['cores others kept busy'] = series.shown('others', 'cores', 1, 2)
    facts['and at a lower priority'] = series.shown('others', 'niced', 1, 2)
    os.makedirs(os.path.join(ROOT, 'build/bench'), exist_ok=True)
    with open(os.path.join(ROOT, 'build/bench/cluster.json'), 'w') as f:
        json.dump({'settings': facts, 'rounds': series.rounds, 'failures': series.failures}, f, indent=1)
    print(', '.join(f'{k} {v}' for k, v in facts.items()) + '\n')
    print(table(series))
    return 1 if series.failures else 0


if __name__ == '__main__':
    sys.exit(main())
