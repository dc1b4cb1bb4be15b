"""Conditional requests (contract sections 10 and 15.1; check 28)."""
from harness import check, eq, that, want

ANY = {'If-None-Match': '*'}


@check('If-None-Match: * on PUT: 201, then 412, and nothing changes')
def once(t):
    t.put(t.q + '/m', b'1', headers=ANY)
    want(t.call('PUT', t.q + '/m?ttl=9&hide=9', b'2', ANY), 412, 'already-exists')
    eq(t.get(t.q + '/m').json(), {'id': 'm', 'ttl': 0, 'hide': 0, 'body': '1'})
    t.delete(t.q + '/m')
    t.put(t.q + '/m', b'3', headers=ANY)


@check('the ETag of a message changes by PUT, POST and claims, and answers 304 while it holds')
def etag(t):
    seen = [t.put(t.q + '/m', b'1').headers['etag']]
    for change in (lambda: t.put(t.q + '/m', b'2', 204), lambda: t.post(t.q + '/m?ttl=70'), t.claim):
        change()
        tag = t.get(t.q + '/m').headers['etag']
        that(tag not in seen and tag.startswith('"'), f'{tag} after {seen}')
        answer = want(t.get(t.q + '/m', {'If-None-Match': tag}), 304)
        eq(answer.headers.get('etag'), tag)
        want(t.get(t.q + '/m', {'If-None-Match': f'"other", {tag}'}), 304)
        want(t.get(t.q + '/m', {'If-None-Match': seen[-1]}), 200)
        seen.append(tag)
    want(t.get(t.q + '/m', ANY), 304)


@check('If-Match guards PUT, POST and DELETE of a message')
def if_match(t):
    want(t.call('PUT', t.q + '/m', b'', {'If-Match': '"1"'}), 412, 'etag-mismatch')
    want(t.call('PUT', t.q + '/m', b'', {'If-Match': '*'}), 412, 'etag-mismatch')
    want(t.get(t.a), 404)
    old = t.put(t.q + '/m', b'1').headers['etag']
    new = t.put(t.q + '/m', b'2', 204, {'If-Match': old}).headers['etag']
    for method in ('PUT', 'POST', 'DELETE'):
        want(t.call(method, t.q + '/m?hide=9', b'3', {'If-Match': old}), 412, 'etag-mismatch')
    eq(t.get(t.q + '/m').json(), {'id': 'm', 'ttl': 0, 'hide': 0, 'body': '2'})
    want(t.call('POST', t.q + '/m?hide=9', None, {'If-Match': new}), 204)
    want(t.call('DELETE', t.q + '/m', None, {'If-Match': new}), 412, 'etag-mismatch')
    want(t.call('DELETE', t.q + '/m', None, {'If-Match': '*'}), 204)
    want(t.call('DELETE', t.q + '/m', None, {'If-Match': '*'}), 412, 'etag-mismatch')


@check('a list may have a weak ETag, which any change of the queue changes')
def lists(t):
    t.put(t.q + '/m')
    tag = t.get(t.q).headers.get('etag')
    that(tag is None or tag.startswith('W/"'), tag)
    if tag:
        want(t.get(t.q, {'If-None-Match': tag}), 304)
        want(t.get(t.q + '?wait=5', {'If-None-Match': tag}), 304)
        t.put(t.q + '/n')
        want(t.get(t.q, {'If-None-Match': tag}), 200)
