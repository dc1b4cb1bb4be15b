#!/usr/bin/env python3
"""Hostile and broken requests over raw sockets: refused as they should be, and the node stays as it was.

After each group the node is up, its memory bounded, an ordinary message goes in and out, and nothing that was refused
has left a trace. usage: bad_input_test.py [--only GROUP]...
"""
import argparse
import contextlib
import http.client
import os
import random
import resource
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../support')]
import hostile  # noqa: E402
from burrow_node import Checks, Node  # noqa: E402
from hostile import A, connect, exchange  # noqa: E402

MIB = 1048576
GROWTH_MAX = 450 * MIB   # 256 MiB of requests may be buffered (limits.hpp); the rest is for the store and the heap
IDLE = 10000
IDLE_GROWTH_MAX = 120 * MIB
JSON = {'Content-Type': 'application/json'}


def memory(node):
    """Resident bytes of the node."""
    with open(f'/proc/{node.process.pid}/status') as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith('VmRSS'))


class Test:
    def __init__(self, node, checks):
        self.node, self.checks = node, checks
        self.ordinary_message()
        self.base = memory(node)

    def ordinary_message(self):
        client = self.node.client(timeout=10)
        name = f'/v1.0/ordinary/q/m{random.randrange(10 ** 9)}'
        statuses = [client.call('PUT', name, b'body').status, client.call('GET', name + '?detail=body').status]
        taken = client.call('DELETE', '/v1.0/ordinary/q?limit=1&detail=body')
        client.close()
        return statuses == [201, 200] and taken.status == 200 and taken.json() == ['body']

    def after(self, group):
        """What must hold after each group."""
        up = self.node.process.poll() is None
        if not self.checks.check(f'{group}: the node is up', up, up or self.node.log_tail()):
            raise RuntimeError('the node ended')
        self.checks.check(f'{group}: an ordinary message goes in and out', self.ordinary_message())
        grown = memory(self.node) - self.base
        self.checks.check(f'{group}: memory is bounded', grown < GROWTH_MAX, f'{grown / MIB:.0f} MiB more')
        client = self.node.client()
        answer = client.call('GET', A + '?detail=full')
        client.close()
        self.checks.check(f'{group}: nothing refused left a trace', answer.status == 404, answer.body[:300])

    def none(self, name, wrong, count):
        """One check for many requests: those that went wrong are named."""
        self.checks.check(f'{name} ({count} requests)', not wrong, '; '.join(map(str, wrong[:12])))


def side_by_side(jobs, threads=16):
    """Runs the callables on a few threads; returns what they return in order, exceptions among it."""
    results, todo = [None] * len(jobs), iter(range(len(jobs)))
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                n = next(todo, None)
            if n is None:
                return
            try:
                results[n] = jobs[n]()
            except Exception as e:  # reported by the caller, with the name of the request
                results[n] = e
    workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return results


def framing(t):
    """A hidden request is never served: one answer, then the connection closes."""
    wrong = []
    answers = side_by_side([lambda d=data: exchange(t.node, d) for _, data, _ in hostile.FRAMING])
    for (name, _, good), got in zip(hostile.FRAMING, answers):
        if isinstance(got, Exception) or len(got[0]) != 1 or got[0][0] not in good or not got[1]:
            wrong.append(f'{name}: {got}')
    t.none('wrong lengths and codings are refused, and what is behind them is not read', wrong, len(answers))


def heads(t):
    wrong = []
    answers = side_by_side([lambda d=data: exchange(t.node, d, 1.5) for _, data, _ in hostile.HEADS])
    for (name, _, good), got in zip(hostile.HEADS, answers):
        if isinstance(got, Exception) or len(got[0]) != 1 or got[0][0] not in good:
            wrong.append(f'{name}: {got}, not one of {good}')
    t.none('heads and targets', wrong, len(answers))
    wrong = []
    answers = side_by_side([lambda d=data: exchange(t.node, d, 1.5) for _, data in hostile.GARBAGE])
    for (name, _), got in zip(hostile.GARBAGE, answers):
        if isinstance(got, Exception) or any(code != 400 for code in got[0]):
            wrong.append(f'{name}: {got}')
    t.none('what is no HTTP at all is 400 or no answer', wrong, len(answers))


def call_json(t, client, path, text):
    try:
        return client.call('POST', path, text, JSON)
    except (OSError, http.client.HTTPException) as e:
        return e


def all_refused(answer):
    if answer.status == 200:
        return all(r['status'] >= 400 for r in answer.json()['results'])
    return answer.status in (400, 413)


def hostile_json(t):
    client = t.node.client(timeout=10)
    for path in ('~messages', '~ack', '~extend'):
        wrong = []
        for text in hostile.NO_JSON:
            answer = call_json(t, client, f'{A}/q/{path}', text)
            if isinstance(answer, Exception) or answer.status != 400 or answer.json()['type'] != '/problems/invalid-json':
                wrong.append((text[:60], answer if isinstance(answer, Exception) else (answer.status, answer.body[:80])))
        t.none(f'{path}: what is no JSON is invalid-json', wrong, len(hostile.NO_JSON))
        texts, wrong = hostile.WRONG + (hostile.ATTRIBUTES if path == '~messages' else []), []
        for text in texts:
            answer = call_json(t, client, f'{A}/q/{path}', text)
            if isinstance(answer, Exception) or not all_refused(answer):
                wrong.append((text[:80], answer if isinstance(answer, Exception) else (answer.status, answer.body[:80])))
        t.none(f'{path}: wrong shapes and values are refused', wrong, len(texts))
    client.close()


def accepted_json(t):
    """Odd, but JSON: it is stored and comes back, and does not break the JSON around it."""
    client, path = t.node.client(), '/v1.0/odd/q'
    bodies = [b'1e400', b'-0', b'9' * 400, b'1.' + b'0' * 300, b'[' * 100 + b']' * 100, b'"\\ud83d\\ude00"', b'"\\u0000"',
              b'{"a":1,"a":2}', b'"\\/\\b\\f\\n\\r\\t\\"\\\\"', b'{"":{}}', b'"\xef\xbf\xbf\xf4\x8f\xbf\xbf"']
    text = b'{"messages":[' + b','.join(b'{"id":"m%d","body":%s}' % p for p in enumerate(bodies)) + b'],"unknown":[1e999]}'
    answer = client.call('POST', path + '/~messages', text, JSON)
    t.checks.check('odd JSON is stored', answer.status == 200 and answer.json()['failed'] == 0, answer.body[:200])
    listed = client.call('GET', path)
    t.checks.check('and listed as JSON', listed.status == 200 and len(listed.json()) == len(bodies), listed.body[:200])
    got = [client.call('GET', f'{path}/m{n}?detail=body').body for n in (0, 2, 4, 7)]
    t.checks.check('numbers and repeated keys of a body are kept as they were', got == [bodies[n] for n in (0, 2, 4, 7)], got)
    client.call('DELETE', '/v1.0/odd')
    client.close()


def odd_name(rng):
    """255 bytes of valid UTF-8 that a name may hold, most of them odd."""
    kinds = ['\u00a0', '\u0085', '\u200b', '\u202e', '\ufeff', '\uffff', '\U0010ffff', '\u0301', '%', '"', '\\', '<', '&', '?', '#',
             ';', "'", ' ', '+', '\u20ac', '\U0001f4a9', '.', '{', '\u2028', '~', ',', '`', '|']
    text = 'n' + ''.join(rng.choice(kinds) for _ in range(250))
    text = text.encode()[:255].decode(errors='ignore')
    return text + 'x' * (255 - len(text.encode()))


def names(t):
    rng, client, wrong = random.Random(7), t.node.client(), []
    for n in range(40):
        account, queue, name = (odd_name(rng) for _ in range(3))
        parts = [urllib.parse.quote(p, safe='') for p in (account, queue, name)]
        path, body = '/v1.0/' + '/'.join(parts), f'b{n}'.encode()
        put, got = client.call('PUT', path, body), client.call('GET', path + '?detail=body')
        listed = client.call('GET', f'/v1.0/{parts[0]}/{parts[1]}?detail=id')
        queues = client.call('GET', f'/v1.0/{parts[0]}')
        if (put.status, got.body, listed.json(), queues.json()) != (201, body, [name], [queue]):
            wrong.append((put.status, got.status, listed.body[:80], queues.body[:80]))
        client.call('DELETE', f'/v1.0/{parts[0]}')
        if client.call('GET', f'/v1.0/{parts[0]}').status != 404:
            wrong.append('not deleted')
    t.none('names of 255 odd bytes go in and out', wrong, 40)
    wrong = []
    for n in range(300):
        raw = bytes(rng.randrange(256) for _ in range(rng.randint(1, 255))).lstrip(b'~') or b'x'
        path = f'{A}/q/' + ''.join(f'%{b:02x}' for b in raw + b'\x00')
        answer = client.call('PUT', path, b'x')
        if answer.status != 400:
            wrong.append((raw[:30], answer.status))
    t.none('names of random bytes with a NUL are refused', wrong, 300)
    client.close()


def cut_off(t):
    """The client goes away in the middle."""
    parts = [f'PUT {A}/q/m HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n'.encode() + b'x' * 999,
             f'PUT {A}/q/m HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n'.encode() + b'x' * 1000 + b'\r\n0\r\n',
             f'POST {A}/q/~messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: '
             f'{len(hostile.VALID)}\r\n\r\n'.encode() + hostile.VALID[:-1],
             f'PUT {A}/q/m HTTP/1.1\r\nHost: x\r\nContent-Le'.encode()]
    sent = 0
    for n in range(300):
        data = parts[n % len(parts)]
        with connect(t.node) as s:
            s.sendall(data[:len(data) - (n // len(parts)) % 60])
            sent += 1
    t.checks.check(f'{sent} requests cut off', sent == 300)


def timed(s, feed):
    """(seconds until the node closed or the feed ended, what came). Feeds a byte each second."""
    begin, got = time.monotonic(), b''
    s.settimeout(1)
    while time.monotonic() - begin < 20:
        try:
            part = s.recv(65536)
            got += part
            if not part:
                break
        except TimeoutError:
            with contextlib.suppress(OSError):
                s.sendall(next(feed, b''))
        except OSError:
            break
    return time.monotonic() - begin, got


def trickle(t, start, rest):
    with connect(t.node) as s:
        s.sendall(start)
        return timed(s, iter(rest))


def slow(t):
    head = f'PUT {A}/q/m HTTP/1.1\r\nHost: x\r\n'.encode()
    line = [bytes([b]) for b in b'X-Slow: 0123456789012345678901234567890\r\n']
    sized, chunked = head + b'Content-Length: 100\r\n\r\n', head + b'Transfer-Encoding: chunked\r\n\r\n64\r\n'
    slow_ones = [('a head of one byte a second', head, line), ('a head that stops', head, []), ('a body that does not come', sized, []),
                 ('a body that stops', sized + b'x' * 50, []), ('a chunk that stops', chunked + b'x' * 50, []),
                 ('one byte', b'P', [])]
    steady = f'PUT /v1.0/slow/q/m HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 13\r\n\r\n'.encode()
    jobs = [lambda a=a, b=b: trickle(t, a, b) for _, a, b in slow_ones]
    jobs.append(lambda: trickle(t, steady, [b'x'] * 13))
    results, done = [], threading.Event()

    def run():
        results.extend(side_by_side(jobs))
        done.set()
    threading.Thread(target=run, daemon=True).start()
    worst, good = 0.0, True
    while not done.wait(0.2):
        begin = time.monotonic()
        good = t.ordinary_message() and good
        worst = max(worst, time.monotonic() - begin)
    t.checks.check('others are served meanwhile', good and worst < 2, f'{worst:.1f} s')
    for (name, _, _), got in zip(slow_ones, results):
        ok = isinstance(got, tuple) and 8.5 <= got[0] <= 13 and got[1].startswith(b'HTTP/1.1 408 ')
        t.checks.check(f'{name} is 408 after 10 s, and closed', ok and b'request-timeout' in got[1], got)
    got = results[-1]
    t.checks.check('a body of one byte a second that comes to its end is stored',
                   isinstance(got, tuple) and got[1].startswith(b'HTTP/1.1 201 '), got)
    t.node.client().call('DELETE', '/v1.0/slow')


def buffered(t):
    """320 bodies of 1 MiB but for a byte: over the bound of all buffers some are refused, and none makes room for more."""
    head = f'PUT {A}/q/m HTTP/1.1\r\nHost: x\r\nContent-Length: {MIB}\r\n\r\n'.encode()
    body = b'x' * (MIB - 1)
    with contextlib.ExitStack() as stack:
        for _ in range(320):
            s = stack.enter_context(connect(t.node, timeout=2))
            with contextlib.suppress(OSError):
                s.sendall(head + body)
        grown = memory(t.node) - t.base
        t.checks.check('320 MiB of unfinished bodies are bounded', grown < GROWTH_MAX, f'{grown / MIB:.0f} MiB more')
        t.checks.check('others are served meanwhile', t.ordinary_message())


def idle(t):
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft < IDLE + 500:
        t.checks.skip(f'{IDLE} idle connections', f'only {soft} files may be open')
        return
    before = memory(t.node)
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(connect(t.node)) for _ in range(IDLE)]
        used = sockets[::2]
        for s in used:
            s.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        answered = sum(s.recv(1000).startswith(b'HTTP/1.1 200 ') for s in used)
        t.checks.check(f'{IDLE} connections: those that ask are answered', answered == len(used), answered)
        grown = memory(t.node) - before
        t.checks.check(f'{IDLE} idle connections: memory', grown < IDLE_GROWTH_MAX, f'{grown / MIB:.0f} MiB more')
        times = []
        for _ in range(50):
            begin = time.monotonic()
            t.ordinary_message()
            times.append(time.monotonic() - begin)
        t.checks.check(f'{IDLE} idle connections: others are served', sorted(times)[-2] < 0.5, f'{max(times):.2f} s')
        sample = random.sample(sockets, 200)
        for s in sample:
            s.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        good = sum(s.recv(1000).startswith(b'HTTP/1.1 200 ') for s in sample)
        t.checks.check('an idle connection is still good', good == len(sample), good)
    time.sleep(0.5)


GROUPS = (framing, heads, hostile_json, accepted_json, names, cut_off, slow, buffered, idle)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--only', action='append', choices=[g.__name__ for g in GROUPS])
    only = parser.parse_args().only
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    checks = Checks()
    with Node() as node:
        node.start()
        t = Test(node, checks)
        for group in GROUPS:
            if only and group.__name__ not in only:
                continue
            try:
                group(t)
                t.after(group.__name__)
            except Exception as e:  # a group that cannot go on is one failure; the others still run
                checks.check(f'{group.__name__} runs to its end', False, f'{type(e).__name__}: {e}')
                if node.process.poll() is not None:
                    node.start()
                    t = Test(node, checks)
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
