"""Clients that number every message and remember what they were told, for tests that break a cluster meanwhile."""
import http.client
import threading
import time

from burrow_node import Client


class AnyNode:
    """A client that knows several nodes, ports of loopback or (host, port), and goes to the next one when a connection
    breaks or its node says goodbye. It tries its first one again five seconds later, so that clients stay spread: else
    all of them end up at one node, and hang together when that one is frozen."""

    def __init__(self, endpoints, first=0, timeout=10):
        self.endpoints = [e if isinstance(e, tuple) else ('127.0.0.1', e) for e in endpoints]
        self.home, self.at, self.timeout, self.client, self.left = first, first, timeout, None, 0.0

    def call(self, *request):
        """Raises OSError or HTTPException: what became of the request is unknown, unless the connection was refused."""
        if self.at != self.home and time.monotonic() - self.left > 5:
            self.go(self.home)
        host, port = self.endpoints[self.at % len(self.endpoints)]
        self.client = self.client or Client(port, self.timeout, host)
        try:
            answer = self.client.call(*request)
        except (OSError, http.client.HTTPException):
            self.leave()
            raise
        if answer.headers.get('connection') == 'close':
            self.leave()
        return answer

    def leave(self):
        self.left = time.monotonic()
        self.go(self.at + 1)

    def go(self, at):
        self.close()
        self.at = at

    def close(self):
        if self.client:
            self.client.close()
        self.client = None


class Writers:
    """Threads that put numbered messages by name, each again until it is acknowledged; a broken connection or a 504
    means "may have happened", and the same name again is no second message."""

    def __init__(self, endpoints, account='load', queue='jobs', threads=4, pause=0.0, timeout=10):
        self.endpoints, self.path, self.pause = list(endpoints), f'/v1.0/{account}/{queue}', pause
        self.timeout = timeout
        self.acknowledged, self.failures, self.times, self.latencies = set(), [], [], []
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(threads)]
        for t in self.threads:
            t.start()

    def request(self, name):
        return 'PUT', f'{self.path}/{name}', f'body of {name}'

    def told(self, name, begin, end, status, answer):
        """For who keeps a history: an attempt has ended. The status is 'broken' or 'refused' where nobody answered."""

    def run(self, who):
        node, number = AnyNode(self.endpoints, who, self.timeout), 0
        while not self.stopping.is_set():
            name, number = f'w{who}-{number}', number + 1
            begun = time.monotonic()
            while not self.attempt(node, name, begun):
                if self.stopping.is_set():
                    return
            if self.pause:
                time.sleep(self.pause)

    def attempt(self, node, name, begun):
        """Whether it is acknowledged."""
        begin, answer, detail = time.monotonic(), None, None
        try:
            answer = node.call(*self.request(name))
            status, detail = answer.status, answer.body
        except ConnectionRefusedError:
            status = 'refused'  # a stopped node: not a request
        except (OSError, http.client.HTTPException) as e:
            status, detail = 'broken', repr(e)
        end = time.monotonic()
        done = status in (200, 201, 204)
        if done:
            with self.lock:
                self.acknowledged.add(name)
                self.times.append(end)
                self.latencies.append(end - begun)
        self.told(name, begin, end, status, answer)  # may ask something itself, and take its time
        if done:
            return True
        if status != 'refused':
            self.note(status, detail)
        if status != 'broken':
            time.sleep(0.005 if status == 'refused' else 0.02)
        return False

    def note(self, what, detail):
        with self.lock:
            self.failures.append((time.monotonic(), what, detail))

    def count(self):
        with self.lock:
            return len(self.acknowledged)

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join(30)

    def largest_gap(self, since=0.0):
        """Seconds between two acknowledgements, the most of all after `since`."""
        times = sorted(t for t in self.times if t >= since)
        return max((b - a for a, b in zip(times, times[1:])), default=0.0)


def names_stored(endpoint, account='load', queue='jobs'):
    """All names that a queue lists, claimed ones too."""
    return [m if isinstance(m, str) else m['id'] for m in stored(endpoint, account, queue, 'id')]


def stored(endpoint, account, queue, detail):
    """All that a queue lists, claimed ones too; pages through it."""
    node, found = AnyNode([endpoint], timeout=20), []
    path = f'/v1.0/{account}/{queue}?limit=1000&detail={detail}&match_hidden=true'
    while path:
        answer = node.call('GET', path)
        if answer.status == 404:
            return found
        if answer.status != 200:
            raise RuntimeError(f'{answer.status} {answer.body[:200]}')
        page = answer.json()
        found += page
        link = answer.headers.get('link', '')
        path = link[link.index('<') + 1:link.index('>')] if page and 'rel="next"' in link else None
    return found
