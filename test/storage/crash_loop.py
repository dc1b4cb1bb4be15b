#!/usr/bin/env python3
"""kill -9 under load, again and again: nothing acknowledged is lost, and nothing acknowledged as deleted comes back.

Workers put numbered messages (singly and in batches), claim and acknowledge some and delete others, and keep for each
what they were told. What broke off may or may not have happened. After each restart the whole queue is compared.
usage: crash_loop.py [--rounds 30] [--seconds 240] [--workers 6] [--seed N]
"""
import argparse
import collections
import http.client
import os
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import Checks, Node  # noqa: E402

QUEUE = '/v1.0/crash/q'
MISSED = (OSError, http.client.HTTPException)


class Ledger:
    """What is known of each message. Two facts apart, since another worker may take what is not yet answered:
    was its insert acknowledged, and was its removal tried ('maybe') or acknowledged ('gone')?"""

    def __init__(self):
        self.inserted, self.removal, self.lock = {}, {}, threading.Lock()
        self.next, self.answered, self.recent = 0, 0, collections.deque(maxlen=200)

    def names(self, count):
        with self.lock:
            self.next += count
            names = [f'm{n:08d}' for n in range(self.next - count, self.next)]
            self.inserted.update(dict.fromkeys(names, False))
            return names

    def there(self, names):
        with self.lock:
            self.inserted.update(dict.fromkeys(names, True))
            self.recent.extend(names)
            self.answered += 1

    def removing(self, names):
        with self.lock:
            for n in names:
                self.removal.setdefault(n, 'maybe')

    def gone(self, names):
        with self.lock:
            self.removal.update(dict.fromkeys(names, 'gone'))
            self.answered += 1

    def must_be_there(self):
        return {n for n, acknowledged in self.inserted.items() if acknowledged and n not in self.removal}

    def must_be_gone(self):
        return {n for n, state in self.removal.items() if state == 'gone'}

    def settle(self, found):
        """What was in doubt is decided by what was found after a restart; no worker runs now."""
        for name in self.inserted:
            if name in found:
                self.inserted[name] = True
                self.removal.pop(name, None)
            else:
                self.removal[name] = 'gone'


def body_of(name):
    return (name + '.') * 40


def put(client, ledger, _):
    names = ledger.names(1)
    answer = client.call('PUT', f'{QUEUE}/{names[0]}?ttl=0', body_of(names[0]))
    if answer.status == 201:
        ledger.there(names)
    return answer.status


def put_batch(client, ledger, rng):
    names = ledger.names(rng.randint(2, 20))
    messages = [{'id': n, 'ttl': 0, 'body': body_of(n)} for n in names]
    answer = client.call('POST', f'{QUEUE}/~messages', {'messages': messages})
    if answer.status == 200:
        results = answer.json()['results']
        ledger.there([n for n, r in zip(names, results) if r['status'] == 201])
    return answer.status


def take(client, ledger, rng):
    answer = client.call('POST', f'{QUEUE}?limit={rng.randint(1, 10)}&hide=1&detail=full&on_empty=200')
    if answer.status != 200 or not answer.json():
        return answer.status
    items = [(m['id'], m['receipt']) for m in answer.json()]
    names = [n for n, _ in items]
    ledger.removing(names)
    answer = client.call('POST', f'{QUEUE}/~ack', {'messages': [{'id': n, 'receipt': r} for n, r in items]})
    if answer.status == 200:
        results = answer.json()['results']
        ledger.gone([n for n, r in zip(names, results) if r['status'] in (204, 404)])
        # 412: somebody else has it, and that one will note what became of it, or nobody: it stays 'maybe'.
    return answer.status


def delete(client, ledger, rng):
    with ledger.lock:
        name = rng.choice(ledger.recent) if ledger.recent else None
    if not name:
        return 204
    ledger.removing([name])
    answer = client.call('DELETE', f'{QUEUE}/{name}')
    if answer.status in (204, 404):
        ledger.gone([name])
    return answer.status


def worker(node, ledger, stop, rng, odd):
    client = node.client(timeout=10)
    while not stop.is_set():
        action = rng.choices([put, put_batch, take, delete], [5, 2, 2, 1])[0]
        try:
            status = action(client, ledger, rng)
            if status >= 400 and status not in (404, 412, 429, 503, 504):
                odd.append(f'{action.__name__}: status {status}')
        except MISSED:
            if node.process.poll() is not None:
                break
    client.close()


def stored(client):
    """All messages, hidden ones too: name -> body."""
    found, path = {}, f'{QUEUE}?match_hidden=true&detail=all&on_empty=200'
    cursor = ''
    while True:
        answer = client.call('GET', path + cursor)
        if answer.status != 200:
            raise RuntimeError(f'list: status {answer.status} {answer.body[:200]!r}')
        for m in answer.json():
            if m['id'] in found:
                raise RuntimeError(f'{m["id"]} is listed twice')
            found[m['id']] = m['body']
        if 'link' not in answer.headers:
            return found
        cursor = '&cursor=' + answer.headers['burrow-cursor']


def compare(checks, ledger, found, round_number):
    lost = ledger.must_be_there() - found.keys()
    back = ledger.must_be_gone() & found.keys()
    alien = found.keys() - ledger.inserted.keys()
    wrong = [n for n, b in found.items() if b != body_of(n)]
    checks.check(f'round {round_number}: {len(found)} stored, {ledger.answered} answers; none lost, none back',
                 not (lost or back or alien or wrong),
                 f'lost {sorted(lost)[:5]} ({len(lost)}), back {sorted(back)[:5]} ({len(back)}), '
                 f'never put {sorted(alien)[:5]}, wrong body {wrong[:5]}')
    ledger.settle(found)


def run_round(node, ledger, options, rng, odd):
    stop = threading.Event()
    threads = [threading.Thread(target=worker, args=(node, ledger, stop, random.Random(rng.random()), odd), daemon=True)
               for _ in range(options.workers)]
    for t in threads:
        t.start()
    time.sleep(rng.uniform(0.1, 1.5))
    node.kill()
    stop.set()
    for t in threads:
        t.join(20)
        if t.is_alive():
            raise RuntimeError('a worker hangs')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rounds', type=int, default=30)
    parser.add_argument('--seconds', type=float, default=240, help='no new round begins after that many')
    parser.add_argument('--workers', type=int, default=6)
    parser.add_argument('--seed', type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f'seed {options.seed}')
    rng, checks, ledger, odd = random.Random(options.seed), Checks(), Ledger(), []
    begin = time.monotonic()
    with Node() as node:
        try:
            node.start()
            for n in range(1, options.rounds + 1):
                if time.monotonic() - begin > options.seconds:
                    checks.check(f'{options.rounds} rounds in {options.seconds:.0f} s', False, f'only {n - 1} were done')
                    break
                before = ledger.answered
                run_round(node, ledger, options, rng, odd)
                node.start()
                compare(checks, ledger, stored(node.client()), n)
                if ledger.answered == before:
                    checks.check(f'round {n}: anything acknowledged', False)
        except Exception as e:
            checks.check('the loop runs to its end', False, f'{type(e).__name__}: {e}\n{node.log_tail()}')
    checks.check('no unexpected answers', not odd, '; '.join(sorted(set(odd))[:5]))
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
