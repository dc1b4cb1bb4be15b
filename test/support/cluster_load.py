"""Clients that number every message and remember what they were told, for tests that break a cluster meanwhile."""
import http.client
import threading
import time

from burrow_node import Client


class Writers:
    """Threads that put numbered messages by name, each again until it is acknowledged; a broken connection or a 504
    means "may have happened", and the same name again is no second message."""

    def __init__(self, ports, account='load', queue='jobs', threads=4, pause=0.0):
        self.ports, self.path, self.pause = list(ports), f'/v1.0/{account}/{queue}', pause
        self.acknowledged, self.failures, self.times, self.latencies = set(), [], [], []
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(threads)]
        for t in self.threads:
            t.start()

    def run(self, who):
        at, number, client = who, 0, None
        while not self.stopping.is_set():
            name, number = f'w{who}-{number}', number + 1
            begun = time.monotonic()
            while True:
                try:
                    client = client or Client(self.ports[at % len(self.ports)], timeout=10)
                    answer = client.call('PUT', f'{self.path}/{name}', f'body of {name}')
                    if answer.status in (201, 204):
                        now = time.monotonic()
                        with self.lock:
                            self.acknowledged.add(name)
                            self.times.append(now)
                            self.latencies.append(now - begun)
                        if answer.headers.get('connection') == 'close':
                            at, client = at + 1, None
                        break
                    self.note(answer.status, answer.body)
                    time.sleep(0.02)
                except ConnectionRefusedError:
                    at, client = at + 1, None  # a stopped node: not a request
                    time.sleep(0.005)
                except (OSError, http.client.HTTPException) as e:
                    self.note('broken', repr(e))
                    at, client = at + 1, None
                if self.stopping.is_set():
                    return
            if self.pause:
                time.sleep(self.pause)

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


def names_stored(port, account='load', queue='jobs'):
    """All names that a queue lists, claimed ones too; pages through it."""
    client, names = Client(port), []
    path = f'/v1.0/{account}/{queue}?limit=1000&detail=id&match_hidden=true'
    while path:
        answer = client.call('GET', path)
        if answer.status == 404:
            return names
        if answer.status != 200:
            raise RuntimeError(f'{answer.status} {answer.body[:200]}')
        page = answer.json()
        names += [m if isinstance(m, str) else m['id'] for m in page]
        link = answer.headers.get('link', '')
        path = link[link.index('<') + 1:link.index('>')] if page and 'rel="next"' in link else None
    return names
