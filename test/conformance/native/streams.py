"""Event streams (contract section 6.1)."""
import contextlib
import http.client
import json
import queue
import re
import signal
import socket
import threading
import time

from burrow_node import Client, Node
from harness import Case, Failed, check, eq, flipped, that, token, want

MIB = 1 << 20
EVENTS = {'Accept': 'text/event-stream'}


class Stream:
    """An open stream. Events come as (id, data), comments as None; the end as the string `end`."""

    def __init__(self, t, path, headers=None):
        self.socket = socket.create_connection(('127.0.0.1', t.node.http), timeout=60)
        head = ''.join(f'{k}: {v}\r\n' for k, v in {**EVENTS, **(headers or {})}.items())
        self.socket.sendall(f'GET {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n'.encode())
        self.response = http.client.HTTPResponse(self.socket)
        self.response.begin()
        self.status, self.headers = self.response.status, {k.lower(): v for k, v in self.response.getheaders()}
        self.said = queue.Queue()
        if self.status == 200:
            threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        name = data = None
        try:
            while line := self.response.readline():
                line = line.decode().rstrip('\n')
                if line.startswith('id: '):
                    name = line[4:]
                elif line.startswith('data: '):
                    data = line[6:]
                elif not line and data is not None:
                    self.said.put((name, json.loads(data)))
                    data = None
                elif line.startswith(':'):
                    self.said.put(None)
            self.said.put('end')
        except (OSError, ValueError, http.client.HTTPException) as e:
            self.said.put(f'{type(e).__name__}: {e}')

    def next(self, seconds=5):
        """The next event, whatever comments come before it."""
        until = time.monotonic() + seconds
        while True:
            try:
                said = self.said.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty as e:
                raise Failed(f'no event within {seconds} s') from e
            if said is not None:
                return said

    def data(self, count, seconds=5):
        return [self.next(seconds)[1] for _ in range(count)]

    def silent(self, seconds=0.4):
        """Nothing comes but comments."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                said = self.said.get(timeout=left)
                that(said is None, f'{said} came')

    def __enter__(self):
        eq(self.status, 200)
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@check('an event a message: what is there, then what comes; the data is the form of `detail`, the id its cursor')
def events(t):
    t.put_all('ab')
    with Stream(t, t.q) as s:
        that(s.headers['content-type'].startswith('text/event-stream'), s.headers)
        that(s.headers['x-request-id'] and s.headers['burrow-zone'] == 'a' and 'content-length' not in s.headers, s.headers)
        eq(s.headers['cache-control'], 'no-store')
        first = s.next()
        eq(first[1], {'id': 'a', 'ttl': 0, 'hide': 0, 'body': 'a'})
        eq(s.next()[1]['id'], 'b')
        s.silent()
        t.put(t.q + '/c', b'line\nbreak\r\xff')
        eq(s.next(1)[1], {'id': 'c', 'ttl': 0, 'hide': 0, 'body': 'bGluZQpicmVhaw3/', 'body_encoding': 'base64'})
        t.batch([{'id': 'd', 'body': 'line\n\nbreak'}, {'id': 'e', 'body': ''}])
        eq([m['body'] for m in s.data(2)], ['line\n\nbreak', ''])
        eq(t.ids('&cursor=' + first[0]), list('bcde'))
    for detail, shown in (('id', 'a'), ('attributes', {'id': 'a', 'ttl': 0, 'hide': 0}), ('body', 'a')):
        with Stream(t, f'{t.q}?detail={detail}') as s:
            eq(s.next()[1], shown)
    with Stream(t, t.q + '?detail=full') as s:
        item = s.next()[1]
        eq((item['id'], item['claims'], 'receipt' in item), ('a', 0, False))


@check('a stream changes nothing, and sees what was replaced or is hidden as any list does')
def reads(t):
    t.put_all('abc')
    tag = t.get(t.q + '/a').headers['etag']
    want(t.post(t.q + '/b?hide=60'), 204)
    with Stream(t, t.q + '?detail=id') as s:
        eq(s.data(2), ['a', 'c'])
        want(t.call('PUT', t.q + '/c', b'new'), 204)
        s.silent()
    with Stream(t, t.q + '?detail=id&match_hidden=true') as s:
        eq(s.data(3), ['a', 'b', 'c'])
    eq(t.get(t.q + '/a').headers['etag'], tag)
    eq(t.get(t.q + '/a?detail=full').json()['claims_total'], 0)
    eq(t.get(t.q + '/~stats').json()['per_second']['claim'], 0)


@check('a queue that is not there yet can be followed')
def absent(t):
    with Stream(t, t.q + '?detail=id') as s:
        s.silent(0.2)
        want(t.get(t.a), 404, 'account-not-found')
        t.put(t.q + '/a')
        eq(s.data(1), ['a'])
        want(t.delete(t.q), 204)
        t.put(t.q + '/b')
        eq(s.data(1), ['b'])


@check('Last-Event-ID goes on where the last event was, before any cursor of the path; a bad one is 400')
def resumes(t):
    t.put_all('abcd')
    with Stream(t, t.q + '?detail=id') as s:
        seen = [s.next() for _ in range(4)]
    eq([data for _, data in seen], list('abcd'))
    want(t.delete(t.q + '/b'), 204)
    with Stream(t, t.q + '?detail=id', {'Last-Event-ID': seen[1][0]}) as s:
        eq(s.data(2), ['c', 'd'])
    for more in ('&cursor=' + seen[0][0], '&marker=a'):
        with Stream(t, t.q + '?detail=id' + more) as s:
            eq(s.data(1), ['c'])
        with Stream(t, t.q + '?detail=id' + more, {'Last-Event-ID': seen[2][0]}) as s:
            eq(s.data(1), ['d'])
    with Stream(t, f'{t.q}?detail=id&cursor={token(t.get(t.q))}') as s:
        s.silent(0.2)
    for bad in ('x', flipped(seen[0][0], 5), 'x' * 2000):
        want(t.get(t.q, {**EVENTS, 'Last-Event-ID': bad}), 400)
    want(t.get(f'{t.a}/other', {**EVENTS, 'Last-Event-ID': seen[0][0]}), 400)
    backwards = token(t.get(t.q + '?order=lifo&limit=1'))
    want(t.get(f'{t.q}?cursor={backwards}', EVENTS), 400)


@check('limit ends a stream, match_meta sifts it; there is none backwards, none of nothing, and none by other methods')
def options(t):
    t.put_all('abc')
    t.put(t.q + '/d', headers={'Burrow-Meta-k': 'v'})
    with Stream(t, t.q + '?detail=id&limit=2') as s:
        eq((s.data(2), s.next()), (['a', 'b'], 'end'))
    with Stream(t, t.q + '?detail=id&match_meta=k:v') as s:
        eq(s.data(1), ['d'])
        t.put_all('ef')
        t.put(t.q + '/g', headers={'Burrow-Meta-k': 'v'})
        eq(s.data(1), ['g'])
    for more in ('order=lifo', 'detail=none', 'detail=bad', 'limit=0', 'marker=a&cursor=b'):
        want(t.get(f'{t.q}?{more}', EVENTS), 400)
    want(t.get(t.q + '?x=1', {**EVENTS, 'Prefer': 'handling=strict'}), 400)
    answer = want(t.call('HEAD', t.q, None, EVENTS), 200)
    eq(answer.headers['content-type'], 'application/json')
    eq(want(t.post(t.q + '?detail=id&limit=1', None, EVENTS), 200).json(), ['a'])
    eq(want(t.get(t.q + '/a?detail=id', EVENTS), 200).body, b'a')
    eq(want(t.get(t.a, EVENTS), 200).json(), ['q'])


@check('a client of HTTP/1.0 gets a stream too, without chunks')
def old(t):
    t.put_all('a')
    with socket.create_connection(('127.0.0.1', t.node.http), timeout=5) as s:
        s.sendall(f'GET {t.q}?detail=id&limit=1 HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n'.encode())
        got = b''
        while part := s.recv(65536):
            got += part
    head, _, body = got.partition(b'\r\n\r\n')
    that(b'transfer-encoding' not in head.lower(), head)
    that(re.fullmatch(rb'id: [\w.-]+\ndata: "a"\n\n', body), body)


@check('a comment line every 15 s')
def comments(t):
    with Stream(t, t.q) as s:
        begin = time.monotonic()
        eq([s.said.get(timeout=1), s.said.get(timeout=18)], [None, None])
        that(14.5 <= time.monotonic() - begin <= 16.5, f'{time.monotonic() - begin:.1f} s')
        t.put_all('a')
        eq(s.data(1)[0]['id'], 'a')


@check('many readers, many messages: every stream has every message once, in order', heavy=True)
def all_of_it(t):
    names = t.fill(1500)
    streams = [Stream(t, t.q + '?detail=id') for _ in range(12)]
    names += t.fill(1500, prefix='n')
    for s in streams:
        eq(s.data(3000, 20), names)
        s.close()
    with Stream(t, t.q + '?detail=body') as s:
        eq(s.data(3000), ['x'] * 3000)


def open_many(t, count, path):
    request = f'GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n'.encode()
    sockets = []
    for _ in range(count):
        sockets.append(socket.create_connection(('127.0.0.1', t.node.http), timeout=20))
        sockets[-1].sendall(request)
    return sockets


@check('streams count against max_waiters, also those that are being written; 1000 are served, one more is 429',
       where='own')
def counted(_):
    with Node() as node, contextlib.ExitStack() as stack:
        node.start()
        t = Case(node)
        t.put(t.q + '/m')
        figure = {'streams': lambda: metric(node, 'burrow_http_streams'),
                  'events': lambda: metric(node, 'burrow_http_stream_events_total')}
        # Half of them have everything they want, half have not.
        sockets = [stack.enter_context(s) for path in (t.q, t.a + '/other') for s in open_many(t, 500, path)]
        t.until(lambda: figure['streams']() == 1000, 20, '1000 streams')
        answer = want(t.get(t.q, EVENTS), 429, 'too-many-waiters')
        that(answer.headers['retry-after'].isdigit(), answer.headers)
        want(t.get(t.a + '/third?wait=1'), 429, 'too-many-waiters')
        want(t.get(t.a + 'x/q', EVENTS | {'Last-Event-ID': 'x'}), 400)
        with Stream(t, t.a + 'x/q'):
            pass
        want(t.get(t.q), 200)
        t.put(t.q + '/n')
        for s in sockets[:500]:
            got = b''
            while got.count(b'\ndata: ') < 2:
                part = s.recv(65536)
                that(part, 'a stream ended')
                got += part
        eq(figure['events'](), 1000)
        sockets[0].close()
        t.until(lambda: t.get(t.a + '/third?wait=1').status == 404, 5, 'room for one more')
        for s in sockets:
            s.close()
        t.until(lambda: figure['streams']() == 0, 5, 'no stream')
        t.close()


def metric(node, name):
    client = Client(node.admin)
    page = client.call('GET', '/metrics').body.decode()
    client.close()
    return sum(float(line.rsplit(' ', 1)[1]) for line in page.splitlines() if re.match(name + r'[ {]', line))


def resident(node):
    with open(f'/proc/{node.process.pid}/status') as f:
        return int(re.search(r'VmRSS:\s+(\d+)', f.read())[1]) * 1024


@check('readers that do not read make the node keep a page each, and are closed', where='own')
def slow(_):
    with Node() as node:
        node.start()
        t = Case(node)
        for n in range(60):
            t.put(f'{t.q}/m{n}', b'x' * MIB)
        before, sockets = resident(node), open_many(t, 40, t.q)
        t.until(lambda: metric(node, 'burrow_http_stream_events_total') >= 40, 20, 'an event for each')
        most = 0
        begin = time.monotonic()
        while metric(node, 'burrow_http_streams') > 0:
            most = max(most, resident(node) - before)
            that(time.monotonic() - begin < 30, 'they are not closed')
            want(t.get(t.q + '/m0?detail=id'), 200)
            time.sleep(0.2)
        that(most < 250 * MIB, f'{most / MIB:.0f} MiB more for 40 streams')
        for s in sockets:
            s.close()
        with Stream(t, t.q) as s:
            eq([m['id'] for m in s.data(60, 20)], [f'm{n}' for n in range(60)])
        t.close()


@check('streams end whole when the node stops, and go on by Last-Event-ID at the next start', where='own')
def stop(_):
    with Node() as node:
        node.start()
        t = Case(node)
        t.put_all('ab')
        streams = [Stream(t, t.q + '?detail=id') for _ in range(5)] + [Stream(t, t.a + '/other') for _ in range(5)]
        last = [s.next() for s in streams[:5] for _ in range(2)][-1]
        begin = time.monotonic()
        eq(node.kill(signal.SIGTERM), 0, 'exit status')
        that(time.monotonic() - begin < 5, f'it took {time.monotonic() - begin:.1f} s')
        for s in streams:
            eq(s.next(2), 'end')
            s.close()
        node.start()
        again = Case(node)
        again.put(t.q + '/c')
        with Stream(again, t.q + '?detail=id', {'Last-Event-ID': last[0]}) as s:
            eq(s.data(1), ['c'])
        t.close(), again.close()
