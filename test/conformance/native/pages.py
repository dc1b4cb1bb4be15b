"""limit, marker, order and the caps of an answer (contract sections 3, 5.3, 8; checks 7, 8, 10, 12, 18, 19)."""
from harness import check, eq, next_of, that, want


def three_places(t, path, names, more=''):
    """limit and marker over a list of these three, by GET."""
    for limit in (1, 2, 3, 100):
        eq(t.ids(f'{more}&limit={limit}', path), names[:limit])
    eq(t.ids(f'{more}&marker={names[0]}', path), names[1:])
    eq(t.ids(f'{more}&marker={names[1]}', path), names[2:])
    want(t.get(f'{path}?marker={names[2]}{more}'), 404)
    eq(t.ids(more + '&marker=unknown', path), names)
    eq(t.ids(f'{more}&marker={names[0]}&limit=1', path), names[1:2])


@check('limit and marker of messages, by GET')
def messages(t):
    t.put_all(['c', 'a', 'b'])
    three_places(t, t.q, ['c', 'a', 'b'])


@check('limit and marker of queues; queues come in byte order')
def queues(t):
    for queue in ('b', 'Z', 'a'):
        t.put(f'{t.a}/{queue}/m')
    three_places(t, t.a, ['Z', 'a', 'b'])
    t.put(f'{t.a}/%C3%A9/m')
    t.put(f'{t.a}/a-/m')
    eq(t.ids(path=t.a), ['Z', 'a', 'a-', 'b', '\u00e9'])
    eq(t.ids('&prefix=a', t.a), ['a', 'a-'])
    eq(t.ids('&prefix=%C3', t.a), ['\u00e9'])
    eq(t.ids('&include_empty=true&prefix=Z', t.a), ['Z'])
    want(t.get(t.a + '?prefix=none'), 404)


@check('limit and marker of messages, by POST and DELETE')
def changing(t):
    t.put_all('abcdef')
    eq(t.post(t.q + '?limit=2&ttl=50&detail=id').json(), ['a', 'b'])
    eq(t.post(t.q + '?marker=d&ttl=60&detail=id').json(), ['e', 'f'])
    eq(t.post(t.q + '?marker=b&limit=1&ttl=70&detail=attributes').json(), [{'id': 'c', 'ttl': 70, 'hide': 0}])
    want(t.post(t.q + '?marker=f&ttl=60'), 404, 'message-not-found')
    want(t.delete(t.q + '?marker=f'), 404)
    eq(t.delete(t.q + '?limit=1&detail=id').json(), ['a'])
    eq(t.delete(t.q + '?marker=b&limit=2&detail=id').json(), ['c', 'd'])
    eq(t.ids(), ['b', 'e', 'f'])
    want(t.delete(t.q + '?marker=unknown'), 204)
    want(t.get(t.a), 404)


@check('limit and marker of queues, by DELETE')
def deleting_queues(t):
    for queue in 'abcde':
        t.put(f'{t.a}/{queue}/m')
        t.put(f'{t.a}/{queue}/h?hide=60')
    eq(t.delete(t.a + '?limit=1&detail=id').json(), ['a'])
    eq(t.delete(t.a + '?marker=b&limit=1&detail=all').json(), [{'id': 'c'}])
    want(t.delete(t.a + '?marker=e'), 404)
    eq(t.ids(path=t.a), ['b', 'd', 'e'])
    want(t.delete(t.a + '?marker=d'), 204)
    eq(t.ids(path=t.a), ['b', 'd'])
    want(t.delete(t.a), 204)
    want(t.get(t.a + '/b?match_hidden=true'), 404)


@check('a marker whose message is gone, or hidden, or of another queue')
def lost_marker(t):
    t.put_all('abc')
    t.delete(t.q + '/b')
    eq(t.ids('&marker=b'), ['a', 'c'])
    want(t.post(t.q + '/a?hide=60'), 204)
    eq(t.ids('&marker=a'), ['c'])
    t.put(t.a + '/other/x')
    eq(t.ids('&marker=x'), ['c'])


@check('first in, first out; a replaced or returned message keeps its place')
def places(t):
    t.put_all('cab')
    eq(t.post(t.q + '?limit=1&hide=60&detail=id').json(), ['c'])
    eq(t.ids(), ['a', 'b'])
    want(t.post(t.q + '/c?hide=0'), 204)
    t.put(t.q + '/a', b'new', 204)
    eq(t.ids(), ['c', 'a', 'b'])
    t.delete(t.q + '/c')
    t.put(t.q + '/c')
    eq(t.ids(), ['a', 'b', 'c'])


@check('order=lifo lists and takes from the end')
def lifo(t):
    t.put_all('abcd')
    eq(t.ids('&order=lifo'), ['d', 'c', 'b', 'a'])
    eq(t.ids('&order=lifo&limit=2'), ['d', 'c'])
    eq(t.ids('&order=lifo&marker=c'), ['b', 'a'])
    eq(t.ids('&order=fifo'), ['a', 'b', 'c', 'd'])
    eq(t.delete(t.q + '?order=lifo&limit=1&detail=id').json(), ['d'])
    eq(t.post(t.q + '?order=lifo&limit=1&hide=60&detail=id').json(), ['c'])
    eq(t.ids(), ['a', 'b'])


@check('a hidden message: absent from lists, there by id and with match_hidden')
def hidden(t):
    t.put(t.q + '/h?hide=60', b'1')
    want(t.get(t.q), 404, 'message-not-found')
    eq(t.get(t.a).json(), ['q'])
    eq(t.ids('&match_hidden=true'), ['h'])
    want(t.get(t.q + '/h'), 200)
    t.put(t.q + '/h?hide=60', b'2', 204)
    want(t.post(t.q + '/h?hide=50'), 204)
    want(t.delete(t.q), 404)
    eq(t.ids('&match_hidden=true'), ['h'])
    want(t.delete(t.q + '/h'), 204)
    want(t.get(t.a), 404)


@check('DELETE on a queue leaves hidden messages, with match_hidden it empties it')
def emptying(t):
    t.put(t.q + '/v')
    t.put(t.q + '/h?hide=60')
    t.put(t.a + '/r/m')
    want(t.delete(t.q), 204)
    eq(t.ids(path=t.a), ['q', 'r'])
    want(t.delete(t.q + '?match_hidden=true'), 204)
    eq(t.ids(path=t.a), ['r'])
    want(t.delete(t.a + '/r'), 204)
    want(t.get(t.a), 404)


@check('take and forget')
def take(t):
    t.put_all('ab')
    eq(t.delete(t.q + '?limit=1&detail=body').json(), ['a'])
    eq(t.ids('&match_hidden=true'), ['b'])


@check('an answer holds at most 1000 items and 8 MiB, and a Link to the rest', heavy=True)
def caps(t):
    names = t.fill(2300)
    pages, path = [], t.q + '?detail=id'
    while path:
        answer = want(t.get(path), 200)
        pages.append(answer.json())
        path = next_of(answer)
    eq([len(p) for p in pages], [1000, 1000, 300])
    eq(sum(pages, []), names)
    answer = want(t.post(t.q + '?hide=60&detail=id&limit=5000'), 200)
    eq((len(answer.json()), answer.headers['burrow-count']), (1000, '1000'))
    eq(len(t.ids()), 1000)
    eq(want(t.post(t.q + '?hide=60'), 204).headers['burrow-count'], '1300')
    want(t.get(t.q), 404)
    eq(want(t.delete(t.q + '?match_hidden=true&limit=2299'), 204).headers['burrow-count'], '2299')
    eq(t.ids('&match_hidden=true'), names[-1:])


@check('the cap of 8 MiB', heavy=True)
def byte_cap(t):
    for n in range(9):
        t.put(f'{t.q}/{n}', b'x' * 1048576)
    answer = want(t.get(t.q), 200)
    first = [m['id'] for m in answer.json()]
    that(1 <= len(first) < 9 and len(answer.body) <= 8 * 1048576 + 65536, f'{len(first)} items, {len(answer.body)} bytes')
    rest = want(t.get(next_of(answer)), 200).json()
    eq(first + [m['id'] for m in rest], list('012345678'))
    taken = want(t.delete(t.q + '?detail=all'), 200).json()
    eq(len(taken) + len(t.ids()), 9)


@check('the cap of 8 MiB is one of the answer: bodies that are longer in JSON fill it sooner', heavy=True)
def json_cap(t):
    for n in range(8):
        t.put(f'{t.q}/{n}', b'\x01' * 524288)
    seen, path = [], t.q
    while path:
        answer = want(t.get(path), 200)
        items = answer.json()
        that(len(answer.body) <= 8 * 1048576 and answer.headers['burrow-count'] == str(len(items)), len(answer.body))
        seen += [m['id'] for m in items]
        path = next_of(answer)
    eq(seen, list('01234567'))
    eq([len(want(t.delete(t.q + '?detail=all'), 200).json()), t.ids()], [8, []], 'a take shows all that it took')


@check('DELETE of an account while inserts go on: what was there before it is gone', heavy=True)
def racing_delete(t):
    names = t.fill(500)
    adders = [t.later('POST', t.q + '/~messages', {'messages': [{'id': f'n{k}-{n}', 'body': ''} for n in range(100)]})
              for k in range(8)]
    want(t.delete(t.a), 204)
    for adder in adders:
        eq(adder()[0].status, 200)
    that(not set(names) & set(t.ids()), 'a message that was there before is still there')
