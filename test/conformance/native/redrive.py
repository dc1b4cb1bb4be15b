"""~redrive and ~tasks (contract section 12; checks 26, 37, 42)."""
import json
import time

from dead_letters import arrived, claim, full, release, rule, settings, stats
from harness import JSON, check, eq, near, that, want

MEMBERS = {'task', 'state', 'moved', 'skipped', 'failed', 'remaining', 'started', 'finished'}


def start(t, queue='dead', status=202, slug=None, **members):
    return want(t.post(f'{t.a}/{queue}/~redrive', members), status, slug)


def tasks(t, queue='dead'):
    return want(t.get(f'{t.a}/{queue}/~tasks'), 200).json()


def ended(t, answer, seconds=10):
    """The task once it runs no more."""
    path = answer.headers['location']
    t.until(lambda: want(t.get(path), 200).json()['state'] != 'running', seconds, 'the task')
    return t.get(path).json()


def counts(task):
    return [task[k] for k in ('state', 'moved', 'skipped', 'failed')]


def run(t, queue='dead', **members):
    return counts(ended(t, start(t, queue, **members)))


def dead_letters(t, names, queue='q'):
    t.put_all(names, f'{t.a}/{queue}')
    release(t, claim(t, queue), queue)


@check('a redrive brings dead letters back, as new as they were (26)')
def back(t):
    rule(t)
    settings(t, 'q', default_ttl=99)
    dead_letters(t, 'abc')
    arrived(t, 3)
    t.put(t.q + '/stayed')
    answer = start(t)
    task = answer.json()
    eq(set(task), MEMBERS)
    that(task['task'].startswith('t-') and task['started'].endswith('Z'), task)
    eq(answer.headers['location'], f'{t.a}/dead/~tasks/{task["task"]}')
    eq(answer.headers['burrow-durability'], 'quorum')
    task = ended(t, answer)
    eq((counts(task), task['remaining']), (['done', 3, 0, 0], 0))
    that(task['started'] <= task['finished'], task)
    items = full(t, 'q')
    eq([m['id'] for m in items], ['stayed', 'a', 'b', 'c'])
    eq([(m['claims'], m['claims_total'], m['dead_letter']) for m in items[1:]], [(0, 1, None)] * 3)
    for m in items[1:]:
        near(m['ttl'], 99)
    want(t.get(t.a + '/dead'), 404, 'queue-not-found')
    eq(tasks(t), [task])


@check('each goes to the queue that it came from')
def each_home(t):
    for n in range(6):
        rule(t, f's{n}')
        dead_letters(t, [f'{n}a', f'{n}b'], f's{n}')
    arrived(t, 12)
    eq(run(t), ['done', 12, 0, 0])
    for n in range(6):
        eq([m['id'] for m in full(t, f's{n}')], [f'{n}a', f'{n}b'])


@check('with null: an id taken there and what came from nowhere are skipped and stay; nothing else at all is 400 (42)')
def skipped(t):
    rule(t)
    dead_letters(t, ['taken', 'free', 'hidden'])
    t.put(t.a + '/dead/direct')
    t.put(t.q + '/taken', b'other')
    want(t.post(t.a + '/dead/hidden?hide=600'), 204)
    eq(run(t), ['done', 1, 3, 0])
    eq([m['id'] for m in full(t, more='&match_hidden=true')], ['taken', 'hidden', 'direct'])
    eq([(m['id'], m['body']) for m in full(t, 'q')], [('taken', 'other'), ('free', 'free')])
    eq(run(t), ['done', 0, 3, 0])
    want(t.delete(t.a + '/dead/taken'), 204)
    want(t.delete(t.a + '/dead/hidden'), 204)
    answer = start(t, status=400, slug='invalid-parameter')
    eq(answer.json()['parameter'], 'to')
    eq(len(tasks(t)), 2)
    start(t, 'nothing', status=400, slug='invalid-parameter')


@check('to another queue goes everything visible, wherever it came from')
def elsewhere(t):
    for n in range(4):  # on one shard and on others
        t.put_all('abc', f'{t.a}/from{n}')
        t.put(f'{t.a}/from{n}/hidden?hide=600')
        t.put(f'{t.a}/to{n}/b', b'taken')
        eq(run(t, f'from{n}', to=f'to{n}'), ['done', 2, 2, 0])
        eq([m['id'] for m in full(t, f'to{n}')], ['b', 'a', 'c'])
        eq([m['id'] for m in full(t, f'from{n}', '&match_hidden=true')], ['b', 'hidden'])


@check('only ids: those that are not there are failed, hidden ones skipped; one that is given twice counts once')
def by_ids(t):
    t.put_all('abcd', t.a + '/dead')
    nameless = t.batch([{'body': 'x'}], t.a + '/dead').json()['results'][0]['id']
    t.put(t.a + '/dead/hidden?hide=600')
    eq(run(t, to='q', ids=['c', nameless, 'gone', 'hidden', 'c', 'none']), ['done', 2, 1, 2])
    eq({m['id'] for m in full(t, 'q')}, {'c', nameless})
    eq([m['id'] for m in full(t)], ['a', 'b', 'd'])
    eq(run(t, to='q', ids=['gone']), ['done', 0, 0, 1])


@check('limit counts what is moved, not what is skipped')
def limits(t):
    t.put_all('abcdef', t.a + '/dead')
    t.put_all('ac', t.a + '/to')
    eq(run(t, to='to', limit=2)[:2], ['done', 2])
    eq([m['id'] for m in full(t)], ['a', 'c', 'e', 'f'])
    eq([m['id'] for m in full(t, 'to')], ['a', 'c', 'b', 'd'])
    eq(run(t, to='to', limit=100), ['done', 2, 2, 0])


@check('max_per_second bounds the pace')
def pace(t):
    t.fill(60, t.a + '/dead')
    begin = time.monotonic()
    answer = start(t, to='q', max_per_second=20)
    time.sleep(1)
    seen = t.get(answer.headers['location']).json()
    bound = 20 * (time.monotonic() - begin) + 20
    that(0 < seen['moved'] <= bound and seen['state'] == 'running', f'{seen} after {time.monotonic() - begin:.1f} s')
    that(abs(seen['moved'] + seen['remaining'] - 60) <= 20, seen)
    eq(counts(ended(t, answer)), ['done', 60, 0, 0])
    that(1.9 <= time.monotonic() - begin <= 8, f'{time.monotonic() - begin:.1f} s')
    t.fill(3000, t.a + '/fast')
    begin = time.monotonic()
    eq(run(t, 'fast', to='q2', max_per_second=1000000), ['done', 3000, 0, 0])
    that(time.monotonic() - begin < 10, f'{time.monotonic() - begin:.1f} s')


@check('one running task a queue: 409; a cancelled one moves no more, and nothing is lost (42)')
def cancelled(t):
    t.fill(200, t.a + '/dead')
    first = start(t, to='q', max_per_second=20)
    answer = start(t, to='q', status=409, slug='task-running')
    that(first.json()['task'] in answer.json()['detail'], answer.json())
    t.put(t.a + '/other/m')
    eq(run(t, 'other', to='q'), ['done', 1, 0, 0])
    path = first.headers['location']
    t.until(lambda: t.get(path).json()['moved'] >= 5, 5, 'some to be moved')
    answer = want(t.delete(path), 202)
    eq(set(answer.json()), MEMBERS)
    that(answer.headers['burrow-durability'] == 'quorum', answer.headers)
    t.until(lambda: t.get(path).json()['state'] == 'cancelled' and stats(t, 'dead')['moving'] == 0, 5, 'its end')
    task = t.get(path).json()
    that(task['finished'], task)
    left = stats(t, 'dead')['visible']
    eq(stats(t, 'q')['visible'], task['moved'] + 1)
    eq(left + task['moved'], 200)
    time.sleep(1)
    eq((stats(t, 'dead')['visible'], t.get(path).json()), (left, task))
    eq(want(t.delete(path), 202).json(), task)
    eq(run(t, to='q', max_per_second=100000)[:2], ['done', left])


@check('tasks: the last 50, newest first; unknown ones are 404')
def listed(t):
    eq(tasks(t), [])
    t.put(t.a + '/dead/m')
    made = []
    for _ in range(53):
        answer = start(t, to='q', ids=['none'])
        made.append(ended(t, answer)['task'])
    eq(len(set(made)), 53)
    eq([one['task'] for one in tasks(t)], made[:2:-1])
    eq(tasks(t, 'q'), [])
    for bad in ('t-fffffffffff', 't-0', 'x', 't-', made[-1].upper(), '~x', '%ff'):
        want(t.get(f'{t.a}/dead/~tasks/{bad}'), 404, 'task-not-found')
        want(t.delete(f'{t.a}/dead/~tasks/{bad}'), 404, 'task-not-found')
    want(t.get(f'{t.a}/q/~tasks/{made[-1]}'), 404, 'task-not-found')
    want(t.get(f'{t.a}x/dead/~tasks/{made[-1]}'), 404, 'task-not-found')
    eq(want(t.call('HEAD', f'{t.a}/dead/~tasks'), 200).body, b'')
    for method, path in (('POST', '/~tasks'), ('PUT', '/~tasks/t-1'), ('GET', '/~redrive'), ('DELETE', '/~redrive')):
        want(t.call(method, t.a + '/dead' + path), 405, 'method-not-allowed')
    for path in ('/~tasks/', '/~tasks/t-1/x', '/~redrive/x', '/m/x'):
        want(t.get(t.a + '/dead' + path), 404, 'not-found')


@check('a bad redrive is 400, and starts nothing')
def refused(t):
    t.put(t.a + '/dead/m')
    path = t.a + '/dead/~redrive'
    for body in (b'', b'{', b'[]', b'null', b'{"to": 5}', b'{"ids": "m"}', b'{"ids": [1]}', b'{"limit": "1"}', b'{"x": 1}',
                 b'{"max_per_second": null}', b'{"to": "q"} x', b'\xff'):
        want(t.call('POST', path, body, JSON), 400, 'invalid-json')
    for name, values in {'limit': [-1, 1.5, 10**18], 'max_per_second': [0, -1, 1000001, 2.5],
                         'ids': [[], [f'i{n}' for n in range(1001)]], 'to': ['dead']}.items():
        for value in values:
            answer = start(t, status=400, slug='invalid-parameter', **{'to': 'q', **{name: value}})
            eq(answer.json()['parameter'], name)
    for members in ({'to': 'a/b'}, {'to': ''}, {'to': '~q'}, {'to': 'q', 'ids': ['a\x00']}):
        start(t, status=400, slug='invalid-name', **members)
    want(t.call('POST', path, b'{}', {'Content-Type': 'text/plain'}), 415, 'unsupported-media-type')
    want(t.call('POST', path + '?x=1', {}, {'Prefer': 'handling=strict'}), 400, 'invalid-parameter')
    eq((tasks(t), [m['id'] for m in full(t)]), ([], ['m']))
    want(t.call('POST', path, json.dumps({'to': 'q', 'ids': None, 'limit': 0, 'max_per_second': 100})), 202)
    arrived(t, 1, 'q')


@check('without a name: the 26 characters stay through dead-lettering and redrive (37)')
def nameless(t):
    rule(t)
    ids = [r['id'] for r in t.batch([{'body': str(n)} for n in range(3)]).json()['results']]
    for _ in range(2):
        release(t, claim(t))
        eq([m['id'] for m in arrived(t, 3)], ids)
        eq(run(t), ['done', 3, 0, 0])
        eq([m['id'] for m in full(t, 'q')], ids)
    t.put(f'{t.q}/x')
    want(t.call('PUT', f'{t.q}/{ids[0]}?ttl=0', b'new'), 204)
    eq([m['body'] for m in full(t, 'q')], ['new', '1', '2', ''])
    for i in ids:
        want(t.delete(f'{t.q}/{i}'), 204)
    eq(t.ids(), ['x'])


@check('no limit, pause or quota of the target refuses what is moved on')
def into_full(t):
    settings(t, 'q', max_messages=1, max_bytes=1, paused={'insert': True, 'take': True})
    t.fill(30, t.a + '/dead', size=50)
    eq(run(t, to='q'), ['done', 30, 0, 0])
    eq(stats(t, 'q')['visible'], 30)


@check('whoever waits at the destination is served by what is moved there')
def wakes(t):
    t.put(t.a + '/dead/m')
    job = t.later('POST', t.q + '?wait=20&hide=60&detail=id')
    t.until(lambda: stats(t)['waiters'] == 1, 5, 'a waiter')
    start(t, to='q')
    answer, seconds = job()
    eq(answer.json(), ['m'])
    that(seconds < 10, f'{seconds:.1f} s')


@check('a key on ~redrive: one task however often it is sent, after it has ended and after a restart too', where='own')
def repeated(_):
    from restart import fresh, reborn  # above, the checks of that file would count as those of this one
    with fresh() as (node, t):
        t.put_all('abc')
        send = lambda members={'to': 'other'}, key='r': t.post(  # noqa: E731
            t.q + '/~redrive', members, {'Idempotency-Key': key})
        first, again = want(send(), 202), want(send(), 202)
        eq([a.headers.get('idempotency-replayed') for a in (first, again)], [None, 'true'])
        task = first.headers['location']
        eq((again.body, again.headers['location']), (first.body, task))
        want(send({'to': 'other', 'limit': 1}), 422, 'idempotency-key-reused')
        want(t.call('PUT', t.q + '/m', b'', {'Idempotency-Key': 'r'}), 422, 'idempotency-key-reused')
        t.until(lambda: t.get(task).json()['state'] == 'done', 10, 'the task')
        eq(send().json(), first.json(), 'the first answer once the task has ended')
        t.put_all('de')
        for _ in range(2):
            t = reborn(node, t)
            again = want(send(), 202)
            eq(again.headers.get('idempotency-replayed'), 'true', 'after a restart')
            eq((again.json(), again.headers['location']), (first.json(), task))
        eq(len(want(t.get(t.q + '/~tasks'), 200).json()), 1, 'tasks')
        eq(t.ids(), ['d', 'e'], 'messages that no repeat moved')
        # What was refused is not remembered.
        want(send({'to': None}, 'n'), 400, 'invalid-parameter')
        want(send({'to': 'other'}, 'n'), 202)
        want(send(key='a b'), 400, 'invalid-parameter')
