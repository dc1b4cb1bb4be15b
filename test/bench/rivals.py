"""RabbitMQ and NATS as clusters of three on loopback, from Debian's packages, each over a directory and ports of its own.

Nothing is shared with a RabbitMQ or NATS of the machine: own cookie, own epmd, own configuration. Settings are those that
the packages ship, but for names, ports and directories. Everything started here is a child of this process and is ended.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from burrow_cluster import free_ports

RABBIT = '/usr/lib/rabbitmq/bin/'
TICKS = os.sysconf('SC_CLK_TCK')
QUEUE = 'load'


def fields_of(pid):
    """Of /proc/PID/stat, from the state on; None if there is no such process any more."""
    try:
        with open(f'/proc/{pid}/stat') as f:
            return f.read().rsplit(')', 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_of_tree(pid):
    """utime + stime in seconds of a process, its ended children, and all that descend from it and live."""
    parents = {}
    for name in filter(str.isdigit, os.listdir('/proc')):
        fields = fields_of(name)
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(name))
    total, left = 0, [pid]
    while left:
        one = left.pop()
        fields = fields_of(one)
        total += sum(map(int, fields[11:15])) if fields else 0
        left += parents.get(one, [])
    return total / TICKS


class Servers:
    """Processes that live as long as the block; how to end them properly is said by the classes below."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix='burrow-rivals-')
        self.processes, self.ports = [], []

    def spawn(self, name, command, environment=None):
        with open(os.path.join(self.directory, name + '.log'), 'ab') as log:
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                                                   env={**os.environ, **(environment or {})}, start_new_session=True))

    def cpu_seconds(self):
        return sum(cpu_of_tree(p.pid) for p in self.processes)

    def log_tail(self):
        names = sorted(n for n in os.listdir(self.directory) if n.endswith('.log'))
        return '\n'.join(f'--- {n}\n{open(os.path.join(self.directory, n), errors="replace").read()[-800:]}' for n in names)

    def wait(self, condition, seconds, what):
        until = time.monotonic() + seconds
        while not condition():
            if any(p.poll() is not None for p in self.processes) or time.monotonic() > until:
                raise RuntimeError(f'waited for {what}\n{self.log_tail()}')
            time.sleep(0.1)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for number, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
            for p in reversed(self.processes):
                if p.poll() is None:
                    os.killpg(p.pid, number)
            until = time.monotonic() + seconds
            for p in self.processes:
                try:
                    p.wait(max(0.1, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    pass
        shutil.rmtree(self.directory, ignore_errors=True)


def answers(port):
    try:
        socket.create_connection(('127.0.0.1', port), timeout=1).close()
        return True
    except OSError:
        return False


class Rabbit(Servers):
    """Three nodes and a quorum queue, which the load declares: its leader is where the first connection goes."""
    dialect, targets = 'amqp', (QUEUE, QUEUE + '-one')

    @staticmethod
    def missing():
        return None if os.path.exists(RABBIT + 'rabbitmq-server') and shutil.which('epmd') else 'rabbitmq-server'

    def environment(self, i):
        home = os.path.join(self.directory, f'rabbit{i}')
        return {'HOME': self.directory, 'RABBITMQ_NODENAME': f'rabbit{i}@localhost', 'RABBITMQ_NODE_IP_ADDRESS': '127.0.0.1',
                'RABBITMQ_NODE_PORT': str(self.ports[i]), 'RABBITMQ_DIST_PORT': str(self.dist[i]),
                'RABBITMQ_MNESIA_BASE': home, 'RABBITMQ_LOG_BASE': home, 'RABBITMQ_PID_FILE': home + '/pid',
                'RABBITMQ_CONFIG_FILE': self.directory + '/rabbitmq', 'RABBITMQ_CONF_ENV_FILE': '/dev/null',
                'RABBITMQ_ENABLED_PLUGINS_FILE': self.directory + '/plugins', 'ERL_EPMD_PORT': str(self.epmd),
                'ERL_EPMD_ADDRESS': '127.0.0.1', 'RUNNING_UNDER_SYSTEMD': 'true'}

    def control(self, *words, i=0, timeout=60):
        done = subprocess.run([RABBIT + 'rabbitmqctl', '--quiet', *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, cwd=self.directory, env={**os.environ, **self.environment(i)})
        return done.stdout if done.returncode == 0 else ''

    def start(self):
        ports = free_ports(7)
        self.ports, self.dist, self.epmd = ports[:3], ports[3:6], ports[6]
        cookie = self.directory + '/.erlang.cookie'
        with open(cookie, 'w') as f:
            f.write('burrowbench')
        os.chmod(cookie, 0o400)
        with open(self.directory + '/plugins', 'w') as f:
            f.write('[].\n')
        with open(self.directory + '/rabbitmq.conf', 'w') as f:
            f.write('cluster_formation.peer_discovery_backend = classic_config\n'
                    'cluster_formation.randomized_startup_delay_range.min = 0\n'
                    'cluster_formation.randomized_startup_delay_range.max = 1\n')
            f.write(''.join(f'cluster_formation.classic_config.nodes.{i + 1} = rabbit{i}@localhost\n' for i in range(3)))
        # As a child in the foreground: the one that a node would start by itself outlives it.
        self.spawn('epmd', ['epmd', '-port', str(self.epmd), '-address', '127.0.0.1'])
        self.wait(lambda: answers(self.epmd), 10, 'epmd')
        for i in range(3):
            os.mkdir(os.path.join(self.directory, f'rabbit{i}'))
            self.spawn(f'rabbit{i}', [RABBIT + 'rabbitmq-server'], self.environment(i))
            self.wait(lambda: answers(self.ports[i]), 60, f'rabbit{i}')
        self.wait(lambda: self.running() == 3, 60, 'three nodes in one cluster')

    def running(self):
        said = self.control('cluster_status', '--formatter', 'json')
        return len(json.loads(said)['running_nodes']) if said else 0

    def stored(self, expected):
        """Messages that its quorum queues say they have. They count every few seconds, so what is expected has 30 s."""
        until = time.monotonic() + 30
        while True:
            rows = [r.split('\t') for r in self.control('list_queues', 'name', 'messages', 'type').splitlines()]
            now = sum(int(r[1]) for r in rows if r[0] in self.targets and r[2] == 'quorum')
            if now == expected or time.monotonic() > until:
                return now
            time.sleep(1)


class Nats(Servers):
    """Three servers and a stream of three replicas, in files. JetStream of 2.9 acknowledges before anything is synced."""
    dialect, targets = 'nats', (QUEUE, QUEUE)

    @staticmethod
    def missing():
        return None if shutil.which('nats-server') else 'nats-server'

    def start(self):
        ports = free_ports(6)
        self.ports, routes = ports[:3], ports[3:]
        every = ', '.join(f'nats://127.0.0.1:{p}' for p in routes)
        for i in range(3):
            path = os.path.join(self.directory, f'nats{i}.conf')
            with open(path, 'w') as f:
                f.write(f'server_name: n{i}\nlisten: 127.0.0.1:{self.ports[i]}\n'
                        f'jetstream {{ store_dir: "{self.directory}/nats{i}", max_file_store: 20G }}\n'
                        f'cluster {{ name: bench, listen: 127.0.0.1:{routes[i]}, routes: [{every}] }}\n')
            self.spawn(f'nats{i}', ['nats-server', '-c', path])
        self.wait(lambda: all(map(answers, self.ports)), 20, 'NATS')
        wanted = {'name': QUEUE, 'subjects': [QUEUE], 'storage': 'file', 'num_replicas': 3, 'retention': 'limits'}
        self.wait(lambda: 'config' in self.request(f'STREAM.CREATE.{QUEUE}', wanted), 60, 'a stream of three replicas')

    def request(self, what, body=None):
        """One request to JetStream's API: its JSON, or {} while nobody answers."""
        payload = json.dumps(body).encode() if body else b''
        try:
            with socket.create_connection(('127.0.0.1', self.ports[0]), timeout=3) as s, s.makefile('rb') as lines:
                lines.readline()
                s.sendall(b'CONNECT {"verbose":false}\r\nSUB _INBOX.q 1\r\n'
                          + f'PUB $JS.API.{what} _INBOX.q {len(payload)}\r\n'.encode() + payload + b'\r\n')
                while line := lines.readline():
                    if line.startswith(b'MSG '):
                        return json.loads(lines.read(int(line.split()[-1])))
        except (OSError, ValueError):
            pass
        return {}

    def stored(self, expected):
        return self.request(f'STREAM.INFO.{QUEUE}').get('state', {}).get('messages', -1)
