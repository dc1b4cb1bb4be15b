"""~messages, ~ack and ~extend (contract section 9; checks 27 and 37)."""
import json

from harness import JSON, check, eq, near, that, want


def statuses(answer):
    return [r['status'] for r in want(answer, 200).json()['results']]


@check('a batch stores what its entries say')
def stores(t):
    answer = want(t.batch([{'id': 'a', 'body': 'first', 'ttl': 3600},
                           {'body_base64': '/wA=', 'content_type': 'image/x', 'hide': 30},
                           {'id': 'c', 'body': {'n': 3, 'l': [1, 2.5e3, None, 'é']}, 'meta': {'region': 'north'}},
                           {'id': 'd', 'body': 'x', 'persistent': True, 'priority': 3}]), 200)
    result = answer.json()
    eq((result['failed'], statuses(answer)), (0, [201] * 4))
    eq([r['id'] for r in result['results']][::2], ['a', 'c'])
    a, b, c, d = t.get(t.q + '?match_hidden=true&detail=full').json()
    near(a['ttl'], 3600)
    eq((a['id'], a['body'], a['content_type']), ('a', 'first', 'text/plain; charset=utf-8'))
    eq((b['id'], b['body'], b['body_encoding'], b['content_type']), (result['results'][1]['id'], '/wA=', 'base64', 'image/x'))
    near(b['hide'], 30)
    near(b['ttl'], 345600)
    eq((c['content_type'], c['meta']), ('application/json', {'region': 'north'}))
    eq(t.get(t.q + '/c?detail=body').body, b'{"n":3,"l":[1,2500.0,null,"\\u00e9"]}')
    eq((d['persistent'], d['priority']), (True, 0))


@check('bodies of a batch: every kind of JSON, strings with escapes')
def bodies(t):
    values = ['', 'a\u0000b\n"\\/\u20ac\U0001f600', None, True, 0, -1.5, [], {}, [[]], {'a': {'b': ''}}]
    eq(statuses(t.batch([{'id': f'm{n}', 'body': v} for n, v in enumerate(values)])), [201] * len(values))
    eq(t.get(t.q + '/m1?detail=body').body, values[1].encode())
    eq([t.get(f'{t.q}/m{n}?detail=body').body for n in range(2, 10)],
       [b'null', b'true', b'0', b'-1.5', b'[]', b'{}', b'[[]]', b'{"a":{"b":""}}'])
    text = b'{"messages":[{"id":"big","body":[1e400,123456789012345678901234567890,"\\u00e9\\/"]}]}'
    eq(statuses(t.post(t.q + '/~messages', text, JSON)), [201])
    want(t.get(t.q + '/big?detail=body'), 200)


@check('ttl and hide of the query are the defaults of entries that give none')
def defaults(t):
    want(t.post(t.q + '/~messages?ttl=100&hide=50', {'messages': [{'id': 'a', 'body': ''},
                                                                 {'id': 'b', 'body': '', 'ttl': 0, 'hide': 0}]}), 200)
    a, b = t.get(t.q + '?match_hidden=true').json()
    near(a['ttl'], 100)
    near(a['hide'], 50)
    eq((b['ttl'], b['hide']), (0, 0))


@check('the same id twice: the later replaces the earlier; what is there is replaced')
def same_id(t):
    t.put(t.q + '/old', b'0')
    eq(statuses(t.batch([{'id': 'a', 'body': '1'}, {'id': 'a', 'body': '2'}, {'id': 'old', 'body': '3'}])), [201, 204, 204])
    eq(t.get(t.q + '?detail=body').json(), ['3', '2'])


@check('bad entries fail alone')
def bad_entries(t):
    answer = t.batch([{'id': 'a', 'body': 'x'}, {'id': 'b', 'body': '', 'ttl': -1}, {'id': 'c/d', 'body': ''},
                      {'id': 'e', 'body_base64': '!!'}, {'id': 'f', 'body': '', 'hide': 1209601}, {'id': '~g', 'body': ''},
                      {'id': 'h', 'body': 'x' * 1048577}, {'id': 'i', 'body': 'y'}, {'id': '', 'body': ''},
                      {'id': 'j', 'body': '', 'priority': 10}])
    eq(statuses(answer), [201, 400, 400, 400, 400, 400, 413, 201, 400, 400])
    results = answer.json()['results']
    eq(answer.json()['failed'], 8)
    eq([results[n]['problem']['type'] for n in (1, 2, 5, 6)],
       ['/problems/' + s for s in ('invalid-parameter', 'invalid-name', 'invalid-name', 'body-too-large')])
    that(all('title' in r['problem'] for r in results if r['status'] >= 400), 'a problem without a title')
    eq(t.ids(), ['a', 'i'])


@check('an atomic batch with one bad entry stores nothing, and names it')
def atomic(t):
    answer = want(t.batch([{'id': 'a', 'body': ''}, {'id': 'b', 'body': '', 'ttl': -1}], atomic=True), 422, 'batch-rejected')
    that(any('1' in e['pointer'] for e in answer.json()['errors']), answer.json()['errors'])
    want(t.get(t.a), 404)
    eq(statuses(t.batch([{'id': 'a', 'body': ''}, {'id': 'b', 'body': ''}], atomic=True)), [201, 201])
    eq(t.ids(), ['a', 'b'])


@check('envelopes: empty, malformed and too long ones store nothing')
def envelopes(t):
    for path in ('/~messages', '/~ack', '/~extend'):
        more = {'hide': 5} if path == '/~extend' else {}
        want(t.post(t.q + path, {'messages': [], **more}), 400)
        entries = [{'id': f'm{n}', **({'body': ''} if path == '/~messages' else {})} for n in range(101)]
        want(t.post(t.q + path, {'messages': entries, **more}), 413, 'batch-too-large')
        for bad in (b'', b'{', b'nul', b'{"messages":[}', b'{"messages":[{"id":"a","body":"x"}]} x'):
            want(t.post(t.q + path, bad, JSON), 400, 'invalid-json')
        for bad in ([], 'x', 1, None, {}, {'messages': {}}, {'messages': [1]}, {'messages': [None]}, {'messages': 'x'}):
            answer = want(t.post(t.q + path, json.dumps(bad), JSON), 400)
            that(answer.json()['type'] in ('/problems/invalid-json', '/problems/invalid-parameter'), answer.body)
    want(t.get(t.a), 404)
    eq(statuses(t.batch([{'id': f'm{n}', 'body': ''} for n in range(100)])), [201] * 100)


@check('a raw body to ~messages is one message without a name')
def nameless_raw(t):
    answer = want(t.post(t.q + '/~messages?ttl=50&hide=0', b'\xffx', {'Content-Type': 'image/x', 'Burrow-Meta-a': 'b'}), 201)
    identity = answer.json()['id']
    eq((len(identity), identity.lower(), identity.isalnum()), (26, identity, True))
    answer = want(t.get(answer.headers['location'] + '?detail=full'), 200)
    eq((answer.json()['id'], answer.json()['meta'], answer.json()['content_type']), (identity, {'a': 'b'}, 'image/x'))
    near(answer.json()['ttl'], 50)


@check('a message without a name is read, changed, replaced and deleted by its 26 characters')
def nameless(t):
    one = t.batch([{'body': 'x'}, {'body': 'y'}]).json()['results']
    first, second = one[0]['id'], one[1]['id']
    that(first < second, 'their order is not that of creation')
    t.put(t.q + '/m')
    eq(t.get(f'{t.q}/{first}?detail=body').body, b'x')
    want(t.post(f'{t.q}/{first}?hide=60'), 204)
    near(t.get(f'{t.q}/{first}').json()['hide'], 60)
    t.put(f'{t.q}/{first}', b'new', 204)
    eq(t.ids(), [first, second, 'm'])
    eq(statuses(t.batch([{'id': first, 'body': 'newer'}])), [204])
    eq(t.ids(), [first, second, 'm'])
    eq(t.ids('&marker=' + first), [second, 'm'])
    item = t.claim('&limit=1')[0]
    want(t.delete(f'{t.q}/{first}?receipt={item["receipt"]}'), 204)
    want(t.get(f'{t.q}/{first}'), 404, 'message-not-found')
    t.put(f'{t.q}/{first}', b'named now')
    t.put(f'{t.q}/{second.upper()}', b'another name')
    eq(t.ids(), [second, 'm', first, second.upper()])


@check('~ack: each entry stands alone')
def ack(t):
    t.put_all('abcd')
    items = {m['id']: m['receipt'] for m in t.claim('&limit=3')}
    t.claim('&match_hidden=true&limit=1')
    answer = t.post(t.q + '/~ack', {'messages': [{'id': 'a', 'receipt': items['a']}, {'id': 'b', 'receipt': items['b']},
                                                 {'id': 'none', 'receipt': items['c']}, {'id': 'd'}]})
    eq((statuses(answer), answer.json()['failed']), ([412, 204, 404, 204], 2))
    eq(answer.json()['results'][0]['problem']['type'], '/problems/receipt-stale')
    eq(t.ids('&match_hidden=true'), ['a', 'c'])
    eq(statuses(t.post(t.q + '/~ack', {'messages': [{'id': 'c', 'receipt': items['c']}] * 2})), [204, 404])
    eq(statuses(t.post(t.a + '/none/~ack', {'messages': [{'id': 'x'}]})), [404])


@check('~extend: new hide, 0 releases, no claim is counted')
def extend(t):
    t.put_all('abc')
    items = [{'id': m['id'], 'receipt': m['receipt']} for m in t.claim()]
    eq(statuses(t.post(t.q + '/~extend', {'hide': 600, 'messages': items})), [204] * 3)
    shown = t.get(t.q + '?match_hidden=true&detail=full').json()
    for item in shown:
        near(item['hide'], 600)
        eq(item['claims'], 1)
    eq(statuses(t.post(t.q + '/~extend', {'hide': 0, 'messages': items[1:] + [{'id': 'none'}]})), [204, 204, 404])
    eq(t.ids(), ['b', 'c'])
    eq(statuses(t.post(t.q + '/~extend', {'hide': 5, 'messages': items[:2]})), [204, 412])
    for bad in (-1, 1209601, 'x', 1.5):
        want(t.post(t.q + '/~extend', {'hide': bad, 'messages': items[:1]}), 400)
    eq(statuses(t.post(t.q + '/~ack', {'messages': items})), [204, 412, 412])
