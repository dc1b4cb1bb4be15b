"""What a refusal leaves behind, and what a client can make the node do or remember (contract sections 3, 12, 14; checks
43 and 44)."""
import concurrent.futures
import re
import time

from burrow_node import Client, Node
from harness import JSON, Case, check, eq, next_of, that, token, want

MIB = 1 << 20


def state(t):
    """Everything of a queue that a client can see, times left aside."""
    items = t.get(t.q + '?match_hidden=true&detail=full').json()
    for item in items:
        for member in ('ttl', 'hide', 'cursor'):
            item.pop(member)
    stats = t.get(t.q + '/~stats').json()
    return (items, t.get(t.q + '/~settings').json(), t.get(t.a).json(),
            [stats[m] for m in ('visible', 'delayed', 'claimed', 'bytes', 'waiters')])


@check('nothing that is refused leaves a trace: each refusal, then all as it was')
def traceless(t):
    t.put_all('ab')
    item = t.claim('&limit=1')[0]
    receipt = item['receipt']
    want(t.call('PUT', t.q + '/~settings', {'max_ttl': 1000, 'max_body': 100, 'max_messages': 3}), 201)
    t.put(t.q + '/c?ttl=900')
    before = state(t)
    any_, old = {'If-None-Match': '*'}, {'If-Match': '"1"'}
    refused = [
        ('PUT', '/d?ttl=10', b'', {}, 429), ('PUT', '/a?ttl=1001', b'', {}, 400), ('PUT', '/a?ttl=10', b'x' * 101, {}, 413),
        ('PUT', '/a?ttl=x', b'', {}, 400), ('PUT', '/%00?ttl=10', b'', {}, 400), ('PUT', '/a?ttl=10', b'', any_, 412),
        ('PUT', '/a?ttl=10', b'', old, 412), ('PUT', '/a?ttl=10', b'', {'Burrow-Meta-A_b': 'x'}, 400),
        ('PUT', '/a?ttl=10', b'', {'Burrow-Group': 'x' * 256}, 400), ('PUT', '/a?ttl=10', b'', {'Burrow-Receipt': 'x'}, 412),
        ('POST', '/a?hide=5', None, any_, 412), ('POST', '/a?hide=5', None, old, 412), ('POST', '/a', None, old, 412),
        ('POST', '/a?hide=1209601', None, {}, 400), ('POST', '/a?hide=0&receipt=x', None, {}, 412),
        ('POST', '/none?hide=0&receipt=' + receipt, None, {}, 404), ('POST', '/b?ttl=1001', None, {}, 400),
        ('POST', '/b?hide=0&receipt=' + receipt, None, {}, 412), ('DELETE', '/a', None, any_, 412),
        ('DELETE', '/a', None, old, 412), ('DELETE', '/a?receipt=x', None, {}, 412), ('DELETE', '/a?detail=bad', None, {}, 400),
        ('POST', '?hide=5&limit=0', None, {}, 400), ('POST', '?hide=5&cursor=x', None, {}, 400),
        ('POST', '?ttl=1001', None, {}, 400), ('DELETE', '?match_meta=x', None, {}, 400),
        ('DELETE', '?cursor=x', None, {}, 400), ('DELETE', '?match_hidden=true&order=up', None, {}, 400),
        ('POST', '/~messages', {'messages': []}, {}, 400), ('POST', '/~messages', {'messages': [{}] * 101}, {}, 413),
        ('POST', '/~messages', {'atomic': True, 'messages': [{'id': 'a', 'body': ''}, {'id': 'b', 'ttl': -1}]}, {}, 422),
        ('POST', '/~messages', b'{', JSON, 400), ('POST', '/~messages?ttl=10', b'x', {'Content-Type': 'x/y'}, 429),
        ('POST', '/~ack', b'[]', JSON, 400), ('POST', '/~extend', {'messages': [{'id': 'a'}]}, {}, 400),
        ('PUT', '/~settings', {'order': 'up'}, {}, 400), ('PATCH', '/~settings', {'max_ttl': 5}, old, 412),
        ('PATCH', '/~settings', b'{}', {'Content-Type': 'text/plain'}, 415), ('DELETE', '/~settings', None, old, 412),
        ('PUT', '/~settings', {}, any_, 412), ('PUT', '', b'', {}, 405), ('PATCH', '/a', b'', {}, 405),
        ('PUT', '/~nothing', b'', {}, 404), ('DELETE', '/a/b', None, {}, 404), ('POST', '/a/', None, {}, 404)]
    for method, path, body, headers, status in refused:
        want(t.call(method, t.q + path, body, headers), status)
    for entries in ([{'id': 'd', 'ttl': 10}], [{'id': 'a', 'body': 'x' * 101, 'ttl': 10}], [{'id': '~', 'ttl': 10}],
                    [{'id': 'a', 'priority': 10}], [{'id': 'a', 'meta': {'A': 'x'}}], [{'id': 'a', 'body_base64': '!'}]):
        eq(t.batch(entries).json()['failed'], 1, str(entries))
    for entry in ({'id': 'a', 'receipt': 'x'}, {'id': 'b', 'receipt': receipt}, {'id': 'none'}):
        eq(t.post(t.q + '/~ack', {'messages': [entry]}).json()['failed'], 1)
        eq(t.post(t.q + '/~extend', {'hide': 0, 'messages': [entry]}).json()['failed'], 1)
    eq(state(t), before)
    want(t.delete(f'{t.q}/a?receipt={receipt}'), 204)


@check('a guard holds for POST too when it changes nothing else, and If-None-Match: * for POST and DELETE')
def guards(t):
    t.put(t.q + '/m', b'1')
    tag = t.get(t.q + '/m').headers['etag']
    for method in ('POST', 'DELETE'):
        want(t.call(method, t.q + '/m', None, {'If-None-Match': '*'}), 412, 'already-exists')
        want(t.call(method, t.q + '/none', None, {'If-None-Match': '*'}), 404, 'message-not-found')
        want(t.call(method, t.q + '/none', None, {'If-Match': tag}), 412, 'etag-mismatch')
    want(t.call('POST', t.q + '/m?detail=all', None, {'If-Match': '"1"'}), 412, 'etag-mismatch')
    eq(want(t.call('POST', t.q + '/m?detail=body', None, {'If-Match': tag}), 200).body, b'1')
    want(t.post(t.q + '/m?receipt=x'), 412, 'receipt-stale')
    eq(t.get(t.q + '/m').headers['etag'], tag)


@check('a message put again after it was deleted has another ETag')
def reborn(t):
    tag = t.put(t.q + '/m', b'1').headers['etag']
    want(t.delete(t.q + '/m'), 204)
    new = t.put(t.q + '/m', b'2').headers['etag']
    that(new != tag, f'{tag} stands for both')
    want(t.get(t.q + '/m', {'If-None-Match': tag}), 200)
    want(t.call('DELETE', t.q + '/m', None, {'If-Match': tag}), 412, 'etag-mismatch')
    want(t.get(t.q + '/m', {'If-None-Match': f'"x{new[1:]}, "{new[1:]}'}), 304)
    want(t.get(t.q + '/m', {'If-None-Match': f'"x{new[1:]}'}), 200)


@check('the weak ETag of a list stays while nothing happens, and changes when a message expires or becomes visible '
       '(check 53)')
def weak(t):
    def tag(more=''):
        return t.get(t.q + '?on_empty=200' + more).headers['etag']
    t.put_all('ab')
    first = tag()
    that(first.startswith('W/"'), first)
    time.sleep(1.2)
    eq((tag(), tag('&limit=1')), (first, first))
    eq(want(t.get(t.q, {'If-None-Match': first}), 304).headers['etag'], first)
    want(t.get(t.q, {'If-None-Match': first.removeprefix('W/')}), 304)
    want(t.call('HEAD', t.q, None, {'If-None-Match': '*'}), 304)
    begin = time.monotonic()
    want(t.get(t.q + '?wait=9', {'If-None-Match': first}), 304)
    that(time.monotonic() - begin < 1, 'it was held')
    seen = [first]
    for change in (lambda: t.put(t.q + '/c?ttl=2'), lambda: t.put(t.q + '/d?hide=2'), lambda: t.post(t.q + '/a?ttl=0'),
                   lambda: t.claim('&limit=1'), lambda: t.delete(t.q + '/a')):
        change()
        that(tag() not in seen, f'{tag()} again')
        want(t.get(t.q, {'If-None-Match': seen[-1]}), 200)
        seen.append(tag())
    t.until(lambda: t.ids() == ['b', 'd'], 5, 'c is gone and d is here')
    that(tag() not in seen, 'time changed what is shown, not the tag')
    want(t.delete(t.q), 204)
    empty = tag()
    that(empty not in seen, empty)
    begin = time.monotonic()
    want(t.get(t.q + '?on_empty=200&wait=9', {'If-None-Match': empty}), 304)
    that(time.monotonic() - begin < 1, 'an empty list that is known was held')
    job = t.later('GET', t.q + '?on_empty=200&wait=9&detail=id', None, {'If-None-Match': first})
    time.sleep(0.3)
    t.put(t.q + '/e')
    eq(want(job()[0], 200).json(), ['e'])
    that('etag' not in t.post(t.q + '?detail=id').headers and 'etag' not in t.get(t.a + '/none').headers, 'an ETag too many')


@check('GET with detail=none says how many match, as far as an answer goes, and where to go on', heavy=True)
def counts(t):
    t.fill(1200)
    answer = want(t.get(t.q + '?detail=none'), 204)
    eq(answer.headers['burrow-count'], '1000')
    answer = want(t.get(next_of(answer)), 204)
    eq((answer.headers['burrow-count'], 'link' in answer.headers), ('200', False))


@check('match_meta that only the last of 25000 has: Link and nothing in it, twice, then the message (check 44)',
       heavy=True)
def last_of_many(t):
    t.fill(25000)
    want(t.batch([{'id': 'last', 'body': 'x', 'meta': {'k': 'v'}}]), 200)
    for method, more, found in (('GET', '&detail=id', ['last']), ('POST', '&hide=60&detail=id', ['last']),
                                ('POST', '&hide=0&match_hidden=true', None), ('DELETE', '&detail=id', ['last'])):
        path, answers, begin = f'{t.q}?match_meta=k:v&wait=20{more}', [], time.monotonic()
        while path:
            answers.append(t.call(method, path))
            path = next_of(answers[-1])
        that(time.monotonic() - begin < 15, 'those that have the Link were held')
        eq([a.status for a in answers], [404, 404, 200 if found else 204])
        if found:
            eq(answers[-1].json(), found)
        that(all('burrow-cursor' in a.headers for a in answers[:2]), 'no cursor')
    answer = want(t.get(f'{t.q}?match_meta=k:v&on_empty=200&wait=20&detail=id'), 200)
    eq((answer.json(), token(answer) != '', next_of(answer) is not None), ([], True, True))
    want(t.delete(t.a), 204)


@check('100000 messages with one ttl: none is returned from then on, others are served, ~stats comes to 0 (check 43)',
       where='own')
def all_at_once(_):
    with Node() as node:
        node.start()
        t = Case(node)
        entries, other = [{'body': 'x'} for _ in range(100)], t.a + '/other'
        t.put(other + '/m')

        def batches(count):
            client = Client(node.http, timeout=30)
            for _ in range(count):
                eq(client.call('POST', t.q + '/~messages?ttl=25', {'messages': entries}).json()['failed'], 0)
            client.close()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for job in [pool.submit(batches, 125) for _ in range(8)]:
                job.result()
        last = time.monotonic()
        eq(t.get(t.q + '?detail=id&limit=1').status, 200)
        time.sleep(max(0, last + 25.05 - time.monotonic()))
        slowest = 0.0
        while True:
            at = time.monotonic()
            want(t.get(other + '/m'), 200)
            want(t.put(other + '/m', b'', 204), 204)
            slowest = max(slowest, time.monotonic() - at)
            for method, more in (('GET', ''), ('POST', '&hide=5'), ('DELETE', '&limit=5&detail=id')):
                want(t.call(method, f'{t.q}?match_hidden=true{more}'), 404)
            stats = t.get(t.q + '/~stats').json()
            if not stats['visible'] + stats['delayed'] + stats['claimed']:
                break
            that(time.monotonic() < last + 90, stats)
        eq(t.get(t.q + '/~stats').json()['bytes'], 0)
        that(slowest < 1, f'another queue waited {slowest:.1f} s')
        t.close()


def resident(node):
    with open(f'/proc/{node.process.pid}/status') as f:
        return int(re.search(r'VmRSS:\s+(\d+)', f.read())[1]) * 1024


@check('looking, asking and being refused make the node remember nothing', where='own')
def forgetful(_):
    with Node() as node:
        node.start()
        t = Case(node)
        t.put(t.q + '/m')

        def ask(first):
            client = Client(node.http, timeout=30)
            for n in range(first, 6000, 4):
                for method, path, headers in (
                        ('GET', f'{t.a}/nothing{n}', {}), ('GET', t.q + '?cursor=x' + str(n), {}),
                        ('GET', t.q + '/m', {'If-None-Match': ', '.join(f'"{n}{k}"' for k in range(500))}),
                        ('DELETE', t.q + '/m', {'If-Match': ', '.join(f'"{n}{k}"' for k in range(500))}),
                        ('GET', f'/problems/x{n}', {'X-Request-Id': f'id-{n}' + 'x' * 100})):
                    client.call(method, path, None, headers)
            client.close()

        def round_of():
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                for job in [pool.submit(ask, k) for k in range(4)]:
                    job.result()
        round_of()  # what was never used before is used now: actors, buffers, the allocator's own
        before = resident(node)
        round_of()
        that(resident(node) - before < 24 * MIB, f'{(resident(node) - before) / MIB:.1f} MiB more')
        eq(t.get(t.a).json(), ['q'])
        t.close()
