"""What the settings of a queue do to requests on its messages (contract section 11; checks 22, 36, 45, 46, 51)."""
import http.client
import json
import time

from harness import check, eq, flipped, near, that, token, want
from settings import patch, put

MIB = 1 << 20


def taken(t, more='', method='POST'):
    """Ids that a claim or a take gets, in order."""
    answer = t.call(method, f'{t.q}?detail=id{more}' + ('&hide=60' if method == 'POST' and 'hide=' not in more else ''))
    return [] if answer.status == 404 else want(answer, 200).json()


@check('default_ttl and default_hide stand in; max_ttl refuses what is longer or endless')
def times(t):
    put(t, 201, default_ttl=100, default_hide=20)
    answer = want(t.call('PUT', t.q + '/a'), 201)
    eq(answer.headers['burrow-ttl'], '100')
    item = t.get(t.q + '/a').json()
    near(item['ttl'], 100)
    near(item['hide'], 20)
    want(t.call('PUT', t.q + '/b?ttl=0&hide=0'), 201)
    eq([t.get(t.q + '/b').json()[n] for n in ('ttl', 'hide')], [0, 0])
    want(t.batch([{'id': 'c', 'body': ''}]), 200)
    near(t.get(t.q + '/c').json()['ttl'], 100)
    patch(t, max_ttl=50)
    want(t.call('PUT', t.q + '/d?ttl=51'), 400, 'ttl-too-long')
    want(t.call('PUT', t.q + '/d?ttl=0'), 400, 'ttl-too-long')
    want(t.get(t.q + '/d'), 404)
    eq(want(t.call('PUT', t.q + '/d?ttl=50&hide=0'), 201).headers['burrow-ttl'], '50')
    eq(want(t.call('PUT', t.q + '/e'), 201).headers['burrow-ttl'], '50', 'a default that is longer')
    want(t.post(t.q + '/d?ttl=51'), 400, 'ttl-too-long')
    want(t.post(t.q + '/d?ttl=0'), 400, 'ttl-too-long')
    want(t.post(t.q + '?ttl=0'), 400, 'ttl-too-long')
    want(t.post(t.q + '?hide=9&ttl=51'), 400, 'ttl-too-long')
    near(t.get(t.q + '/d').json()['ttl'], 50)
    results = t.batch([{'id': 'f', 'body': '', 'ttl': 51}, {'id': 'g', 'body': ''}]).json()['results']
    eq([r['status'] for r in results], [400, 201])
    eq(results[0]['problem']['type'], '/problems/ttl-too-long')


@check('max_body: below what the server ships')
def small_bodies(t):
    put(t, 201, max_body=10)
    t.put(t.q + '/a', b'x' * 10)
    want(t.call('PUT', t.q + '/b', b'x' * 11), 413, 'body-too-large')
    want(t.post(t.q + '/~messages', b'x' * 11, {'Content-Type': 'text/plain'}), 413, 'body-too-large')
    results = t.batch([{'id': 'c', 'body': 'x' * 11}, {'id': 'd', 'body': 'x' * 10}]).json()['results']
    eq([r['status'] for r in results], [413, 201])
    eq(t.ids(), ['a', 'd'])


def chunked(t, path, body):
    """PUT without a length."""
    connection = http.client.HTTPConnection('127.0.0.1', t.node.http, timeout=20)
    try:
        connection.request('PUT', path, iter([body[at:at + 65536] for at in range(0, len(body), 65536)]),
                           encode_chunked=True, headers={'Transfer-Encoding': 'chunked'})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (ConnectionResetError, BrokenPipeError):
        return connection.getresponse().status, b''
    finally:
        connection.close()


@check('max_body: above what the server ships, to the byte; more is refused before it is sent', heavy=True)
def large_bodies(t):
    most = 16 * MIB
    body = bytes(range(256)) * (most // 256)
    want(t.call('PUT', t.q + '/a', body[:MIB + 1]), 413, 'body-too-large')
    put(t, 201, max_body=most)
    t.put(t.q + '/a', body)
    that(t.get(t.q + '/a?detail=body').body == body, 'it came back changed')
    want(t.call('PUT', t.q + '/b', body + b'x'), 413, 'body-too-large')
    want(t.post(t.q + '/~messages', body[:2 * MIB], {'Content-Type': 'x/y'}), 201)
    eq(chunked(t, t.q + '/c', body[:3 * MIB])[0], 201)
    eq(len(t.get(t.q + '/c?detail=body').body), 3 * MIB)
    patch(t, max_body=2 * MIB)
    want(t.call('PUT', t.q + '/d', body[:2 * MIB + 1]), 413, 'body-too-large')
    eq(chunked(t, t.q + '/d', body[:2 * MIB + 1])[0], 413)
    # A client that waits for 100 Continue hears of it before it has sent anything.
    connection = http.client.HTTPConnection('127.0.0.1', t.node.http, timeout=20)
    connection.putrequest('PUT', t.q + '/d')
    connection.putheader('Content-Length', str(3 * MIB))
    connection.putheader('Expect', '100-continue')
    connection.endheaders()
    eq(connection.getresponse().status, 413)
    connection.close()
    want(t.batch([{'id': 'e', 'body': 'x' * (MIB + 5)}]), 200)
    eq(t.get(t.q + '/e?detail=attributes').json()['id'], 'e')
    eq([m['id'] for m in t.get(t.q + '?detail=attributes').json() if m['id'] in 'abcde'], ['a', 'c', 'e'])
    want(t.delete(t.a), 204)


@check('overflow reject: over max_messages or max_bytes 429 queue-full, without Retry-After, until there is room')
def full(t):
    put(t, 201, max_messages=2)
    t.put_all('ab')
    answer = want(t.call('PUT', t.q + '/c?ttl=0', b'c'), 429, 'queue-full')
    that('retry-after' not in answer.headers, 'Retry-After')
    eq(answer.json()['retryable'], True)
    t.put(t.q + '/a', b'new', 204)
    results = t.batch([{'id': 'b', 'body': ''}, {'id': 'c', 'body': ''}]).json()['results']
    eq([r['status'] for r in results], [204, 429])
    want(t.batch([{'id': 'b', 'body': 'kept'}, {'id': 'c', 'body': ''}], atomic=True), 422, 'batch-rejected')
    eq(t.get(t.q + '/b?detail=body').body, b'')
    t.claim()
    want(t.call('PUT', t.q + '/c?ttl=0'), 429, 'queue-full')
    want(t.delete(t.q + '/a'), 204)
    t.put(t.q + '/c')
    patch(t, max_messages=0, max_bytes=10)
    t.put(t.q + '/d', b'0123456789')
    want(t.call('PUT', t.q + '/e', b'x'), 429, 'queue-full')
    t.put(t.q + '/e', b'')
    t.put(t.q + '/d', b'012345678', 204)
    t.put(t.q + '/f', b'x')
    patch(t, max_bytes=0)
    t.put(t.q + '/g', b'x' * 100)


@check('overflow drop_oldest: the oldest make room, hidden or not')
def drops(t):
    put(t, 201, max_messages=3, overflow='drop_oldest')
    t.put_all('abcde')
    eq(t.ids(), ['c', 'd', 'e'])
    receipt = t.claim('&limit=1')[0]['receipt']
    t.put(t.q + '/f')
    want(t.delete(f'{t.q}/c?receipt={receipt}'), 404, 'message-not-found')
    eq(t.ids('&match_hidden=true'), ['d', 'e', 'f'])
    t.put(t.q + '/d', b'again', 204)
    eq(t.ids(), ['d', 'e', 'f'])
    patch(t, max_messages=0, max_bytes=10)
    t.put(t.q + '/g', b'x' * 10)
    eq(t.ids(), ['f', 'g'], 'an empty one is in nobody\'s way')
    want(t.call('PUT', t.q + '/h', b'x' * 11), 429, 'queue-full')
    eq(t.ids(), ['f', 'g'])


@check('overflow drop_oldest: a lowered bound is reached in steps', heavy=True)
def lowered(t):
    t.fill(2500)
    put(t, 201, max_messages=10, overflow='drop_oldest')
    eq(t.get(t.q + '/~stats').json()['visible'], 2500)
    counts = []
    for n in range(4):
        t.put(f'{t.q}/n{n}')
        counts.append(t.get(t.q + '/~stats').json()['visible'])
    that(counts[0] >= 1500 and counts[-1] == 10, counts)
    eq(t.ids()[-4:], [f'n{n}' for n in range(4)])
    t.fill(300, prefix='z')
    eq(t.get(t.q + '/~stats').json()['visible'], 10)


@check('max_claimed 5: a claim gets five, then nothing, then waits for an ~ack', heavy=True)
def claimed(t):
    put(t, 201, max_claimed=5)
    t.put_all('abcdefghij')
    first = t.claim('&limit=10')
    eq([m['id'] for m in first], list('abcde'))
    want(t.post(t.q + '?hide=60&limit=1'), 404)
    want(t.post(t.q + '?hide=60&limit=1&on_empty=200'), 204)
    waiting = t.later('POST', t.q + '?hide=60&limit=3&wait=10&detail=id')
    t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 1, 5, 'a waiter')
    want(t.post(t.q + '/~ack', {'messages': [{'id': m['id'], 'receipt': m['receipt']} for m in first[:2]]}), 200)
    eq(want(waiting()[0], 200).json(), ['f', 'g'])
    waiting = t.later('POST', t.q + '?hide=60&wait=10&detail=id')
    t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 1, 5, 'a waiter')
    patch(t, max_claimed=0)
    answer, seconds = waiting()
    eq(want(answer, 200).json(), ['h', 'i', 'j'])
    that(seconds < 5, f'woken after {seconds} s')


@check('max_claimed 0 is no bound: 130000 can be claimed', heavy=True)
def unbounded(t):
    put(t, 201, max_claimed=0)
    t.pour(130000)
    eq(want(t.post(t.q + '?hide=600'), 204).headers['burrow-count'], '130000')
    eq(t.get(t.q + '/~stats').json()['claimed'], 130000)
    want(t.delete(t.a), 204)


@check('require_receipt: DELETE and POST by id without one are 428 and change nothing')
def receipts(t):
    put(t, 201, require_receipt=True)
    t.put_all('ab')
    item = t.claim('&limit=1')[0]
    for path in (t.q + '/a', t.q + '/b'):
        want(t.delete(path), 428, 'receipt-required')
        want(t.post(path + '?hide=0'), 428, 'receipt-required')
        want(t.post(path + '?ttl=5'), 428, 'receipt-required')
    want(t.delete(t.q + '/nobody'), 404, 'message-not-found')
    want(t.delete(f'{t.q}/a?receipt={flipped(item["receipt"])}'), 412, 'receipt-stale')
    results = want(t.post(t.q + '/~ack', {'messages': [{'id': 'a'}, {'id': 'nobody'}]}), 200).json()['results']
    eq([r['status'] for r in results], [428, 404])
    results = want(t.post(t.q + '/~extend', {'hide': 0, 'messages': [{'id': 'a'}]}), 200).json()['results']
    eq([r['status'] for r in results], [428])
    eq(t.ids('&match_hidden=true'), ['a', 'b'])
    eq(t.get(t.q + '/a').json()['ttl'], 0)
    want(t.post(f'{t.q}/a?hide=90&receipt={item["receipt"]}'), 204)
    want(t.delete(t.q + '/a', {'Burrow-Receipt': item['receipt']}), 204)
    t.put(t.q + '/b', b'new', 204)
    eq(want(t.delete(t.q + '?detail=id'), 200).json(), ['b'])


@check('paused: inserts or takes are 409; reading, and acting on one message, still work')
def paused(t):
    t.put_all('abc')
    item = t.claim('&limit=1')[0]
    put(t, 201, paused={'take': True})
    want(t.post(t.q + '?hide=5'), 409, 'queue-paused')
    want(t.delete(t.q), 409, 'queue-paused')
    want(t.delete(t.q + '?detail=all&limit=1'), 409, 'queue-paused')
    want(t.post(t.q + '?hide=5&match_meta=a:b&wait=5'), 409, 'queue-paused')
    eq(t.ids(), ['b', 'c'])
    want(t.post(t.q + '?ttl=77'), 204)
    want(t.post(f'{t.q}/a?hide=0&receipt={item["receipt"]}'), 204)
    want(t.delete(t.q + '/b'), 204)
    t.put(t.q + '/d')
    put(t, 200, paused={'insert': True})
    want(t.call('PUT', t.q + '/e'), 409, 'queue-paused')
    want(t.call('PUT', t.q + '/d'), 409, 'queue-paused')
    want(t.batch([{'id': 'e', 'body': ''}]), 409, 'queue-paused')
    want(t.batch([{'id': 'e', 'body': ''}], atomic=True), 409, 'queue-paused')
    want(t.post(t.q + '/~messages', b'x', {'Content-Type': 'x/y'}), 409, 'queue-paused')
    eq(taken(t, method='DELETE'), ['a', 'c', 'd'])
    patch(t, paused=None)
    t.put(t.q + '/e')


@check('paused: an empty queue is 409 too, and so is a taker that was waiting; once resumed takes go on')
def paused_waiting(t):
    put(t, 201, paused={'take': True})
    want(t.post(t.q + '?hide=5&wait=5'), 409, 'queue-paused')
    want(t.delete(t.q + '?wait=5'), 409, 'queue-paused')
    patch(t, paused=None)
    waiting = t.later('POST', t.q + '?hide=60&wait=10&detail=id')
    t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 1, 5, 'a waiter')
    patch(t, paused={'take': True})
    t.put(t.q + '/m')
    want(waiting()[0], 409, 'queue-paused')
    reading = t.later('GET', f'{t.q}?wait=10&detail=id')
    eq(want(reading()[0], 200).json(), ['m'])
    patch(t, paused={'take': False})
    eq(taken(t), ['m'])


@check('durability: each level is kept, shown and served as quorum; persistent=true in a memory queue is 409')
def durability(t):
    for n, level in enumerate(('memory', 'local', 'quorum')):
        eq(patch(t, durability=level).json()['durability'], level)
        for persistent in ('', '&persistent=false', '&persistent=true'):
            path = f'{t.q}/{level}{persistent[-4:]}?ttl=0{persistent}'
            answer = t.call('PUT', path)
            if level == 'memory' and persistent == '&persistent=true':
                want(answer, 409, 'durability-unavailable')
                want(t.get(path), 404)
                continue
            eq(want(answer, 201).headers['burrow-durability'], 'quorum')
            eq(t.get(path.split('?')[0] + '?detail=full').json()['persistent'],
               json.loads(persistent[12:]) if persistent else None)
        if n == 0:
            results = t.batch([{'id': 'x', 'body': '', 'persistent': True}, {'id': 'y', 'body': ''}]).json()['results']
            eq([r['status'] for r in results], [409, 201])
            want(t.post(t.q + '/~messages?persistent=true', b'', {'Content-Type': 'x/y'}), 409, 'durability-unavailable')


@check('order lifo: takes go by it, lists do not; a request may ask for the other')
def lifo(t):
    put(t, 201, order='lifo')
    t.put_all('abcdef')
    eq(t.ids(), list('abcdef'))
    eq(t.ids('&order=lifo'), list('fedcba'))
    eq(taken(t, '&limit=2'), ['f', 'e'])
    eq(taken(t, '&limit=1&order=fifo'), ['a'])
    eq(taken(t, '&limit=1', 'DELETE'), ['d'])
    t.put(t.q + '/g')
    eq(taken(t, '&match_meta=a:b'), [])
    eq(taken(t, '&limit=1'), ['g'])
    eq(taken(t, '', 'DELETE'), ['c', 'b'])
    t.batch([{'id': n, 'body': '', 'meta': {'x': 'y'}} for n in 'pqr'])
    eq(taken(t, '&limit=2&match_meta=x:y'), ['r', 'q'])


@check('a cursor goes on in the direction it was made in, and is 400 in the other')
def directions(t):
    t.put_all('abcdef')
    put(t, 201, order='lifo')
    answer = want(t.post(t.q + '?limit=2&ttl=50&detail=id'), 200)
    eq(answer.json(), ['f', 'e'])
    answer = want(t.post(f'{t.q}?limit=2&ttl=50&detail=id&cursor={token(answer)}'), 200)
    eq(answer.json(), ['d', 'c'])
    want(t.get(f'{t.q}?cursor={token(answer)}'), 400, 'invalid-cursor')
    eq(t.ids(f'&order=lifo&cursor={token(answer)}'), ['b', 'a'])
    want(t.post(f'{t.q}?ttl=50&order=fifo&cursor={token(answer)}'), 400, 'invalid-cursor')
    eq(taken(t, f'&ttl=60&hide=0&cursor={token(answer)}'), ['b', 'a'])
    forward = token(t.get(t.q + '?limit=1'))
    want(t.post(f'{t.q}?ttl=50&cursor={forward}'), 400, 'invalid-cursor')
    want(t.delete(f'{t.q}?cursor={forward}'), 400, 'invalid-cursor')
    eq(taken(t, f'&order=fifo&limit=1&cursor={forward}'), ['b'])
    item = t.claim('&limit=1')[0]
    eq(item['id'], 'f')
    eq(t.ids(f'&order=lifo&limit=1&cursor={item["cursor"]}'), ['e'])


@check('priorities: higher ones are taken first, listed by place; more than the queue has counts as its highest')
def priorities(t):
    t.put(t.q + '/one?priority=9')
    eq(t.get(t.q + '/one?detail=full').json()['priority'], 0)
    put(t, 201, priorities=10)
    for n, p in enumerate((0, 9, 3, 9, 0, 3)):
        t.put(f'{t.q}/m{n}?priority={p}')
    names = ['one'] + [f'm{n}' for n in range(6)]
    eq(t.ids(), names)
    eq(t.ids('&order=lifo'), names[::-1])
    eq([t.get(f'{t.q}/{n}?detail=full').json()['priority'] for n in names], [0, 0, 9, 3, 9, 0, 3])
    eq(taken(t, '&limit=3'), ['m1', 'm3', 'm2'])
    eq(t.ids(), ['one', 'm0', 'm4', 'm5'])
    eq(taken(t, '&limit=2', 'DELETE'), ['m5', 'one'])
    want(t.post(t.q + '?match_hidden=true&hide=0'), 204)
    eq(t.ids(), ['m0', 'm1', 'm2', 'm3', 'm4'])
    eq(taken(t, '&order=lifo&match_hidden=true'), ['m3', 'm1', 'm2', 'm4', 'm0'])
    want(t.post(t.q + '?match_hidden=true&hide=0'), 204)
    eq(taken(t, '&order=lifo&limit=4'), ['m3', 'm1', 'm2', 'm4'])
    patch(t, priorities=3)
    t.batch([{'id': 'x', 'body': '', 'priority': 9}, {'id': 'y', 'body': ''}])
    eq([t.get(f'{t.q}/{n}?detail=full').json()['priority'] for n in 'xy'], [2, 0])
    t.post(t.q + '/~messages?priority=1', {'messages': [{'body': ''}, {'body': '', 'priority': 0}]})
    eq([m['priority'] for m in t.get(t.q + '?detail=full').json()], [0, 2, 0, 1, 0])
    eq([m['priority'] for m in t.claim('&detail=full')], [2, 1, 0, 0, 0])


@check('priorities: cursors and markers of takes go on by priority; those of lists are others')
def priority_cursors(t):
    put(t, 201, priorities=3)
    for n, p in enumerate((0, 1, 2, 0, 1, 2)):
        t.put(f'{t.q}/m{n}?priority={p}')
    order, seen, cursor = ['m2', 'm5', 'm1', 'm4', 'm0', 'm3'], [], ''
    while len(seen) < 6:
        answer = want(t.post(f'{t.q}?ttl=70&limit=1&detail=id{cursor}'), 200)
        seen += answer.json()
        cursor = '&cursor=' + token(answer)
    eq(seen, order)
    want(t.post(f'{t.q}?ttl=70{cursor}'), 404)
    want(t.get(f'{t.q}?limit=1{cursor}'), 400, 'invalid-cursor')
    want(t.post(f'{t.q}?ttl=70&order=lifo{cursor}'), 400, 'invalid-cursor')
    listed = '&cursor=' + token(t.get(t.q + '?limit=2'))
    eq(t.ids(listed), ['m2', 'm3', 'm4', 'm5'])
    want(t.post(f'{t.q}?ttl=70{listed}'), 400, 'invalid-cursor')
    eq(want(t.post(f'{t.q}?ttl=70&marker=m5&detail=id'), 200).json(), order[2:])
    eq(want(t.post(f'{t.q}?ttl=70&marker=m4&order=lifo&detail=id'), 200).json(), ['m1', 'm3', 'm0'])
    items = t.claim('&limit=3')
    eq([m['id'] for m in items], order[:3])
    eq(want(t.post(f'{t.q}?ttl=70&match_hidden=true&detail=id&cursor={items[1]["cursor"]}'), 200).json(), order[2:])
    eq(taken(t, '', 'DELETE'), order[3:])


@check('priorities: thousands of them, by steps and by hand', heavy=True)
def many(t):
    put(t, 201, priorities=10)
    for p in (0, 5, 9, 2):
        t.fill(700, prefix=f'p{p}-', priority=p)
    eq(want(t.post(t.q + '?limit=1500&ttl=0'), 204).headers['burrow-count'], '1500')
    first = t.claim('&limit=1000')
    eq([m['priority'] for m in first], [9] * 700 + [5] * 300)
    eq(want(t.post(t.q + '?hide=60'), 204).headers['burrow-count'], '1800')
    eq(want(t.post(t.q + '?hide=0&match_hidden=true'), 204).headers['burrow-count'], '2800')
    seen = []
    while part := taken(t, '&limit=333', 'DELETE'):
        seen += part
    eq([n[:2] for n in seen], ['p9'] * 700 + ['p5'] * 700 + ['p2'] * 700 + ['p0'] * 700)
    eq(seen[:700], sorted(seen[:700]))


@check('priorities: hidden ones come back to their turn')
def come_back(t):
    put(t, 201, priorities=2)
    t.put(t.q + '/low')
    t.put(t.q + '/high?priority=1')
    eq(taken(t, '&limit=1&hide=1'), ['high'])
    time.sleep(1.1)
    t.until(lambda: t.ids() == ['low', 'high'], 2, 'it is back')
    eq(taken(t, '&limit=1'), ['high'])
    t.put(t.q + '/low?priority=1', b'', 204)
    eq(t.get(t.q + '/low?detail=full').json()['priority'], 1)
    eq(taken(t), ['low'])
