#!/usr/bin/env python3
"""How long nobody can write when the leader of a queue is killed or frozen, or all nodes of its zone (two of six) are
killed: clients that number every message, N rounds. Prints the distribution of the largest gap between two acknowledged
inserts, and what was lost.

usage: leader_gap.py [--rounds 20] [--how kill|freeze|zone]     at most a minute a round; prints `N passed, N failed`
"""
import argparse
import os
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_cluster import Cluster  # noqa: E402
from burrow_node import Checks  # noqa: E402
from cluster_load import Writers, names_stored  # noqa: E402

MOST = {'kill': 3.0, 'freeze': 4.0, 'zone': 3.0}


def leader_of(cluster, queue):
    """The member whose zone an answer about the queue comes from."""
    for m in cluster.members:
        try:
            zone = m.client(5).call('GET', f'/v1.0/gap/{queue}?limit=1').headers.get('burrow-zone')
        except OSError:
            continue
        for found in cluster.members:
            if found.zone == zone:
                return found
    raise RuntimeError('nobody says who leads')


def one_round(cluster, how, number):
    ports = [m.http for m in cluster.members]
    queue = f'q{number}'
    writers = Writers(ports, account='gap', queue=queue, threads=max(4, len(ports)), pause=0.002)
    cluster.wait(lambda: writers.count() > 200, 30, 'load')
    leader = leader_of(cluster, queue)
    hit = [m for m in cluster.members if m.zone == leader.zone] if how == 'zone' else [leader]
    at = time.monotonic()
    for m in hit:
        m.send(signal.SIGSTOP if how == 'freeze' else signal.SIGKILL)
    seen = writers.count()
    # Of the writers some may hang on a frozen node; the others go on.
    cluster.wait(lambda: writers.count() > seen + 300, 30, 'writes after the fault')
    time.sleep(0.3)
    gap = writers.largest_gap(at - 0.2)
    for m in hit:
        if how == 'freeze':
            m.send(signal.SIGCONT)
        else:
            m.process.wait(20)
            m.start()
    for m in hit:
        cluster.wait(m.ready, 60, f'{m.name} to be ready')
    writers.stop()
    missing = writers.acknowledged - set(names_stored(ports[(number + 1) % len(ports)], 'gap', queue))
    return gap, len(missing), len(writers.acknowledged)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--how', choices=sorted(MOST), default='kill')
    options = parser.parse_args()
    checks, gaps, lost, written = Checks(), [], 0, 0
    with Cluster(6 if options.how == 'zone' else 3) as cluster:
        cluster.grow()
        cluster.wait(cluster.settled, 60, 'three voters in every shard')
        for m in cluster.members:
            cluster.wait(m.ready, 30, f'{m.name} to be ready')
        for number in range(options.rounds):
            gap, missing, count = one_round(cluster, options.how, number)
            gaps.append(gap)
            lost, written = lost + missing, written + count
            print(f'round {number + 1}: gap {gap:.2f} s, {count} written, {missing} lost', flush=True)
    gaps.sort()
    print(f'{options.how}: median {statistics.median(gaps):.2f} s, p90 {gaps[len(gaps) * 9 // 10]:.2f} s, '
          f'largest {gaps[-1]:.2f} s; {written} written')
    checks.check('nothing acknowledged is lost', lost == 0, f'{lost} messages')
    checks.check(f'largest gap at most {MOST[options.how]} s', gaps[-1] <= MOST[options.how], f'{gaps[-1]:.2f} s')
    return checks.finish()


sys.exit(main())
