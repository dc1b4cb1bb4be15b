"""What the conformance checks stand on: the registry of checks, one case's connection, and the rules that hold for
every answer of the contract (sections 2, 5.3, 15), which each call of each check is measured by.
"""
import http.client
import json
import os
import re
import secrets
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../support'))
from burrow_node import Client  # noqa: E402
from document import document_of  # noqa: E402

JSON = {'Content-Type': 'application/json'}
KNOWN = set('''invalid-name invalid-parameter invalid-cursor invalid-json invalid-settings ttl-too-long unauthorized
    forbidden operation-disabled not-found account-not-found queue-not-found message-not-found task-not-found
    method-not-allowed not-acceptable unsupported-media-type request-timeout idempotency-in-progress
    durability-unavailable queue-paused dead-letter-loop task-running receipt-stale etag-mismatch already-exists
    receipt-required body-too-large request-too-large batch-too-large uri-too-long headers-too-large
    idempotency-key-reused batch-rejected rate-limited too-many-waiters dedupe-full quota-exceeded queue-full internal
    no-leader draining overloaded no-space unavailable commit-unknown'''.split())
# Those that no check here can bring about, and the test that does.
ELSEWHERE = {
    'request-timeout': 'test/node/bad_input_test.py',
    'no-space': 'test/node/disk_reserve_test.py',
    'unavailable': 'test/node/damage_test.py',
    'overloaded': 'test/gateway/service_test.cpp',
    'draining': 'test/gateway/service_test.cpp',
    'no-leader': 'test/gateway/service_test.cpp',
    'commit-unknown': 'test/gateway/service_test.cpp',
    'internal': 'test/gateway/service_test.cpp',
    'operation-disabled': 'test/gateway/document_test.cpp',
}
# Of what this version does not have yet.
LATER = set('''unauthorized forbidden rate-limited'''.split())
SEEN = set()  # the problems that answers have had
PROBLEM_MEMBERS = {'type', 'title', 'status', 'detail', 'instance', 'request_id', 'retryable'}

REGISTRY = []


def check(name, where='shared', heavy=False):
    """Registers a check. `shared` ones run side by side on one node, in accounts of their own; those `alone` share a
    second node, one after the other from its empty start; `own` ones get None and start what they need. Heavy
    shared ones wait until the others, whose answers are timed, are done."""
    def keep(function):
        REGISTRY.append((name, function, where, heavy))
        return function
    return keep


class Failed(Exception):
    pass


def that(truth, why):
    if not truth:
        raise Failed(why)


def eq(got, expected, what=''):
    that(got == expected, f'{what + ": " if what else ""}expected {expected!r}, got {str(got)[:300]!r}')


def near(got, expected, slack=2):
    """Seconds left, a little later than they were set."""
    that(expected - slack <= got <= expected, f'expected {expected} or a little less, got {got}')


def show(answer):
    return f'{answer.status} {answer.body[:200]!r}'


def want(answer, status, slug=None):
    that(answer.status == status, f'{answer.request}: expected {status}, got {show(answer)}')
    if slug:
        eq(answer.json()['type'], '/problems/' + slug, answer.request)
        SEEN.add(slug)
    return answer


def problem_rules(answer, path, instance=True):
    """`instance` is left out only where the path was not read to its end."""
    eq(answer.headers.get('content-type', '').split(';')[0], 'application/problem+json', f'{answer.request} content type')
    problem = answer.json()
    missing = PROBLEM_MEMBERS - problem.keys() - (set() if instance else {'instance'})
    that(not missing, f'{answer.request}: the problem lacks {missing}')
    kind = problem['type']
    that(kind.startswith('/problems/') and kind[10:] in KNOWN, f'{answer.request}: unknown type {kind}')
    SEEN.add(kind[10:])
    eq(problem['status'], answer.status, answer.request)
    if instance:
        eq(problem['instance'], path.split('?')[0], f'{answer.request} instance')
    eq(problem['request_id'], answer.headers.get('x-request-id'), f'{answer.request} request_id')
    that(isinstance(problem['retryable'], bool), f'{answer.request}: retryable is {problem["retryable"]!r}')


def missing_problems(root):
    """Problem types that no check has produced and that no other test is known to."""
    out = sorted(KNOWN - SEEN - LATER - set(ELSEWHERE))
    for slug, path in ELSEWHERE.items():
        with open(os.path.join(root, path)) as f:
            if slug not in f.read():
                out.append(f'{slug} (not in {path})')
    return out


def changes_something(method, path, answer):
    """Whether a request answered 2xx has for certain changed something."""
    target, _, query = path.partition('?')
    if answer.headers.get('burrow-count') == '0' or method in ('GET', 'HEAD'):
        return False
    if target.endswith(('~messages', '~ack', '~extend')):
        return answer.status in (201, 204) or any(r['status'] < 300 for r in answer.json()['results'])
    return method != 'POST' or re.search(r'(^|&)(hide|ttl)=', query) is not None


def rules(method, path, headers, answer):
    """What every answer must keep, whatever the request."""
    that(answer.headers.get('x-request-id'), f'{answer.request}: no X-Request-Id')
    if answer.status == 204 or answer.status == 304:
        that('content-length' not in answer.headers or answer.status == 304, f'{answer.request}: 204 with a length')
        eq(answer.body, b'', answer.request)
    else:
        that('content-length' in answer.headers, f'{answer.request}: no Content-Length')
    if answer.status == 405:
        that(answer.headers.get('allow'), f'{answer.request}: 405 without Allow')
    if answer.status >= 400 and method != 'HEAD' and 'accept' not in {k.lower() for k in headers}:
        problem_rules(answer, path)
    if answer.status < 300 and changes_something(method, path, answer):
        eq(answer.headers.get('burrow-durability'), 'quorum', f'{answer.request} Burrow-Durability')
    segments = [s for s in path.split('?')[0].split('/') if s][1:]
    if path.startswith('/v1.0/') and answer.status == 200 and len(segments) in (2, 3) and '~' not in path:
        that('no-store' in answer.headers.get('cache-control', ''), f'{answer.request}: cacheable')
        if len(segments) == 2 and method in ('POST', 'DELETE'):
            that(answer.headers.get('burrow-count', '').isdigit(), f'{answer.request}: no Burrow-Count')


class Case:
    """One check's view of a node: an account of its own and a connection."""

    def __init__(self, node):
        self.node, self.client = node, Client(node.http) if node else None
        self.a = '/v1.0/c' + secrets.token_hex(6)
        self.q = self.a + '/q'

    def call(self, method, path, body=None, headers=None, client=None):
        """Sends it and measures the answer by the rules. A dict as body is sent as JSON."""
        try:
            answer = (client or self.client).call(method, path, body, headers)
        except (OSError, http.client.HTTPException) as e:
            raise Failed(f'{method} {path[:120]}: {type(e).__name__}: {e}') from e
        answer.request = f'{method} {path[:120]}'
        rules(method, path, headers or {}, answer)
        if self.node and self.node.process.poll() is None:
            fault = document_of(self.node).fault(method, path, answer)
            that(fault is None, f'against /openapi.json: {fault}')
        return answer

    def get(self, path, headers=None):
        return self.call('GET', path, None, headers)

    def post(self, path, body=None, headers=None):
        return self.call('POST', path, body, headers)

    def delete(self, path, headers=None):
        return self.call('DELETE', path, None, headers)

    def put(self, path, body=b'', status=201, headers=None):
        """PUT with `ttl=0` unless the path gives one."""
        if 'ttl=' not in path:
            path += ('&' if '?' in path else '?') + 'ttl=0'
        return want(self.call('PUT', path, body, headers), status)

    def put_all(self, names, queue=None):
        for name in names:
            self.put(f'{queue or self.q}/{name}', name.encode())

    def ids(self, more='', path=None):
        """What a list shows: ids, none on 404."""
        answer = self.get(f'{path or self.q}?detail=id{more}')
        return [] if answer.status == 404 else want(answer, 200).json()

    def claim(self, more=''):
        """Claims with detail=full: the items."""
        more = more if 'hide=' in more else more + '&hide=60'
        answer = self.post(f'{self.q}?detail=full{more}')
        return [] if answer.status == 404 else want(answer, 200).json()

    def batch(self, entries, queue=None, **envelope):
        return self.post((queue or self.q) + '/~messages', {'messages': entries, **envelope})

    def fill(self, count, queue=None, prefix='m', size=1, first=0, **attributes):
        """`count` named messages by batches of 100; returns their names in order."""
        names = [f'{prefix}{n:06d}' for n in range(first, first + count)]
        body = 'x' * size
        for at in range(0, count, 100):
            part = [{'id': n, 'body': body, 'ttl': 0, **attributes} for n in names[at:at + 100]]
            answer = want(self.batch(part, queue), 200).json()
            eq(answer['failed'], 0, 'failed entries of a batch')
        return names

    def pour(self, count, queue=None, threads=8):
        """As many nameless empty messages, in hundreds over several connections, in no order."""
        def run(batches):
            client, body = Client(self.node.http, timeout=30), {'messages': [{'body': '', 'ttl': 0} for _ in range(100)]}
            for _ in range(batches):
                statuses.append(client.call('POST', (queue or self.q) + '/~messages', body).status)
            client.close()
        statuses, each = [], count // 100 // threads
        workers = [threading.Thread(target=run, args=(each + (k < count // 100 % threads),)) for k in range(threads)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        eq((set(statuses), len(statuses)), ({200}, count // 100), 'batches')

    def later(self, method, path, body=None, headers=None):
        """Sends it on a thread with a connection of its own; returns a function that waits for (answer, seconds)."""
        out = {}

        def run():
            client, begin = Client(self.node.http, timeout=30), time.monotonic()
            try:
                out['answer'] = self.call(method, path, body, headers, client)
            except Failed as e:
                out['error'] = e
            out['seconds'] = time.monotonic() - begin
            client.close()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def get():
            thread.join(30)
            if 'answer' not in out:
                raise out.get('error') or Failed(f'{method} {path}: no answer')
            return out['answer'], out['seconds']
        return get

    def until(self, ready, seconds, what):
        """Polls; returns the seconds that it took."""
        begin = time.monotonic()
        while not ready():
            that(time.monotonic() - begin < seconds, f'{what}: not within {seconds} s')
            time.sleep(0.03)
        return time.monotonic() - begin

    def close(self):
        if self.client:
            self.client.close()


def next_of(answer):
    """The target of Link rel=next, or None."""
    found = re.search(r'<([^>]*)>\s*;\s*rel="?next"?', answer.headers.get('link', ''))
    return found[1] if found else None


def token(answer):
    return answer.headers['burrow-cursor']


def flipped(text, at=None):
    """The text with one character changed into another of the same alphabet."""
    at = len(text) // 2 if at is None else at
    other = 'A' if text[at] != 'A' else 'B'
    return text[:at] + other + text[at + 1:]


def run_one(node, name, function, print_line):
    """True if it passed."""
    case = Case(node)
    try:
        function(case)
        why = None
    except Failed as e:
        why = str(e)
    except (OSError, http.client.HTTPException, json.JSONDecodeError, KeyError, IndexError, TypeError, ValueError,
            RuntimeError) as e:
        why = f'{type(e).__name__}: {e}'
    case.close()
    print_line(name, why)
    return why is None
