"""Dead letters (contract section 12): when a message leaves, what it keeps, where it arrives (checks 26, 37, 41)."""
import json

from harness import check, eq, near, that, want

PATCH = {'Content-Type': 'application/merge-patch+json'}
TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'


def rule(t, queue='q', to='dead', claims=1, status=200, **more):
    body = json.dumps({'dead_letter': {'queue': to, 'max_claims': claims, **more}})
    return want(t.call('PATCH', f'{t.a}/{queue}/~settings', body, PATCH), status)


def settings(t, queue, **members):
    want(t.call('PATCH', f'{t.a}/{queue}/~settings', json.dumps(members), PATCH), 200)


def full(t, queue='dead', more=''):
    answer = t.get(f'{t.a}/{queue}?detail=full{more}')
    return [] if answer.status == 404 else want(answer, 200).json()


def stats(t, queue='q'):
    return want(t.get(f'{t.a}/{queue}/~stats'), 200).json()


def release(t, claimed, queue='q'):
    for m in claimed:
        want(t.post(f'{t.a}/{queue}/{m["id"]}?hide=0&receipt={m["receipt"]}'), 204)


def claim(t, queue='q', more='&hide=60'):
    answer = t.post(f'{t.a}/{queue}?detail=full{more}')
    return [] if answer.status == 404 else want(answer, 200).json()


def arrived(t, count, queue='dead', seconds=3):
    t.until(lambda: len(full(t, queue)) >= count, seconds, f'{count} messages in {queue}')
    eq(len(full(t, queue)), count)
    return full(t, queue)


@check('a rule that leads back is 409 dead-letter-loop, and changes nothing (41)')
def loops(t):
    rule(t, 'q', 'q', status=409)
    rule(t, 'a', 'b')
    answer = rule(t, 'b', 'a', status=409)
    eq(answer.json()['type'], '/problems/dead-letter-loop')
    eq(answer.json()['retryable'], False)
    rule(t, 'b', 'c')
    rule(t, 'c', 'a', status=409)
    want(t.call('PUT', t.a + '/c/~settings', {'dead_letter': {'queue': 'a', 'max_claims': 1}}), 409, 'dead-letter-loop')
    eq(want(t.get(t.a + '/c/~settings'), 200).json()['dead_letter'], None)
    eq(t.get(t.a + '?include_empty=true').json(), ['a', 'b'])
    rule(t, 'c', 'd')
    settings(t, 'b', dead_letter=None)
    rule(t, 'c', 'a')
    rule(t, 'b', 'c', status=409)


@check('a rule may lead over 8 queues, its target counted, and not over 9 (41)')
def long_chains(t):
    names = [f'é{n}' for n in range(10)]  # from its end on, so that each new rule sees the whole chain
    for n in range(8, 0, -1):
        rule(t, names[n].replace('é', '%C3%A9'), names[n + 1] if n < 8 else 'end')
    rule(t, 'q', names[2])
    rule(t, 'q', names[1], status=409)
    rule(t, '%C3%A98', 'q', status=409)
    eq(want(t.get(t.q + '/~settings'), 200).json()['dead_letter']['queue'], 'é2')


@check('after the last claim that ran out a message is at the end of the target, and nowhere else (26)')
def by_time(t):
    rule(t, claims=3)
    t.put(t.a + '/dead/first')
    t.put(t.q + '/other')
    t.put(t.q + '/m?ttl=500', b'body', headers={'Content-Type': 'x/y'})
    created = t.get(t.q + '/m?detail=full').json()['created']
    for n in (1, 2):
        eq([m['claims'] for m in claim(t, more='&hide=1')], [n, n])
        t.until(lambda: len(t.ids()) == 2, 3, 'the claim to run out')
    want(t.delete(t.q + '/other'), 204)
    eq([m['claims'] for m in claim(t, more='&hide=1')], [3])
    t.until(lambda: len(full(t)) == 2, 3, 'the move')
    eq(t.ids('&match_hidden=true'), [])
    want(t.get(t.q + '/m'), 404)
    first, m = full(t)
    eq((first['id'], m['id']), ('first', 'm'))
    eq((m['body'], m['content_type'], m['hide'], m['claims'], m['claims_total']), ('body', 'x/y', 0, 0, 3))
    eq(m['created'], created)
    near(m['ttl'], 345600)
    origin = m['dead_letter']
    eq({k: origin[k] for k in origin if k != 'at'}, {'queue': 'q', 'id': 'm', 'reason': 'max_claims', 'claims': 3})
    that(origin['at'] > created and origin['at'].endswith('Z'), origin)
    eq(first['dead_letter'], None)


@check('a release that moves is answered when the message is there (26)')
def by_release(t):
    rule(t, claims=2)
    t.put_all('abc')
    release(t, claim(t))
    eq(t.ids(), ['a', 'b', 'c'])
    for m in claim(t):
        release(t, [m])
        eq([x['id'] for x in full(t)][-1], m['id'])
    eq([m['id'] for m in full(t)], ['a', 'b', 'c'])
    eq((t.ids('&match_hidden=true'), [m['claims'] for m in full(t)]), ([], [0, 0, 0]))
    eq(t.ids(path=t.a), ['dead'])


@check('releases by list and by ~extend move, too; a wish for more time does not')
def ways(t):
    rule(t)
    t.put_all('abcdef')
    items = {m['id']: m['receipt'] for m in claim(t)}
    want(t.post(f'{t.q}/f?hide=60&receipt={items["f"]}'), 204)
    eq(full(t), [])
    answer = t.post(t.q + '/~extend', {'hide': 0, 'messages': [{'id': i, 'receipt': items[i]} for i in 'ab']})
    eq(([r['status'] for r in answer.json()['results']], [m['id'] for m in full(t)]), ([204, 204], ['a', 'b']))
    want(t.post(t.q + '/c?hide=0'), 204)
    eq([m['id'] for m in full(t)], ['a', 'b', 'c'])
    want(t.post(t.q + '?match_hidden=true&hide=0'), 204)
    eq([m['id'] for m in full(t)], ['a', 'b', 'c', 'd', 'e', 'f'])
    eq(t.ids('&match_hidden=true'), [])


@check('only what was claimed so often moves: not the delayed, not the acknowledged, not what is visible already')
def not_yet(t):
    t.put_all('ab')
    release(t, claim(t, more='&hide=60&limit=1'))
    rule(t)
    t.put(t.q + '/late?hide=1')
    t.until(lambda: t.ids() == ['a', 'b', 'late'], 4, 'the delayed one')
    one = claim(t, more='&hide=60&limit=1')[0]
    eq((one['id'], one['claims']), ('a', 2))
    two = claim(t, more='&hide=60&limit=1')[0]
    want(t.delete(f'{t.q}/b?receipt={two["receipt"]}'), 204)
    release(t, [one])
    eq([(m['id'], m['dead_letter']['claims']) for m in full(t)], [('a', 2)])
    eq(t.ids(), ['late'])


@check('a rule that is gone moves nothing any more')
def taken_back(t):
    rule(t)
    t.put_all('ab')
    items = claim(t)
    release(t, items[:1])
    settings(t, 'q', dead_letter=None)
    release(t, items[1:])
    eq((t.ids(), [m['id'] for m in full(t)]), (['b'], ['a']))


@check('what a message keeps: id, body, type, trace, persistent, created, group, priority, meta, claims in all')
def keeps(t):
    rule(t)
    settings(t, 'q', priorities=3)
    settings(t, 'dead', priorities=3, default_ttl=77)
    t.put(t.q + '/m?ttl=9&priority=2&persistent=false', b'\xff\x00', headers={
        'Content-Type': 'image/x', 'Burrow-Meta-k': 'v', 'Burrow-Group': 'g', 'traceparent': TRACE, 'tracestate': 'a=b'})
    nameless = t.batch([{'body': {'n': 1}}]).json()['results'][0]['id']
    before = {m['id']: m for m in full(t, 'q')}
    release(t, claim(t))
    after = {m['id']: m for m in arrived(t, 2)}
    eq(set(after), {'m', nameless})
    for name in ('body', 'content_type', 'created', 'trace', 'persistent', 'group', 'priority', 'meta', 'sender', 'producer'):
        eq([after[i].get(name) for i in after], [before[i].get(name) for i in after], name)
    eq(after['m']['trace'], {'traceparent': TRACE, 'tracestate': 'a=b'})
    for m in after.values():
        eq((m['claims'], m['claims_total'], m['dead_letter']['claims']), (0, 1, 1))
        near(m['ttl'], 77)
    eq(want(t.get(t.a + '/dead/m?detail=body'), 200).body, b'\xff\x00')


@check('expired: what runs out of time moves with its reason, claimed or not; without the rule it is gone')
def expired(t):
    rule(t, expired=True)
    rule(t, 'r', 'dead2')
    for queue in (t.q, t.a + '/r'):
        t.put(queue + '/a?ttl=1')
        t.put(queue + '/hidden?ttl=1&hide=60')
        t.put(queue + '/stays?ttl=60')
    eq([m['id'] for m in claim(t, more='&hide=60&limit=1')], ['a'])
    t.until(lambda: len(full(t)) == 2, 4, 'expired ones')
    items = {m['id']: m for m in full(t)}
    eq({i: m['dead_letter']['reason'] for i, m in items.items()}, {'a': 'expired', 'hidden': 'expired'})
    eq({i: (m['dead_letter']['claims'], m['claims'], m['hide']) for i, m in items.items()},
       {'a': (1, 0, 0), 'hidden': (0, 0, 0)})
    for m in items.values():
        near(m['ttl'], 345600)
    eq(t.ids('&match_hidden=true'), ['stays'])
    eq((t.ids('&match_hidden=true', t.a + '/r'), full(t, 'dead2')), (['stays'], []))


@check('the name is free in the source at once, and the receipt is no longer good')
def leaves(t):
    rule(t)
    t.put(t.q + '/m', b'old')
    items = claim(t)
    release(t, items)
    want(t.get(t.q + '/m'), 404, 'message-not-found')
    want(t.delete(f'{t.q}/m?receipt={items[0]["receipt"]}'), 404)
    t.put(t.q + '/m', b'new')
    want(t.delete(f'{t.q}/m?receipt={items[0]["receipt"]}'), 412, 'receipt-stale')
    want(t.delete(f'{t.a}/dead/m?receipt={items[0]["receipt"]}'), 412, 'receipt-stale')
    eq([m['body'] for m in full(t, 'q') + full(t)], ['new', 'old'])


@check('a name that is taken in the target is lost, and no other (37)')
def name_taken(t):
    rule(t)
    t.put(t.a + '/dead/m', b'there')
    t.put(t.q + '/m', b'comes')
    t.put(t.q + '/n', b'free')
    release(t, claim(t))
    items = arrived(t, 3)
    eq([(m['body'], m['id'] if len(m['id']) < 26 else 26) for m in items], [('there', 'm'), ('comes', 26), ('free', 'n')])
    eq(items[1]['dead_letter']['id'], 'm')
    path = f'{t.a}/dead/{items[1]["id"]}'
    eq(t.get(path).json()['body'], 'comes')
    want(t.call('PUT', path + '?ttl=0', b'again'), 204)
    eq([m['body'] for m in full(t)], ['there', 'again', 'free'])
    want(t.delete(path), 204)


@check('without a name it keeps its 26 characters, unless they are a name in the target (37)')
def nameless(t):
    rule(t)
    ids = [r['id'] for r in t.batch([{'body': str(n)} for n in range(3)]).json()['results']]
    t.put(f'{t.a}/dead/{ids[1]}', b'a name')
    release(t, claim(t))
    items = arrived(t, 4)
    eq([m['id'] for m in items if m['body'] != '1'], [ids[1], ids[0], ids[2]])
    other = [m for m in items if m['body'] == '1'][0]
    that(len(other['id']) == 26 and other['id'] not in ids, other['id'])
    eq(other['dead_letter']['id'], ids[1])
    eq(len({m['id'] for m in items}), 4)
    for m in items:
        eq(t.get(f'{t.a}/dead/{m["id"]}').json()['body'], m['body'])


@check('dead letters go on from queue to queue, each with its last origin')
def goes_on(t):
    rule(t, 'q', 'b')
    rule(t, 'b', 'c', 2)
    t.put(t.q + '/m')
    release(t, claim(t))
    release(t, claim(t, 'b'), 'b')
    eq([m['dead_letter']['queue'] for m in full(t, 'b')], ['q'])
    release(t, claim(t, 'b'), 'b')
    m = arrived(t, 1, 'c')[0]
    eq((m['dead_letter']['queue'], m['dead_letter']['claims'], m['claims'], m['claims_total']), ('b', 2, 0, 3))


@check('what was dead-lettered 8 times stays where it is; a redrive starts that count anew')
def hops(t):
    for n in range(11):  # from its head on, so that no rule sees more than the next queue
        rule(t, f'h{n}', f'h{n + 1}')
    t.put(t.a + '/h0/m')
    for n in range(8):
        release(t, claim(t, f'h{n}'), f'h{n}')
        arrived(t, 1, f'h{n + 1}')
    for claims in (1, 2):
        release(t, claim(t, 'h8'), 'h8')
        eq([(m['id'], m['claims'], m['dead_letter']['queue']) for m in full(t, 'h8')], [('m', claims, 'h7')])
    eq(full(t, 'h9'), [])
    want(t.post(t.a + '/h8/~redrive', {'to': 'h7'}), 202)
    eq([(m['claims'], m['dead_letter']) for m in arrived(t, 1, 'h7')], [(0, None)])
    release(t, claim(t, 'h7'), 'h7')
    arrived(t, 1, 'h8')
    release(t, claim(t, 'h8'), 'h8')
    arrived(t, 1, 'h9')


@check('whoever waits at the target is served by what arrives')
def wakes(t):
    rule(t)
    t.put_all('ab')
    jobs = [t.later('GET', t.a + '/dead?wait=20&detail=id'), t.later('POST', t.a + '/dead?wait=20&hide=60&detail=id')]
    t.until(lambda: stats(t, 'dead')['waiters'] == 2, 5, 'two waiters')
    items = claim(t)
    release(t, items[:1])
    for job in jobs:
        answer, seconds = job()
        eq(answer.json(), ['a'])
        that(seconds < 10, f'{seconds:.1f} s')


@check('~stats counts the dead, and no message twice')
def counted(t):
    rule(t)
    t.put_all('abcdef')
    release(t, claim(t, more='&hide=60&limit=4'))
    source, target = stats(t), stats(t, 'dead')
    eq([source[k] for k in ('visible', 'delayed', 'claimed', 'moving')], [2, 0, 0, 0])
    eq([target[k] for k in ('visible', 'delayed', 'claimed', 'moving')], [4, 0, 0, 0])
    eq(round(60 * source['per_second']['dead']), 4)
    eq([round(60 * target['per_second'][k]) for k in ('dead', 'delete', 'expire')], [0, 0, 0])
    that(source['bytes'] < target['bytes'], f'{source["bytes"]} {target["bytes"]}')


@check('no limit, pause or rule of the target refuses what arrives (40)')
def refuses_nothing(t):
    rule(t)
    settings(t, 'dead', max_messages=1, max_bytes=1, max_ttl=5, max_body=1, paused={'insert': True, 'take': True})
    t.fill(20, size=50)
    release(t, claim(t))
    eq([m['id'] for m in arrived(t, 20)], [f'm{n:06d}' for n in range(20)])
    want(t.call('PUT', t.a + '/dead/x', b''), 409, 'queue-paused')
