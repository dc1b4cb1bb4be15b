"""Moves through crashes and into what is full (contract section 12; checks 39, 40, 42): each message arrives once."""
import collections
import contextlib
import json
import random
import threading
import time

from burrow_node import Client, Node
from dead_letters import rule, settings, stats
from harness import Case, check, eq, that, want
from redrive import counts, start

PAIRS, EACH = 4, 250  # of queues, and messages in each: some of them lie on one shard, most on two


@contextlib.contextmanager
def fresh(*arguments):
    with Node(arguments=arguments) as node:
        node.start()
        case = Case(node)
        yield node, case
        case.close()


def reborn(node, t):
    """kill -9 and a new start over the same data; the case talks to the new one."""
    node.kill()
    node.start()
    t.close()
    t.client = Client(node.http)


def names_in(t, queue, hidden=False):
    """All names that are in the queue, page by page."""
    out, more = [], ''
    while True:
        answer = t.get(f'{t.a}/{queue}?detail=id{"&match_hidden=true" if hidden else ""}{more}')
        if answer.status == 404:
            return out
        out += want(answer, 200).json()
        if 'link' not in answer.headers:
            return out
        more = '&cursor=' + answer.headers['burrow-cursor']


def held(t, queue):
    s = stats(t, queue)
    return s['visible'] + s['delayed'] + s['claimed'] + s['moving']


class Watch:
    """Looks at a pair of queues: what was once seen in the target is in the source never again."""

    def __init__(self):
        self.moved = collections.defaultdict(set)

    def look(self, t, source, target):
        self.moved[source].update(names_in(t, target))
        both = self.moved[source].intersection(names_in(t, source, hidden=True))
        that(not both, f'in both {source} and {target}: {sorted(both)[:3]}')


def at_rest(t, expected, sources, targets, seconds=30):
    """All are in the targets, each once, and the counts add up."""
    def done():
        return sum(stats(t, q)['visible'] for q in targets) >= expected
    t.until(done, seconds, f'{expected} in the targets')
    names = [n for q in targets for n in names_in(t, q)]
    eq((len(names), len(set(names))), (expected, expected), 'messages in the targets')
    for q in sources:
        eq(names_in(t, q, hidden=True), [], q)
    eq([sum(held(t, q) for q in group) for group in (sources, targets)], [0, expected])


@check('1000 dead letters through kill -9 again and again: each arrives once, none is in both (39)', where='own')
def killed(_):
    with fresh() as (node, t):
        sources, targets = [f's{n}' for n in range(PAIRS)], [f'd{n}' for n in range(PAIRS)]
        for n, (s, d) in enumerate(zip(sources, targets)):
            rule(t, s, d, claims=1)
            t.fill(EACH, f'{t.a}/{s}', prefix=f'{s}-')
        for step in range(EACH // 10):  # they fall due a few at a time, so that some are under way whenever it is killed
            for s in sources:
                want(t.post(f'{t.a}/{s}?limit=10&hide={1 + step % 5}'), 204)
            time.sleep(0.03)
        watch, kills, end = Watch(), 0, time.monotonic() + 40
        while time.monotonic() < end and sum(stats(t, d)['visible'] for d in targets) < PAIRS * EACH:
            time.sleep(random.choice((0, 0.02, 0.1, 0.4)))  # at once: what fell due meanwhile is just leaving
            reborn(node, t)
            kills += 1
            if kills % 3:
                continue  # without a look in between
            for s, d in zip(sources, targets):
                watch.look(t, s, d)
        that(kills >= 4, f'only {kills} kills')
        at_rest(t, PAIRS * EACH, sources, targets)


@check('a release that was answered, and one that was not, survive kill -9 (39)', where='own')
def released(_):
    with fresh() as (node, t):
        sources, targets = [f's{n}' for n in range(PAIRS)], [f'd{n}' for n in range(PAIRS)]
        for s, d in zip(sources, targets):
            rule(t, s, d, claims=1)
            t.fill(50, f'{t.a}/{s}', prefix=f'{s}-')
            want(t.post(f'{t.a}/{s}?hide=600'), 204)
        answered, broken = [], threading.Event()

        def releases():
            client = Client(node.http)
            try:
                for n in range(50):
                    for s, d in zip(sources, targets):
                        if client.call('POST', f'{t.a}/{s}/{s}-{n:06d}?hide=0').status == 204:
                            answered.append((d, f'{s}-{n:06d}'))
            except Exception:  # the node is gone
                broken.set()
        for _ in range(2):
            worker = threading.Thread(target=releases)
            worker.start()
            time.sleep(0.15)
            reborn(node, t)
            worker.join(30)
        that(broken.is_set() or len(answered) >= 200, 'no release was cut off')
        # A release that took more than a second goes on by itself.
        t.until(lambda: not set(answered) - {(d, n) for d in targets for n in names_in(t, d)}, 10, 'answered releases')
        for s in sources:
            answer = t.post(f'{t.a}/{s}?match_hidden=true&hide=0')
            that(answer.status in (204, 404), answer.status)
        at_rest(t, 200, sources, targets)


@check('into a target that is full and paused, of an account over its quota, through kill -9: all arrive (40)', where='own')
def full_target(_):
    with fresh('--limits-stored-bytes', '1 MiB', '--limits-queues', '9') as (node, t):
        sources, targets = [f's{n}' for n in range(PAIRS)], [f'd{n}' for n in range(PAIRS)]
        for s, d in zip(sources, targets):
            rule(t, s, d, claims=1)
            settings(t, d, max_messages=3, max_bytes=1000, max_ttl=5, paused={'insert': True, 'take': True})
            t.fill(100, f'{t.a}/{s}', prefix=f'{s}-', size=200)
            want(t.post(f'{t.a}/{s}?hide=2'), 204)
        answer, n = t.call('PUT', f'{t.a}/full/0?ttl=0', b'x' * 65536), 1
        while answer.status == 201:
            answer = t.call('PUT', f'{t.a}/full/{n}?ttl=0', b'x' * 65536)
            n += 1
        want(answer, 429, 'quota-exceeded')
        time.sleep(1)
        for _ in range(2):
            reborn(node, t)
            time.sleep(0.2)
        at_rest(t, PAIRS * 100, sources, targets)
        want(t.call('PUT', f'{t.a}/full/more?ttl=0', b'x' * 65536), 429, 'quota-exceeded')


@check('into a queue that does not exist, of an account that may have no more queues: all arrive (40)', where='own')
def no_queue_left(_):
    with fresh('--limits-queues', '1') as (node, t):
        rule(t, 'q', 'dead', claims=1)
        t.put_all('abc')
        want(t.call('PUT', f'{t.a}/other/m', b''), 429, 'quota-exceeded')
        want(t.post(t.q + '?hide=60'), 204)
        want(t.post(t.q + '?match_hidden=true&hide=0'), 204)
        at_rest(t, 3, ['q'], ['dead'])


@check('a redrive through kill -9: moved and skipped are exact, its tasks stay (42)', where='own')
def redriven(_):
    with fresh() as (node, t):
        t.fill(600, t.a + '/dead')
        t.fill(100, t.a + '/q', prefix='m', first=550)  # 50 of them are taken there
        want(t.post(t.a + '/dead/m000007?hide=9000'), 204)
        path = start(t, to='q', max_per_second=200).headers['location']
        for _ in range(4):
            time.sleep(random.uniform(0.2, 0.6))
            reborn(node, t)
        t.until(lambda: want(t.get(path), 200).json()['state'] != 'running', 30, 'the task')
        task = t.get(path).json()
        eq((counts(task), task['remaining']), (['done', 549, 51, 0], 0))
        eq(len(names_in(t, 'dead', hidden=True)), 51)
        names = names_in(t, 'q')
        eq((len(names), len(set(names))), (649, 649))
        reborn(node, t)
        eq(want(t.get(t.a + '/dead/~tasks'), 200).json(), [task])


@check('a cancelled task stays so after kill -9, and nothing is lost (42)', where='own')
def cancelled(_):
    with fresh() as (node, t):
        t.fill(300, t.a + '/dead')
        path = start(t, to='q', max_per_second=50).headers['location']
        t.until(lambda: t.get(path).json()['moved'] > 0, 5, 'a move')
        want(t.delete(path), 202)
        reborn(node, t)
        t.until(lambda: t.get(path).json()['state'] == 'cancelled' and stats(t, 'dead')['moving'] == 0, 10, 'its end')
        task = t.get(path).json()
        time.sleep(0.5)
        eq(t.get(path).json(), task)
        names = names_in(t, 'q') + names_in(t, 'dead')
        eq((len(names), len(set(names)), len(names_in(t, 'q'))), (300, 300, task['moved']))


@check('10000 that fall due at once wait their turn, and are counted once (39)', heavy=True)
def at_once(t):
    rule(t, 'q', 'dead', claims=1)
    t.pour(10000)
    for _ in range(10):
        want(t.post(t.q + '?limit=1000&hide=3'), 204)
    watched, end = [], time.monotonic() + 40
    while time.monotonic() < end and (stats(t, 'dead')['visible'] < 10000 or held(t, 'q') > 0):
        s = stats(t)
        watched.append(s['moving'])
        eq(s['visible'], 0, 'visible in the source')
        time.sleep(0.05)
    eq((stats(t, 'dead')['visible'], held(t, 'q')), (10000, 0))
    that(max(watched) <= 4096, f'{max(watched)} moved at a time')
    eq(json.loads(t.get(t.a).body), ['dead'])
