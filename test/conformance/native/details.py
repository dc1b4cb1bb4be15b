"""What lists and single messages show (contract section 4, checks 2, 6, 9 and 11), and the kinds of 404."""
import datetime
import re

from harness import check, eq, near, that, want

FULL = {'id', 'ttl', 'hide', 'body', 'content_type', 'created', 'expires', 'claims', 'claims_total', 'cursor',
        'priority', 'group', 'persistent', 'meta', 'sender', 'producer', 'trace', 'etag', 'dead_letter'}
LIST = {'id': ['m'], 'attributes': [{'id': 'm', 'ttl': 0, 'hide': 0}], 'body': ['x'],
        'all': [{'id': 'm', 'ttl': 0, 'hide': 0, 'body': 'x'}]}


@check('nothing there is 404, by kind')
def nothing(t):
    for method in ('GET', 'DELETE'):
        want(t.call(method, t.a), 404, 'account-not-found')
        want(t.call(method, t.q), 404, 'queue-not-found')
        want(t.call(method, t.q + '/m'), 404, 'message-not-found')
    want(t.post(t.q + '?hide=1'), 404, 'queue-not-found')
    want(t.post(t.q + '/m?hide=1'), 404, 'message-not-found')
    t.put(t.q + '/h?hide=60')
    for method in ('GET', 'DELETE', 'POST'):
        want(t.call(method, t.q + '?hide=1'), 404, 'message-not-found')
    want(t.get(t.a + '/other'), 404, 'queue-not-found')
    want(t.get(t.a + '?marker=q'), 404)


@check('on_empty=200 turns nothing into an empty answer')
def on_empty(t):
    for method in ('GET', 'POST', 'DELETE'):
        answer = want(t.call(method, t.q + '?on_empty=200&detail=id&hide=1'), 200)
        eq((answer.json(), answer.headers['burrow-count'] if method != 'GET' else '0'), ([], '0'))
        want(t.call(method, t.q + '?on_empty=200&detail=none&hide=1'), 204)
    want(t.get(t.a + '?on_empty=404'), 404)
    eq(want(t.get(t.a + '?on_empty=200'), 200).json(), [])


@check('each detail of a message list, by GET, POST and DELETE')
def lists(t):
    for detail, shown in LIST.items():
        for method in ('GET', 'POST', 'DELETE'):
            t.call('PUT', t.q + '/m?ttl=0', b'x')
            answer = want(t.call(method, f'{t.q}?detail={detail}'), 200)
            eq(answer.json(), shown, f'{method} {detail}')
            if method != 'GET':
                eq(answer.headers['burrow-count'], '1')
            eq(answer.headers['content-type'].split(';')[0], 'application/json')
    t.put(t.q + '/m', b'x')
    for method, more in (('POST', '?detail=none'), ('POST', ''), ('DELETE', '')):
        eq(want(t.call(method, t.q + more), 204).headers['burrow-count'], '1')
    want(t.get(t.a), 404)


@check('a list read by GET says how many it matched')
def count(t):
    t.put_all('ab')
    eq(t.get(t.q).headers.get('burrow-count'), '2')
    eq(t.get(t.q + '?detail=none').headers.get('burrow-count'), '2')


@check('each detail of one message, by GET, POST and DELETE')
def alone(t):
    for detail in ('id', 'attributes', 'body', 'all'):
        for method in ('GET', 'POST', 'DELETE'):
            t.call('PUT', t.q + '/m?ttl=0', b'x', {'Content-Type': 'text/x'})
            answer = want(t.call(method, f'{t.q}/m?detail={detail}'), 200)
            if detail in ('id', 'body'):
                eq(answer.body, {'id': b'm', 'body': b'x'}[detail])
            else:
                eq(answer.json(), LIST[detail][0])
            if detail == 'body':
                eq(answer.headers['content-type'], 'text/x')
    t.put(t.q + '/m', b'x')
    for method, more in (('GET', '?detail=none'), ('POST', '?detail=none'), ('POST', ''), ('DELETE', '')):
        want(t.call(method, t.q + '/m' + more), 204)


@check('detail=bad is 400 everywhere and changes nothing')
def bad(t):
    t.put(t.q + '/m', b'x')
    for path in (t.a, t.q, t.q + '/m'):
        for method in ('GET', 'DELETE') if path == t.a else ('GET', 'POST', 'DELETE'):
            for detail in ('bad', '', 'ALL'):
                want(t.call(method, f'{path}?hide=60&detail={detail}'), 400, 'invalid-parameter')
    eq(t.get(t.q).json(), LIST['all'])


@check('each detail of a queue list, by GET and DELETE')
def queues(t):
    for detail, shown in (('id', ['q']), ('all', [{'id': 'q'}]), ('attributes', [{'id': 'q'}])):
        for method in ('GET', 'DELETE'):
            t.call('PUT', t.q + '/m?ttl=0', b'x')
            eq(want(t.call(method, f'{t.a}?detail={detail}'), 200).json(), shown)
    t.put(t.q + '/m', b'x')
    want(t.get(t.a + '?detail=none'), 204)
    want(t.delete(t.a), 204)
    want(t.get(t.a), 404)


@check('detail=full of a queue list counts what is there')
def full_queues(t):
    t.put(t.q + '/a', b'12345')
    t.put(t.q + '/b?hide=60', b'12345')
    t.put(t.a + '/r/c?hide=60', b'1')
    one, two = want(t.get(t.a + '?detail=full'), 200).json()
    eq(set(one), {'id', 'visible', 'hidden', 'bytes', 'oldest_age', 'has_settings'})
    eq((one['id'], one['visible'], one['hidden'], one['has_settings']), ('q', 1, 1, False))
    eq((two['id'], two['visible'], two['hidden']), ('r', 0, 1))
    that(one['bytes'] >= 10 and one['oldest_age'] <= 5, one)


@check('detail=full of a message has every member')
def full(t):
    answer = t.put(t.q + '/m?ttl=600', b'{}', headers={'Content-Type': 'application/json', 'Burrow-Meta-a': 'b'})
    alone_, item = want(t.get(t.q + '/m?detail=full'), 200), t.get(t.q + '?detail=full').json()[0]
    eq(set(item), FULL)
    eq(set(alone_.json()), FULL)
    eq(item['content_type'], 'application/json')
    near(item['ttl'], 600)
    eq([item[k] for k in ('id', 'hide', 'body', 'claims', 'claims_total', 'priority', 'meta')],
       ['m', 0, '{}', 0, 0, 0, {'a': 'b'}])
    eq([item[k] for k in ('group', 'persistent', 'sender', 'producer', 'trace', 'dead_letter')], [None] * 6)
    eq((item['etag'], alone_.headers['etag']), (answer.headers['etag'], answer.headers['etag']))
    for moment in (item['created'], item['expires']):
        that(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', moment), moment)
    created, expires = (datetime.datetime.fromisoformat(item[k][:-1]) for k in ('created', 'expires'))
    that(abs((expires - created).total_seconds() - 600) < 1, f'{created} {expires}')
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    that(abs((now - created).total_seconds()) < 5, f'{created} {now}')


@check('detail=full: expires is null without a ttl, persistent as it was asked for')
def full_nulls(t):
    for more, asked in (('', None), ('?persistent=true', True), ('?persistent=false', False)):
        answer = t.call('PUT', t.q + '/m' + (more or '?ttl=0') + ('&ttl=0' if more else ''), b'')
        eq(answer.headers['burrow-durability'], 'quorum')
        item = t.get(t.q + '/m?detail=full').json()
        eq((item['expires'], item['persistent']), (None, asked))


@check('a body that is no UTF-8 is Base64 in every form of JSON')
def binary(t):
    t.put(t.q + '/m', b'\xff\x00')
    marked = {'body': '/wA=', 'body_encoding': 'base64'}
    eq(t.get(t.q + '?detail=body').json(), [marked])
    eq(t.get(t.q).json(), [{'id': 'm', 'ttl': 0, 'hide': 0, **marked}])
    item = t.get(t.q + '/m?detail=full').json()
    eq((item['body'], item['body_encoding']), ('/wA=', 'base64'))
    eq(t.get(t.q + '/m?detail=body').body, b'\xff\x00')


@check('ttl and hide read back, and both are reset')
def attributes(t):
    t.put(t.q + '/m?ttl=100&hide=200')
    item = t.get(t.q + '/m').json()
    near(item['ttl'], 100)
    near(item['hide'], 200)
    want(t.post(t.q + '/m?ttl=0&hide=0'), 204)
    item = t.get(t.q + '/m').json()
    eq((item['ttl'], item['hide']), (0, 0))
    eq(t.post(t.q + '/m?ttl=7&hide=9&detail=attributes').json(), {'id': 'm', 'ttl': 7, 'hide': 9})
    eq(t.post(t.q + '?match_hidden=true&ttl=70&hide=0&detail=attributes').json(), [{'id': 'm', 'ttl': 70, 'hide': 0}])
    want(t.post(t.q + '?hide=30'), 204)
    near(t.get(t.q + '/m').json()['ttl'], 70)


@check('POST with neither ttl nor hide changes nothing; its body is ignored')
def no_attributes(t):
    t.put(t.q + '/m', b'x')
    etag = t.get(t.q + '/m').headers['etag']
    want(t.post(t.q, b'hide=60', {'Content-Type': 'application/x-www-form-urlencoded'}), 204)
    eq(t.post(t.q + '?detail=id').json(), ['m'])
    eq(t.post(t.q + '/m?detail=attributes', b'hide=60').json(), {'id': 'm', 'ttl': 0, 'hide': 0})
    eq(t.get(t.q + '/m').headers['etag'], etag)
    eq(t.get(t.q + '/m?detail=full').json()['claims'], 0)


@check('accounts are separate')
def separate(t):
    t.put(t.q + '/m', b'1')
    t.put(t.a + 'x/q/m', b'2')
    want(t.delete(t.a), 204)
    eq(t.get(t.a + 'x/q/m?detail=body').body, b'2')
    eq(t.get(t.a + 'x').json(), ['q'])
    want(t.get(t.a), 404)
