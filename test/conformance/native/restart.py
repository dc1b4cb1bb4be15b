"""What outlives a crash, and how a node stops (contract sections 1.2, 6, 7; check 38)."""
import contextlib
import signal
import time

from burrow_node import Node
from harness import Case, check, eq, flipped, near, that, token, want


@contextlib.contextmanager
def fresh():
    """A node of this check alone, and a case on it."""
    with Node() as node:
        node.start()
        case = Case(node)
        yield node, case
        case.close()


def reborn(node, case):
    """The same account after kill -9 and a start over the same data."""
    node.kill()
    case.close()
    node.start()
    again = Case(node)
    again.a, again.q = case.a, case.q
    return again


@check('messages, names, places, attributes and counts outlive kill -9', where='own')
def messages(_):
    with fresh() as (node, t):
        t.put(t.q + '/a', b'\x00\xff', headers={'Content-Type': 'image/x', 'Burrow-Meta-k': 'v'})
        nameless = t.batch([{'body': {'n': 1}}]).json()['results'][0]['id']
        t.put(t.q + '/short?ttl=1')
        t.put(t.q + '/b?ttl=600')
        t.put(t.q + '/large', b'y' * 1048576)
        want(t.delete(t.q + '/b'), 204)
        t.put(t.q + '/b?ttl=600&hide=300')
        t.claim('&limit=1')
        t.put(t.a + '/emptied/m')
        want(t.delete(t.a + '/emptied'), 204)
        before = t.get(t.q + '?match_hidden=true&detail=full').json()
        t = reborn(node, t)
        time.sleep(1)
        after = t.get(t.q + '?match_hidden=true&detail=full').json()
        eq([m['id'] for m in after], ['a', nameless, 'large', 'b'])
        stays = ('id', 'body', 'content_type', 'created', 'expires', 'claims', 'claims_total', 'meta', 'etag')
        eq([{k: m[k] for k in stays} for m in after], [{k: m[k] for k in stays} for m in before if m['id'] != 'short'])
        near(after[3]['ttl'], 600, 8)
        near(after[3]['hide'], 300, 8)
        eq(t.get(t.a).json(), ['q'])
        stats = t.get(t.q + '/~stats').json()
        eq((stats['delayed'], stats['claimed']), (1, 1))


@check('the good entries of a batch with bad ones keep their bodies', where='own')
def good_entries(_):
    with fresh() as (node, t):
        want(t.batch([{'id': '~bad', 'body': 'x'}, {'id': 'a', 'body': 'first'}, {'id': 'b', 'body': 'second'}]), 200)
        t = reborn(node, t)
        eq([t.get(f'{t.q}/{name}?detail=body').body for name in 'ab'], [b'first', b'second'])


@check('receipts and cursors are good after kill -9; changed in one character they are not', where='own')
def seals(_):
    with fresh() as (node, t):
        t.put_all('abcd')
        receipts = {m['id']: m['receipt'] for m in t.claim('&limit=2')}
        cursor = token(t.get(t.q + '?limit=1&detail=id'))
        t = reborn(node, t)
        eq(t.ids('&cursor=' + cursor), ['d'])
        for at in range(0, len(cursor), 3):
            want(t.get(f'{t.q}?cursor={flipped(cursor, at)}'), 400, 'invalid-cursor')
        for at in range(0, len(receipts['a']), 3):
            want(t.delete(f'{t.q}/a?receipt={flipped(receipts["a"], at)}'), 412, 'receipt-stale')
        want(t.post(f'{t.q}/b?hide=0&receipt={receipts["b"]}'), 204)
        want(t.delete(f'{t.q}/a?receipt={receipts["a"]}'), 204)
        eq(t.claim('&limit=1')[0]['claims'], 2)
        t = reborn(node, t)
        eq(t.ids('&match_hidden=true'), ['b', 'c', 'd'])
        new = t.batch([{'body': ''}]).json()['results'][0]['id']
        eq(t.ids(), ['c', 'd', new])


@check('SIGTERM: waiters are answered at once with Connection: close, the exit is clean', where='own')
def stop(_):
    with fresh() as (node, t):
        jobs = [t.later('GET', t.q + '?wait=60'), t.later('POST', t.q + '?wait=60&hide=5&on_empty=200&detail=id')]
        t.until(lambda: t.get(t.q + '/~stats').json()['waiters'] == 2, 5, 'two waiters')
        t.put(t.a + '/other/m')
        begin = time.monotonic()
        code = node.kill(signal.SIGTERM)
        that(time.monotonic() - begin < 5, f'it took {time.monotonic() - begin:.1f} s')
        eq(code, 0, 'exit status')
        for job, status in zip(jobs, (404, 200)):
            answer, _ = job()
            eq(want(answer, status).headers.get('connection', '').lower(), 'close')
        node.start()
        again = Case(node)
        eq(again.ids(path=t.a), ['other'])
        again.close()
