#!/usr/bin/env python3
"""`burrow shard repair`: shards with flipped bytes in a stopped node's directory, brought back by an operator's word.

A hole in the state, a block of a table that cannot be read, and shard 0, without which no node starts.
usage: repair_test.py
"""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from burrow_node import BINARY, Checks, Node  # noqa: E402
from damage_test import (OTHERS, SMALL, VICTIM, accepted, audited, count, fill, flip_last, mark, others,  # noqa: E402
                         put, put_alone, read, status, until)


def repair(node, *arguments):
    return subprocess.run([BINARY, 'shard', 'repair', *map(str, arguments), '--data', node.data], capture_output=True,
                          text=True, timeout=60, stdin=subprocess.DEVNULL)


def shown(done):
    return f'exit {done.returncode}, out {done.stdout[-600:]!r}, err {done.stderr[-400:]!r}'


def bodies(client, path, names):
    """Which of these messages are there, whole."""
    return [n for n in names if (lambda a: a.status == 200 and a.body.startswith(n.encode()))(
        client.call('GET', f'{path}/{n}?detail=body'))]


def repaired_hole(checks):
    """A hole in the state: names and counters are made anew, what is left serves, and old receipts hold nothing."""
    with Node(arguments=SMALL) as node:
        node.start()
        client = node.client()
        fill(client)
        client.call('PATCH', f'{VICTIM}/~settings', {'max_messages': 50},
                    {'Content-Type': 'application/merge-patch+json'})
        for name in ('first', 'second', 'third'):
            put(client, f'{VICTIM}/{name}', name * 3)
        claim = client.call('POST', f'{VICTIM}?limit=1&hide=3600&detail=full').json()[0]
        put_alone(node, client, VICTIM, 'needle-one')
        put_alone(node, client, VICTIM, 'needle-two')
        mark(node, client)
        done = repair(node, 3, '--accept-loss', 'test', '--yes')
        checks.check('a node that runs keeps its directory', done.returncode == 5 and 'Stop the node' in done.stderr,
                     shown(done))
        node.kill()
        flip_last(node, '.log', 'needle-one')
        accepted(checks, node, 'a byte flipped by a test')
        shard = status(node)['shards']['out_of_service'][0]['shard']
        node.kill()
        node.arguments = SMALL
        done = repair(node, shard, '--yes')
        checks.check('repair needs the reason', done.returncode == 2 and '--accept-loss' in done.stderr, shown(done))
        before = read(os.path.join(node.data, 'audit.log'))
        done = repair(node, shard, '--accept-loss', 'a test')
        checks.check('it asks, and off a terminal it stops', done.returncode == 5 and '--yes' in done.stderr
                     and 'keeps' in done.stdout and 'loses' in done.stdout, shown(done))
        checks.check('nothing was done', before == read(os.path.join(node.data, 'audit.log')))
        done = repair(node, shard, (shard + 1) % 8, '--accept-loss', 'a test', '--yes', '--output', 'json')
        out = json.loads(done.stdout or '{}')
        checks.check('with --yes it does it', done.returncode == 0 and out['repaired'] is True
                     and [s['damaged'] for s in out['shards']] == [True, False]
                     and out['shards'][0]['keeps']['messages'] >= 4, shown(done))
        lines = [x for x in audited(node) if x['event'] == 'shard-repair']
        checks.check('the audit log has who, why and what', [x['outcome'] for x in lines] == ['begins', 'done']
                     and all(x['reason'] == 'a test' and x['who'].startswith('user ') and 'keeps ' in x[f'shard {shard}']
                             for x in lines), lines)
        for round in ('repaired', 'next start'):
            node.start()
            client = node.client()
            shards = status(node)['shards']
            checks.check(f'{round}: nothing is out of service', shards['damaged'] == 0 and status(node)['state'] == 'ok'
                         and not os.path.exists(os.path.join(node.data, 'UNCHECKED')), shards)
            checks.check(f'{round}: what could be read is served', bodies(client, VICTIM, ['first', 'second', 'third',
                         'needle-two']) == ['first', 'second', 'third', 'needle-two'])
            checks.check(f'{round}: what is lost is not there', client.call('GET', f'{VICTIM}/needle-one').status == 404)
            checks.check(f'{round}: the others have all', len(others(client)) == len(OTHERS))
            stats = client.call('GET', f'{VICTIM}/~stats').json()
            checks.check(f'{round}: it counts right', (stats['visible'], stats['claimed']) == (3, 1), stats)
            node.kill()
        node.start()
        after_repair(checks, node.client(), claim)


def after_repair(checks, client, claim):
    checks.check('settings are kept', client.call('GET', f'{VICTIM}/~settings').json().get('max_messages') == 50)
    checks.check('so is a claim', client.call('DELETE', f"{VICTIM}/first?receipt={claim['receipt']}").status == 204)
    taken = client.call('DELETE', f'{VICTIM}?limit=10&detail=all')
    checks.check('and the rest is taken in order', [m['id'] for m in taken.json()]
                 == ['second', 'third', 'needle-two'], taken.body[:300])
    put(client, f'{VICTIM}/needle-one', 'again')
    checks.check('the name that was lost is free', client.call('GET', f'{VICTIM}/needle-one').status == 200)


def repaired_block(checks):
    """A block of a table that cannot be read, in a stopped node: the store is put together anew without it."""
    with Node(arguments=SMALL) as node:
        node.start()
        client = node.client()
        fill(client)
        for name, text in (('before', 'padding '), ('needle-one', 'needle-body '), ('after', 'padding ')):
            put(client, f'{VICTIM}/{name}', name + text * 10_000)
        until(lambda: count(node, '.sst', 'needle-body') > 5_000 and count(node, '.log', 'needle-body') == 0,
              'an idle node writes its tables', 60)
        node.kill()
        flip_last(node, '.sst', 'needle-body needle-body')
        node.start()
        node.client().call('GET', f'{VICTIM}/needle-one?detail=body')
        until(lambda: status(node)['shards']['out_of_service'], 'the block is met')
        shard = status(node)['shards']['out_of_service'][0]['shard']
        node.kill()
        done = repair(node, shard, '--accept-loss', 'a test')
        checks.check('what is lost is named', done.returncode == 5 and 'victim/q/needle-one' in done.stdout
                     and 'unreadable' in done.stderr, shown(done))
        checks.check('a survey leaves nothing behind', not os.path.exists(os.path.join(node.data, 'repair')))
        done = repair(node, shard, '--accept-loss', 'a test', '--yes')
        checks.check('a broken block: repaired', done.returncode == 0, shown(done))
        for round in ('first', 'second'):
            node.start(60)
            client = node.client()
            checks.check(f'{round} start: the messages beside it are there',
                         bodies(client, VICTIM, ['before', 'after']) == ['before', 'after'])
            checks.check(f'{round} start: the one in it is not', client.call('GET', f'{VICTIM}/needle-one').status == 404)
            checks.check(f'{round} start: the others have all, and nothing is left to check',
                         len(others(client)) == len(OTHERS) and status(node)['state'] == 'ok'
                         and not os.path.exists(os.path.join(node.data, 'UNCHECKED')), status(node)['shards'])
            node.kill()


def repaired_shard_0(checks):
    """Shard 0 keeps the node from starting; the repair needs no node."""
    with Node(arguments=SMALL) as node:
        node.start()
        client = node.client()
        fill(client)
        claim = client.call('POST', f'{OTHERS[0]}?limit=1&hide=3600&detail=full').json()[0]
        until(lambda: count(node, '.sst', '`seal/') > 0 and count(node, '.log', '`seal/') == 0,
              'an idle node writes its tables', 60)
        node.kill()
        flip_last(node, '.sst', '`seal/')  # 0x60 begins a key of the registry
        try:
            node.start()
            checks.check('without shard 0 there is no start', False)
        except RuntimeError as e:
            checks.check('without shard 0 there is no start', 'shard 0' in str(e) or 'corrupt' in str(e).lower(), e)
        done = repair(node, 0, '--accept-loss', 'a test', '--yes')
        checks.check('shard 0 is repaired', done.returncode == 0 and 'shard 0' in done.stdout, shown(done))
        node.start(60)
        client = node.client()
        checks.check('the node serves again', len(others(client)) == len(OTHERS) - 1 + 1 and status(node)['state'] == 'ok',
                     status(node)['shards'])
        fresh = client.call('DELETE', f"{OTHERS[0]}/kept?receipt={claim['receipt']}").status
        checks.check('with another key, if the old one was lost: its receipts are void', fresh in (400, 412, 204), fresh)
        checks.check('and takes writes', client.call('PUT', f'{VICTIM}/new?ttl=0', 'x').status == 201)


def main():
    checks = Checks()
    for part in (repaired_hole, repaired_block, repaired_shard_0):
        try:
            part(checks)
        except Exception as e:  # a part that cannot go on is one failure; the others still run
            checks.check(part.__name__, False, f'{type(e).__name__}: {e}')
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
