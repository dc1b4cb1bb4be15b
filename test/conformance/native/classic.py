"""What a client written in 2011 relies on: the rules tagged O in the contract, kept to the letter. Only what it knew is
sent (no cursor, receipt, header field or parameter of later), and JSON is compared as a whole: nothing may be added."""
import base64
import socket
import threading
import time

from burrow_node import Client
from harness import check, eq, near, that, want


def shown(name, body=None):
    return {'id': name, 'ttl': 0, 'hide': 0, 'body': name if body is None else body}


@check('GET / is ["v1.0"]; a path that is not there is 404; OPTIONS is 405', where='shared')
def service(t):
    answer = want(t.get('/'), 200)
    eq((answer.json(), answer.headers['content-length']), (['v1.0'], str(len(answer.body))))
    for path in ('/x', '/v1.0/a/q/m/x', '/v2.0'):
        want(t.get(path), 404)
    want(t.call('OPTIONS', '/v1.0'), 405)


@check('methods that the original lacked: PUT and POST on accounts, PUT on a queue, all but GET on /')
def lacking(t):
    t.put_all('a')
    for method, path in (('PUT', '/v1.0'), ('POST', '/v1.0'), ('PUT', t.a), ('POST', t.a), ('PUT', t.q), ('PUT', '/'),
                         ('POST', '/'), ('DELETE', '/')):
        want(t.call(method, path, b''), 405)
    eq(t.get(t.q).json(), [shown('a')])


@check('accounts and queues are there while they hold a message, hidden ones too')
def existence(t):
    want(t.get(t.a), 404)
    t.put_all('ab')
    t.put(t.a + '/r/m?hide=100')
    eq(t.get(t.a).json(), ['q', 'r'])
    want(t.get(t.a + '/r'), 404)
    want(t.delete(t.q + '/a'), 204)
    eq(t.get(t.a).json(), ['q', 'r'])
    want(t.delete(t.q + '/b'), 204)
    eq(t.get(t.a).json(), ['r'])
    want(t.delete(t.a + '/r'), 404)
    want(t.delete(t.a + '/r?match_hidden=true'), 204)
    for method in ('GET', 'DELETE'):
        for path in (t.a, t.q, t.q + '/a'):
            want(t.call(method, path), 404)


@check('PUT is 201, then 204; equal ids are one message, which keeps its place; an insert has no body')
def insert(t):
    eq(want(t.call('PUT', t.q + '/a?ttl=0', b'1'), 201).body, b'')
    t.put_all('bc')
    eq(want(t.call('PUT', t.q + '/a?ttl=0', b'2'), 204).body, b'')
    eq(t.get(t.q).json(), [shown('a', '2'), shown('b'), shown('c')])


@check('each detail in lists and alone, by GET, POST and DELETE; a bad one is 400 and changes nothing')
def details(t):
    in_list = {'id': 'm', 'attributes': {'id': 'm', 'ttl': 0, 'hide': 0}, 'body': 'text', 'all': shown('m', 'text')}
    for detail, item in in_list.items():
        for method in ('GET', 'POST', 'DELETE'):
            t.call('PUT', t.q + '/m?ttl=0', b'text', {'Content-Type': 'text/x'})
            eq(want(t.call(method, f'{t.q}?detail={detail}'), 200).json(), [item], f'{method} {detail}')
            t.call('PUT', t.q + '/m?ttl=0', b'text', {'Content-Type': 'text/x'})
            answer = want(t.call(method, f'{t.q}/m?detail={detail}'), 200)
            if detail in ('id', 'body'):
                eq(answer.body.decode(), item, f'{method} {detail}')
            else:
                eq(answer.json(), item, f'{method} {detail}')
            if detail == 'body':
                eq(answer.headers['content-type'], 'text/x')
    t.put(t.q + '/m', b'text')
    for path in (t.q, t.q + '/m'):
        eq(want(t.get(path + '?detail=none'), 204).body, b'')
        for method in ('GET', 'POST', 'DELETE'):
            want(t.call(method, path + '?detail=bad&hide=9'), 400)
    eq(t.get(t.q).json(), [shown('m', 'text')], 'the default is all')
    eq(t.get(t.a + '?detail=all').json(), [{'id': 'q'}])
    eq(t.get(t.a + '?detail=id').json(), ['q'])
    want(t.get(t.a + '?detail=none'), 204)
    for path in (t.q + '/m', t.q, t.a):
        t.call('PUT', t.q + '/m?ttl=0', b'')
        eq(want(t.delete(path), 204).body, b'', 'the default of DELETE is none')
    t.put(t.q + '/m')
    eq(want(t.post(t.q + '?hide=0'), 204).body, b'', 'the default of POST is none')


@check('limit and marker; a marker that is not there starts from the beginning, the last one is 404')
def pages(t):
    t.put_all('dacb')
    for limit, names in ((1, 'd'), (3, 'dac'), (4, 'dacb'), (100, 'dacb')):
        eq(t.ids(f'&limit={limit}'), list(names))
    for marker, names in (('d', 'acb'), ('c', 'b'), ('nobody', 'dacb')):
        eq(t.ids('&marker=' + marker), list(names))
        eq(t.post(f'{t.q}?ttl=0&detail=id&marker={marker}').json(), list(names))
    want(t.get(t.q + '?marker=b'), 404)
    eq(t.ids('&marker=d&limit=2'), ['a', 'c'])
    eq(t.delete(t.q + '?limit=1&marker=a&detail=id').json(), ['c'])
    eq(t.ids('&marker=c'), ['d', 'a', 'b'])
    for queue in 'rs':
        t.put(f'{t.a}/{queue}/m')
    eq((t.ids('&limit=2', t.a), t.ids('&marker=q', t.a), t.ids('&marker=x', t.a)), (['q', 'r'], ['r', 's'], ['q', 'r', 's']))
    eq(t.delete(t.a + '?marker=q&limit=1&detail=id').json(), ['r'])


@check('hide: skipped by lists, read, changed and removed by id; match_hidden in any case')
def hidden(t):
    t.put(t.q + '/v')
    t.put(t.q + '/h?hide=100')
    eq(t.ids(), ['v'])
    for word in ('true', 'True', 'TRUE'):
        eq(t.ids('&match_hidden=' + word), ['v', 'h'])
    for word in ('false', 'yes', '1', ''):
        eq(t.ids('&match_hidden=' + word), ['v'])
    near(t.get(t.q + '/h').json()['hide'], 100)
    near(t.post(t.q + '/h?hide=50&detail=attributes').json()['hide'], 50)
    want(t.delete(t.q), 204)
    eq(t.ids('&match_hidden=true'), ['h'])
    want(t.delete(t.q + '/h'), 204)
    want(t.get(t.a), 404)


@check('ttl and hide read back, are reset by 0, and POST shows the new ones; neither given: nothing changes')
def attributes(t):
    t.put(t.q + '/m?ttl=100&hide=200')
    item = t.get(t.q + '/m').json()
    near(item['ttl'], 100), near(item['hide'], 200)
    want(t.post(t.q + '/m?ttl=0&hide=0'), 204)
    eq(t.get(t.q + '/m').json(), shown('m', ''))
    eq(t.post(t.q + '?ttl=7&hide=9&detail=attributes').json(), [{'id': 'm', 'ttl': 7, 'hide': 9}])
    eq(t.post(t.q + '?match_hidden=true&detail=id').json(), ['m'])
    near(t.get(t.q + '/m').json()['hide'], 9)
    want(t.call('PUT', t.q + '/m', b''), 204)
    near(t.get(t.q + '/m').json()['ttl'], 345600)


@check('the ttl runs on while a message is hidden; it comes back to its place when the hide ends')
def clocks(t):
    t.put_all('a')
    t.put(t.q + '/b?ttl=2')
    t.put_all('c')
    eq(t.post(t.q + '?limit=2&hide=1&detail=id').json(), ['a', 'b'])
    eq(t.ids(), ['c'])
    t.until(lambda: t.ids() == ['a', 'b', 'c'], 3, 'both are back')
    want(t.post(t.q + '/b?hide=60'), 204)
    t.until(lambda: t.get(t.q + '/b').status == 404, 4, 'b is gone')
    eq(t.ids('&match_hidden=true'), ['a', 'c'])


@check('a worker takes by hiding and finishes by deleting, without any proof; DELETE on the queue takes at once')
def workers(t):
    t.put_all('abcd')
    eq(t.post(t.q + '?limit=2&hide=60&detail=all').json(),
       [{'id': n, 'ttl': 0, 'hide': 60, 'body': n} for n in 'ab'])
    want(t.post(t.q + '/a?hide=90'), 204)
    want(t.post(t.q + '/b?hide=0'), 204)
    eq(t.ids(), ['b', 'c', 'd'])
    want(t.delete(t.q + '/a'), 204)
    want(t.delete(t.q + '/b'), 204)
    eq(t.delete(t.q + '?limit=1&detail=body').json(), ['c'])
    eq(t.delete(t.q + '?detail=all').json(), [shown('d')])
    want(t.get(t.a), 404)


@check('two takers never get the same message')
def takers(t):
    names, got = t.fill(200), []

    def take(method):
        client = Client(t.node.http)
        while (answer := t.call(method, t.q + '?limit=3&hide=60&detail=id', client=client)).status == 200:
            got.extend(answer.json())
        client.close()
    threads = [threading.Thread(target=take, args=(m,)) for m in ('POST', 'DELETE') * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eq(sorted(got), names)


@check('wait: held until one matches, not until `limit` is full; 404 when nothing came; the queue need not exist')
def waits(t):
    for method in ('GET', 'POST', 'DELETE'):
        queue = f'{t.a}/{method}'
        job = t.later(method, queue + '?wait=10&limit=5&detail=id&hide=30')
        time.sleep(0.3)
        t.put(queue + '/m')
        answer, seconds = job()
        eq(want(answer, 200).json(), ['m'])
        that(0.25 <= seconds < 1.5, seconds)
    answer, seconds = t.later('GET', t.q + '?wait=1')()
    want(answer, 404)
    that(0.95 <= seconds <= 1.6, seconds)


@check('one message ignores wait and match_hidden; unknown parameters are ignored everywhere')
def ignored(t):
    begin = time.monotonic()
    want(t.get(t.q + '/m?wait=5&match_hidden=false'), 404)
    that(time.monotonic() - begin < 1, 'it waited')
    t.put(t.q + '/m?colour=red&hide=60')
    eq(t.get(t.q + '/m?match_hidden=false&colour=blue').json()['id'], 'm')
    eq(t.ids('&match_hidden=true&colour='), ['m'])


@check('bodies: empty, chunked, with any content type; answers have their length and are never chunked')
def bodies(t):
    t.put(t.q + '/empty', b'')
    t.put(t.q + '/chunked', iter([b'ab', b'c' * 9000]))
    t.put(t.q + '/typed', b'{"a": 1}', headers={'Content-Type': 'application/json; x=y'})
    for name, body in (('empty', b''), ('chunked', b'ab' + b'c' * 9000), ('typed', b'{"a": 1}')):
        answer = t.get(f'{t.q}/{name}?detail=body')
        eq((answer.body, answer.headers['content-length']), (body, str(len(body))))
        that('transfer-encoding' not in answer.headers, name)
    eq(t.get(t.q + '/typed?detail=body').headers['content-type'], 'application/json; x=y')
    eq([m['body'] for m in t.get(t.q).json()], ['', 'ab' + 'c' * 9000, '{"a": 1}'])
    every = bytes(range(256))
    t.put(t.q + '/every', every)
    eq(base64.b64decode(t.get(t.q + '/every').json()['body']), every)


@check('a client that closes each connection, and one that speaks HTTP/1.0')
def connections(t):
    for line, more in (('HTTP/1.1', 'Host: x\r\nConnection: close\r\n'), ('HTTP/1.0', '')):
        with socket.create_connection(('127.0.0.1', t.node.http), timeout=5) as s:
            s.sendall(f'PUT {t.q}/m?ttl=0 {line}\r\n{more}Content-Length: 1\r\n\r\nx'.encode())
            got = b''
            while part := s.recv(65536):
                got += part
        that(got[9:12] in (b'201', b'204') and got.endswith(b'\r\n\r\n'), got)
    eq(t.get(t.q).json(), [shown('m', 'x')])
