#!/usr/bin/env python3
"""Two builds of the node beside each other, or one with and without settings on its queue: rounds in turn, since a machine
that others share tells nothing by itself. Each round starts a fresh node; the client is always this tree's `burrow bench`.

usage: test/bench/compare.py --other /path/to/older/burrow [--rounds 5] [--seconds 4] [--only take]
       test/bench/compare.py --settings

Prints CPU of the node a message and messages a second of both, as medians (min..max), and the median of the rounds' ratios.
"""
import argparse
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
import burrow_node  # noqa: E402
from burrow_node import Client, Node  # noqa: E402
from floors import bench  # noqa: E402
from workloads import cpu_seconds, sound  # noqa: E402

COMMON = {'connections': 64, 'size': 1024}
MODES = {
    'insert': ('insert', {'keep': True, 'no_verify': True}),
    'batch': ('batch', {'batch': 10, 'keep': True, 'no_verify': True}),
    'take': ('take', {'batch': 10}),
}
# Every setting that a message meets on its way; none that refuses or drops one here.
SETTINGS = {'default_ttl': 3600, 'default_hide': 0, 'max_body': 65536, 'max_messages': 100000000,
            'max_bytes': 1 << 40, 'max_claimed': 100000, 'overflow': 'reject', 'durability': 'quorum', 'require_receipt': True,
            'dedupe_window': 60, 'labels': {'team': 'bench'},
            'dead_letter': {'queue': 'dead', 'max_claims': 1000}}


def one(binary, name, seconds, stored, settings):
    """CPU microseconds of a fresh node for each message, and messages a second."""
    mode, flags = MODES[name]
    ours, burrow_node.BINARY = burrow_node.BINARY, binary
    try:
        with Node() as node:
            node.start()
            burrow_node.BINARY = ours
            if settings:
                shown = Client(node.http).call('PUT', '/v1.0/compare/q/~settings', settings)
                if shown.status != 201:
                    raise RuntimeError(f'settings: {shown.status} {shown.body!r}')
            if mode == 'take':
                flags = {**flags, 'prefill': stored, 'messages': stored}
            before = cpu_seconds(node.process)
            result = sound(bench(node.http, mode, seconds, account='compare', **COMMON, **flags))
            return (cpu_seconds(node.process) - before) * 1e6 / max(1, result['messages']), result['rate']
    finally:
        burrow_node.BINARY = ours


def spread(values):
    return f'{statistics.median(values):.1f} ({min(values):.1f}..{max(values):.1f})'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--other', help='the program to compare with')
    parser.add_argument('--settings', action='store_true', help='with settings on the queue against none, one program')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=4)
    parser.add_argument('--stored', type=int, default=100000, help='messages that a round of takes begins with')
    parser.add_argument('--only', action='append', default=[], choices=sorted(MODES))
    flags = parser.parse_args()
    if bool(flags.other) == flags.settings:
        parser.error('either --other PROGRAM or --settings')
    ours = burrow_node.BINARY
    sides = {'without': (ours, None), 'with': (ours, SETTINGS)} if flags.settings else {
        'other': (flags.other, None), 'ours': (ours, None)}
    for name in flags.only or MODES:
        cpu, rate = ({side: [] for side in sides} for _ in range(2))
        for turn in range(flags.rounds):
            for side in list(sides)[::1 if turn % 2 == 0 else -1]:
                binary, settings = sides[side]
                c, r = one(binary, name, flags.seconds, flags.stored, settings)
                cpu[side].append(c)
                rate[side].append(r)
        first, second = sides
        ratios = [b / a for a, b in zip(cpu[first], cpu[second])]
        for side in sides:
            print(f'{name:7} {side:8} CPU us a message {spread(cpu[side]):26} messages/s {spread(rate[side])}')
        print(f'{name:7} CPU {second} / {first}: {statistics.median(ratios):.3f} '
              f'({min(ratios):.3f}..{max(ratios):.3f}), {statistics.median(cpu[second]) - statistics.median(cpu[first]):+.1f} us; '
              f'rate {statistics.median(rate[second]) / statistics.median(rate[first]):.3f}', flush=True)


if __name__ == '__main__':
    main()
