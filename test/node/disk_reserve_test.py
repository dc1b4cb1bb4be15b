#!/usr/bin/env python3
"""Below the disk reserve inserts are 503 no-space, takes, deletes and acknowledgements go on, and it recovers by itself.

Twice: with the marks set above the free space there is, which needs no rights; and on a small file system of our own
that is filled and emptied while the node runs, which needs root (else a line `skipped`).
usage: disk_reserve_test.py
"""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import Checks, Node  # noqa: E402

MIB = 1048576
DISK, LOW, STOP = 640 * MIB, 192 * MIB, 32 * MIB
SMALL = ['--store-write-buffer', str(16 * MIB), '--store-wal', str(16 * MIB), '--disk-low-per-cent', '0',
         '--disk-stop', str(STOP)]
QUEUE = '/v1.0/disk/q'
RAW = {'Content-Type': 'text/plain'}


def fill(client, count):
    return all(client.call('PUT', f'{QUEUE}/m{n:03d}?ttl=0', b'x' * 1000).status == 201 for n in range(count))


def refused(checks, what, client):
    """Every kind of insert, and that nothing of it is there afterwards."""
    batch = {'messages': [{'id': 'new3', 'body': 'x'}]}
    for name, request in (('PUT, new', ('PUT', f'{QUEUE}/new1', b'x')), ('PUT, replacing', ('PUT', f'{QUEUE}/m000', b'y')),
                          ('PUT, another queue', ('PUT', '/v1.0/disk/r/new2', b'x')),
                          ('~messages, one', ('POST', f'{QUEUE}/~messages', b'x', RAW)),
                          ('~messages, a batch', ('POST', f'{QUEUE}/~messages', batch))):
        answer = client.call(*request)
        good = answer.status == 503 and answer.json()['type'] == '/problems/no-space' and 'retry-after' in answer.headers
        checks.check(f'{what}: {name} is 503 no-space with Retry-After', good, f'{answer.status} {answer.body[:200]!r}')
    left = [client.call('GET', f'{QUEUE}/new{n}').status for n in (1, 3)] + [client.call('GET', '/v1.0/disk/r').status]
    checks.check(f'{what}: nothing refused is stored', left == [404] * 3, left)
    checks.check(f'{what}: the message is not replaced', client.call('GET', f'{QUEUE}/m000?detail=body').body == b'x' * 1000)


def goes_on(checks, what, client):
    """Reads, claims, acknowledgements and deletes."""
    listed = client.call('GET', f'{QUEUE}?limit=3&detail=id')
    checks.check(f'{what}: lists are served', listed.status == 200 and len(listed.json()) == 3, listed.status)
    claimed = client.call('POST', f'{QUEUE}?limit=3&hide=60&detail=full')
    if not checks.check(f'{what}: claims go on', claimed.status == 200 and len(claimed.json()) == 3, claimed.body[:200]):
        return
    entries = [{'id': m['id'], 'receipt': m['receipt']} for m in claimed.json()]
    for name, request in (('~extend', ('POST', f'{QUEUE}/~extend', {'hide': 90, 'messages': entries})),
                          ('~ack', ('POST', f'{QUEUE}/~ack', {'messages': entries[:2]}))):
        answer = client.call(*request)
        checks.check(f'{what}: {name} goes on', answer.status == 200 and answer.json()['failed'] == 0, answer.body[:200])
    for name, request, good in (
            ('DELETE by receipt', ('DELETE', f'{QUEUE}/{entries[2]["id"]}?receipt={entries[2]["receipt"]}'), 204),
            ('POST hide by id', ('POST', f'{QUEUE}/m005?hide=60'), 204), ('release', ('POST', f'{QUEUE}/m005?hide=0'), 204),
            ('DELETE by id', ('DELETE', f'{QUEUE}/m005'), 204),
            ('take by DELETE', ('DELETE', f'{QUEUE}?limit=2&detail=body'), 200)):
        answer = client.call(*request)
        checks.check(f'{what}: {name} goes on', answer.status == good, f'{answer.status} {answer.body[:200]!r}')


def above_free_space(checks):
    """A mark that no disk meets: low from the start."""
    with Node(arguments=SMALL + ['--disk-low', str(2 * STOP)]) as node:
        node.start()
        checks.check('with room inserts are served', fill(node.client(), 20))
        node.kill()
        free = shutil.disk_usage(node.scratch).free
        node.arguments = SMALL + ['--disk-low', str(free + 64 * 1024 * MIB)]
        node.start()
        client = node.client()
        refused(checks, 'low from the start', client)
        goes_on(checks, 'low from the start', client)
        node.kill()
        node.arguments = SMALL + ['--disk-low', str(2 * STOP)]
        node.start()
        checks.check('with room again inserts are served', node.client().call('PUT', f'{QUEUE}/later', b'x').status == 201)


@contextlib.contextmanager
def small_disk():
    """A file system in memory, or None if we may not mount one."""
    place = tempfile.mkdtemp(prefix='burrow-disk-')
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={DISK}', 'tmpfs', place], capture_output=True)
    try:
        yield place if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(['umount', '-l', place], check=False)
        shutil.rmtree(place, ignore_errors=True)


def insert_status(client):
    return client.call('PUT', f'{QUEUE}/probe', b'x').status


def until(ready, seconds=20):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def fill_and_empty(checks):
    with small_disk() as place:
        if not place:
            checks.skip('filling a small disk', 'no file system may be mounted here')
            return
        filler = os.path.join(place, 'filler')
        with Node(data=os.path.join(place, 'data'), arguments=SMALL + ['--disk-low', str(LOW)]) as node:
            node.start()
            client = node.client()
            checks.check('a small disk with room: inserts are served', fill(client, 60))
            free = shutil.disk_usage(place).free
            with open(filler, 'wb') as f:
                os.posix_fallocate(f.fileno(), 0, free - LOW + 32 * MIB)
            checks.check('the disk fills: inserts are refused', until(lambda: insert_status(client) == 503))
            refused(checks, 'disk low', client)
            goes_on(checks, 'disk low', client)
            os.truncate(filler, free - LOW - 16 * MIB)
            time.sleep(2)
            checks.check('a little above the mark it is still low', insert_status(client) == 503)
            os.remove(filler)
            checks.check('with room again inserts are served, by itself', until(lambda: insert_status(client) in (201, 204)))
            checks.check('the node never ended', node.process.poll() is None, node.log_tail())


def main():
    checks = Checks()
    for part in (above_free_space, fill_and_empty):
        try:
            part(checks)
        except Exception as e:  # a part that cannot go on is one failure; the other still runs
            checks.check(part.__name__, False, f'{type(e).__name__}: {e}')
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
