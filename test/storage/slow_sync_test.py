#!/usr/bin/env python3
"""No write is acknowledged before it is synced, and a failed sync ends the process (style.md section 6).

The node runs with test/support/slow_sync.c: each sync takes 300 ms longer, so an answer that comes sooner was given
without one. Then a sync fails: what was in flight must not be acknowledged, and the process must end.
usage: slow_sync_test.py
"""
import http.client
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import SHIM, Checks, Node  # noqa: E402

DELAY_MS = 300
QUEUE = '/v1.0/sync/q'


def shim_environment(node, **more):
    return {'LD_PRELOAD': SHIM, 'BURROW_SYNC_DIR': os.path.realpath(os.path.dirname(node.data)), **more}


def timed(client, *request):
    begin = time.monotonic()
    answer = client.call(*request)
    return answer, (time.monotonic() - begin) * 1000


def operations(client):
    """(name, statuses that promise durability, request), each made when its turn comes: it needs what came before."""
    def claim(limit):
        return client.call('POST', f'{QUEUE}?limit={limit}&hide=600&detail=full').json()
    yield 'PUT, new', (201,), ('PUT', f'{QUEUE}/a?ttl=0', b'x')
    yield 'PUT, replaced', (204,), ('PUT', f'{QUEUE}/a?ttl=0', b'y')
    yield '~messages, batch', (200,), ('POST', f'{QUEUE}/~messages', {'messages': [{'body': 'b'}, {'body': 'c'}]})
    yield '~messages, one', (201,), ('POST', f'{QUEUE}/~messages', b'raw', {'Content-Type': 'text/plain'})
    yield 'POST hide, one', (204,), ('POST', f'{QUEUE}/a?hide=1')
    yield 'POST hide, a claim', (200,), ('POST', f'{QUEUE}?limit=1&hide=600&detail=full')
    held = claim(1)
    entries = [{'id': m['id'], 'receipt': m['receipt']} for m in held]
    yield '~extend', (200,), ('POST', f'{QUEUE}/~extend', {'hide': 60, 'messages': entries})
    yield '~ack', (200,), ('POST', f'{QUEUE}/~ack', {'messages': entries})
    yield 'DELETE, one', (204,), ('DELETE', f'{QUEUE}/a')
    yield 'DELETE, a take', (200,), ('DELETE', f'{QUEUE}?limit=1&detail=all&match_hidden=true')
    yield 'DELETE, the rest', (204,), ('DELETE', f'{QUEUE}?match_hidden=true')


def never_sooner(checks):
    with Node() as node:
        node.environment = shim_environment(node, BURROW_SYNC_DELAY_MS=str(DELAY_MS))
        node.start()
        client = node.client()
        for name, good, request in operations(client):
            answer, ms = timed(client, *request)
            checks.check(f'{name}: answered after the sync', answer.status in good and ms >= DELAY_MS,
                         f'status {answer.status} after {ms:.0f} ms {answer.body[:200]!r}')
        client.call('PUT', f'{QUEUE}/b', b'x')
        answer, ms = timed(client, 'GET', f'{QUEUE}/b')
        checks.check('GET waits for no sync', answer.status == 200 and ms < DELAY_MS, f'{answer.status}, {ms:.0f} ms')


def failed_sync_ends_it(checks):
    with Node() as node:
        os.makedirs(node.data, exist_ok=True)
        trigger = os.path.join(node.scratch, 'fail-now')
        node.environment = shim_environment(node, BURROW_SYNC_FAIL_FILE=trigger)
        node.start()
        client = node.client()
        checks.check('a write before the failure', client.call('PUT', f'{QUEUE}/before?ttl=0', b'x').status == 201)
        open(trigger, 'w').close()
        try:
            status = client.call('PUT', f'{QUEUE}/during?ttl=0', b'x').status
        except (OSError, http.client.HTTPException):
            status = 'connection broken'
        checks.check('a failed sync acknowledges nothing', not isinstance(status, int) or status >= 500, f'{status}')
        try:
            code = node.process.wait(15)
            checks.check('a failed sync ends the process, with an exit status of its own', code == 9, f'exit status {code}')
        except subprocess.TimeoutExpired:
            checks.check('a failed sync ends the process', False, 'still running after 15 s')
            return
        try:
            node.start()
            checks.check('a start whose syncs fail', False, 'it runs')
        except RuntimeError:
            checks.check('a start whose syncs fail ends likewise', node.process.wait(15) == 9, f'{node.process.returncode}')
        os.remove(trigger)
        node.environment = {}
        node.start()
        checks.check('what was acknowledged is there afterwards',
                     node.client().call('GET', f'{QUEUE}/before?detail=body').body == b'x')


def main():
    if not os.path.exists(SHIM):
        sys.exit(f'{SHIM} is missing: deploy/build release burrow_shims')
    checks = Checks()
    for part in (never_sooner, failed_sync_ends_it):
        try:
            part(checks)
        except Exception as e:  # a part that cannot go on is one failure; the other still runs
            checks.check(part.__name__, False, f'{type(e).__name__}: {e}')
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
