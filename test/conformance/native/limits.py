"""Sizes and quotas as shipped (contract section 14; check 46 as far as the default of 1 MiB)."""
import http.client
import json
import select
import socket
import threading

from burrow_node import Node
from harness import Case, Failed, check, eq, problem_rules, that, want

MIB = 1048576


class Early:
    """An answer read from a raw socket."""

    def __init__(self, response, request):
        self.status, self.body, self.request = response.status, response.read(), request
        self.headers = {k.lower(): v for k, v in response.getheaders()}

    def json(self):
        return json.loads(self.body)


def send(t, method, path, fields, parts):
    """Sends the parts of a body until all are sent or an answer comes: a refusal need not wait for the rest."""
    head = f'{method} {path} HTTP/1.1\r\nHost: x\r\n' + ''.join(f'{k}: {v}\r\n' for k, v in fields.items()) + '\r\n'
    with socket.create_connection(('127.0.0.1', t.node.http), timeout=10) as s:
        try:
            s.sendall(head.encode())
            for part in parts:
                if select.select([s], [], [], 0)[0]:
                    break
                s.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        response = http.client.HTTPResponse(s)
        try:
            response.begin()
        except (OSError, http.client.HTTPException) as e:
            raise Failed(f'{method} {path[:80]}: no answer: {type(e).__name__}') from e
        answer = Early(response, f'{method} {path[:80]}')
    if answer.status >= 400 and answer.body:
        problem_rules(answer, path, answer.status not in (414, 431))
    return answer


def pieces(size, step=65536):
    return [b'x' * min(step, size - at) for at in range(0, size, step)]


def chunks(size):
    return [b'%x\r\n%s\r\n' % (len(p), p) for p in pieces(size)] + [b'0\r\n\r\n']


@check('a body of 1 MiB is stored, one byte more is 413, sized or chunked, before all of it is sent')
def body(t):
    for path, method in ((t.q + '/m', 'PUT'), (t.q + '/~messages', 'POST')):
        for size in (MIB + 1, 16 * MIB + 70000, 10 ** 15):
            parts = pieces(min(size, 20 * MIB))
            want(send(t, method, path, {'Content-Length': size}, parts), 413, 'body-too-large')
        want(send(t, method, path, {'Transfer-Encoding': 'chunked'}, chunks(MIB + 1)), 413, 'body-too-large')
        want(send(t, method, path, {'Transfer-Encoding': 'chunked'}, chunks(20 * MIB)), 413, 'body-too-large')
    want(t.get(t.a), 404)
    for fields, parts in (({'Content-Length': MIB}, pieces(MIB)), ({'Transfer-Encoding': 'chunked'}, chunks(MIB))):
        want(send(t, 'POST', t.q + '/~messages', {**fields, 'Content-Type': 'image/x'}, parts), 201)
    eq([len(b) for b in t.get(t.q + '?detail=body').json()], [MIB] * 2)


@check('a JSON request of nearly 8 MiB is served, one of more is 413')
def json_request(t):
    entries = [{'id': f'm{n}', 'body': 'x' * 1040000} for n in range(8)]
    eq(want(t.batch(entries), 200).json()['failed'], 0)
    want(t.delete(t.q), 204)
    text = json.dumps({'messages': entries + entries[:1]}).encode()
    parts = [text[at:at + 65536] for at in range(0, len(text), 65536)]
    for path in ('/~messages', '/~ack', '/~extend'):
        fields = {'Content-Type': 'application/json', 'Content-Length': len(text)}
        want(send(t, 'POST', t.q + path, fields, parts), 413, 'request-too-large')
    want(t.get(t.a), 404)


@check('a path and query of more than 8 KiB is 414')
def target(t):
    for path in (t.q + '?x=' + 'y' * 8192, '/v1.0/' + 'a/' * 4500):
        answer = send(t, 'GET', path, {}, [])
        want(answer, 414, 'uri-too-long')
    want(t.get(t.q + '?x=' + 'y' * 8000), 404, 'queue-not-found')


@check('a header block of more than 32 KiB is 431')
def head(t):
    want(send(t, 'GET', '/', {f'X-{n}': 'y' * 1000 for n in range(40)}, []), 431, 'headers-too-large')
    want(send(t, 'GET', '/', {'X-Long': 'y' * 40000}, []), 431, 'headers-too-large')
    want(t.get('/', {f'X-{n}': 'y' * 1000 for n in range(30)}), 200)


def put_many(port, paths, body, statuses):
    """PUTs on one connection, 32 in flight."""
    with socket.create_connection(('127.0.0.1', port), timeout=60) as s:
        stream = s.makefile('rb')
        for at in range(0, len(paths), 32):
            part = paths[at:at + 32]
            s.sendall(b''.join(f'PUT {p} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body
                               for p in part))
            for _ in part:
                statuses.append(int(stream.readline()[9:12]))
                length = 0
                while (line := stream.readline().lower()) not in (b'\r\n', b''):
                    if line.startswith(b'content-length:'):
                        length = int(line[15:])
                stream.read(length)


def put_at_once(t, paths, connections, body=b'x'):
    """How many of these PUTs had which status."""
    statuses = []
    threads = [threading.Thread(target=put_many, args=(t.node.http, paths[k::connections], body, statuses))
               for k in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eq(len(statuses), len(paths), 'answers')
    return {status: statuses.count(status) for status in set(statuses)}


def refused(answer):
    want(answer, 429, 'quota-exceeded')
    that(answer.json()['retryable'] is False and 'retry-after' not in answer.headers, answer.headers)


@check('at most 10000 queues of an account, exactly; a deleted one makes room; looking at more locks nobody out',
       heavy=True)
def queues(t):
    eq(put_at_once(t, [f'{t.a}/q{n}/m?ttl=0' for n in range(10100)], 32), {201: 10000, 429: 100})
    names, cursor = [], ''
    while True:
        page = want(t.get(f'{t.a}?limit=1000&{cursor}'), 200)
        names += page.json()
        if 'link' not in page.headers:
            break
        cursor = 'cursor=' + page.headers['burrow-cursor']
    eq(len(names), 10000, 'queues in the list')
    refused(t.call('PUT', t.a + '/more/m', b''))
    eq(want(t.batch([{'body': ''}], t.a + '/more'), 200).json()['results'][0]['status'], 429)
    for n in range(300):
        want(t.get(f'{t.a}/nothing{n}'), 404, 'queue-not-found')
    t.put(f'{t.a}/{names[7]}/n')
    want(t.get(f'{t.a}/{names[9999]}/m'), 200)
    t.put(t.a + 'x/q/m')
    want(t.delete(f'{t.a}/{names[8]}'), 204)
    t.put(t.a + '/more/m')
    refused(t.call('PUT', f'{t.a}/{names[8]}/m', b''))


@check('bounds of an account are exact over all of its shards, also when many come at once, and after kill -9',
       where='own')
def bounds(_):
    with Node(arguments=('--limits-queues', '50', '--limits-stored-bytes', '100000')) as node:
        node.start()
        t = Case(node)
        eq(put_at_once(t, [f'{t.a}/q{n % 80}/m{n}?ttl=0' for n in range(240)], 16, b'x' * 10), {201: 150, 429: 90})
        stored = 150 * 10
        eq(put_at_once(t, [f'{t.a}x/q{n % 40}/m{n}?ttl=0' for n in range(240)], 16, b'y' * 1000), {201: 100, 429: 140})
        eq(sum(q['bytes'] for q in t.get(t.a + '?detail=full').json()), stored)
        for _ in range(2):
            eq(sum(q['bytes'] for q in t.get(t.a + 'x?detail=full').json()), 100000)
            eq(put_at_once(t, [f'{t.a}/r{n}/m?ttl=0' for n in range(20)], 4), {429: 20})
            eq(put_at_once(t, [f'{t.a}x/q{n}/more?ttl=0' for n in range(40)], 4), {429: 40})
            name, full = t.a, t.a + 'x'
            node.kill()
            t.close()
            node.start()
            t = Case(node)
            t.a = name
        first = t.get(full).json()[0]
        gone = want(t.delete(f'{full}/{first}?limit=1&detail=id'), 200).json()[0]
        refused(t.call('PUT', f'{full}/q3/more', b'z' * 1001))
        want(t.call('PUT', f'{full}/q3/more', b'z' * 1000), 201)
        want(t.call('PUT', f'{full}/q3/more', b'z' * 1000), 204)
        refused(t.call('PUT', f'{full}/{first}/{gone}', b'z'))
        t.close()
