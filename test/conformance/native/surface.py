"""Transport and paths: contract section 2, and the form of requests and answers (checks 1, 3 to 5, 20, 57, 58)."""
import base64
import http.client
import re
import socket
import subprocess
import tempfile

from burrow_node import BINARY, Client, Node, free_ports
from harness import JSON, check, eq, near, that, want


def raw(node, data, timeout=10):
    """Sends the bytes on a connection of its own and returns all that comes until the node closes or says no more."""
    with socket.create_connection(('127.0.0.1', node.http), timeout=timeout) as s:
        s.sendall(data)
        response = http.client.HTTPResponse(s)
        response.begin()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()


@check('GET / lists the version, other paths are 404')
def versions(t):
    answer = want(t.get('/'), 200)
    eq(answer.json(), ['v1.0'])
    eq(answer.headers['content-type'].split(';')[0], 'application/json')
    for path in ('/unknown', '/v1.1', '/v2.0/a', '/v1.0x', t.a + '/', t.q + '/', t.q + '/m/', t.q + '/m/x'):
        want(t.get(path), 404, 'not-found')


@check('methods that a path lacks are 405 with Allow')
def methods(t):
    want(t.call('OPTIONS', '/v1.0'), 405, 'method-not-allowed')
    for method, path in (('PUT', '/v1.0'), ('POST', '/v1.0'), ('PUT', t.a), ('POST', t.a), ('PUT', t.q), ('POST', '/'),
                         ('PUT', '/'), ('DELETE', '/'), ('OPTIONS', '/'), ('OPTIONS', t.q), ('PATCH', t.q + '/m'),
                         ('GET', t.q + '/~messages'), ('PUT', t.q + '/~ack'), ('DELETE', t.q + '/~extend'),
                         ('POST', t.q + '/~stats')):
        want(t.call(method, path, b''), 405, 'method-not-allowed')
    allowed = {m.strip() for m in t.call('PUT', t.q, b'').headers['allow'].split(',')}
    eq(allowed, {'GET', 'HEAD', 'POST', 'DELETE'})
    want(t.get(t.a), 404)


@check('PUT is 201, a second one 204, and there is one message')
def replace(t):
    answer = t.put(t.q + '/m', b'one')
    eq(want(t.get(answer.headers['location'] + '?detail=body'), 200).body, b'one')
    eq(answer.headers['burrow-ttl'], '0')
    that(re.fullmatch(r'"[^"]+"', answer.headers['etag']), answer.headers['etag'])
    second = t.put(t.q + '/m', b'two', 204)
    that(second.headers['etag'] != answer.headers['etag'], 'the etag stays')
    eq(second.headers['burrow-ttl'], '0')
    eq(t.get(t.q + '/m?detail=body').body, b'two')
    eq(t.ids(), ['m'])


@check('a classic message has four members, no others')
def members(t):
    t.put(t.q + '/m', b'test')
    eq(t.get(t.q + '/m').json(), {'id': 'm', 'ttl': 0, 'hide': 0, 'body': 'test'})
    eq(t.get(t.q).json(), [{'id': 'm', 'ttl': 0, 'hide': 0, 'body': 'test'}])


@check('without a ttl it is four days')
def default_ttl(t):
    answer = want(t.call('PUT', t.q + '/m', b''), 201)
    eq(answer.headers['burrow-ttl'], '345600')
    near(t.get(t.q + '/m').json()['ttl'], 345600)
    identity = want(t.post(t.q + '/~messages', b'x', {'Content-Type': 'text/plain'}), 201).json()['id']
    near(t.get(f'{t.q}/{identity}').json()['ttl'], 345600)


@check('HEAD is GET without the body')
def head(t):
    t.put(t.q + '/m', b'12345')
    for path in ('/', t.a, t.q, t.q + '/m', t.q + '/m?detail=body', t.q + '/~stats'):
        full, short = want(t.get(path), 200), want(t.call('HEAD', path), 200)
        eq(short.body, b'')
        eq(short.headers.get('content-length'), full.headers['content-length'], path)
        eq(short.headers.get('content-type'), full.headers['content-type'], path)
    want(t.call('HEAD', t.q + '/none'), 404)


@check('bodies: empty, chunked, 1 MiB, and every byte value raw and through JSON')
def bodies(t):
    t.put(t.q + '/empty', b'')
    eq(t.get(t.q + '/empty?detail=body').body, b'')
    eq(t.get(t.q + '/empty').json()['body'], '')
    t.put(t.q + '/chunked', iter([b'ab', b'c', b'd' * 70000]))
    eq(t.get(t.q + '/chunked?detail=body').body, b'abc' + b'd' * 70000)
    t.put(t.q + '/large', b'x' * 1048576)
    that(t.get(t.q + '/large?detail=body').body == b'x' * 1048576, 'the body of 1 MiB differs')
    every = bytes(range(256))
    t.put(t.q + '/every', every, headers={'Content-Type': 'image/x'})
    answer = t.get(t.q + '/every?detail=body')
    eq((answer.body, answer.headers['content-type']), (every, 'image/x'))
    item = t.get(t.q + '/every').json()
    eq((base64.b64decode(item['body']), item['body_encoding'], len(item)), (every, 'base64', 5))
    text = ''.join(map(chr, [*range(1, 0x20), 0x22, 0x5c, 0x7f, 0xe9, 0x2028, 0xffff, 0x1f600]))
    t.put(t.q + '/text', text.encode())
    eq(t.get(t.q + '/text').json()['body'], text)


@check('a content type is kept; without one it is an octet stream')
def content_types(t):
    kind = 'application/json; charset=utf-8'
    t.put(t.q + '/typed', b'{}', headers={'Content-Type': kind})
    eq(t.get(t.q + '/typed?detail=body').headers['content-type'], kind)
    t.put(t.q + '/bare', b'x')
    eq(t.get(t.q + '/bare?detail=body').headers['content-type'], 'application/octet-stream')


@check('X-Request-Id is kept if it is visible ASCII of at most 128 characters, else new')
def request_ids(t):
    for text in ('a', '~!{}', 'x' * 128):
        eq(t.get('/', {'X-Request-Id': text}).headers['x-request-id'], text)
    for text in ('x' * 129, 'a b', ''):
        that(t.get('/', {'X-Request-Id': text}).headers['x-request-id'] != text, f'{text!r} was kept')
    that(t.get('/').headers['x-request-id'] != t.get('/').headers['x-request-id'], 'two requests, one id')


@check('a refusal that comes before the body has the X-Request-Id of its request')
def refused_ids(t):
    named = {'X-Request-Id': 'mine'}
    answer = want(t.call('PUT', t.q + '/m', b'x' * 1048577, named), 413, 'body-too-large')
    eq((answer.headers['x-request-id'], answer.json()['request_id']), ('mine', 'mine'))


@check('compat.content_length_on_204 gives a 204 the length 0', where='own')
def compat(_):
    with Node(arguments=('--compat-content-length-on-204', 'true')) as node:
        node.start()
        for request in (f'PUT /v1.0/a/q/m?ttl=0 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',) * 2:
            status, headers, _ = raw(node, request.encode())
        eq((status, headers['content-length']), (204, '0'))


@check('the serving zone is named')
def zone(t):
    for path in ('/', '/openapi.json', '/problems/internal', '/nothing', t.a + '?limit=0', t.q + '/~stats'):
        eq(t.get(path).headers.get('burrow-zone'), 'a', path)
    eq(t.put(t.q + '/m').headers.get('burrow-zone'), 'a')
    eq(t.get(t.q).headers.get('burrow-zone'), 'a')


@check('Expect: 100-continue is honoured')
def expect(t):
    head_ = (f'PUT {t.q}/m?ttl=0 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n').encode()
    with socket.create_connection(('127.0.0.1', t.node.http), timeout=5) as s:
        s.sendall(head_)
        interim = s.recv(1000)
        that(interim.startswith(b'HTTP/1.1 100 '), f'{interim!r}')
        s.sendall(b'abc')
        that(s.recv(1000).startswith(b'HTTP/1.1 201 '), 'no 201 after it')
    eq(t.get(t.q + '/m?detail=body').body, b'abc')


@check('pipelined requests are answered in order')
def pipelined(t):
    t.put_all('ab')
    one = ''.join(f'GET {t.q}/{m}?detail=body HTTP/1.1\r\nHost: x\r\n\r\n' for m in 'abab' * 4).encode()
    with socket.create_connection(('127.0.0.1', t.node.http), timeout=5) as s:
        s.sendall(one + b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        got = b''
        while part := s.recv(65536):
            got += part
    eq(re.findall(rb'\r\n\r\n(a|b|\["v1.0"\])', got), [b'a', b'b', b'a', b'b'] * 4 + [b'["v1.0"]'])


@check('Connection: close and HTTP/1.0 end the connection')
def closing(t):
    for request in (b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', b'GET / HTTP/1.0\r\n\r\n'):
        with socket.create_connection(('127.0.0.1', t.node.http), timeout=5) as s:
            s.sendall(request)
            got = b''
            while part := s.recv(65536):
                got += part
        that(b' 200 ' in got[:20] and b'content-length' in got.lower(), f'{got[:200]!r}')


@check('errors are text for a client that takes only text/plain')
def plain_errors(t):
    answer = want(t.get(t.q + '/m', {'Accept': 'text/plain'}), 404)
    eq(answer.headers['content-type'].split(';')[0], 'text/plain')
    that(answer.body and not answer.body.startswith(b'{'), f'{answer.body!r}')
    want(t.get(t.q + '/m', {'Accept': 'text/plain, */*'}), 404).json()


@check('health on the client listener, metrics on the admin listener only')
def health(t):
    want(t.get('/healthz/live'), 200)
    want(t.get('/healthz/ready'), 200)
    want(t.get('/metrics'), 404, 'not-found')
    admin = Client(t.node.admin)
    metrics = admin.call('GET', '/metrics')
    eq(metrics.status, 200)
    that(metrics.headers['content-type'].startswith('text/plain') and b'# TYPE' in metrics.body, 'no Prometheus text')
    that(t.a.split('/')[-1].encode() not in metrics.body, 'an account is a label')
    t.put(t.q + '/m', b'via client')
    eq(admin.call('GET', t.q + '/m?detail=body').body, b'via client')
    eq(admin.call('GET', '/').json(), ['v1.0'])
    admin.close()


@check('JSON requests may hold white space', heavy=False)
def white_space(t):
    text = b' \r\n\t{ "messages" :\n[ { "id" : "w" , "body" : { "a" : [ 1 , 2 ] } } ] } \n'
    eq(want(t.post(t.q + '/~messages', text, JSON), 200).json()['failed'], 0)
    eq(t.get(t.q + '/w?detail=body').body, b'{"a":[1,2]}')


@check('an address that is not loopback needs --insecure-http', where='own')
def insecure(_):
    with tempfile.TemporaryDirectory(prefix='burrow-test-') as scratch:
        http_port, admin = free_ports(2)
        command = [BINARY, 'serve', '--node', 'n1', '--zone', 'a', '--data', scratch + '/data',
                   '--http', f'0.0.0.0:{http_port}', '--admin', f'127.0.0.1:{admin}']
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
        except subprocess.TimeoutExpired:
            that(False, 'it runs')
        that(done.returncode != 0 and b'insecure-http' in done.stderr + done.stdout,
             f'{done.returncode} {done.stderr[-300:]!r}')
