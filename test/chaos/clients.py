"""Many clients at once that number every message and write down what they were told (history.py).

Writers carry a key with each insert, in three ways, so that a repeat is never a second message; workers claim with a key
too, so that a claim whose answer was lost is answered again.
"""
import json
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from cluster_load import AnyNode, Writers, stored  # noqa: E402
import http.client  # noqa: E402

PADDING = ' ' + 'x' * 200
# 500 is a defect and no answer that a client could rely on.
NO, UNKNOWN = (409, 429, 503, 'refused'), (500, 504, 'broken')


def outcome_of(status, done=(200, 201, 204)):
    if status in done:
        return 'done'
    if status in (404, 412):
        return 'gone' if status == 404 else 'stale'
    return 'no' if status in NO else 'unknown'


class Numbered(Writers):
    """Writers of one queue. What a writer repeats is the same request to the letter."""

    def __init__(self, history, endpoints, account, queue, label, reads=False, **more):
        self.history, self.account, self.queue, self.label = history, account, queue, label
        self.reads, self.odd = reads, []
        super().__init__(endpoints, account, queue, **more)

    def body(self, name):
        return f'{self.label}{name}'

    def request(self, name):
        body, key = self.body(name), f'{self.label}{name}'
        headers = {'Idempotency-Key': key, 'Content-Type': 'text/plain'}
        # PUT by name, POST without one, PUT by producer and sequence: each is a way of its own through the service.
        writer, number = name.rsplit('-', 1)
        way = int(writer[1:]) % 3
        if way == 1:
            return 'POST', f'{self.path}/~messages?ttl=0', body + PADDING, headers
        if way == 2:
            headers = {'Burrow-Producer': self.label + writer, 'Burrow-Sequence': str(int(number) + 1)}
        return 'PUT', f'{self.path}/{key}?ttl=0', body + PADDING, headers

    def told(self, name, begin, end, status, answer):
        outcome = outcome_of(status)
        if outcome == 'unknown' and status not in UNKNOWN or status == 500:
            self.odd.append(f'insert of {name}: {status} {answer.body[:300] if answer else ""}')
        self.history.add(op='put', queue=self.queue, body=self.body(name), begin=begin, end=end, status=status,
                         outcome=outcome)
        if self.reads and outcome == 'done' and int(name.rsplit('-', 1)[1]) % 5 == 0 and answer.status != 200:
            self.read_own(name)

    def read_own(self, name):
        """Only those with a name can be asked for again; at another node than the one that has just answered."""
        if self.request(name)[0] != 'PUT':
            return
        # Not for long: while it waits the writer writes nothing, and the gap would be ours.
        node, begin = AnyNode(self.endpoints, random.randrange(len(self.endpoints)), 1), time.monotonic()
        try:
            status = node.call('GET', f'{self.path}/{self.body(name)}?detail=body').status
        except (OSError, http.client.HTTPException):
            status = 'broken'
        finally:
            node.close()
        self.history.add(op='read', queue=self.queue, body=self.body(name), begin=begin, end=time.monotonic(),
                         status=status, outcome=outcome_of(status))


class Workers:
    """Threads that claim, and then acknowledge, release or forget each message."""

    def __init__(self, history, endpoints, account, queue, label, threads=2, hide=6, seed=0, timeout=5, poison=0):
        self.history, self.endpoints, self.queue, self.label = history, list(endpoints), queue, label
        self.path, self.hide, self.timeout, self.poison = f'/v1.0/{account}/{queue}', hide, timeout, poison
        self.stopping, self.odd, self.claimed = threading.Event(), [], 0
        self.threads = [threading.Thread(target=self.run, args=(i, random.Random(f'{seed} {label} {i}')), daemon=True)
                        for i in range(threads)]
        for t in self.threads:
            t.start()

    def run(self, who, rng):
        node, number = AnyNode(self.endpoints, who + 1, self.timeout), 0
        while not self.stopping.is_set():
            number += 1
            claim, messages = self.claim(node, f'{self.label}{who}-{number}')
            for m in messages:
                self.finish(node, rng, claim, m)

    def ask(self, node, *request):
        """(status, answer); the status is 'broken' or 'refused' where nobody answered."""
        try:
            answer = node.call(*request)
            if answer.status == 500:
                self.odd.append(f'{request[0]} {request[1]}: 500 {answer.body[:300]}')
            return answer.status, answer
        except ConnectionRefusedError:
            return 'refused', None
        except (OSError, http.client.HTTPException):
            return 'broken', None

    def claim(self, node, key):
        """Repeated with its key until it is answered, or for two thirds of its time."""
        begin, last = time.monotonic(), 'no'
        while True:
            status, answer = self.ask(node, 'POST', f'{self.path}?limit=5&hide={self.hide}&detail=full&on_empty=200&wait=1',
                                      None, {'Idempotency-Key': key})
            outcome, end = outcome_of(status), time.monotonic()
            last = 'unknown' if outcome == 'unknown' else last
            if outcome == 'done' or end - begin > self.hide * 2 / 3 or self.stopping.is_set():
                break
            time.sleep(0.02)
        found = answer.json() if outcome == 'done' and answer.body else []
        event = {'op': 'claim', 'queue': self.queue, 'who': key, 'begin': begin, 'end': end, 'hide': self.hide,
                 'status': status, 'outcome': 'done' if outcome == 'done' else last,
                 'messages': [{'body': m['body'].split(' ')[0], 'id': m['id'], 'claims': m['claims']} for m in found]}
        self.claimed += len(found)
        return self.history.add(**event), found

    def finish(self, node, rng, claim, m):
        body, draw = m['body'].split(' ')[0], rng.random()
        doomed = self.poison and int(body.rsplit('-', 1)[1]) % self.poison == 0
        if draw < 0.05 and not doomed:
            return  # forgotten: it comes again when its time is over
        path = f'{self.path}/{m["id"]}?receipt={m["receipt"]}'
        release = doomed or draw < 0.12
        request = ('POST', path + '&hide=0') if release else ('DELETE', path)
        for _ in range(20):
            begin = time.monotonic()
            status, _ = self.ask(node, *request)
            outcome = outcome_of(status)
            self.history.add(op='release' if release else 'ack', queue=self.queue, body=body, claim=claim, begin=begin,
                             end=time.monotonic(), status=status, outcome=outcome)
            if outcome not in ('no', 'unknown') or self.stopping.is_set():
                return
            time.sleep(0.05)

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join(30)


def note_stored(history, endpoint, account, queue):
    """The whole queue, as `stored`; how many."""
    begin = time.monotonic()
    found = stored(endpoint, account, queue, 'full')
    history.add(op='stored', queue=queue, begin=begin, end=time.monotonic(), messages=[
        {'body': m['body'].split(' ')[0], 'id': m['id'], 'claims': m['claims']} for m in found])
    return len(found)


class Load:
    """Two queues of an account: `keep`, that nobody takes from, and `work` with workers; with `dead`, what fails twice in
    `work` goes to `dead`."""

    def __init__(self, history, endpoints, account, seed=0, dead=False, threads=3, pause=0.01, timeout=4):
        self.history, self.account, self.endpoints = history, account, endpoints
        self.queues = ['keep', 'work'] + (['dead'] if dead else [])
        if dead:
            rule = json.dumps({'dead_letter': {'queue': 'dead', 'max_claims': 2}})
            self.settle(f'/v1.0/{account}/work/~settings', rule)
        more = {'threads': threads, 'pause': pause, 'timeout': timeout}
        self.keepers = Numbered(history, endpoints, account, 'keep', 'k', reads=True, **more)
        self.writers = Numbered(history, endpoints, account, 'work', 'j', **more)
        self.workers = Workers(history, endpoints, account, 'work', 't', seed=seed, timeout=timeout, hide=4,
                               poison=7 if dead else 0)
        self.all = [self.keepers, self.writers, self.workers]

    def settle(self, path, rule):
        answer = AnyNode(self.endpoints).call('PATCH', path, rule, {'Content-Type': 'application/json'})
        if answer.status not in (200, 201):
            raise RuntimeError(f'settings: {answer.status} {answer.body[:300]}')

    def counts(self):
        return self.keepers.count(), self.writers.count(), self.workers.claimed

    def stop(self):
        for part in self.all:
            part.stopping.set()
        for part in self.all:
            part.stop()

    def odd(self):
        """Answers that the contract does not know."""
        return [o for part in self.all for o in part.odd]
