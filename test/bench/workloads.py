"""The rows of the table: each starts a node of its own over an empty directory and returns figures of one round."""
import http.client
import os
import subprocess
import tempfile
import time

from burrow_node import BINARY, Client, Node, free_ports
from floors import bench

MIB = 1048576
TICKS = os.sysconf('SC_CLK_TCK')


def cpu_seconds(process):
    """utime + stime of all its threads."""
    with open(f'/proc/{process.pid}/stat') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(process):
    with open(f'/proc/{process.pid}/status') as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith('VmRSS'))


class Scale:
    """How much of everything a round does."""

    def __init__(self, quick):
        self.seconds = 2 if quick else 6
        self.floor_seconds = 0.2 if quick else 0.4
        self.redis_messages = 20000 if quick else 80000
        self.stored = 20000 if quick else 200000
        self.queues = 1000
        self.idle_queues = 10000 if quick else 100000
        self.idle_wait = 10 if quick else 60
        self.idle_cpu_seconds = 3 if quick else 10


def sound(result):
    """The result, if the run was without fault: a rate with losses in it is worth nothing."""
    for member in ('errors', 'lost', 'duplicates'):
        if result.get(member):
            raise RuntimeError(f'{result["mode"]}: {result[member]} {member}')
    return result


def measured(mode, scale, arguments=(), **flags):
    """A run on a fresh node: the bench's object, with the node's CPU for each message and its memory afterwards."""
    with Node(arguments=arguments) as node:
        node.start()
        before = cpu_seconds(node.process)
        result = sound(bench(node.http, mode, scale.seconds, **flags))
        result['cpu_us'] = (cpu_seconds(node.process) - before) * 1e6 / max(1, result.get('messages', 0))
        result['resident'] = resident(node.process)
        if flags.get('no_verify'):
            counted(node, result['messages'])
        return result


def counted(node, expected):
    """What was acknowledged must be there: where the bench does not read it back, to keep that out of the CPU time."""
    shown = Client(node.http, timeout=60).call('GET', '/v1.0?detail=full')
    there = sum(a['messages'] for a in shown.json()) if shown.status == 200 else 0
    if there != expected:
        raise RuntimeError(f'{there} messages are there, {expected} were acknowledged')


def figures(result, *wanted):
    """The named figures of a bench's object; latencies by their quantile."""
    return {w: result['latency_us'][w] if w in result.get('latency_us', {}) else result[w] for w in wanted}


KEPT = {'connections': 64, 'size': 1024, 'keep': True, 'no_verify': True}


def insert(scale):
    return figures(measured('insert', scale, **KEPT), 'rate', 'cpu_us', 'p50', 'p99', 'resident')


def batch(scale):
    return figures(measured('batch', scale, batch=10, **KEPT), 'rate', 'cpu_us', 'p99', 'resident')


def latency(scale):
    return figures(measured('latency', scale, connections=1, size=1024), 'p50', 'p99', 'p999')


def take(scale):
    result = measured('take', scale, connections=64, size=1024, batch=10, prefill=scale.stored, messages=scale.stored)
    return figures(result, 'rate', 'p99')


def longpoll(scale):
    return figures(measured('longpoll', scale, size=1024), 'p50', 'p99')


def queues(scale):
    return figures(measured('queues', scale, queues=scale.queues, **KEPT), 'rate', 'cpu_us')


def tenants(scale):
    """p99 of a quiet tenant alone, and beside one that floods with 64 connections."""
    result = measured('tenants', scale, connections=64, size=1024)
    return {'alone_p99': result['alone']['latency_us']['p99'], 'flooded_p99': result['quiet']['latency_us']['p99'],
            'flood_rate': result['flood']['rate']}


def idle(scale):
    """An empty node that nobody asks: share of a core, and memory."""
    with Node() as node:
        node.start()
        time.sleep(2)
        before = cpu_seconds(node.process)
        time.sleep(scale.idle_cpu_seconds)
        return {'core': (cpu_seconds(node.process) - before) / scale.idle_cpu_seconds, 'resident': resident(node.process)}


def idle_queues(scale):
    """Memory above the empty node, a while after one small message went into each of many queues."""
    with Node() as node:
        node.start()
        time.sleep(1)
        empty, begin, account = resident(node.process), time.monotonic(), 0
        for left in range(scale.idle_queues, 0, -10000):
            account += 1
            each = min(left, 10000)
            sound(bench(node.http, 'queues', None, connections=64, size=16, queues=each, messages=each, keep=True,
                        no_verify=True, account=f'idle{account}', timeout=300))
        filled = time.monotonic() - begin
        time.sleep(scale.idle_wait)
        above = resident(node.process) - empty
        counted(node, scale.idle_queues)
        return {'above': above, 'fill_seconds': filled, 'queues': scale.idle_queues}


def first_insert(port, path='/v1.0/start/q/m'):
    """Tries until an insert is acknowledged."""
    while True:
        try:
            if Client(port, timeout=5).call('PUT', path, b'x').status in (201, 204):
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.002)


def start(_):
    """From the start of the process over an empty directory to the first acknowledged insert."""
    with tempfile.TemporaryDirectory(prefix='burrow-bench-') as scratch:
        port, admin = free_ports(2)
        begin = time.monotonic()
        with open(scratch + '/log', 'wb') as log:
            process = subprocess.Popen(
                [BINARY, 'serve', '--node', 'n1', '--zone', 'a', '--data', scratch + '/data', '--http', f'127.0.0.1:{port}',
                 '--admin', f'127.0.0.1:{admin}'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            first_insert(port)
            return {'seconds': time.monotonic() - begin}
        finally:
            process.kill()
            process.wait()


def deep(scale, messages):
    """Many stored messages: memory, takes beside those of a shallow queue, and the first take after kill -9."""
    with Node(arguments=['--limits-stored-bytes', '0']) as node:
        node.start()
        filled = sound(bench(node.http, 'batch', None, connections=16, size=1024, batch=100, messages=messages, keep=True,
                             no_verify=True, account='deep', timeout=600 + messages / 2000))
        out = {'messages': messages, 'fill_rate': filled['rate'], 'resident': resident(node.process)}
        shallow = sound(bench(node.http, 'take', scale.seconds, connections=64, size=1024, batch=10, prefill=scale.stored,
                              messages=scale.stored, account='shallow', timeout=300))
        client = Client(node.http, timeout=60)
        queue = '/v1.0/deep/' + client.call('GET', '/v1.0/deep?limit=1').json()[0]
        out['take_rate'], out['shallow_rate'] = take_from(node.http, queue, scale.seconds), shallow['rate']
        out['shallow_rate_alike'] = shallow_alike(node, scale)
        out['resident_after_takes'] = resident(node.process)
        node.kill()
        begin = time.monotonic()
        node.start(ready_seconds=120)
        while True:
            answer = Client(node.http, timeout=60).call('POST', queue + '?limit=10&hide=60&detail=full')
            if answer.status == 200:
                break
            time.sleep(0.01)
        out['restart_seconds'] = time.monotonic() - begin
        return out


def take_from(port, queue, seconds):
    """Messages a second that one simple client takes by claims of 100 and acknowledges."""
    client, taken, begin = Client(port, timeout=60), 0, time.monotonic()
    while time.monotonic() - begin < seconds:
        items = client.call('POST', queue + '?limit=100&hide=60&detail=full&on_empty=200').json()
        if not items:
            break
        entries = [{'id': m['id'], 'receipt': m['receipt']} for m in items]
        taken += sum(r['status'] == 204 for r in client.call('POST', queue + '/~ack', {'messages': entries}).json()['results'])
    return taken / (time.monotonic() - begin)


def shallow_alike(node, scale):
    """The same simple client on a queue of few messages: what `take_rate` is a share of."""
    client, queue = Client(node.http), '/v1.0/alike/q'
    for _ in range(200):
        client.call('POST', queue + '/~messages?ttl=0', {'messages': [{'body': 'x' * 1024} for _ in range(100)]})
    return take_from(node.http, queue, scale.seconds)


ROUNDS = {f.__name__: f for f in (insert, batch, latency, take, longpoll, queues, tenants)}
ONCE = {f.__name__: f for f in (start, idle, idle_queues)}
