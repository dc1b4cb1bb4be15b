"""~stats (contract section 12)."""
import time

from harness import check, eq, that, want

MEMBERS = {'visible', 'delayed', 'claimed', 'moving', 'bytes', 'waiters', 'oldest_age', 'oldest_visible_age',
           'per_second', 'leader_zone', 'partitions'}
COUNTS = ('visible', 'delayed', 'claimed', 'moving')


def counts(t):
    stats = want(t.get(t.q + '/~stats'), 200).json()
    return [stats[c] for c in COUNTS]


@check('an empty queue has stats too')
def empty(t):
    stats = want(t.get(t.q + '/~stats'), 200).json()
    eq(set(stats), MEMBERS)
    eq(stats['per_second'], {'insert': 0, 'claim': 0, 'delete': 0, 'expire': 0, 'dead': 0})
    eq([stats[m] for m in (*COUNTS, 'bytes', 'waiters', 'leader_zone', 'partitions')], [0, 0, 0, 0, 0, 0, 'a', 1])
    want(t.get(t.a), 404)


@check('counts follow insert, delay, claim, release and delete')
def follow(t):
    t.put_all('abc')
    t.put(t.q + '/d?hide=60')
    eq(counts(t), [3, 1, 0, 0])
    items = t.claim('&limit=2')
    eq(counts(t), [1, 1, 2, 0])
    want(t.post(f'{t.q}/a?hide=0&receipt={items[0]["receipt"]}'), 204)
    eq(counts(t), [2, 1, 1, 0])
    want(t.post(t.q + '/d?hide=0'), 204)
    eq(counts(t), [3, 0, 1, 0])
    want(t.delete(t.q + '?match_hidden=true'), 204)
    eq(counts(t), [0, 0, 0, 0])
    eq(t.get(t.q + '/~stats').json()['bytes'], 0)


@check('ages and bytes')
def ages(t):
    t.put(t.q + '/a', b'x' * 1000)
    time.sleep(1.1)
    t.put(t.q + '/b', b'x' * 1000)
    stats = t.get(t.q + '/~stats').json()
    that(1 <= stats['oldest_age'] <= 4 and 1 <= stats['oldest_visible_age'] <= 4, stats)
    that(2000 <= stats['bytes'] <= 4000, stats)
    t.claim('&limit=1')
    stats = t.get(t.q + '/~stats').json()
    that(stats['oldest_age'] >= 1 and stats['oldest_visible_age'] <= stats['oldest_age'], stats)


@check('rates are means of the last 60 s, of what happened to messages, whoever caused it')
def rates(t):
    for n in range(12):
        t.put(f'{t.q}/{n}')
    want(t.call('PUT', t.q + '/0', b''), 204)
    t.put(t.q + '/e?ttl=1')
    t.claim('&limit=4')
    want(t.delete(t.q + '/0'), 204)
    want(t.delete(t.q + '?limit=2'), 204)
    t.until(lambda: t.get(t.q + '/~stats').json()['per_second']['expire'] > 0, 15, 'an expiry without any request')
    rates = {name: round(60 * rate) for name, rate in t.get(t.q + '/~stats').json()['per_second'].items()}
    eq(rates, {'insert': 14, 'claim': 4, 'delete': 3, 'expire': 1, 'dead': 0})
    want(t.delete(t.q + '?match_hidden=true'), 204)
    eq(round(60 * t.get(t.q + '/~stats').json()['per_second']['delete']), 12)


@check('waiters are counted')
def waiters(t):
    jobs = [t.later('GET', t.q + '?wait=10&detail=id') for _ in range(3)]
    t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 3, 5, 'three waiters')
    t.put(t.q + '/m')
    for job in jobs:
        eq(job()[0].json(), ['m'])
    t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 0, 2, 'no waiter')
