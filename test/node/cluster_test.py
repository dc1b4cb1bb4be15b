#!/usr/bin/env python3
"""A cluster of real processes: forming, growing under load, any node answers, kill -9 of the leader, all at once,
rolling restart, drain, bad input on the cluster's ports. Prints `N passed, N failed`."""
import collections
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_cluster import Cluster  # noqa: E402
from burrow_node import BINARY, Checks, Client  # noqa: E402
from cluster_load import Writers, names_stored  # noqa: E402

class Named(Checks):
    def equal(self, name, got, wanted):
        return self.check(name, got == wanted, f'{str(got)[:600]}, not {str(wanted)[:200]}')


checks = Named()


def burrow(member, *words, timeout=60):
    return subprocess.run([BINARY, *words, '--endpoint', f'http://127.0.0.1:{member.admin}'], capture_output=True,
                          text=True, timeout=timeout)


def grows_under_load():
    with Cluster(3) as c:
        c.grow(0, 1)
        writers = Writers([c[0].http])
        c.wait(lambda: writers.count() > 50, 20, 'load')
        c.grow(1)
        c.wait(lambda: c.settled(3), 60, 'three voters in every shard')
        for m in c.members:
            c.wait(m.ready, 20, f'{m.name} to be ready')
        time.sleep(0.5)
        writers.stop()
        checks.equal('no request failed while the cluster grew', writers.failures[:3], [])
        checks.equal('nothing is lost', lost_of(writers, c[2].http, 'load'), [])
        status = c[1].ask('/admin/v1/status')
        checks.equal('status says what may be lost', status['can_lose'], '1 zone, or any 1 node')
        metrics = Client(c[2].admin).call('GET', '/metrics').body.decode()
        listed = json.loads(burrow(c[2], 'config', 'metrics', '--output', 'json').stdout)
        missing = [m['name'] for m in listed if m['name'] not in metrics and 'certificate' not in m['name']]
        checks.check('a member shows every metric that is listed', not missing, str(missing))
        any_node_answers(c)
        commands(c)
        bad_orders(c)
        return leader_dies(c)


def any_node_answers(c):
    one, two, three = (m.client() for m in c.members)
    checks.equal('put at n1', one.call('PUT', '/v1.0/any/box/first', 'hello').status, 201)
    taken = two.call('POST', '/v1.0/any/box?limit=1&hide=60&detail=full')
    checks.equal('taken at n2', taken.status, 200)
    message = taken.json()[0]
    checks.equal('with its body', message['body'], 'hello')
    gone = three.call('DELETE', f'/v1.0/any/box/first?receipt={message["receipt"]}')
    checks.equal('acknowledged at n3', gone.status, 204)
    for i in range(20):
        m = c[i % 3].client().call('PUT', f'/v1.0/any{i}/box/x', 'y')
        if m.status != 201:
            checks.equal(f'put {i}', m.status, 201)
    listed = three.call('GET', '/v1.0/any0').json()
    checks.equal('a listing over shards that lead elsewhere', [q if isinstance(q, str) else q['id'] for q in listed],
                 ['box'])
    got = {}
    waiter = threading.Thread(target=lambda: got.update(
        answer=Client(c[1].http).call('POST', '/v1.0/any/poll?limit=1&hide=60&wait=10&detail=full')))
    waiter.start()
    time.sleep(0.3)
    begun = time.monotonic()
    one.call('PUT', '/v1.0/any/poll/late', 'now')
    waiter.join(15)
    checks.equal('a long poll at another node is woken', got['answer'].status, 200)
    checks.check('at once', time.monotonic() - begun < 1.0)


def commands(c):
    members = burrow(c[0], 'members', '--output', 'json')
    checks.equal('burrow members', members.returncode, 0)
    shards = burrow(c[2], 'shards', '--problems')
    checks.equal('burrow shards --problems', shards.returncode, 0)
    refused = burrow(c[1], 'node', 'decommission', 'n2', '--yes')
    checks.equal('decommission of one of three is refused', refused.returncode, 5)
    checks.check('with the reason', 'error:' in refused.stderr)
    nobody = burrow(c[1], 'node', 'drain', 'n9')
    checks.equal('a node that is not there', nobody.returncode, 3)
    drained = burrow(c[1], 'node', 'drain', 'n2', '--timeout', '30')
    checks.equal('drain', (drained.returncode, drained.stderr[-200:] if drained.returncode else ''), (0, ''))
    backup = burrow(c[0], 'backup', 'create', os.path.join(c.directory, 'backup'))
    checks.check('a member makes no backup that could not be restored', backup.returncode != 0 and
                 'whole cluster' in backup.stderr, backup.stderr[-300:])
    undone = burrow(c[0], 'node', 'drain', 'n2', '--undo')
    checks.equal('undone', undone.returncode, 0)


def bad_orders(c):
    admin = Client(c[0].admin)
    send = lambda body, headers=None: admin.call('POST', '/admin/v1/cluster', body, headers).status  # noqa: E731
    checks.equal('an order as a form is refused', send('action=drain', {'Content-Type': 'text/plain'}), 415)
    good = {'action': 'drain', 'node': 'n2'}
    checks.equal('a flag that is none', send({**good, 'dry_run': 'yes'}), 400)
    checks.equal('force that is none', send({**good, 'force': 1}), 400)
    checks.equal('force without a reason', send({**good, 'force': True}), 400)
    checks.equal('no such action', send({'action': 'burn'}), 400)
    checks.equal('no such shard', send({'action': 'transfer', 'shard': 4711, 'to': 'n2'}), 400)
    checks.equal('a shard that is a text', send({'action': 'transfer', 'shard': '7', 'to': 'n2'}), 400)
    checks.check('and the node goes on', c[0].ready())
    with open(os.path.join(c[1].data, 'audit.log'), encoding='utf-8') as log:
        checks.check('orders are in the audit log', 'cluster-drain' in log.read())


def leader_of(c, account, queue):
    """The member that leads the queue's shard: the one whose answers come from its own zone, asked everywhere."""
    zones = {m.zone: m for m in c.members}
    answer = c[0].client().call('GET', f'/v1.0/{account}/{queue}?limit=1')
    return zones.get(answer.headers.get('burrow-zone', ''), c[0])


def leader_dies(c):
    ports = [m.http for m in c.members]
    writers = Writers(ports, account='kill', pause=0.002)
    c.wait(lambda: writers.count() > 100, 20, 'load')
    leader = leader_of(c, 'kill', 'jobs')
    at = time.monotonic()
    leader.kill()
    seen = writers.count()
    c.wait(lambda: writers.count() > seen + 100, 20, 'writes after the leader died')
    time.sleep(1)
    gap = writers.largest_gap(at - 0.5)
    checks.check(f'kill -9 of the leader: largest gap {gap:.2f} s', gap < 3)
    leader.start()
    c.wait(leader.ready, 40, 'the killed node to be ready again')
    writers.stop()
    survivors = [m for m in c.members if m is not leader]
    missing = lost_of(writers, survivors[0].http, 'kill')
    checks.equal('nothing acknowledged is lost', missing, [])
    everybody_dies(c, writers)


def everybody_dies(c, writers):
    for m in c.members:
        m.send(signal.SIGKILL)
    for m in c.members:
        m.process.wait(20)
    for m in c.members:
        m.start()
    for m in c.members:
        c.wait(m.ready, 60, f'{m.name} to be ready after all were killed')
    missing = lost_of(writers, c[1].http, 'kill')
    checks.equal('all killed at once: nothing is lost', missing, [])
    rolling_restart(c)


def rolling_restart(c):
    c.wait(lambda: c.settled(3), 60, 'three voters')
    writers = Writers([m.http for m in c.members], account='roll', pause=0.002)
    c.wait(lambda: writers.count() > 100, 20, 'load')
    for m in c.members:
        checks.equal(f'{m.name} stops', m.kill(signal.SIGTERM), 0)
        m.start()
        c.wait(m.ready, 40, f'{m.name} to be ready')
        time.sleep(0.5)
    writers.stop()
    checks.equal('rolling restart: no request failed', writers.failures[:5], [])
    latencies = sorted(writers.latencies)
    p99 = latencies[len(latencies) * 99 // 100]
    checks.check(f'p99 {p99 * 1000:.0f} ms', p99 <= 0.25)
    missing = lost_of(writers, c[0].http, 'roll')
    checks.equal('rolling restart: nothing is lost', missing, [])
    strangers(c)
    forgets_nothing(c)


def forgets_nothing(c):
    """A member may neither go on after a loss, nor start without the others."""
    c[1].kill(signal.SIGTERM)
    base = [BINARY, 'serve', '--node', 'n2', '--zone', 'b', '--data', c[1].data, '--http', '127.0.0.1:0',
            '--admin', '127.0.0.1:0']
    for name, more, word in (('accept-loss', ['--cluster', c[1].address, '--accept-loss', 'why not'], 'forgotten'),
                             ('starting alone', [], '--cluster')):
        run = subprocess.run(base + more, capture_output=True, text=True, timeout=20)
        checks.check(f'{name} is refused to a member', run.returncode == 2 and word in run.stderr, run.stderr[-300:])


def strangers(c):
    for port in (c[0].cluster, c[0].cluster + 1):
        with socket.create_connection(('127.0.0.1', port), 5) as s:
            s.sendall(os.urandom(64) * 100)
            s.settimeout(5)
            try:
                while s.recv(4096):
                    pass
                closed = True
            except ConnectionError:
                closed = True
            except socket.timeout:
                closed = False
        checks.check(f'garbage on port {"of the control plane" if port == c[0].cluster else "of the data plane"}', closed)
    checks.check('and the node goes on', c[0].ready())


def forms_together():
    with Cluster(3) as c:
        c.form()
        for m in c.members:
            c.wait(m.ready, 60, f'{m.name} to be ready')
        c.wait(lambda: c.settled(3), 60, 'three voters in every shard')
        ids = {m.ask('/admin/v1/status')['cluster_id'] for m in c.members}
        checks.equal('one cluster', len(ids), 1)
        leaders_spread(c)
        with Cluster(1) as other:
            other.grow()
            other[0].kill()
            other[0].start('--join', c[0].address)
            time.sleep(2)
            checks.check('a node of another cluster stays what it is',
                        other[0].ask('/admin/v1/status')['cluster_id'] not in ids)


def leaders_spread(c):
    """When a cluster has formed, and when a node is back: seconds, not a minute (cluster/placement/README.md)."""
    even = lambda: sorted(led_by(c).values()) == [21, 22, 22]  # noqa: E731
    c.wait(even, 30, 'leaders on all of the new nodes')
    c[2].kill()
    c.wait(lambda: 'n3' not in led_by(c) and sum(led_by(c).values()) == 65, 20, 'others to lead what n3 led')
    c[2].start()
    c.wait(c[2].ready, 40, 'n3 to be ready again')
    begun = time.monotonic()
    c.wait(even, 40, 'n3 to lead again')
    took = time.monotonic() - begun
    checks.check(f'leaders are spread again {took:.1f} s after a node was ready', took < 25)


def led_by(c):
    page = c[0].ask('/admin/v1/shards')
    return collections.Counter(s['leader'] for s in page['shards'] if s['leader']) if page and page['complete'] else {}


def refusals():
    run = subprocess.run([BINARY, 'serve', '--cluster', '0.0.0.0:7700', '--data', '/nonexistent/x'], capture_output=True,
                         text=True, timeout=20)
    checks.equal('a cluster off loopback without certificates', run.returncode, 2)
    checks.check('names the flag', '--insecure-cluster' in run.stderr)


def grows_to_six():
    """Nodes without a replica of shard 0, moves, an emptied node, and one that comes back without its disk."""
    with Cluster(6) as c:
        c.grow()
        for m in c.members:
            c.wait(m.ready, 60, f'{m.name} to be ready')
        balanced = lambda: spread(c[4]) == [32, 32, 32, 33, 33, 33]  # noqa: E731
        c.wait(balanced, 90, 'replicas spread over six nodes')
        writers = Writers([m.http for m in c.members], account='six', pause=0.005)
        for m in c.members:
            seen = burrow(m, 'members')
            checks.equal(f'{m.name} knows the members', (seen.returncode, seen.stderr), (0, ''))
        moved = next(s for s in c[5].ask('/admin/v1/shards')['shards'] if s['shard'] > 0 and 'n1' in s['voters'])
        to = burrow(c[5], 'shard', 'move', str(moved['shard']), '--from', 'n1', '--to', 'n4')
        checks.equal('a replica is moved', to.returncode, 0)
        c.wait(lambda: 'n4' in shard(c[5], moved['shard'])['voters'], 30, 'the move')
        same = burrow(c[5], 'shard', 'move', str(moved['shard']), '--from', 'n4', '--to', 'n4')
        checks.equal('to where it is: refused', same.returncode, 5)
        target = next(n for n in shard(c[5], 9)['voters'] if n != shard(c[5], 9)['leader'])
        checks.equal('a leader is moved', burrow(c[4], 'shard', 'transfer-leader', '9', '--to', target).returncode, 0)
        c.wait(lambda: shard(c[4], 9)['leader'] == target, 20, 'the transfer')
        emptied = burrow(c[3], 'node', 'decommission', 'n6', '--yes', '--timeout', '90', timeout=120)
        checks.equal('a node is emptied', (emptied.returncode, emptied.stderr[-200:] if emptied.returncode else ''),
                     (0, ''))
        c[5].kill(signal.SIGTERM)
        wiped(c, c[4])
        writers.stop()
        checks.equal('nothing is lost', lost_of(writers, c[0].http, 'six'), [])


def wiped(c, m):
    m.kill()
    shutil.rmtree(m.data)
    c.wait(lambda: state_of(c[0], m.name) == 'dead', 20, f'{m.name} to be dead')
    m.start('--join', c[0].address)
    c.wait(m.ready, 60, f'{m.name} to be ready without its old disk')
    c.wait(lambda: c.settled(3) and state_of(c[0], m.name) == 'ok', 60, 'its copies')
    checks.check('a wiped node is a new one under its old name', state_of(c[0], m.name) == 'ok')
    problems = burrow(c[0], 'shards', '--problems')
    c.wait(lambda: burrow(c[0], 'shards', '--problems').returncode == 0, 60, problems.stdout)


def shard(member, number):
    return member.ask('/admin/v1/shards')['shards'][number]


def spread(member):
    page = member.ask('/admin/v1/members')
    return sorted(m['voters'] for m in page['members']) if page else None


def state_of(member, name):
    page = member.ask('/admin/v1/members')
    return next((m['answers'] for m in page['members'] if m['node'] == name), None) if page else None


def lost_of(writers, port, account):
    return sorted(writers.acknowledged - set(names_stored(port, account)))


for part in (refusals, grows_under_load, forms_together, grows_to_six):
    try:
        part()
    except (RuntimeError, OSError, http.client.HTTPException, KeyError, TypeError, subprocess.TimeoutExpired) as e:
        checks.check(f'{part.__name__}: {e}', False)
sys.exit(checks.finish())
