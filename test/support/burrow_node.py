"""Starts, kills and talks to a node of our own, for the tests that need a real process. Standard library only.

The program is build/release/burrow, or what BURROW_BINARY names. Every node has its own temporary directory and free
ports on loopback; nothing else is ever signalled.
"""
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get('BURROW_BINARY', os.path.join(ROOT, 'build/release/burrow'))
SHIM = os.environ.get('BURROW_SLOW_SYNC', os.path.join(ROOT, 'build/release/test/slow_sync.so'))


def free_ports(count):
    """Ports that were free a moment ago; a node that loses the race fails its start and says so."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(('127.0.0.1', 0))
        return [s.getsockname()[1] for s in sockets]


class Answer:
    def __init__(self, response):
        self.status, self.body = response.status, response.read()
        self.headers = {k.lower(): v for k, v in response.getheaders()}

    def json(self):
        return json.loads(self.body)


class Client:
    """One keep-alive connection. A broken one raises OSError or HTTPException and connects anew next time."""

    def __init__(self, port, timeout=20, host='127.0.0.1'):
        self.connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def call(self, method, path, body=None, headers=None):
        try:
            if isinstance(body, (dict, list)):
                body, headers = json.dumps(body), {'Content-Type': 'application/json', **(headers or {})}
            self.connection.request(method, path, body, headers or {})
            return Answer(self.connection.getresponse())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise

    def close(self):
        self.connection.close()


class Node:
    """A node over `data`, which outlives it: kill() and start() again for a crash. Use as a context manager."""

    def __init__(self, data=None, arguments=(), environment=None):
        self.scratch = None if data else tempfile.mkdtemp(prefix='burrow-test-')
        self.data = data or os.path.join(self.scratch, 'data')
        self.log_path = os.path.join(self.scratch or os.path.dirname(data), 'node.log')
        self.arguments, self.environment = list(arguments), environment or {}
        self.process = None

    def start(self, ready_seconds=30):
        """Starts it and waits until it is ready; returns the seconds that took."""
        self.http, self.admin = free_ports(2)
        begin = time.monotonic()
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                [BINARY, 'serve', '--node', 'n1', '--zone', 'a', '--data', self.data,
                 '--http', f'127.0.0.1:{self.http}', '--admin', f'127.0.0.1:{self.admin}', *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.environment})
        while not self.ready():
            if self.process.poll() is not None:
                raise RuntimeError(f'the node ended with {self.process.returncode} at its start\n{self.log_tail()}')
            if time.monotonic() - begin > ready_seconds:
                raise RuntimeError(f'the node is not ready after {ready_seconds} s\n{self.log_tail()}')
            time.sleep(0.01)
        return time.monotonic() - begin

    def ready(self):
        try:
            return Client(self.http, timeout=2).call('GET', '/healthz/ready').status == 200
        except (OSError, http.client.HTTPException):
            return False

    def client(self, timeout=20):
        return Client(self.http, timeout)

    def kill(self, number=signal.SIGKILL, wait_seconds=30):
        """Sends the signal and returns the exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(wait_seconds)

    def log_tail(self, size=3000):
        with open(self.log_path, 'rb') as f:
            return f.read()[-size:].decode(errors='replace')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


class Checks:
    """Counts named checks and prints the closing line that test/check.sh adds up."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0

    def check(self, name, ok, why=''):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        print(('ok   ' if ok else 'FAIL ') + name + ('' if ok or not why else f'  {why}'), flush=True)
        return bool(ok)

    def skip(self, name, why):
        self.skipped += 1
        print(f'skipped: {name}: {why}', flush=True)

    def finish(self):
        """The exit status."""
        print(f'{self.passed} passed, {self.failed} failed')
        return 1 if self.failed or not self.passed else 0
