"""Names (contract section 2.2), paths with `~` (2.1) and parameters (section 3)."""
from harness import check, eq, that, want

BAD = ('a%2Fb', '%2f', '%00', '%01', '%1F', '%7F', '%FF', '%C3', '%ED%A0%80', '%C0%AF', '.', '..', '%2E', '%2E%2E', '%2e.',
       'x' * 256, '%C3%A9' * 128, '%', '%4', '%zz')


@check('bad names are 400 in every place, and nothing is stored')
def bad(t):
    for name in BAD:
        want(t.call('PUT', f'{t.q}/{name}', b'x'), 400, 'invalid-name')
        want(t.call('PUT', f'{t.a}/{name}/m', b'x'), 400, 'invalid-name')
        want(t.get(f'{t.a}/{name}'), 400, 'invalid-name')
        want(t.call('PUT', f'/v1.0/{name}/q/m', b'x'), 400, 'invalid-name')
        want(t.post(f'{t.a}/{name}/~messages', {'messages': [{'body': 'x'}]}), 400, 'invalid-name')
        want(t.get(f'{t.a}/{name}/~stats'), 400, 'invalid-name')
    want(t.call('PUT', f'/v1.0//{name}/m', b''), 400, 'invalid-name')
    want(t.call('PUT', t.a + '//m', b''), 400, 'invalid-name')
    want(t.get(t.a), 404, 'account-not-found')


@check('names with ~ are reserved: 404 below an account, 400 in place of one')
def reserved(t):
    want(t.call('PUT', t.q + '/~x', b''), 404, 'not-found')
    want(t.call('PUT', t.q + '/%7Ex', b''), 404, 'not-found')
    want(t.get(t.a + '/~queues'), 404, 'not-found')
    want(t.call('PUT', t.a + '/~q/m', b''), 404, 'not-found')
    want(t.call('PUT', t.a + '/~q/~settings', {}), 404, 'not-found')
    want(t.batch([{'body': ''}], t.a + '/~q'), 404, 'not-found')
    want(t.get('/v1.0/~a'), 400, 'invalid-name')
    want(t.call('PUT', '/v1.0/~a/q/m', b''), 400, 'invalid-name')
    want(t.get(t.a + '/~limits'), 404, 'not-found')
    t.put(t.q + '/x~y')
    eq(t.ids(), ['x~y'])


@check('names are compared by bytes, and come back as they were')
def bytewise(t):
    names = ['x' * 255, 'A', 'a', '\u00e9', 'e\u0301', 'a b', 'a+b', '%', '"\\', 'a?b#c', '\U0001f600', '...', '{}', ';=&']
    for name in names:
        path = t.q + '/' + ''.join(f'%{b:02X}' for b in name.encode())
        t.put(path, name.encode())
        eq(t.get(path + '?detail=body').body, name.encode())
        eq(t.get(path + '?detail=id').body, name.encode())
    eq(t.ids(), names)
    t.put(t.q + '/p+q', b'')
    eq(t.ids()[-1], 'p+q')
    queue = f'{t.a}/{"%C3%A9" * 127}'
    t.put(queue + '/m', b'')
    that('\u00e9' * 127 in t.get(t.a).json(), 'the queue is not listed')


@check('escaped and plain spellings of a name are one name')
def spellings(t):
    t.put(t.q + '/abc', b'1')
    t.put(t.q + '/%61%62c', b'2', 204)
    eq(t.ids(), ['abc'])
    t.put(t.a + '/%71/abc', b'3', 204)


def refused(t, method, path, parameter):
    answer = want(t.call(method, path, b'' if method in ('PUT', 'POST') else None), 400, 'invalid-parameter')
    eq(answer.json().get('parameter'), parameter, answer.request)


@check('bad values of parameters are 400 and change nothing')
def bad_values(t):
    t.put(t.q + '/m', b'x')
    for value in ('x', '-1', '+1', '1.5', '', '1e3', '0x1', '%201', '1%20', '315360001', '99999999999999999999'):
        refused(t, 'PUT', f'{t.q}/n?ttl={value}', 'ttl')
        refused(t, 'POST', f'{t.q}/m?ttl={value}', 'ttl')
        refused(t, 'POST', f'{t.q}?ttl={value}', 'ttl')
    for value in ('x', '-1', '1209601', ''):
        refused(t, 'PUT', f'{t.q}/n?hide={value}', 'hide')
        refused(t, 'POST', f'{t.q}?hide={value}', 'hide')
        refused(t, 'POST', f'{t.q}/~messages?hide={value}', 'hide')
    for value in ('x', '-1', '0', '', '1.0'):
        for path in (t.q, t.a, '/v1.0'):
            refused(t, 'GET', f'{path}?limit={value}', 'limit')
        refused(t, 'DELETE', f'{t.q}?limit={value}', 'limit')
        refused(t, 'DELETE', f'{t.a}?limit={value}', 'limit')
    for more, name in (('wait=x', 'wait'), ('wait=-1', 'wait'), ('order=up', 'order'), ('on_empty=500', 'on_empty'),
                       ('detail=bad', 'detail'), ('match_meta=nocolon', 'match_meta')):
        refused(t, 'GET', f'{t.q}?{more}', name)
    for more, name in (('persistent=maybe', 'persistent'), ('priority=10', 'priority'), ('priority=x', 'priority')):
        refused(t, 'PUT', f'{t.q}/n?{more}', name)
    eq(t.get(t.q).json(), [{'id': 'm', 'ttl': 0, 'hide': 0, 'body': 'x'}])


@check('bounds of parameters are inclusive')
def inclusive(t):
    t.put(t.q + '/m?ttl=315360000&hide=1209600')
    t.put(t.q + '/m?ttl=00000001209600&hide=0', b'', 204)
    eq(t.get(t.q + '/m').json()['ttl'], 1209600)
    eq(t.ids('&limit=1000000000&wait=120'), ['m'])
    want(t.get(t.q + '?wait=121'), 200)


@check('an unknown match_hidden is false, any case of true is true')
def match_hidden(t):
    t.put(t.q + '/h?hide=60')
    for value in ('yes', '1', 'false', 'FALSE', ''):
        eq(t.ids('&match_hidden=' + value), [])
    for value in ('true', 'True', 'TRUE', 'tRuE'):
        eq(t.ids('&match_hidden=' + value), ['h'])


@check('a name given twice: the last wins; unknown names are ignored, unless handling is strict')
def twice(t):
    t.put_all('abc')
    eq(t.ids('&limit=3&limit=1'), ['a'])
    eq(t.ids('&limit=1&colour=red'), ['a'])
    strict = {'Prefer': 'handling=strict'}
    want(t.get(t.q + '?colour=red', strict), 400, 'invalid-parameter')
    want(t.call('PUT', t.q + '/d?colour=red', b'', strict), 400, 'invalid-parameter')
    want(t.get(t.q + '?limit=1', strict), 200)
    eq(t.ids(), ['a', 'b', 'c'])


@check('parameters are decoded')
def decoded(t):
    t.put(t.q + '/a%20b')
    t.put(t.q + '/c%26d')
    t.put(t.q + '/e%2Bf')
    eq(t.ids('&marker=a%20b'), ['c&d', 'e+f'])
    eq(t.ids('&marker=c%26d'), ['e+f'])
    eq(t.ids('&%6Cimit=1'), ['a b'])


@check('priorities are accepted; a queue with one level shows its highest')
def priority(t):
    t.put(t.q + '/m?priority=9')
    eq(t.get(t.q + '/m?detail=full').json()['priority'], 0)


@check('meta comes back, is matched, and is bounded')
def meta(t):
    t.put(t.q + '/a', headers={'Burrow-Meta-Region': 'north', 'Burrow-Meta-n-1': 'x'})
    t.put(t.q + '/b', headers={'Burrow-Meta-Region': 'south'})
    t.put(t.q + '/c', headers={'Burrow-Meta-Region': 'north'})
    eq(t.get(t.q + '/a?detail=full').json()['meta'], {'region': 'north', 'n-1': 'x'})
    eq(t.ids('&match_meta=region:north'), ['a', 'c'])
    eq(t.ids('&match_meta=region:north&match_meta=n-1:x'), ['a'])
    eq(t.ids('&match_meta=region:west'), [])
    many = {f'Burrow-Meta-k{n}': 'v' for n in range(16)}
    t.put(t.q + '/d', headers=many)
    for bad in ({**many, 'Burrow-Meta-k16': 'v'}, {'Burrow-Meta-' + 'k' * 65: 'v'}, {'Burrow-Meta-a_b': 'v'},
                {'Burrow-Meta-a': 'v' * 4097}):
        want(t.call('PUT', t.q + '/e', b'', bad), 400)
    want(t.get(t.q + '/e'), 404)
    eq([m['id'] for m in t.claim('&match_meta=region:south')], ['b'])
    want(t.delete(t.q + '?match_meta=region:north'), 204)
    eq(t.ids(), ['d'])


@check('match_meta examines 10000 messages, then says where to go on', heavy=True)
def meta_scan(t):
    t.fill(10500)
    want(t.batch([{'id': 'last', 'body': 'x', 'meta': {'k': 'v'}}]), 200)
    answer = want(t.get(t.q + '?detail=id&match_meta=k:v&wait=20'), 404)
    that('rel="next"' in answer.headers.get('link', ''), 'no Link')
    cursor = answer.headers['burrow-cursor']
    eq(t.ids('&match_meta=k:v&cursor=' + cursor), ['last'])
