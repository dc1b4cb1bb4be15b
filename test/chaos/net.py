"""A network of our own: each node in a network namespace, joined by a bridge, and what can go wrong between them.

The whole test first moves into namespaces of its own (`enter`): the bridge, the namespaces of the nodes, their mounts and
their processes are nobody else's, and vanish with it however it ends. Needs root, iproute2, iptables; delay needs
libnetfilter-queue-dev. Every fault is shown to take effect by datagrams sent between the namespaces concerned.
"""
import contextlib
import ctypes
import os
import socket
import subprocess
import sys
import threading
import time

INSIDE = 'BURROW_CHAOS_INSIDE'
CLONE_NEWNET = 0x40000000
HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'build/chaos')
libc = ctypes.CDLL(None, use_errno=True)


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f'{" ".join(command)}: {done.stderr.strip()}')
    return done.stdout


def enter():
    """Starts this program again in namespaces of its own; returns why that is not possible, or None once inside."""
    if os.environ.get(INSIDE):
        run('mount', '-t', 'tmpfs', 'tmpfs', '/run')
        os.makedirs('/run/netns')
        run('ip', 'link', 'set', 'lo', 'up')
        return None
    if os.geteuid() != 0:
        return 'needs root'
    apart = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    # All that the nodes' network will need; whether the kernel and the machine's owner let us is tried, not guessed.
    tried = ('mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link add br0 type bridge && ip netns add a && '
             'ip link add v type veth peer name eth0 netns a && ip netns exec a iptables -A INPUT -m statistic '
             '--mode random --probability 0.5 -j DROP')
    try:
        done = subprocess.run([*apart, 'sh', '-c', tried], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as e:
        return str(e)
    if done.returncode != 0:
        return 'no network namespaces here: ' + done.stderr.strip()[-200:]
    os.environ[INSIDE] = '1'
    os.execvp(apart[0], [*apart, sys.executable, *sys.argv])


def compiled(source, *libraries, program=False):
    """Path of a shared object (or a program) built from a C file of ours; built anew when the source is younger."""
    name = os.path.splitext(os.path.basename(source))[0]
    target = os.path.join(BUILD, name + ('' if program else '.so'))
    if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source):
        os.makedirs(BUILD, exist_ok=True)
        kind = [] if program else ['-shared', '-fPIC']
        run('gcc', '-O1', '-Wall', '-Wextra', *kind, '-o', f'{target}.new', source, *libraries)
        os.replace(f'{target}.new', target)
    return target


def inside(space, work):
    """What `work` returns in a network namespace; a thread can be in another one than its process."""
    result = []

    def go():
        with open(f'/run/netns/{space}', 'rb') as f:
            if libc.setns(f.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), 'setns')
        result.append(work())
    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    return result[0]


class Network:
    """Namespaces n1, n2, ... at 10.77.0.1, .2, ...; this process is at 10.77.0.254 on the bridge, as the clients are."""

    def __init__(self, names):
        self.hosts = {name: f'10.77.0.{i + 1}' for i, name in enumerate(names)}
        self.delayers, self.sockets = {}, {}
        with contextlib.suppress(RuntimeError):
            run('ip', 'link', 'add', 'br0', 'type', 'bridge')
            run('ip', 'addr', 'add', '10.77.0.254/24', 'dev', 'br0')
        run('ip', 'link', 'set', 'br0', 'up')
        for name in names:
            run('ip', 'netns', 'add', name)
            run('ip', 'link', 'add', f'v-{name}', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
            run('ip', 'link', 'set', f'v-{name}', 'master', 'br0', 'up')
            run('ip', '-n', name, 'addr', 'add', f'{self.hosts[name]}/24', 'dev', 'eth0')
            run('ip', '-n', name, 'link', 'set', 'lo', 'up')
            run('ip', '-n', name, 'link', 'set', 'eth0', 'up')
            self.sockets[name] = inside(name, socket_of)

    def remove(self):
        for name in self.hosts:
            self.sockets[name].close()
            self.end_delay(name)
            run('ip', 'netns', 'del', name, check=False)
            run('ip', 'link', 'del', f'v-{name}', check=False)

    def prefix(self, name):
        """Words that start a program there; it keeps its process id."""
        return ['nsenter', f'--net=/run/netns/{name}']

    def rule(self, name, *words):
        run(*self.prefix(name), 'iptables', '-w', *words)

    # --- faults

    def cut(self, sender, receiver):
        """Nothing from `sender` reaches `receiver`; the other way is left as it is."""
        self.rule(receiver, '-A', 'INPUT', '-s', self.hosts[sender], '-j', 'DROP')

    def part(self, one, other):
        """Nothing between two groups of nodes, either way."""
        for a in one:
            for b in other:
                self.cut(a, b)
                self.cut(b, a)

    def lose(self, name, share):
        """That share of the packets that come from other nodes."""
        for other, host in self.hosts.items():
            if other != name:
                self.rule(name, '-A', 'INPUT', '-s', host, '-m', 'statistic', '--mode', 'random', '--probability',
                          str(share), '-j', 'DROP')

    def delay(self, name, milliseconds, jitter=0):
        """Of what that node sends to others."""
        program = compiled(os.path.join(HERE, 'delay.c'), '-lnetfilter_queue', '-lnfnetlink', program=True)
        process = subprocess.Popen([*self.prefix(name), program, '1', str(milliseconds), str(jitter)],
                                   stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != 'ready':
            raise RuntimeError('the delayer did not start')
        self.delayers[name] = process
        for other, host in self.hosts.items():
            if other != name:
                self.rule(name, '-A', 'OUTPUT', '-d', host, '-j', 'NFQUEUE', '--queue-num', '1', '--queue-bypass')

    def end_delay(self, name):
        process = self.delayers.pop(name, None)
        if process:
            process.kill()
            process.wait()
            process.stdout.close()

    def heal(self):
        for name in self.hosts:
            self.rule(name, '-F')
            self.end_delay(name)

    # --- what shows that they take effect

    def arrive(self, sender, receiver, count=1, seconds=0.2):
        """How many of so many datagrams get there, and the longest any of them took."""
        source, target = self.sockets[sender], self.sockets[receiver]
        with contextlib.suppress(BlockingIOError):
            while True:
                target.recv(64)
        begun, sent, got, slowest = time.monotonic(), {}, 0, 0.0
        while got < count and time.monotonic() - begun < seconds:
            if len(sent) < count:  # reading in between: a socket holds some 250
                word = str(len(sent)).encode()
                sent[word] = time.monotonic()
                with contextlib.suppress(OSError):  # a rule may tell the sender
                    source.sendto(word, (self.hosts[receiver], target.getsockname()[1]))
            try:
                word = target.recv(64)
                got, slowest = got + 1, max(slowest, time.monotonic() - sent[word])
            except BlockingIOError:
                if len(sent) == count:
                    time.sleep(0.001)
        return got, slowest


def socket_of():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('0.0.0.0', 0))
    s.setblocking(False)
    return s
