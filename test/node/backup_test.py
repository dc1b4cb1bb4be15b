#!/usr/bin/env python3
"""Backups of a real node: made under load, proved by verify, restored under new ids, refused where they must be.

What a backup had acknowledged before it began is exactly what a restore serves; a flipped byte anywhere is noticed; the
one who writes does not wait for it. usage: backup_test.py
"""
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import BINARY, Checks, Client, Node  # noqa: E402

SMALL = ['--shards', '8']


def burrow(*arguments, timeout=90):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout,
                          env={k: v for k, v in os.environ.items() if not k.startswith('BURROW_')})


def on(node, *arguments):
    return burrow(*arguments, '--endpoint', f'http://127.0.0.1:{node.admin}')


def metric(node, name):
    for line in Client(node.admin).call('GET', '/metrics').body.decode().splitlines():
        if line.startswith(name + ' '):
            return float(line.split()[1])
    return None


def audited(directory):
    with open(os.path.join(directory, 'audit.log')) as f:
        return [json.loads(line) for line in f]


def shown(done):
    return f'exit {done.returncode}, out {done.stdout[-400:]!r}, err {done.stderr[-400:]!r}'


class Writers:
    """Puts numbered messages into queues of their own and keeps which were acknowledged, and how long each took."""

    def __init__(self, node, count=4):
        self.stop, self.acknowledged, self.took = threading.Event(), [], []
        self.threads = [threading.Thread(target=self.run, args=(node.client(), n)) for n in range(count)]
        for t in self.threads:
            t.start()

    def run(self, client, n):
        for i in range(1_000_000):
            if self.stop.is_set():
                return
            name, body = f'm{n}-{i}', f'body {n} {i} '.encode() * 20
            began = time.monotonic()
            try:
                if client.call('PUT', f'/v1.0/load{n}/q/{name}?ttl=0', body).status == 201:
                    self.took.append((began, time.monotonic() - began))
                    self.acknowledged.append((f'/v1.0/load{n}/q/{name}', body))
            except (OSError, http.client.HTTPException):
                return

    def finish(self):
        self.stop.set()
        for t in self.threads:
            t.join()


def missing(client, messages):
    out = []
    for path, body in messages:
        answer = client.call('GET', path + '?detail=body')
        if answer.status != 200 or answer.body != body:
            out.append((path, answer.status))
    return out


def under_load(checks, node, directory):
    """A backup while four clients write; returns what was acknowledged before it began, and what was claimed."""
    client = node.client()
    for i in range(300):  # something to copy, and something that does not change any more
        client.call('PUT', f'/v1.0/kept/q{i % 10}/m{i}?ttl=0', b'kept %d ' % i * 200)
    client.call('PATCH', '/v1.0/kept/q1/~settings', json.dumps({'max_messages': 777}),
                {'Content-Type': 'application/merge-patch+json'})
    client.call('PUT', '/v1.0/kept/q9/gone?ttl=0', b'x')
    client.call('DELETE', '/v1.0/kept/q9/gone')
    claimed = client.call('POST', '/v1.0/kept/q0?limit=1&hide=3600&detail=full').json()[0]
    writers = Writers(node)
    time.sleep(1.5)
    before = list(writers.acknowledged)
    began = time.monotonic()
    done = on(node, 'backup', 'create', directory)
    ended = time.monotonic()
    time.sleep(0.5)
    writers.finish()
    checks.check('a backup under load', done.returncode == 0 and 'done' in done.stdout, shown(done))
    checks.check('its files are for the node alone', os.stat(directory).st_mode & 0o777 == 0o700
                 and os.stat(os.path.join(directory, 'backup.json')).st_mode & 0o007 == 0)
    during = [t for at, t in writers.took if began <= at <= ended]
    other = [t for at, t in writers.took if at < began]
    print(f'     puts: {len(other)} before, median {statistics.median(other) * 1e3:.1f} ms, longest '
          f'{max(other) * 1e3:.0f} ms; {len(during)} during the {ended - began:.1f} s of the backup, median '
          f'{statistics.median(during or [0]) * 1e3:.1f} ms, longest {max(during or [0]) * 1e3:.0f} ms')
    checks.check('writes go on meanwhile', len(during) > 20 and max(during) < 2, f'{len(during)} {max(during or [9])}')
    return [(p, b) for p, b in before], claimed


def told(checks, node, directory):
    status = on(node, 'status')
    checks.check('status tells of it', any(line.startswith('backup ') and directory[:30] in line
                                           for line in status.stdout.splitlines()), shown(status))
    age = time.time() - (metric(node, 'burrow_backup_last_timestamp_seconds') or 0)
    checks.check('so do the metrics', 0 <= age < 120 and metric(node, 'burrow_backup_last_bytes') > 100_000
                 and metric(node, 'burrow_backups_total{outcome="done"}') == 1, f'{age}')
    lines = [x for x in audited(node.data) if x['event'] == 'backup-create']
    checks.check('the audit log has who, what, outcome and request', [x['outcome'] for x in lines] == ['begins', 'done']
                 and all(x['who'] == '127.0.0.1' and x['request_id'] and x['directory'] == directory for x in lines),
                 repr(lines))
    checks.check('the copy by links is gone', not os.path.exists(os.path.join(node.data, 'checkpoint')))


def refusals(checks, node, directory):
    def refused(name, code, text, path):
        done = on(node, 'backup', 'create', path)
        checks.check(name, done.returncode == code and text in done.stderr, shown(done))

    refused('a directory that holds something', 2, 'not an empty directory', directory)
    refused('one inside of the data', 2, "node's own", os.path.join(node.data, 'inner'))
    refused('one that cannot be', 2, 'cannot make', '/proc/none/such')
    admin = Client(node.admin)
    answer = admin.call('POST', '/admin/v1/backup', '{"directory": "/tmp/never"}', {'Content-Type': 'text/plain'})
    checks.check('a form in a browser cannot order one', answer.status == 415 and not os.path.exists('/tmp/never'))
    for body in ('{}', '[]', '{"directory": 5}', '{"directory": "/x", "more": 1}', 'no', '{"directory": "relative"}'):
        answer = admin.call('POST', '/admin/v1/backup', body, {'Content-Type': 'application/json'})
        checks.check(f'a body that is none: {body}', answer.status == 422, answer.status)
    checks.check('what is refused is audited', any(x['event'] == 'backup-create' and x['outcome'] == 'refused'
                                                   for x in audited(node.data)))


def verified(checks, directory):
    done = burrow('backup', 'verify', directory, '--output', 'json')
    out = json.loads(done.stdout or '{}')
    checks.check('verify says good', done.returncode == 0 and out['good'] and not out['damaged_shards'], shown(done))
    before = sorted(os.listdir(directory) + os.listdir(os.path.join(directory, 'rocks')))
    burrow('backup', 'verify', directory)
    checks.check('and leaves it as it is',
                 before == sorted(os.listdir(directory) + os.listdir(os.path.join(directory, 'rocks'))))
    names = [f for f in os.listdir(os.path.join(directory, 'rocks')) if os.path.getsize(
        os.path.join(directory, 'rocks', f)) > 0]
    wals = [f for f in names if f.endswith('.log')]
    for name in [f'rocks/{wals[-1]}', 'backup.json', 'SYNCED'] + [f'rocks/{f}' for f in names if f.endswith('.sst')][:1]:
        path = os.path.join(directory, name)
        with open(path, 'r+b') as f:
            data = f.read()
            at = len(data) // 3
            f.seek(at)
            f.write(bytes([data[at] ^ 1]))
        done = burrow('backup', 'verify', directory)
        checks.check(f'a flipped bit in {name.split(".")[-1]} is noticed', done.returncode == 5
                     and name.split('/')[-1] in done.stdout + done.stderr, shown(done))
        target = directory + '-flipped'
        done = burrow('restore', '--from', directory, '--data', target)
        checks.check(f'and not restored from ({name.split(".")[-1]})', done.returncode == 5, shown(done))
        if os.path.exists(target):
            started = burrow('serve', '--data', target)
            checks.check('a half restored directory is not served', started.returncode == 2
                         and 'not finished' in started.stderr, shown(started))
            subprocess.run(['rm', '-rf', target], check=True)
        with open(path, 'r+b') as f:
            f.seek(at)
            f.write(data[at:at + 1])
    with open(os.path.join(directory, 'more'), 'w') as f:
        f.write('x')
    done = burrow('backup', 'verify', directory)
    checks.check('a file too many is noticed', done.returncode == 5 and 'more' in done.stdout, shown(done))
    os.remove(os.path.join(directory, 'more'))
    done = burrow('backup', 'verify', os.path.dirname(directory))
    checks.check('what is no backup is exit 3', done.returncode == 3 and 'no backup' in done.stderr, shown(done))


def restored(checks, node, directory, before, claimed):
    old = Client(node.admin).call('GET', '/admin/v1/status').json()
    # The old node goes on: what it hands out now must mean nothing to the restored one.
    late = node.client().call('POST', '/v1.0/kept/q1?limit=1&hide=3600&detail=full').json()[0]
    data = os.path.join(os.path.dirname(directory), 'restored')
    done = burrow('restore', '--from', directory, '--data', data)
    checks.check('restore', done.returncode == 0 and 'restored' in done.stdout, shown(done))
    done = burrow('restore', '--from', directory, '--data', data)
    checks.check('a directory that is not empty is refused', done.returncode == 5 and 'not an empty' in done.stderr,
                 shown(done))
    with Node(data=data, arguments=SMALL) as other:
        other.start()
        client = other.client()
        lost = missing(client, before)
        checks.check(f'all {len(before)} acknowledged before it began are there', not lost and before, repr(lost[:5]))
        kept = [(f'/v1.0/kept/q{i % 10}/m{i}', b'kept %d ' % i * 200) for i in range(300)]
        lost = missing(client, kept)
        checks.check('and the 300 from before', not lost, repr(lost[:5]))
        checks.check('what was deleted is not', client.call('GET', '/v1.0/kept/q9/gone').status == 404)
        settings = client.call('GET', '/v1.0/kept/q1/~settings').json()
        checks.check('settings came along', settings.get('max_messages') == 777, repr(settings)[:200])
        new = Client(other.admin).call('GET', '/admin/v1/status').json()
        checks.check('node and cluster have new ids', new['node_id'] != old['node_id']
                     and new['cluster_id'] != old['cluster_id'] and new['state'] == 'ok', repr(new)[:300])
        # The same message, claimed there by the next entry of the log: the receipt of the old node is not the new one's.
        mine = client.call('POST', '/v1.0/kept/q1?limit=1&hide=3600&detail=full').json()[0]
        gone = client.call('DELETE', f"/v1.0/kept/q1/{mine['id']}?receipt={late['receipt']}")
        checks.check('a receipt that the old node gave after the backup holds nothing here',
                     mine['id'] == late['id'] and mine['claims'] == late['claims'] and gone.status == 412,
                     f"{mine['id']} {late['id']} {gone.status}")
        gone = client.call('DELETE', f"/v1.0/kept/q0/{claimed['id']}?receipt={claimed['receipt']}")
        checks.check('one from before it does', gone.status == 204, gone.status)
        checks.check('it takes writes', client.call('PUT', '/v1.0/new/q/m?ttl=0', b'x').status == 201)
        checks.check('the audit log goes on, with the restore', [x['event'] for x in audited(data)][-1] == 'restore')
        other.kill()
        other.start()
        checks.check('and it is there after a crash', other.client().call('GET', '/v1.0/new/q/m').status == 200)
        again = os.path.join(os.path.dirname(directory), 'again')
        done = on(other, 'backup', 'create', again)
        done = burrow('backup', 'verify', again)
        checks.check('a backup of what was restored is good', done.returncode == 0, shown(done))


def interrupted(checks):
    with Node(arguments=[*SMALL, '--backup-rate', '200000']) as node:
        node.start()
        client = node.client()
        for i in range(20):
            client.call('PUT', f'/v1.0/a/q/m{i}?ttl=0', os.urandom(100_000))
        directory = os.path.join(node.scratch, 'slow')
        done = on(node, 'backup', 'create', directory, '--no-wait')
        checks.check('--no-wait comes back at once', done.returncode == 0 and 'running' in done.stdout, shown(done))
        done = on(node, 'backup', 'create', directory + '2')
        checks.check('one at a time', done.returncode == 5 and 'under way' in done.stderr, shown(done))
        done = on(node, 'backup', 'cancel')
        end = time.monotonic() + 20
        while 'running' in on(node, 'backup', 'status').stdout and time.monotonic() < end:
            time.sleep(0.05)
        done = on(node, 'backup', 'status')
        checks.check('cancelled', done.returncode == 1 and 'cancelled' in done.stderr, shown(done))
        checks.check('nothing of it is left', not any(f for _, _, f in os.walk(directory)), os.listdir(directory))
        checks.check('it counts', metric(node, 'burrow_backups_total{outcome="cancelled"}') == 1)
        on(node, 'backup', 'create', directory, '--no-wait')
        node.kill()
        node.start()
        checks.check('a crash leaves no copy by links', not os.path.exists(os.path.join(node.data, 'checkpoint')))
        done = burrow('backup', 'verify', directory)
        checks.check('and no backup', done.returncode == 3, shown(done))
        on(node, 'backup', 'create', directory + '3', '--no-wait')
        began = time.monotonic()
        code = node.kill(signal.SIGTERM)
        checks.check('a stop does not wait for it', code == 0 and time.monotonic() - began < 8, f'{code}')


def whole(checks):
    with Node(arguments=SMALL) as node:
        node.start()
        directory = os.path.join(node.scratch, 'backup')
        before, claimed = under_load(checks, node, directory)
        told(checks, node, directory)
        refusals(checks, node, directory)
        verified(checks, directory)
        restored(checks, node, directory, before, claimed)
        node.kill()
        node.start()
        done = on(node, 'status')
        checks.check('the last backup is known after a restart', directory[:30] in done.stdout
                     and metric(node, 'burrow_backup_last_bytes') > 100_000, shown(done))


def main():
    checks = Checks()
    for part in (whole, interrupted):
        try:
            part(checks)
        except Exception as e:  # a part that cannot go on is one failure; the others still run
            checks.check(part.__name__, False, f'{type(e).__name__}: {e}')
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
