"""Several nodes of our own that form a cluster, for the tests that need real processes: on loopback, or each at an
address of its own (test/chaos gives every node a network namespace).

Every cluster has its own temporary directory and free ports; nothing else is ever signalled.
"""
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from burrow_node import BINARY, Client


PORTS = os.environ.get('BURROW_TEST_PORTS', '20000-32000')


def free_ports(count):
    """Below what the kernel gives to outgoing connections, so that none of ours takes one meanwhile; each followed by
    a free one, since the data plane listens behind the control plane. BURROW_TEST_PORTS narrows them."""
    low, high = (int(n) for n in PORTS.split('-'))
    found = []
    while len(found) < count:
        port = random.randrange(low, high - 1, 2)
        if port in found:
            continue
        with contextlib.ExitStack() as stack:
            try:
                for p in (port, port + 1):
                    stack.enter_context(socket.socket()).bind(('127.0.0.1', p))
                found.append(port)
            except OSError:
                pass
    return found


class Member:
    """One node; its directory and ports stay the same however often it is started."""

    def __init__(self, directory, name, zone, ports, arguments=()):
        self.name, self.zone, self.data = name, zone, os.path.join(directory, name)
        self.log_path = os.path.join(directory, name + '.log')
        self.host, self.prefix, self.environment = '127.0.0.1', [], {}
        self.http, self.admin, self.cluster = ports
        self.arguments, self.process, self.may_end = list(arguments), None, False
        self.environment = {}

    @property
    def address(self):
        return f'{self.host}:{self.cluster}'

    @property
    def endpoint(self):
        """Where clients go, as cluster_load takes it."""
        return self.host, self.http

    def start(self, *arguments):
        self.may_end = False
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                [*self.prefix, BINARY, 'serve', '--node', self.name, '--zone', self.zone, '--data', self.data,
                 '--http', f'{self.host}:{self.http}', '--admin', f'{self.host}:{self.admin}',
                 '--cluster', self.address, *self.arguments, *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.environment})

    def client(self, timeout=20):
        return Client(self.http, timeout, self.host)

    def ask(self, path, timeout=5):
        """JSON of the admin listener; None if there is no answer."""
        try:
            answer = Client(self.admin, timeout, self.host).call('GET', path)
            return answer.json() if answer.status == 200 else None
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return None

    def ready(self):
        try:
            return self.client(timeout=2).call('GET', '/healthz/ready').status == 200
        except (OSError, http.client.HTTPException):
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.may_end = self.may_end or number in (signal.SIGKILL, signal.SIGTERM)
        self.process.send_signal(number)

    def kill(self, number=signal.SIGKILL, wait_seconds=40):
        if self.alive():
            self.send(number)
        return self.process.wait(wait_seconds)

    def log_tail(self, size=3000):
        with open(self.log_path, 'rb') as f:
            return f.read()[-size:].decode(errors='replace')


class Cluster:
    """n1, n2, ... in zones a, b, c in turn. Use as a context manager."""

    def __init__(self, size=3, arguments=(), zones=('a', 'b', 'c')):
        self.directory = tempfile.mkdtemp(prefix='burrow-cluster-')
        ports = free_ports(3 * size)
        self.members = [
            Member(self.directory, f'n{i + 1}', zones[i % len(zones)],
                   tuple(ports[3 * i:3 * i + 3]), arguments)
            for i in range(size)]

    def __getitem__(self, i):
        return self.members[i]

    def grow(self, first=0, last=None):
        """Starts members one after the other: the first one makes the cluster, the others join it."""
        for m in self.members[first:last]:
            if m is self.members[0]:
                m.start()
                self.wait(m.ready, 30, f'{m.name} to be ready')
            else:
                m.start('--join', self.members[0].address)

    def form(self):
        """All at once, with --bootstrap-expect."""
        addresses = ','.join(m.address for m in self.members)
        for m in self.members:
            m.start('--join', addresses, '--bootstrap-expect', str(len(self.members)))

    def wait(self, condition, seconds, what):
        until = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            for m in self.members:
                if m.process is not None and not m.may_end and m.process.poll() is not None:
                    raise RuntimeError(f'{m.name} ended with {m.process.returncode}\n{m.log_tail()}')
            if time.monotonic() > until:
                logs = '\n'.join(f'--- {m.name}\n{m.log_tail(1500)}' for m in self.members if m.process)
                raise RuntimeError(f'waited {seconds} s for {what}\n{logs}')
            time.sleep(0.05)

    def voters(self):
        """How many voters each shard has, as some node knows it; None while nobody answers."""
        for m in self.members:
            if not m.alive():
                continue
            shards = m.ask('/admin/v1/shards')
            if shards and shards.get('complete'):
                return [len(s['voters']) for s in shards['shards']]
        return None

    def settled(self, voters=3):
        counts = self.voters()
        return bool(counts) and all(c == voters for c in counts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for m in self.members:
            if m.alive():
                m.send(signal.SIGCONT)
                m.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
