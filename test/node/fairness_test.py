#!/usr/bin/env python3
"""One tenant's flood costs it alone: others are answered soon, in their own accounts and in other queues of the same.

Small enough for CI; the figures belong to test/bench. The flood comes from `burrow bench`, a process of its own, so
that what is measured here is the node and not this interpreter.
usage: fairness_test.py
"""
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import BINARY, Checks, Node  # noqa: E402

FLOOD_SECONDS = 8


def flood(node, mode, account):
    """64 connections, until the process is ended or its time is over."""
    return subprocess.Popen(
        [BINARY, 'bench', '--endpoint', f'http://127.0.0.1:{node.http}', '--mode', mode, '--connections', '64',
         '--size', '1024', '--batch', '10', '--seconds', str(FLOOD_SECONDS), '--account', account, '--yes', '--no-verify', '--output', 'json'],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(process):
    process.kill()
    process.wait()


def quiet_times(node, account, seconds):
    """Sorted milliseconds of puts and takes, one at a time with pauses, as a quiet tenant works."""
    client, times, until, n = node.client(timeout=10), [], time.monotonic() + seconds, 0
    while time.monotonic() < until:
        n += 1
        for request in (('PUT', f'/v1.0/{account}/quiet/m{n}', b'x' * 100), ('DELETE', f'/v1.0/{account}/quiet?limit=1&detail=id')):
            begin = time.monotonic()
            answer = client.call(*request)
            if answer.status not in (200, 201):
                raise RuntimeError(f'{request[0]}: status {answer.status} {answer.body[:200]!r}')
            times.append((time.monotonic() - begin) * 1000)
        time.sleep(0.01)
    client.close()
    return sorted(times)


def beside(checks, node, mode, account):
    alone = quiet_times(node, account, 2)
    process = flood(node, mode, 'flooder')
    time.sleep(1)
    loaded = quiet_times(node, account, 3)
    flooding = process.poll() is None
    end(process)
    where = 'of its own account' if account == 'flooder' else 'of another account'
    middle = [t[len(t) // 2] for t in (alone, loaded)]
    high = [t[int(len(t) * 0.95)] for t in (alone, loaded)]
    print(f'{mode} flood, a quiet queue {where}: median {middle[0]:.1f} -> {middle[1]:.1f} ms, p95 {high[0]:.1f} -> {high[1]:.1f} ms')
    checks.check(f'{mode}: the flood lasted', flooding, f'it ended with {process.returncode}')
    # Generous, for a shared machine: without turns per tenant it is the length of the whole backlog, and grows.
    checks.check(f'{mode}: a quiet queue {where} is answered soon', middle[1] < 10 * middle[0] + 30 and high[1] < 10 * high[0] + 100)


def main():
    checks = Checks()
    with Node() as node:
        try:
            node.start()
            beside(checks, node, 'insert', 'quiet')
            beside(checks, node, 'batch', 'quiet')
            beside(checks, node, 'insert', 'flooder')
            checks.check('the node is up', node.process.poll() is None, node.log_tail())
        except Exception as e:
            checks.check('the test runs to its end', False, f'{type(e).__name__}: {e}\n{node.log_tail()}')
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
