#!/usr/bin/env python3
"""Flipped bytes in the store of a real node: what is whole is served, what is not refuses, and nothing goes missing.

A byte of the WAL whose loss leaves every shard whole, and one whose loss does not, both accepted with --accept-loss; a
byte of a table, met while the node runs; and an entry that ends the process each time it is applied.
usage: damage_test.py
"""
import glob
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import BINARY, SHIM, Checks, Client, Node  # noqa: E402

POISON = os.environ.get('BURROW_POISON_SHIM', os.path.join(os.path.dirname(SHIM), 'poison.so'))
SMALL = ['--shards', '8']
VICTIM = '/v1.0/victim/q'
OTHERS = [f'/v1.0/other{n}/q' for n in range(12)]
OUT = (503, '/problems/unavailable')


def until(ready, what, seconds=30):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f'not within {seconds} s: {what}')
        time.sleep(0.02)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def files(node, extension):
    return sorted(glob.glob(os.path.join(node.data, 'rocks', '*' + extension)))


def count(node, extension, needle):
    return sum(read(path).count(needle.encode()) for path in files(node, extension))


def flip_last(node, extension, needle):
    """One bit inside the last place where `needle` stands."""
    for path in reversed(files(node, extension)):
        at = read(path).rfind(needle.encode())
        if at >= 0:
            with open(path, 'r+b') as f:
                f.seek(at + len(needle) // 2)
                byte = f.read(1)[0]
                f.seek(at + len(needle) // 2)
                f.write(bytes([byte ^ 0x10]))
            return
    raise RuntimeError(f'{needle} stands in no {extension} file')


def put(client, path, body):
    answer = client.call('PUT', f'{path}?ttl=0', body)
    if answer.status != 201:
        raise RuntimeError(f'PUT {path}: {answer.status} {answer.body[:200]!r}')


def put_alone(node, client, path, name):
    """Puts a message and waits until its delta, which names it twice, is in the WAL in a batch of its own."""
    put(client, f'{path}/{name}', name * 3)
    until(lambda: count(node, '.log', name) >= 3 + 3, f'the delta of {name} is written')


def mark(node, client):
    """Writes until SYNCED covers all that was written before."""
    before, n = read(os.path.join(node.data, 'SYNCED')), 0
    while read(os.path.join(node.data, 'SYNCED')) == before:
        put(client, f'/v1.0/tick/q/t{time.monotonic_ns()}', 'x')
        n += 1
        if n > 300:
            raise RuntimeError('SYNCED does not advance')
        time.sleep(0.05)


def fill(client):
    for path in OTHERS:
        put(client, f'{path}/kept', 'kept ' + path)


def others(client):
    """Those of the others that are served, and served right."""
    return [p for p in OTHERS if (lambda a: a.status == 200 and a.body == f'kept {p}'.encode())(
        client.call('GET', f'{p}/kept?detail=body'))]


def problem(answer):
    return answer.status, answer.json().get('type') if answer.status >= 400 else None


def status(node):
    return Client(node.admin).call('GET', '/admin/v1/status').json()


def metric(node, name):
    for line in Client(node.admin).call('GET', '/metrics').body.decode().splitlines():
        if line.startswith(name + ' '):
            return float(line.split()[1])
    return None


def told(node, state):
    """What `burrow status` says, to people."""
    done = subprocess.run([BINARY, 'status', '--endpoint', f'http://127.0.0.1:{node.admin}'], capture_output=True,
                          text=True, timeout=30)
    return done.returncode != 0 and any(line.startswith('shard ') and state in line for line in done.stdout.splitlines())


def refused(checks, what, client):
    """Every kind of request to a shard that is out of service says so; none says that there is nothing."""
    for name, request in (('PUT', ('PUT', f'{VICTIM}/new?ttl=0', 'x')), ('GET', ('GET', f'{VICTIM}/needle-one')),
                          ('list', ('GET', VICTIM)), ('claim', ('POST', f'{VICTIM}?limit=1&hide=60')),
                          ('take', ('DELETE', f'{VICTIM}?limit=1'))):
        got = problem(client.call(*request))
        checks.check(f'{what}: {name} is 503 unavailable', got == OUT, got)


def starts_not(checks, node):
    try:
        node.start()
    except RuntimeError as e:
        checks.check('a store that lost synced writes does not start', node.process.returncode == 1, e)
        checks.check('and says how much is gone, and what goes on',
                     'sequence numbers' in str(e) and '--accept-loss' in str(e), e)
        return
    checks.check('a store that lost synced writes does not start', False)


def audited(node):
    with open(os.path.join(node.data, 'audit.log')) as f:
        return [json.loads(line) for line in f]


def accepted(checks, node, reason):
    starts_not(checks, node)
    node.arguments = SMALL + ['--accept-loss', reason]
    node.start(120)
    lines = audited(node)
    checks.check('the audit log has the reason and what was lost', len(lines) == 1 and lines[0]['event'] == 'accept-loss'
                 and lines[0]['reason'] == reason and 'sequence numbers' in lines[0]['lost'] and lines[0]['time'], lines)


def whole_after_loss(checks):
    with Node(arguments=SMALL) as node:
        node.start()
        client = node.client()
        fill(client)
        put_alone(node, client, VICTIM, 'needle-one')
        mark(node, client)
        node.kill()
        flip_last(node, '.log', 'needle-one')  # the log repeats what the delta had
        accepted(checks, node, 'a byte flipped by a test')
        client = node.client()
        checks.check('a loss that the log makes good: every shard serves', len(others(client)) == len(OTHERS))
        answer = client.call('GET', f'{VICTIM}/needle-one?detail=body')
        checks.check('and the message is there', answer.status == 200 and answer.body == b'needle-one' * 3, answer.body)
        shards = status(node)['shards']
        checks.check('nothing is damaged', shards['damaged'] == 0 and not shards['out_of_service'], shards)
        checks.check('nothing waits to be checked', not os.path.exists(os.path.join(node.data, 'UNCHECKED')))
        checks.check('the metric is 0', metric(node, 'burrow_shards_damaged') == 0)
        node.kill()
        node.arguments = SMALL
        node.start()
        checks.check('the next start is an ordinary one', len(others(node.client())) == len(OTHERS))


def damaged_after_loss(checks):
    with Node(arguments=SMALL) as node:
        node.start()
        client = node.client()
        fill(client)
        put_alone(node, client, VICTIM, 'needle-one')
        put_alone(node, client, VICTIM, 'needle-two')  # a later delta: the log is not asked for the first one again
        mark(node, client)
        node.kill()
        flip_last(node, '.log', 'needle-one')
        accepted(checks, node, 'a byte flipped by a test')
        for round in ('accepted', 'next start'):
            client = node.client()
            refused(checks, round, client)
            served = others(client)
            checks.check(f'{round}: the shards that are whole serve', len(served) >= len(OTHERS) // 2, len(served))
            shards = status(node)['shards']
            off = shards['out_of_service']
            checks.check(f'{round}: status names the shard and why', shards['damaged'] == 1 and len(off) == 1
                         and off[0]['state'] == 'damaged' and 'hash' in off[0]['why'], shards)
            checks.check(f'{round}: burrow status says so to people', told(node, 'damaged'))
            checks.check(f'{round}: the metric is 1', metric(node, 'burrow_shards_damaged') == 1)
            checks.check(f'{round}: the log names it', f"shard {off[0]['shard']} is damaged" in node.log_tail())
            checks.check(f'{round}: it stays on the list', read(os.path.join(node.data, 'UNCHECKED')).decode()
                         == f"{off[0]['shard']}\n")
            checks.check(f'{round}: others take writes',
                         client.call('PUT', f'{served[0]}/{round[:4]}?ttl=0', 'x').status == 201)
            node.kill()
            os.truncate(node.log_path, 0)
            node.arguments = SMALL
            node.start(120)
        checks.check('what was written after the loss is there',
                     node.client().call('GET', f'{served[0]}/acce').status == 200)


def met_while_running(checks):
    with Node(arguments=SMALL) as node:
        node.start()
        client = node.client()
        fill(client)
        # Long, and between long ones: so its block of the table holds nothing else.
        for name, text in (('before', 'padding '), ('needle-one', 'needle-body '), ('after', 'padding ')):
            put(client, f'{VICTIM}/{name}', text * 10_000)
        until(lambda: count(node, '.sst', 'needle-body') > 5_000 and count(node, '.log', 'needle-body') == 0,
              'an idle node writes its tables', 60)
        node.kill()
        flip_last(node, '.sst', 'needle-body needle-body')
        node.start()
        client = node.client()
        checks.check('a damaged block is not met at the start', len(others(client)) == len(OTHERS))
        answer = client.call('GET', f'{VICTIM}/needle-one?detail=body')
        checks.check('the body that cannot be read is an error, not a missing message', answer.status in (503, 504),
                     f'{answer.status} {answer.body[:100]!r}')
        refused(checks, 'met while running', client)
        checks.check('met while running: the others serve', len(others(client)) >= len(OTHERS) // 2)
        shards = status(node)['shards']
        checks.check('met while running: status, metric and log have it', shards['damaged'] == 1
                     and metric(node, 'burrow_shards_damaged') == 1 and 'is damaged' in node.log_tail(), shards)


def dies_at_its_start(node):
    try:
        node.start()
    except RuntimeError:
        return node.process.returncode
    return None


def poison(checks):
    if not os.path.exists(POISON):
        checks.skip('poison', f'{POISON} is not built')
        return
    deadly = {'LD_PRELOAD': POISON, 'BURROW_POISON': 'needle-one'}
    with Node(arguments=SMALL, environment=deadly) as node:
        node.start()
        client = node.client()
        fill(client)
        put(client, f'{VICTIM}/first', 'first')
        try:
            client.call('PUT', f'{VICTIM}/needle-one?ttl=0', 'x')
            checks.check('the planted entry ends the process', False)
        except Exception:  # the connection broke
            checks.check('the planted entry ends the process', node.process.wait(20) == -6)
        checks.check('at the next start it does so again', dies_at_its_start(node) == -6)
        for round in ('third start', 'fourth start'):
            os.truncate(node.log_path, 0)
            node.start(60)
            client = node.client()
            refused(checks, round, client)
            checks.check(f'{round}: the others serve', len(others(client)) >= len(OTHERS) // 2)
            shards = status(node)['shards']
            off = shards['out_of_service']
            checks.check(f'{round}: status names the shard and the entry', shards['quarantined'] == 1
                         and shards['damaged'] == 0 and len(off) == 1 and off[0]['state'] == 'quarantined'
                         and 'entry ' in off[0]['why'], shards)
            checks.check(f'{round}: burrow status says so to people', told(node, 'quarantined'))
            checks.check(f'{round}: metrics', metric(node, 'burrow_shards_quarantined') == 1
                         and metric(node, 'burrow_shards_damaged') == 0)
            checks.check(f'{round}: the log names it', 'quarantined' in node.log_tail())
            node.kill()
        node.environment = {}
        node.start()
        checks.check('a program that could apply it does not try by itself',
                     problem(node.client().call('GET', f'{VICTIM}/first')) == OUT)
        node.kill()
        os.remove(os.path.join(node.data, 'APPLYING'))
        node.start()
        got = [node.client().call('GET', f'{VICTIM}/{name}?detail=body').body for name in ('first', 'needle-one')]
        checks.check('told to try anew, it serves, and nothing is lost', got == [b'first', b'x'], got)


def main():
    checks = Checks()
    for part in (whole_after_loss, damaged_after_loss, met_while_running, poison):
        try:
            part(checks)
        except Exception as e:  # a part that cannot go on is one failure; the others still run
            checks.check(part.__name__, False, f'{type(e).__name__}: {e}')
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
