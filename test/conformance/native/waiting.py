"""Waiting (contract section 6; checks 15, 16, 17 and 31)."""
import contextlib
import socket
import time

from harness import check, eq, that, want


def soon(job, seconds_before, limit=0.5):
    """The answer of a held request, which must come within `limit` of the act `seconds_before` after it was sent."""
    answer, seconds = job()
    that(seconds < seconds_before + limit, f'{answer.request}: answered {seconds - seconds_before:.2f} s after the act')
    return answer


def act_after(job, delay, act):
    """Lets the request wait, does the act and returns the answer that must follow soon."""
    begin = time.monotonic()
    time.sleep(delay)
    act()
    return soon(job, time.monotonic() - begin)


@check('a reader and a taker are served when a message comes, also by a batch')
def arrival(t):
    for n, (method, more) in enumerate((('GET', ''), ('POST', '&hide=60'), ('DELETE', ''), ('POST', '&ttl=5'))):
        queue = f'{t.a}/q{n}'
        job = t.later(method, f'{queue}?wait=10&detail=id{more}')
        eq(want(act_after(job, 0.4, lambda q=queue: t.put(q + '/m')), 200).json(), ['m'])
    job = t.later('DELETE', t.q + '?wait=10&detail=id&limit=5')
    answer = act_after(job, 0.4, lambda: want(t.batch([{'id': 'a', 'body': ''}, {'id': 'b', 'body': ''}]), 200))
    eq(answer.json(), ['a', 'b'])


@check('detail=none waits too')
def no_detail(t):
    job = t.later('POST', t.q + '?wait=10&hide=60')
    eq(want(act_after(job, 0.4, lambda: t.put(t.q + '/m')), 204).headers['burrow-count'], '1')


@check('a message set visible is noticed, by id, by list and by ~extend')
def shown(t):
    t.put(t.q + '/m?hide=60')
    for act in (lambda: t.post(t.q + '/m?hide=0'), lambda: t.post(t.q + '?hide=0&match_hidden=true'),
                lambda: t.post(t.q + '/~extend', {'hide': 0, 'messages': [{'id': 'm'}]}),
                lambda: t.put(t.q + '/m', b'', 204)):
        job = t.later('GET', t.q + '?wait=10&detail=id')
        eq(want(act_after(job, 0.4, act), 200).json(), ['m'])
        want(t.post(t.q + '/m?hide=60'), 204)


@check('a hide that runs out is noticed')
def runs_out(t):
    t.put(t.q + '/m?hide=1')
    answer, seconds = t.later('POST', t.q + '?wait=10&hide=60&detail=id')()
    eq(want(answer, 200).json(), ['m'])
    that(0.5 < seconds < 2.1, f'{seconds:.2f} s')


@check('nothing comes: 404 after the wait, not before, little late')
def nothing(t):
    for more, status in (('', 404), ('&on_empty=200', 200), ('&on_empty=200&detail=none', 204)):
        job = t.later('GET', t.q + '?wait=2' + more)
        answer, seconds = job()
        want(answer, status)
        that(1.95 <= seconds <= 2.5, f'{seconds:.2f} s')
    t.put(t.q + '/h?hide=60')
    answer, seconds = t.later('POST', t.q + '?wait=1&hide=5')()
    want(answer, 404, 'message-not-found')
    that(0.95 <= seconds <= 1.5, f'{seconds:.2f} s')


@check('a message that does not match wakes nobody')
def no_match(t):
    t.put(t.q + '/a')
    cursor = t.get(t.q + '?detail=id').headers['burrow-cursor']
    job = t.later('GET', f'{t.q}?wait=10&detail=id&cursor={cursor}')
    meta = t.later('GET', f'{t.q}?wait=10&detail=id&match_meta=k:v')
    time.sleep(0.3)
    t.put(t.q + '/h?hide=60')
    t.put(t.q + '/a', b'new', 204)
    time.sleep(0.3)
    eq(t.get(t.q + '/~stats').json()['waiters'], 2)
    t.put(t.q + '/b', headers={'Burrow-Meta-k': 'v'})
    eq((job()[0].json(), meta()[0].json()), (['b'], ['b']))


@check('wait is ignored where there is something, and by single messages')
def at_once(t):
    begin = time.monotonic()
    want(t.get(t.q + '/m?wait=5'), 404)
    want(t.get(t.a + '?wait=5'), 404)
    t.put(t.q + '/m')
    want(t.get(t.q + '?wait=5&limit=10'), 200)
    that(time.monotonic() - begin < 2, 'it waited')


@check('two takers, one message: one gets it, the other waits on')
def two(t):
    for method in ('POST', 'DELETE'):
        queue = f'{t.a}/{method}'
        first = t.later(method, queue + '?wait=5&hide=30&limit=1&detail=id')
        time.sleep(0.4)
        second = t.later(method, queue + '?wait=5&hide=30&limit=1&detail=id')
        time.sleep(0.4)
        t.put(queue + '/a')
        eq(want(first()[0], 200).json(), ['a'], 'the longest waiting')
        time.sleep(0.3)
        t.put(queue + '/b')
        eq(want(second()[0], 200).json(), ['b'])


@check('every waiting reader is woken, and a taker beside them')
def readers(t):
    jobs = [t.later('GET', t.q + '?wait=10&detail=id') for _ in range(5)]
    t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 5, 5, 'five waiters')
    t.put(t.q + '/m')
    for job in jobs:
        eq(want(job()[0], 200).json(), ['m'])


def gone_waiter(t, method, queue):
    """A waiter whose client goes away."""
    s = socket.create_connection(('127.0.0.1', t.node.http), timeout=5)
    s.sendall(f'{method} {queue}?wait=20&hide=30&detail=id&limit=1 HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
    time.sleep(0.4)
    return s


@check('a client that is gone takes nothing: the message is there, unclaimed')
def gone(t):
    for method in ('POST', 'DELETE'):
        queue = f'{t.a}/{method}'
        gone_waiter(t, method, queue).close()
        time.sleep(0.3)
        t.put(queue + '/m')
        time.sleep(0.2)
        eq(t.ids(path=queue), ['m'])
        eq(t.get(queue + '/m?detail=full').json()['claims'], 0)
    t.until(lambda: t.get(f'{t.a}/POST/~stats').json()['waiters'] == 0, 2, 'the waiter is forgotten')


@check('the next in line is served in place of a client that is gone')
def next_in_line(t):
    for method in ('POST', 'DELETE'):
        queue = f'{t.a}/{method}'
        first = gone_waiter(t, method, queue)
        second = t.later(method, queue + '?wait=5&hide=30&detail=id')
        time.sleep(0.4)
        first.close()
        time.sleep(0.2)
        t.put(queue + '/m')
        eq(want(second()[0], 200).json(), ['m'])


@check('over 1000 held requests of an account: 429 with Retry-After, others wait on', heavy=True)
def too_many(t):
    request = f'GET {t.q}?wait=30&detail=id HTTP/1.1\r\nHost: x\r\n\r\n'.encode()
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_connection(('127.0.0.1', t.node.http))) for _ in range(1000)]
        for s in held:
            s.sendall(request)
        t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 1000, 10, '1000 waiters')
        answer = want(t.get(t.q + '?wait=5'), 429, 'too-many-waiters')
        that(answer.headers['retry-after'].isdigit() and answer.json()['retryable'], answer.headers)
        want(t.get(t.a + '/other?wait=1'), 429, 'too-many-waiters')
        want(t.get(t.q), 404)
        want(t.get(t.a + 'x/q?wait=1'), 404)
        t.put(t.q + '/m')
        for s in held:
            s.settimeout(10)
            that(s.recv(12) == b'HTTP/1.1 200', 'a held request was not served')
    t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 0, 5, 'no waiter')
