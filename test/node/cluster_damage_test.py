#!/usr/bin/env python3
"""Members that come back without what they had synced, or without their directory: they begin anew, in their own cluster
and in no other."""
import glob
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from burrow_cluster import Cluster, Member, free_ports  # noqa: E402
from burrow_node import Checks, Client  # noqa: E402
from cluster_load import Writers, names_stored  # noqa: E402

checks = Checks()


def damage(member):
    """Takes the newest half of what the node has synced, as a disk that lies would."""
    for log in glob.glob(member.data + '/rocks/*.log'):
        os.truncate(log, os.path.getsize(log) // 2)


def entry(members, name):
    page = next((p for p in (m.ask('/admin/v1/members') for m in members) if p), None)
    return next((m for m in page['members'] if m['node'] == name), None) if page else None


def set_aside_at(member):
    page = Client(member.admin).call('GET', '/metrics').body.decode()
    return next((float(line.split()[1]) for line in page.splitlines()
                 if line.startswith('burrow_store_set_aside_timestamp_seconds ')), None)


def comes_back(c, writers):
    victim, others = c[1], [c[0], c[2]]
    old = entry(others, victim.name)
    checks.check('no store was set aside before', set_aside_at(victim) == 0)
    victim.kill()
    damage(victim)
    victim.start()  # no --join: it knows whom to ask
    c.wait(victim.ready, 60, 'the damaged node to be ready')
    c.wait(lambda: c.settled(3) and entry(others, victim.name)['answers'] == 'ok', 60, 'its copies')
    kept = glob.glob(victim.data + '/lost/store-*/rocks/*.log')
    checks.check('what is left of its store is kept', len(kept) > 0)
    checks.check('its log says so', 'begins anew' in victim.log_tail(200000))
    with open(victim.data + '/audit.log', encoding='utf-8') as f:
        checks.check('and the audit log', 'set-aside' in f.read())
    checks.check('it is another node under its old name', entry(others, victim.name) != old)
    seen = [e['text'] for e in (victim.ask('/admin/v1/events') or {}).get('events', [])]
    checks.check('an event says where its store is', any('lost/store-' in text for text in seen), repr(seen[:3]))
    at = set_aside_at(victim)
    checks.check('a metric says when', 0 <= time.time() - at < 120, repr(at))
    victim.kill(signal.SIGTERM)
    victim.start()
    c.wait(victim.ready, 60, 'the node to be ready again')
    checks.check('a start later the metric still says so', set_aside_at(victim) == at, repr(set_aside_at(victim)))
    checks.check('a start later it is the same', len(glob.glob(victim.data + '/lost/store-*')) == 1)
    writers.stop()
    missing = writers.acknowledged - set(names_stored(victim.http, 'damage'))
    checks.check('nothing acknowledged is lost', not missing, repr(sorted(missing))[:200])


def all_damaged(c):
    """No majority remembers anything: the nodes wait, whatever they were told at first, and the stores are kept."""
    known = {m.ask('/admin/v1/status')['cluster_id'] for m in c.members}
    for m in c.members:
        m.kill()
    for m in c.members:
        damage(m)
    c.form()
    c.wait(lambda: all(b'not in a cluster yet' in m.log_tail(4000).encode() for m in c.members), 30, 'all to wait')
    checks.check('nobody makes another cluster', len(known) == 1 and not any(m.ready() for m in c.members))
    checks.check('all stores are kept', all(glob.glob(m.data + '/lost/store-*/rocks') for m in c.members))


def wiped():
    """The node that made the cluster starts again on an empty directory before the others know that it is dead: it must
    not take its own echo for two empty nodes, and make another cluster, but ask on until its name is free. The name of
    one that lives is refused in the end."""
    with Cluster(3) as c:
        c.form()
        for m in c.members:
            c.wait(m.ready, 60, f'{m.name} to be ready')
        c.wait(lambda: c.settled(3), 60, 'three voters in every shard')
        creator = min(c.members, key=lambda m: m.address)
        others = [m for m in c.members if m is not creator]
        before, old = creator.ask('/admin/v1/status')['cluster_id'], entry(others, creator.name)
        # It asks one that stays and one that will be gone for a moment.
        intruder = Member(c.directory + '/intruder', others[0].name, others[0].zone, free_ports(3))
        os.mkdir(c.directory + '/intruder')
        intruder.start('--join', f'{others[1].address},{creator.address}')
        begun = time.monotonic()
        try:
            c.wait(lambda: 'asks on for' in intruder.log_tail(), 20, 'the intruder to ask')
            comes_back_by_itself(c, creator, others, before, old)
            status = intruder.process.wait(90)
        finally:
            intruder.kill()
        waited, log = time.monotonic() - begun, intruder.log_tail(100000)
        said = log.count(f'the name {intruder.name} is in use by a node that lives; if that one has just ended')
        checks.check('the log says meanwhile what it waits for', said >= 5, log[-1000:])
        checks.check('the name of one that lives is refused in the end', status == 2, f'exit {status}')
        checks.check('and why', log.endswith(
            f'refuses this node: the name {intruder.name} is in use by a node that lives\n'), log[-1000:])
        checks.check('not before its holder could be known to be dead', 60 <= waited < 75, f'{waited:.1f} s')
        checks.check('who has noticed nothing', others[0].ready())


def comes_back_by_itself(c, creator, others, cluster, old):
    creator.kill()
    shutil.rmtree(creator.data)
    creator.start('--join', ','.join(m.address for m in c.members), '--bootstrap-expect', '3')
    c.wait(creator.ready, 40, f'{creator.name} to be ready')  # raises if it ends
    found = creator.ask('/admin/v1/status')['cluster_id']
    checks.check('a wiped creator comes back to its cluster', found == cluster, found)
    checks.check('by itself, as another node', entry(others, creator.name) != old)


def damaged():
    with Cluster(3) as c:
        c.form()
        for m in c.members:
            c.wait(m.ready, 60, f'{m.name} to be ready')
        c.wait(lambda: c.settled(3), 60, 'three voters in every shard')
        writers = Writers([c[0].http, c[2].http], account='damage', pause=0.002)
        c.wait(lambda: writers.count() > 500, 20, 'load')
        comes_back(c, writers)
        all_damaged(c)


for part in (damaged, wiped):
    try:
        part()
    except (RuntimeError, OSError, http.client.HTTPException, KeyError, TypeError, subprocess.TimeoutExpired) as e:
        checks.check(f'{part.__name__}: {e}', False)
sys.exit(checks.finish())
