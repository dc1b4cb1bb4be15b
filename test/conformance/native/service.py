"""The service and its accounts (contract section 5.1; checks 2, 7 and 14), on a node where nothing else is."""
import threading

from burrow_node import Client
from harness import check, eq, that, token, want


@check('an empty service has nothing', where='alone')
def empty(t):
    for method in ('GET', 'DELETE'):
        want(t.call(method, '/v1.0'), 404, 'account-not-found')
        want(t.call(method, '/v1.0/a'), 404, 'account-not-found')
        want(t.call(method, '/v1.0/a/q'), 404, 'queue-not-found')
        want(t.call(method, '/v1.0/a/q/m'), 404, 'message-not-found')
    eq(want(t.get('/v1.0?on_empty=200'), 200).json(), [])


@check('limit, marker, prefix and detail of accounts', where='alone')
def accounts(t):
    for account in ('b', 'Z', 'a'):
        t.put(f'/v1.0/{account}/q/m', b'x')
    names = ['Z', 'a', 'b']
    for limit in (1, 2, 3, 100):
        eq(t.ids(f'&limit={limit}', '/v1.0'), names[:limit])
    eq(t.ids('&marker=Z', '/v1.0'), names[1:])
    eq(t.ids('&marker=a', '/v1.0'), names[2:])
    want(t.get('/v1.0?marker=b'), 404, 'account-not-found')
    eq(t.ids('&marker=unknown', '/v1.0'), names)
    eq(t.ids('&marker=Z&limit=1', '/v1.0'), ['a'])
    eq(t.ids('&prefix=a', '/v1.0'), ['a'])
    eq(t.ids('&cursor=' + token(t.get('/v1.0?limit=2')), '/v1.0'), ['b'])
    want(t.get('/v1.0?detail=none'), 204)
    want(t.get('/v1.0?detail=bad'), 400, 'invalid-parameter')
    eq(t.get('/v1.0?detail=all').json(), [{'id': n} for n in names])
    eq(t.get('/v1.0?detail=attributes').json(), [{'id': n} for n in names])
    t.put('/v1.0/a/r/m?hide=60', b'x')
    full = t.get('/v1.0?detail=full').json()[1]
    eq((set(full), full['id'], full['queues'], full['messages']), ({'id', 'queues', 'messages', 'bytes'}, 'a', 2, 2))


@check('DELETE on the service, by limit, marker and detail', where='alone')
def delete(t):
    want(t.delete('/v1.0?detail=bad'), 400, 'invalid-parameter')
    eq(t.delete('/v1.0?limit=1&detail=id').json(), ['Z'])
    eq(t.delete('/v1.0?marker=a&detail=all').json(), [{'id': 'b'}])
    eq(t.get('/v1.0').json(), ['a'])
    want(t.delete('/v1.0?marker=a'), 404)
    want(t.delete('/v1.0'), 204)
    want(t.get('/v1.0/a/r?match_hidden=true'), 404)
    want(t.get('/v1.0'), 404, 'account-not-found')


@check('1000 queues in 1000 accounts are deleted by one request', where='alone')
def thousand(t):
    def put(first):
        client = Client(t.node.http)
        for n in range(first, 1000, 8):
            client.call('PUT', f'/v1.0/acc{n:04d}/q/m?ttl=0', b'x')
        client.close()
    threads = [threading.Thread(target=put, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eq(want(t.get('/v1.0'), 200).json(), [f'acc{n:04d}' for n in range(1000)])
    want(t.delete('/v1.0?marker=unknown'), 204)
    want(t.get('/v1.0'), 404, 'account-not-found')
    that(t.get('/v1.0/acc0999/q').status == 404, 'a message is left')
