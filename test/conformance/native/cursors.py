"""Cursors (contract section 8; checks 23 and 51's second half)."""
import threading

from burrow_node import Client
from harness import check, eq, flipped, next_of, that, token, want


@check('a cursor goes on after its message, which may be gone')
def goes_on(t):
    t.put_all('abcd')
    answer = t.get(t.q + '?limit=2&detail=id')
    t.delete(t.q + '/b')
    eq(t.ids('&cursor=' + token(answer)), ['c', 'd'])
    eq(t.ids('&limit=1&cursor=' + token(answer)), ['c'])
    end = token(t.get(t.q + '?detail=id'))
    empty = want(t.get(f'{t.q}?cursor={end}'), 404)
    eq(token(empty), end)
    empty = want(t.get(f'{t.q}?cursor={end}&on_empty=200'), 200)
    eq((empty.json(), token(empty)), ([], end))
    t.put(t.q + '/e')
    eq(t.ids('&cursor=' + end), ['e'])


@check('every list has a cursor: messages by each method, queues, and each item in full')
def everywhere(t):
    t.put_all('abcd')
    eq(t.ids('&cursor=' + t.get(t.q + '?detail=full').json()[1]['cursor']), ['c', 'd'])
    eq(t.ids('&cursor=' + t.get(t.q + '/c?detail=full').json()['cursor']), ['d'])
    answer = want(t.post(t.q + '?limit=1&ttl=9&detail=id'), 200)
    eq(t.ids('&cursor=' + token(answer)), ['b', 'c', 'd'])
    answer = want(t.delete(f'{t.q}?limit=1&detail=id&cursor={token(answer)}'), 200)
    eq(answer.json(), ['b'])
    eq(t.post(f'{t.q}?limit=1&hide=0&detail=id&cursor={token(answer)}').json(), ['c'])
    for queue in 'rst':
        t.put(f'{t.a}/{queue}/m')
    answer = want(t.get(t.a + '?limit=2'), 200)
    eq(answer.json(), ['q', 'r'])
    t.delete(t.a + '/r')
    eq(t.ids('&cursor=' + token(answer), t.a), ['s', 't'])
    eq(want(t.delete(f'{t.a}?detail=id&cursor={token(answer)}'), 200).json(), ['s', 't'])


@check('a cursor that is damaged, of another queue or of another order is 400')
def invalid(t):
    t.put_all('abc')
    t.put(t.a + '/other/m')
    t.put(t.a + 'x/q/m')
    good = token(t.get(t.q + '?limit=1&detail=id'))
    eq(t.ids('&cursor=' + good), ['b', 'c'])
    bad = ['bad', '', 'c1.', good + 'A', good[:-1], good + '%00', 'x' * 3000] + [flipped(good, n) for n in range(len(good))]
    for cursor in bad:
        for method in ('GET', 'POST', 'DELETE'):
            want(t.call(method, f'{t.q}?hide=60&cursor={cursor}'), 400, 'invalid-cursor')
    want(t.get(f'{t.a}/other?cursor={good}'), 400, 'invalid-cursor')
    want(t.get(f'{t.a}x/q?cursor={good}'), 400, 'invalid-cursor')
    want(t.get(f'{t.a}?cursor={good}'), 400, 'invalid-cursor')
    want(t.get(f'{t.q}?order=lifo&cursor={good}'), 400, 'invalid-cursor')
    back = token(t.get(t.q + '?limit=1&order=lifo&detail=id'))
    eq(t.ids('&order=lifo&cursor=' + back), ['b', 'a'])
    want(t.get(f'{t.q}?cursor={back}'), 400, 'invalid-cursor')
    want(t.get(f'{t.q}?marker=a&cursor={good}'), 400, 'invalid-parameter')
    eq(t.ids(), ['a', 'b', 'c'])


def tokens_in_url(cursor):
    return all(c.isalnum() or c in '._~-' for c in cursor)


@check('cursors and links need no escaping; a link carries on with the same query')
def shape(t):
    t.fill(1005, size=3)
    answer = want(t.get(t.q + '?detail=body&match_hidden=TRUE'), 200)
    that(tokens_in_url(token(answer)), token(answer))
    that(next_of(answer).startswith(t.q + '?') and 'detail=body' in next_of(answer), next_of(answer))
    eq(want(t.get(next_of(answer)), 200).json(), ['xxx'] * 5)


@check('a reader by cursor through 5000 messages with inserts and deletes going on', heavy=True)
def busy(t):
    names, errors = t.fill(5000), []
    gone = set(names[::6])

    def change():
        client = Client(t.node.http)
        try:
            for n, name in enumerate(names[::6]):
                want(t.call('DELETE', f'{t.q}/{name}', client=client), 204)
                if n % 100 == 0:
                    part = [{'id': f'new{n + k:06d}', 'body': ''} for k in range(50)]
                    want(t.call('POST', t.q + '/~messages', {'messages': part}, client=client), 200)
        except Exception as e:
            errors.append(e)
        client.close()
    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    seen, cursor = [], ''
    while thread.is_alive() or len(seen) < 3000:
        answer = t.get(f'{t.q}?limit=7&detail=id&on_empty=200{cursor}')
        seen += want(answer, 200).json()
        cursor = '&cursor=' + token(answer) if 'burrow-cursor' in answer.headers else cursor
        if not answer.json() and not thread.is_alive():
            break
    thread.join()
    while part := want(t.get(f'{t.q}?limit=500&detail=id&on_empty=200{cursor}'), 200):
        seen += part.json()
        if not part.json():
            break
        cursor = '&cursor=' + token(part)
    that(not errors, errors)
    eq(len(seen), len(set(seen)), 'seen twice')
    left = set(names) - gone | {n for n in t_all(t) if n.startswith('new')}
    that(left <= set(seen), f'skipped: {sorted(left - set(seen))[:5]}')
    eq([s for s in seen if s in left and s.startswith('m')], [n for n in names if n not in gone], 'order')


def t_all(t):
    path, found = t.q + '?detail=id', []
    while path:
        answer = want(t.get(path), 200)
        found += answer.json()
        path = next_of(answer)
    return found
