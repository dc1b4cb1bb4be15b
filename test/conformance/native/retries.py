"""Safe retries (contract section 10): keys, claims that answer the same again, producers (checks 24, 25, 47, 49)."""
import http.client
import socket
import time

from burrow_node import Client, Node
from harness import Case, check, eq, near, that, want
from restart import fresh, reborn

KEY = 'Idempotency-Key'


def keyed(key, **more):
    return {KEY: key, **{k.replace('_', '-'): v for k, v in more.items()}}


def replayed(answer):
    return answer.headers.get('idempotency-replayed') == 'true'


def first_and_again(t, send, status):
    """Sends it twice: the second is the first answer again."""
    first, again = want(send(), status), want(send(), status)
    that(not replayed(first) and replayed(again), f'{first.request}: replayed {replayed(first)}, {replayed(again)}')
    kept = ('etag', 'burrow-ttl', 'location', 'content-type', 'burrow-durability')
    eq([again.headers.get(k) for k in kept], [first.headers.get(k) for k in kept], 'header fields of the repeat')
    eq(again.body, first.body, 'body of the repeat')
    return first


@check('a key repeated after the message was finished creates nothing; with another request it is 422')
def keys(t):
    put = lambda body=b'a', more='', **fields: t.call(  # noqa: E731
        'PUT', t.q + '/m?ttl=60' + more, body, keyed('k1', **fields))
    first_and_again(t, put, 201)
    want(t.delete(t.q + '/m'), 204)
    want(put(), 201)
    want(t.get(t.q + '/m'), 404)
    for other in (lambda: put(b'b'), lambda: put(more='&hide=1'), lambda: put(Content_Type='text/x'),
                  lambda: put(Burrow_Meta_a='1'), lambda: put(Burrow_Group='g'),
                  lambda: t.call('PUT', t.q + '/other?ttl=60', b'a', keyed('k1')),
                  lambda: t.post(t.q + '/~messages', {'messages': [{'body': 'a'}]}, keyed('k1')), lambda: t.post(t.q + '?hide=5', None, keyed('k1'))):
        want(other(), 422, 'idempotency-key-reused')
    want(put(X_Else='1', Traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'), 201)
    want(t.get(t.a), 404)
    # Each queue has its own.
    want(t.call('PUT', t.a + '/r/m?ttl=60', b'b', keyed('k1')), 201)
    that(not replayed(t.call('PUT', t.a + '/r/m?ttl=60', b'b', keyed('k2'))), 'another key is replayed')


@check('the order and the case of header fields make no other request')
def field_order(t):
    def send(fields):
        head = f'PUT {t.q}/m HTTP/1.1\r\nHost: x\r\n' + ''.join(f'{f}\r\n' for f in fields) + 'Content-Length: 1\r\n\r\nx'
        with socket.create_connection(('127.0.0.1', t.node.http), timeout=10) as s:
            s.sendall(head.encode())
            answer = http.client.HTTPResponse(s)
            answer.begin()
            return answer.status, answer.headers.get('idempotency-replayed')
    fields = ['Idempotency-Key: k', 'Burrow-Meta-a: 1', 'Burrow-Meta-b: 2', 'Burrow-Group: g']
    eq(send(fields), (201, None))
    eq(send([f.upper().replace(': K', ': k').replace(': G', ': g') for f in reversed(fields)]), (201, 'true'))


@check('a key that is none is 400, where it is read and nowhere else')
def bad_keys(t):
    t.put(t.q + '/m')
    for bad in ('', ' ', 'a b', 'x' * 256, 'caf\u00e9', 'a\tb'):
        for send in (lambda h: t.call('PUT', t.q + '/n', b'', h), lambda h: t.post(t.q + '?hide=5', None, h),
                     lambda h: t.post(t.q + '/~messages', {'messages': [{'body': ''}]}, h)):
            want(send(keyed(bad)), 400, 'invalid-parameter')
        want(t.get(t.q + '/m', keyed(bad)), 200)
        want(t.post(t.q + '/m?ttl=5', None, keyed(bad)), 204)
    want(t.call('PUT', t.q + '/n', b'', keyed('!' * 255)), 201)
    eq(t.ids(), ['m', 'n'])


@check('a key on ~messages: the whole answer again, failed entries and new ids too')
def batches(t):
    t.put(t.q + '/old')
    entries = [{'body': 'x'}, {'id': 'old', 'body': 'y'}, {'id': '~bad', 'body': ''}, {'id': 'n', 'body': 'z', 'ttl': 0}]
    send = lambda: t.post(t.q + '/~messages', {'messages': entries}, keyed('b'))  # noqa: E731
    first = first_and_again(t, send, 200)
    eq([r['status'] for r in first.json()['results']], [201, 204, 400, 201])
    want(t.delete(t.q + '?match_hidden=true'), 204)
    eq(send().json(), first.json())
    want(t.get(t.a), 404)
    raw = lambda: t.call('POST', t.q + '/~messages', b'raw', keyed('r', Content_Type='image/x'))  # noqa: E731
    that(first_and_again(t, raw, 201).json()['id'], 'no id')
    eq(len(t.ids()), 1)


@check('what was refused is not remembered: the same key stores it later')
def refused(t):
    t.put(t.q + '/m')
    guarded = lambda: t.call('PUT', t.q + '/m', b'n', keyed('k', If_None_Match='*'))  # noqa: E731
    want(guarded(), 412, 'already-exists')
    want(t.delete(t.q + '/m'), 204)
    first_and_again(t, guarded, 201)
    atomic = {'messages': [{'id': 'a', 'body': 'x' * 2000000}, {'id': 'b', 'body': ''}], 'atomic': True}
    send = lambda: t.post(t.q + '/~messages', atomic, keyed('a'))  # noqa: E731
    for _ in range(2):
        that(not replayed(want(send(), 422, 'batch-rejected')), 'a refusal is replayed')
    settings = t.a + '/q/~settings'
    want(t.call('PUT', settings, {'max_body': 4000000, 'paused': {'insert': True}}), 201)
    want(send(), 409, 'queue-paused')
    want(t.call('PATCH', settings, {'paused': None}, {'Content-Type': 'application/json'}), 200)
    first_and_again(t, send, 200)
    want(t.call('PATCH', settings, {'paused': {'insert': True}}, {'Content-Type': 'application/json'}), 200)
    that(replayed(want(send(), 200)), 'a pause stands before a repeat')


@check('a claim repeated: same messages and receipts, claims 1; after an ack the others; after all nothing')
def claims(t):
    t.put_all('abcd')
    send = lambda more='': t.post(t.q + '?limit=3&hide=60&ttl=600&detail=full' + more, None, keyed('c'))  # noqa: E731
    first, again = want(send(), 200), want(send(), 200)
    that(not replayed(first) and replayed(again), 'not replayed')
    receipts = lambda answer: [(m['id'], m['receipt'], m['claims']) for m in answer.json()]  # noqa: E731
    eq(receipts(again), receipts(first))
    eq([m['claims'] for m in again.json()], [1, 1, 1])
    eq(again.headers['burrow-count'], '3')
    time.sleep(1.2)
    for m in send().json():
        near(m['hide'], 59)
        near(m['ttl'], 599)
    want(send('&wait=1'), 422, 'idempotency-key-reused')
    a, b, c = first.json()
    want(t.delete(f'{t.q}/a?receipt={a["receipt"]}'), 204)
    eq([m['id'] for m in send().json()], ['b', 'c'])
    want(t.post(f'{t.q}/b?hide=0&receipt={b["receipt"]}'), 204)      # released: its receipt is stale
    eq([m['id'] for m in send().json()], ['c'])
    want(t.post(f'{t.q}/c?hide=90&receipt={c["receipt"]}'), 204)
    near(send().json()[0]['hide'], 90)
    want(t.call('PUT', t.q + '/c', b'new'), 204)                       # replaced: likewise
    gone = want(send(), 404, 'message-not-found')
    that(replayed(gone), 'finding nothing is a repeat too')
    eq(want(send(), 404).headers['burrow-count'], '0')
    eq(t.ids(), ['b', 'c', 'd'], 'visible')


@check('a claim whose hide ran out is answered again until another has the message')
def ran_out(t):
    t.put(t.q + '/m')
    send = lambda: t.post(t.q + '?hide=1&detail=full', None, keyed('c'))  # noqa: E731
    first = want(send(), 200).json()[0]
    t.until(lambda: t.ids() == ['m'], 3, 'the hide runs out')
    again = want(send(), 200).json()[0]
    eq((again['receipt'], again['hide'], again['claims']), (first['receipt'], 0, 1))
    t.claim()
    want(send(), 404)
    want(t.delete(f'{t.q}/m?receipt={first["receipt"]}'), 412)


@check('a claim that found nothing is not remembered; one that is held is not running')
def empty_claims(t):
    send = lambda more='': t.post(t.q + '?hide=60&detail=id' + more, None, keyed('c'))  # noqa: E731
    that(not replayed(want(send(), 404)), 'nothing was remembered')
    t.put(t.q + '/m')
    eq(send().json(), ['m'])
    held = [t.later('POST', t.a + '/w?hide=60&detail=id&wait=10', None, keyed('w')) for _ in range(3)]
    t.until(lambda: t.get(t.a + '/w/~stats').json()['waiters'] == 3, 5, 'all are held')
    t.put_all('xyz', t.a + '/w')
    answers = [job()[0] for job in held]
    eq([a.json() for a in answers], [answers[0].json()] * 3, 'one claim for all that have the key')
    eq(sorted(map(replayed, answers)), [False, True, True])
    eq(len(t.ids(path=t.a + '/w')), 3 - len(answers[0].json()))


@check('a claim without items in its answer, in several steps, is done once', heavy=True)
def steps(t):
    names = t.fill(2500)
    send = lambda: t.post(t.q + '?hide=60&limit=2200', None, keyed('c'))  # noqa: E731
    eq(want(send(), 204).headers['burrow-count'], '2200')
    again = want(send(), 204)
    eq((replayed(again), again.headers['burrow-count']), (True, '2200'))
    want(t.delete(t.q + '/' + names[1500]), 204)
    want(t.delete(t.q + '/' + names[3]), 204)
    eq(want(send(), 204).headers['burrow-count'], '2198')
    eq(t.get(t.q + '/~stats').json()['visible'], 300)


@check('a claim by match_meta is answered again')
def by_meta(t):
    for n in range(6):
        t.put(f'{t.q}/m{n}', headers={'Burrow-Meta-kind': 'odd' if n % 2 else 'even'})
    send = lambda: t.post(t.q + '?hide=60&limit=2&detail=full&match_meta=kind:odd', None, keyed('c'))  # noqa: E731
    first, again = want(send(), 200), want(send(), 200)
    eq([(m['id'], m['receipt']) for m in again.json()], [(m['id'], m['receipt']) for m in first.json()])
    eq([m['id'] for m in first.json()], ['m1', 'm3'])
    that(replayed(again), 'not replayed')
    want(t.delete(t.q + '/m1'), 204)
    want(t.delete(t.q + '/m3'), 204)
    want(send(), 404)
    eq(t.ids(), ['m0', 'm2', 'm4', 'm5'])


@check('a claim cut before its answer: the same claim again or a new one, never both')
def cut(t):
    for n in range(25):
        queue = f'{t.a}/cut{n}'
        t.put_all('ab', queue)
        connection = http.client.HTTPConnection('127.0.0.1', t.node.http, timeout=10)
        connection.request('POST', f'{queue}?hide=60&limit=1&detail=full', headers=keyed('c'))
        time.sleep(0.0005 * (n % 5))
        connection.close()
        def again():
            return t.post(f'{queue}?hide=60&limit=1&detail=full', None, keyed('c'))
        answer = again()
        while answer.status == 409:
            eq(answer.headers.get('retry-after'), '1')
            answer = again()
        message, = want(answer, 200).json()
        eq(message['claims'], 1)
        time.sleep(0.02)
        held = t.get(f'{queue}?match_hidden=true&detail=full').json()
        eq(sorted((m['hide'] > 0, m['claims']) for m in held), [(False, 0), (True, 1)], 'one is held, by one claim')
        want(t.delete(f'{queue}/{message["id"]}?receipt={message["receipt"]}'), 204)


@check('a producer\'s sequence that is not above the highest is dropped')
def producers(t):
    def put(name, sequence, producer='till-7', body=b'x'):
        return t.call('PUT', f'{t.q}/{name}', body, {'Burrow-Producer': producer, 'Burrow-Sequence': str(sequence)})
    want(put('a', 5), 201)
    for sequence in (5, 4, 1):
        answer = want(put('b', sequence), 204)
        eq(answer.headers.get('burrow-duplicate'), 'true')
    want(t.get(t.q + '/b'), 404)
    eq(t.get(t.q + '/a?detail=full').json()['producer'], 'till-7')
    want(put('b', 9), 201)                                   # gaps are allowed
    eq(want(put('b', 10), 204).headers.get('burrow-duplicate'), None, 'a replacement is no duplicate')
    want(put('c', 9), 204)
    want(put('c', 1, 'other'), 201)
    want(put('d', 2 ** 63 - 1, 'other'), 201)
    want(t.delete(t.q + '?match_hidden=true'), 204)
    eq(want(put('a', 10), 204).headers.get('burrow-duplicate'), 'true', 'the messages are gone, the sequence is not')
    raw = t.call('POST', t.q + '/~messages', b'x', {'Burrow-Producer': 'till-7', 'Burrow-Sequence': '10'})
    eq(want(raw, 204).headers.get('burrow-duplicate'), 'true')
    want(t.get(t.a), 404)


@check('producers in a batch: 208 does not count as failed; an atomic batch with one stores the rest')
def producers_in_batches(t):
    def send(sequences, **envelope):
        return want(t.batch([{'id': f'm{n}', 'body': '', 'producer': 'p', 'sequence': n} for n in sequences], **envelope),
                    200).json()
    eq([r['status'] for r in send([1, 2, 3])['results']], [201] * 3)
    again = send([2, 3, 4, 4, 3])
    eq(([r['status'] for r in again['results']], again['failed']), ([208, 208, 201, 208, 208], 0))
    eq(again['results'][0], {'id': 'm2', 'status': 208})
    eq([r['status'] for r in send([4, 5], atomic=True)['results']], [208, 201])
    nameless = want(t.batch([{'body': '', 'producer': 'p', 'sequence': 5}]), 200).json()
    eq(nameless['results'], [{'status': 208}])
    bad = want(t.batch([{'id': 'n6', 'body': '', 'producer': 'p', 'sequence': 6}, {'id': 'x', 'body': '', 'ttl': -1}],
                       atomic=True), 422)
    that(bad.json()['errors'], bad.body)
    eq([r['status'] for r in send([6])['results']], [201])


@check('a producer or sequence that is none is 400')
def bad_producers(t):
    for fields in ({'Burrow-Producer': 'p'}, {'Burrow-Sequence': '1'}, {'Burrow-Producer': '', 'Burrow-Sequence': '1'},
                   *({'Burrow-Producer': p, 'Burrow-Sequence': '1'} for p in ('a b', 'x' * 65, 'a/b', 'a:b')),
                   *({'Burrow-Producer': 'p', 'Burrow-Sequence': s} for s in
                     ('', '0', '-1', '1.0', '+1', '1e3', 'x', str(2 ** 63), '9' * 30, ' 1 2'))):
        want(t.call('PUT', t.q + '/m', b'', fields), 400, 'invalid-parameter')
    for entry in ({'producer': 'p'}, {'sequence': 1}, {'producer': 7, 'sequence': 1}, {'producer': '', 'sequence': 1},
                  {'producer': 'a b', 'sequence': 1}, {'producer': 'p' * 65, 'sequence': 1},
                  *({'producer': 'p', 'sequence': s} for s in (0, -1, 1.5, '1', 2 ** 63, 10 ** 30, True, [], {}))):
        results = want(t.batch([{'id': 'm', 'body': '', **entry}]), 200).json()['results']
        eq((results[0]['status'], results[0]['problem']['type']), (400, '/problems/invalid-parameter'), str(entry))
    want(t.get(t.a), 404)
    edges = {'Burrow-Producer': 'Az09._-' + 'x' * 57, 'Burrow-Sequence': str(2 ** 63 - 1)}
    want(t.call('PUT', t.q + '/m', b'', edges), 201)


@check('dedupe_window: how long a key is kept; 0 is not at all')
def window(t):
    settings, send = t.q + '/~settings', lambda: t.call('PUT', t.q + '/m', b'', keyed('k'))
    want(t.call('PUT', settings, {'dedupe_window': 1}), 201)
    want(send(), 201)
    that(replayed(send()), 'not replayed within its window')
    begin = time.monotonic()
    while replayed(send()):
        that(time.monotonic() - begin < 3, 'kept beyond its window')
        time.sleep(0.05)
    that(time.monotonic() - begin > 0.8, 'forgotten too early')
    want(t.call('PATCH', settings, {'dedupe_window': 0}, {'Content-Type': 'application/json'}), 200)
    zero = lambda: t.call('PUT', t.q + '/m', b'', keyed('zero'))  # noqa: E731
    that(not replayed(want(zero(), 204)) and not replayed(want(zero(), 204)), 'remembered with a window of 0')


@check('one that runs is 409; two at once store one message')
def at_once(t):
    for n in range(8):
        jobs = [t.later('POST', t.q + '/~messages', b'x' * 300000, keyed(f'k{n}', Content_Type='image/x'))
                for _ in range(6)]
        answers = [job()[0] for job in jobs]
        that({a.status for a in answers} <= {201, 409}, [a.status for a in answers])
        for a in answers:
            if a.status == 409:
                eq((a.json()['type'], a.headers['retry-after']), ('/problems/idempotency-in-progress', '1'))
        eq(len({a.body for a in answers if a.status == 201}), 1, 'ids')
        eq(len(t.ids('&match_hidden=true')), n + 1)


@check('keys, claims and sequences outlive kill -9 and an empty queue', where='own')
def survive(_):
    with fresh() as (node, t):
        put = lambda: t.call('PUT', t.q + '/m', b'x', keyed('k'))  # noqa: E731
        batch = lambda: t.post(t.q + '/~messages', {'messages': [{'body': 'a'}, {'body': 'b'}]}, keyed('b'))  # noqa: E731
        claim = lambda: t.post(t.q + '?hide=60&limit=2&detail=full', None, keyed('c'))  # noqa: E731
        sequence = {'Burrow-Producer': 'p', 'Burrow-Sequence': '7'}
        answers = [want(put(), 201), want(batch(), 200), want(claim(), 200)]
        want(t.call('PUT', t.a + '/s/m', b'', sequence), 201)
        for turn in range(2):
            t = reborn(node, t)
            again = [want(put(), 201), want(batch(), 200), want(claim(), 200)]
            eq([replayed(a) for a in again], [True] * 3)
            eq(again[1].json(), answers[1].json())
            receipts = [[(m['id'], m['receipt']) for m in a.json()] for a in (answers[2], again[2])]
            eq(receipts[1], receipts[0])
            eq(want(t.call('PUT', t.a + '/s/n', b'', sequence), 204).headers.get('burrow-duplicate'), 'true')
            eq(len(t.ids('&match_hidden=true')), 3)
        want(t.delete(t.q + '?match_hidden=true'), 204)
        want(t.delete(t.a + '/s'), 204)
        t = reborn(node, t)
        want(put(), 201)
        want(batch(), 200)
        want(claim(), 404)
        want(t.call('PUT', t.a + '/s/n', b'', sequence), 204)
        want(t.get(t.a), 404)


@check('bounds of keys and producers: 429 dedupe-full, and nothing changes; what is known is answered', where='own')
def bounds(_):
    with Node(arguments=['--limits-idempotency-keys', '20', '--limits-producers', '3']) as node:
        node.start()
        t = Case(node)
        put = lambda n, name=None: t.call('PUT', f'{t.q}/{name or n}', b'', keyed(f'k{n}'))  # noqa: E731
        for n in range(20):
            want(put(n), 201)
        for n in range(20, 200):                       # as often as anybody likes
            answer = want(put(n), 429, 'dedupe-full')
        that(int(answer.headers['retry-after']) > 0, 'no Retry-After')
        want(t.post(t.q + '?hide=5', None, keyed('claim')), 429, 'dedupe-full')
        eq(len(t.ids()), 20)
        for n in range(20):
            that(replayed(want(put(n), 201)), 'a known key is not answered')
        want(put(20, '0'), 429)
        want(t.call('PUT', t.q + '/free', b''), 201)
        want(t.call('PUT', t.a + '/other/m', b'', keyed('k20')), 201)
        def by(producer, name):
            return t.call('PUT', f'{t.q}/{name}', b'', {'Burrow-Producer': producer, 'Burrow-Sequence': '1'})
        for p in 'xyz':
            want(by(p, p), 201)
        want(by('w', 'w'), 429, 'dedupe-full')
        eq(want(by('x', 'w'), 204).headers.get('burrow-duplicate'), 'true')
        results = want(t.batch([{'id': 'v', 'body': '', 'producer': 'v', 'sequence': 1}, {'id': 'u', 'body': ''}]),
                       200).json()['results']
        eq([r['status'] for r in results], [429, 201])
        want(t.get(t.q + '/w'), 404)
        metrics = Client(node.admin).call('GET', '/metrics').body.decode()
        for outcome, least in (('full', 180), ('replayed', 20), ('duplicate', 1)):
            line = next(l for l in metrics.splitlines() if l.startswith(f'burrow_dedupe_total{{outcome="{outcome}"}}'))
            that(float(line.split()[-1]) >= least, line)
        want(t.call('PUT', t.a + '/soon/~settings', {'dedupe_window': 1}), 201)
        for n in range(20):
            want(t.call('PUT', f'{t.a}/soon/m', b'', keyed(f'k{n}')), 201 if n == 0 else 204)
        more = lambda: t.call('PUT', f'{t.a}/soon/m', b'', keyed('more'))  # noqa: E731
        want(more(), 429, 'dedupe-full')
        t.until(lambda: more().status == 204, 14, 'keys age out')
        t.close()


@check('keys and producers count in the stored bytes: 429 quota-exceeded, claims never', where='own')
def quota(_):
    with Node(arguments=['--limits-stored-bytes', str(10 * 256)]) as node:
        node.start()
        t = Case(node)
        t.put(t.q + '/big', b'x' * 2000)
        want(t.call('PUT', t.q + '/a', b'', keyed('a')), 201)
        want(t.call('PUT', t.q + '/b', b'x' * 60, keyed('b')), 429, 'quota-exceeded')    # 560 are left: 304 of these
        producer = {'Burrow-Producer': 'p', 'Burrow-Sequence': '1'}
        want(t.call('PUT', t.q + '/p', b'', producer), 201)
        want(t.call('PUT', t.q + '/b', b'', keyed('b')), 429, 'quota-exceeded')
        that(replayed(want(t.call('PUT', t.q + '/a', b'', keyed('a')), 201)), 'a repeat is refused for room')
        eq(want(t.call('PUT', t.q + '/p', b'', producer), 204).headers.get('burrow-duplicate'), 'true')
        want(t.post(t.q + '/~messages', {'messages': [{'body': 'x' * 40}]}), 200)
        for n in range(5):
            want(t.post(t.q + '?limit=1&hide=60', None, keyed(f'c{n}')), 204 if n < 4 else 404)
        eq(t.get(t.q + '/~stats').json()['bytes'], 2040, 'bytes of the queue are those of its messages')
        want(t.delete(t.q + '?match_hidden=true'), 204)
        that(replayed(want(t.call('PUT', t.q + '/a', b'', keyed('a')), 201)), 'a purge took the keys')
        # Five keys and a producer are left: 1536 of 2560.
        want(t.call('PUT', t.a + '/n/m', b'x' * 1300), 429, 'quota-exceeded')
        want(t.call('PUT', t.a + '/n/m', b'x' * 1000), 201)
        t.close()
