#!/usr/bin/env python3
"""The `burrow` command from outside: each command against a real node, its output, and its exit codes.

usage: cli_test.py
"""
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import BINARY, Checks, Client, Node, free_ports  # noqa: E402


class Done:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    def __repr__(self):
        return f'exit {self.code}, out {self.out[-300:]!r}, err {self.err[-300:]!r}'


def burrow(*arguments, stdin='', **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith('BURROW_')}
    return Done(subprocess.run([BINARY, *arguments], input=stdin, capture_output=True, text=True, timeout=60,
                               env={**clean, **environment}))


def on_terminal(*arguments):
    """What a command writes to standard error if that is a terminal."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, 'rb', buffering=0) as terminal:
        process = subprocess.Popen([BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        text = b''
        try:
            while part := terminal.read(4096):
                text += part
        except OSError:  # how Linux says that the other side is closed
            pass
        process.wait(60)
    return text.decode(errors='replace')


def usage(checks):
    def want(name, code, text, *arguments, **environment):
        done = burrow(*arguments, **environment)
        checks.check(name, done.code == code and text in done.out + done.err, repr(done))

    want('no command prints the overview', 2, 'queue put')
    want('--help begins with two examples', 0, 'burrow serve', '--help')
    want('a command has help', 0, 'usage: burrow queue put', 'queue', 'put', '--help')
    want('serve has help', 0, '--insecure-http', 'serve', '--help')
    want('a typo gets the nearest command', 2, 'did you mean status?', 'statsu')
    want('a typo gets the nearest verb', 2, 'did you mean queue peek?', 'queue', 'pek', 'a/b')
    want('a typo gets the nearest flag', 2, 'did you mean --limit?', 'queue', 'take', 'a/b', '--limt', '3')
    want('a noun alone lists its verbs', 2, 'burrow queue purge', 'queue')
    want('a missing word', 2, 'usage: burrow queue show', 'queue', 'show')
    want('a word too many', 2, 'too much', 'status', 'now')
    want('a queue without an account', 2, 'ACCOUNT/QUEUE', 'queue', 'peek', 'jobs')
    want('a number out of range', 2, '--limit is 1 to 100', 'queue', 'take', 'a/b', '--limit', '0')
    want('an unknown format', 2, '--output is', 'status', '--output', 'xml')
    want('a bad endpoint', 2, '--endpoint', 'status', '--endpoint', 'ftp:/x')
    want('an unknown bench mode', 2, 'did you mean insert?', 'bench', '--mode', 'insrt')
    want('nobody listens', 7, 'burrow serve', 'status', '--endpoint', f'http://127.0.0.1:{free_ports(1)[0]}')
    want('a simulated world', 0, 'truncations', 'simulate', '--seed', '4711')
    want('a world of replicas', 0, 'histories', 'simulate', '--world', 'replicas', '--seed', '4711')
    want('a world that there is not', 2, 'raft or replicas', 'simulate', '--world', 'flat', '--seed', '4711')
    twice = [json.loads(burrow('simulate', '--seed', '4711', '--output', 'json').out) for _ in range(2)]
    checks.check('the same world each time', all(t['violation'] is None and t['steps'] > 1000 for t in twice) and
                 twice[0]['steps'] == twice[1]['steps'] and twice[0]['messages'] == twice[1]['messages'], repr(twice))
    want('version', 0, 'burrow 0.', 'version')
    want('--version', 0, 'burrow 0.', '--version')


def settings(checks):
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, 'burrow.conf')

        def file_is(name, text, code, *expected):
            with open(path, 'w') as f:
                f.write(text)
            done = burrow('config', 'check', path)
            checks.check(name, done.code == code and all(e in done.out + done.err for e in expected), repr(done))

        file_is('a good file', 'node = n7\n[limits]\nmax_body = 2 MiB\n', 0, 'in order')
        file_is('an unknown key: file, line, key, nearest', 'node = n1\n\n[limits]\nmax_bodi = 5\n', 2, f'{path}:4',
                'limits.max_bodi', 'did you mean limits.max_body?')
        file_is('a value out of range', '[limits]\nmax_body = 17 MiB\n', 2, f'{path}:2', 'limits.max_body', '16 MiB')
        file_is('no number', 'drain = soon\n', 2, 'drain')
        file_is('a line that is none', 'node n1\n', 2, path)
        file_is('an address', 'http = nowhere\n', 2, 'HOST:PORT')
        done = burrow('config', 'check', path + '.gone')
        checks.check('a file that is not there', done.code == 2 and path in done.err, repr(done))
        with open(path, 'w') as f:
            f.write('node = file\nzone = file\n[limits]\nwaiters = 5\n')
        done = burrow('config', 'show', path, '--output', 'json', BURROW_ZONE='env', BURROW_LIMITS_WAITERS='7')
        shown = {s['key']: (s['value'], s['source']) for s in json.loads(done.out)}
        checks.check('the environment wins over the file', shown['zone'] == ('env', 'BURROW_ZONE')
                     and shown['node'] == ('file', f'{path}:1') and shown['limits.waiters'][0] == '7'
                     and shown['limits.queues'] == ('10000', 'default'), repr(shown)[:300])
        example = burrow('config', 'show', '--example').out
        with open(path, 'w') as f:
            f.write(''.join(line.lstrip('#') if line.startswith('#') and ' = ' in line and line[1] != ' ' else line
                            for line in example.splitlines(True)))
        done = burrow('config', 'check', path)
        checks.check('the example, all lines in force, is in order', done.code == 0, repr(done))


def refused_starts(checks):
    def refuse(name, code, text, *arguments):
        with tempfile.TemporaryDirectory() as scratch:
            http, admin = free_ports(2)
            done = burrow('serve', '--data', scratch + '/d', '--http', f'127.0.0.1:{http}', '--admin',
                          f'127.0.0.1:{admin}', *arguments)
            checks.check(name, done.code == code and text in done.err, repr(done))

    refuse('HTTP off loopback needs --insecure-http', 2, '--insecure-http', '--http', '0.0.0.0:0')
    refuse('so does administration', 2, '--insecure-http', '--admin', '0.0.0.0:0')
    refuse('an unknown flag', 2, 'did you mean --data?', '--dota', 'x')
    refuse('a directory that cannot be', 2, 'data:', '--data', '/proc/no/such')
    refuse('shards out of range', 2, 'shards', '--shards', '0')
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        refuse('a port in use names the address', 2, str(taken.getsockname()[1]), '--http',
               f'127.0.0.1:{taken.getsockname()[1]}')
    with Node() as node:
        node.start()
        refuse('a directory in use', 2, 'another node', '--data', node.data)


def off_loopback(checks):
    """With its flag a node serves every address, and says so."""
    with Node(arguments=['--insecure-http']) as node:
        node.start()
        port = free_ports(1)[0]
        node.kill()
        node.arguments = ['--insecure-http', '--http', f'0.0.0.0:{port}']
        with open(node.log_path, 'ab') as log:
            node.process = subprocess.Popen([BINARY, 'serve', '--data', node.data, '--admin', f'127.0.0.1:{node.admin}',
                                             *node.arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        node.http, end = port, time.monotonic() + 20
        while not node.ready() and node.process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        checks.check('--insecure-http serves off loopback', node.ready(), node.log_tail())
        checks.check('and the banner says INSECURE', 'INSECURE' in node.log_tail(), node.log_tail())
        done = burrow('status', '--endpoint', f'http://127.0.0.1:{node.admin}')
        checks.check('so does status', 'INSECURE' in done.out, repr(done))


def retries(checks, call):
    def want(name, code, text, *arguments):
        done = call(*arguments)
        checks.check(name, done.code == code and text in done.out, repr(done))
        return done

    def says(name, code, text, *arguments):
        done = call(*arguments)
        checks.check(name, done.code == code and text in done.err, repr(done))

    once = ['queue', 'put', 'demo/once', 'x', '--idempotency-key', 'k1', '--output', 'json']
    first, again = (json.loads(want('put with a key', 0, '', *once).out) for _ in range(2))
    checks.check('put with a key, twice, is one message', first['id'] == again['id'] and again.get('replayed') and
                 first['created'], repr((first, again)))
    says('a key for something else', 2, 'Key was used', *once[:3], 'y', *once[4:])
    for queue, more in (('a', []), ('b', ['--id', 'm']), ('c', ['--type', 'application/json'])):
        producer = ['queue', 'put', f'by/{queue}', '1', '--producer', 'p', '--sequence', '7', *more]
        want('put with a sequence', 0, '', *producer)
        says('put with it again', 0, 'stored before', *producer)
    says('a producer without a sequence', 2, 'go together', 'queue', 'put', 'demo/once', 'x', '--producer', 'p')
    says('a sequence that is none', 2, '--sequence:', 'queue', 'put', 'demo/once', 'x', '--producer', 'p', '--sequence',
         'a')


def queues(checks, call):
    def want(name, code, text, *arguments, **more):
        done = call(*arguments, **more)
        checks.check(name, done.code == code and text in done.out, repr(done))
        return done

    want('list of an empty service', 0, '', 'queue', 'list')
    want('put with an id', 0, 'first', 'queue', 'put', 'demo/jobs', 'hello', '--id', 'first')
    unnamed = want('put without one prints it', 0, '', 'queue', 'put', 'demo/jobs', 'second').out.strip()
    checks.check('it has 26 characters', len(unnamed) == 26, unnamed)
    want('put from standard input', 0, '', 'queue', 'put', 'demo/jobs', '-', stdin='third')
    want('put JSON', 0, 'doc', 'queue', 'put', 'demo/jobs', '{"a": 1}', '--type', 'application/json', '--id', 'doc')
    want('put JSON without an id', 0, '', 'queue', 'put', 'demo/other', '{"a": 1}', '--type', 'application/json')
    done = want('peek shows them', 0, 'hello', 'queue', 'peek', 'demo/jobs')
    checks.check('a table has heads', done.out.startswith('ID'), done.out)
    want('--no-headers', 0, '', 'queue', 'peek', 'demo/jobs', '--no-headers')
    rows = json.loads(call('queue', 'peek', 'demo/jobs', '--output', 'json').out)
    checks.check('peek as JSON', [r['body'] for r in rows] == ['hello', 'second', 'third', '{"a": 1}']
                 and all(r['claims'] == 0 for r in rows), repr(rows)[:300])
    lines = call('queue', 'peek', 'demo/jobs', '--output', 'jsonl', '--limit', '2').out.splitlines()
    checks.check('peek as JSON lines', [json.loads(x)['body'] for x in lines] == ['hello', 'second'], repr(lines))
    want('list the queues', 0, 'jobs', 'queue', 'list', 'demo')
    want('list the accounts', 0, 'demo', 'queue', 'list')
    want('show', 0, 'visible', 'queue', 'show', 'demo/jobs')
    shown = call('queue', 'show', 'demo/jobs').out.split()
    checks.check('show says how fast', ' '.join(shown).find('insert per_second 0.1 claim per_second 0.0') > 0, shown)
    stats = json.loads(call('queue', 'show', 'demo/jobs', '--output', 'json').out)
    checks.check('show as JSON', stats['visible'] == 4, repr(stats))
    taken = json.loads(call('queue', 'take', 'demo/jobs', '--output', 'json', '--hide', '600').out)
    checks.check('take claims the first', taken[0]['body'] == 'hello' and taken[0]['receipt'], repr(taken))
    want('take --ack --body prints the body alone', 0, 'second\n', 'queue', 'take', 'demo/jobs', '--ack', '--body')
    left = json.loads(call('queue', 'peek', 'demo/jobs', '--hidden', '--output', 'json').out)
    checks.check('and it is gone', [r['body'] for r in left] == ['hello', 'third', '{"a": 1}'], repr(left)[:300])
    want('take from nothing', 3, '', 'queue', 'take', 'demo/none')
    begin = time.monotonic()
    want('take waits', 3, '', 'queue', 'take', 'demo/none', '--wait', '1')
    checks.check('as long as asked', 0.9 < time.monotonic() - begin < 3, f'{time.monotonic() - begin:.2f} s')
    done = want('purge asks', 5, '', 'queue', 'purge', 'demo/jobs')
    checks.check('and says how many, and --yes', '3 messages' in done.err and '--yes' in done.err, done.err)
    want('purge --yes', 0, '3 removed', 'queue', 'purge', 'demo/jobs', '--yes')
    want('peek at nothing', 3, '', 'queue', 'peek', 'demo/jobs')
    done = call('queue', 'put', 'demo/jobs', 'x', '--ttl', '999999999999')
    checks.check('what the node refuses is exit 2, with its words', done.code == 2 and 'ttl' in done.err, repr(done))


def queue_settings(checks, call):
    def want(name, code, text, *arguments):
        done = call(*arguments)
        return checks.check(name, done.code == code and text in done.out + done.err, repr(done)) and done

    want('settings as shipped', 0, 'shipped', 'queue', 'settings', 'demo/set')
    done = want('settings are changed by name', 0, 'max_messages', 'queue', 'settings', 'demo/set', 'max_messages=10',
                'overflow=drop_oldest', 'require_receipt=true', 'zone=b', 'labels.team=7', 'labels.x=y', 'default_ttl=60')
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()} if done else {}
    checks.check('and shown with where they come from', rows.get('max_messages') == ['10', 'queue']
                 and rows.get('overflow') == ['drop_oldest', 'queue'] and rows.get('order') == ['fifo', 'shipped']
                 and rows.get('labels') == ['team=7', 'x=y', 'queue'], repr(rows))
    shown = json.loads(call('queue', 'settings', 'demo/set', 'labels.x=', 'zone=', '--output', 'json').out)
    checks.check('NAME= takes one back', shown['labels'] == {'value': {'team': '7'}, 'from': 'queue'}
                 and shown['zone'] == {'value': None, 'from': 'shipped'}, repr(shown))
    want('what the node refuses is exit 2, with the place', 2, '/max_ttl', 'queue', 'settings', 'demo/set', 'max_ttl=-1')
    want('an unknown setting', 2, '/colour', 'queue', 'settings', 'demo/set', 'colour=red')
    want('a change without a value', 2, 'NAME=VALUE', 'queue', 'settings', 'demo/set', 'max_ttl')
    want('--defaults takes no changes', 2, '--defaults', 'queue', 'settings', 'demo/set', 'max_ttl=1', '--defaults')
    want('pause', 0, 'insert paused, take paused', 'queue', 'pause', 'demo/set')
    done = want('a paused queue refuses with exit 5', 5, 'paused', 'queue', 'put', 'demo/set', '--id', 'a', 'x')
    checks.check('and says why once', done.err.count('paused') == 1, repr(done))
    want('resume one half', 0, 'insert open, take paused', 'queue', 'resume', 'demo/set', '--insert')
    want('inserts go on', 0, 'a', 'queue', 'put', 'demo/set', '--id', 'a', 'x')
    want('takes do not', 5, 'paused', 'queue', 'take', 'demo/set')
    want('resume the rest', 0, 'insert open, take open', 'queue', 'resume', 'demo/set')
    want('takes go on', 0, 'x', 'queue', 'take', 'demo/set', '--body', '--ack')
    done = want('pause one half, as JSON', 0, '', 'queue', 'pause', 'demo/set', '--take', '--output', 'json')
    checks.check('JSON says what is paused', json.loads(done.out) == {'insert': False, 'take': True}, repr(done))
    want('--defaults takes all back', 0, 'shipped', 'queue', 'settings', 'demo/set', '--defaults')
    shown = json.loads(call('queue', 'settings', 'demo/set', '--output', 'json').out)
    checks.check('nothing is set then', {one['from'] for one in shown.values()} == {'shipped'}, repr(shown))


def redrives(checks, node, call):
    def want(name, code, text, *arguments):
        done = call(*arguments)
        return checks.check(name, done.code == code and text in done.out + done.err, repr(done)) and done

    done = want('a dead-letter rule', 0, 'queue=41 max_claims=2 expired=false', 'queue', 'settings', 'dl/jobs',
                'dead_letter.queue=41', 'dead_letter.max_claims=2')
    want('a part of it', 0, 'queue=41 max_claims=1 expired=false', 'queue', 'settings', 'dl/jobs', 'dead_letter.max_claims=1')
    want('one that leads back is exit 5', 5, '41 -> jobs -> 41', 'queue', 'settings', 'dl/41', 'dead_letter.queue=jobs',
         'dead_letter.max_claims=2')
    want('a part of a rule that is not there', 2, '/dead_letter/queue', 'queue', 'settings', 'dl/x', 'dead_letter.max_claims=2')
    client = Client(node.http)
    for n in range(30):
        client.call('PUT', f'/v1.0/dl/jobs/m{n}?ttl=0', b'x')
    client.call('PUT', '/v1.0/dl/41/direct?ttl=0', b'x')
    client.call('POST', '/v1.0/dl/jobs?hide=60')
    client.call('POST', '/v1.0/dl/jobs?match_hidden=true&hide=0')
    want('no task yet', 0, 'none', 'queue', 'tasks', 'dl/41')
    def arrived():
        return client.call('GET', '/v1.0/dl/41/~stats').json()['visible'] == 31
    end = time.monotonic() + 10
    while not arrived() and time.monotonic() < end:
        time.sleep(0.05)
    checks.check('dead letters arrived', arrived(), repr(client.call('GET', '/v1.0/dl/41/~stats').json()))
    want('peek says where dead letters are from', 0, 'REASON', 'queue', 'peek', 'dl/41', '--limit', '31')
    want('and why', 0, 'jobs  max_claims', 'queue', 'peek', 'dl/41', '--limit', '31')
    done = want('redrive prints the task', 0, 't-', 'queue', 'redrive', 'dl/41', '--id', 'm0', '--id', 'm1', '--to', 'again')
    task = done.out.strip() if done else ''
    end = time.monotonic() + 10
    while '"running"' in call('queue', 'tasks', 'dl/41', '--output', 'json').out and time.monotonic() < end:
        time.sleep(0.05)
    shown = json.loads(call('queue', 'tasks', 'dl/41', '--output', 'json').out)
    checks.check('tasks as JSON', [(t['task'], t['state'], t['moved']) for t in shown] == [(task, 'done', 2)], repr(shown))
    keyed = ('queue', 'redrive', 'dl/41', '--limit', '1', '--idempotency-key', 'once')
    done = want('redrive with a key', 0, 't-', *keyed)
    want('again: the same task, to its end', 0, done.out.strip() if done else '?', *keyed, '--wait', '--output', 'json')
    want('tasks as a table', 0, 'REMAINING', 'queue', 'tasks', 'dl/41')
    want('redrive --wait says what came of it', 0, 'done: 2 moved', 'queue', 'redrive', 'dl/41', '--limit', '2', '--wait')
    shown = on_terminal('queue', 'redrive', 'dl/41', '--limit', '4', '--rate', '8', '--wait', '--endpoint',
                        f'http://127.0.0.1:{node.admin}')
    checks.check('on a terminal --wait draws a bar', '\r[' in shown and '########] 4 moved' in shown, repr(shown)[-300:])
    done = want('redrive as JSON', 0, '"running"', 'queue', 'redrive', 'dl/41', '--rate', '1', '--output', 'json')
    want('one at a time', 5, 'is running', 'queue', 'redrive', 'dl/41')
    task = json.loads(done.out)['task'] if done else 'none'
    want('cancel', 0, 'cancelled: ', 'queue', 'cancel', 'dl/41', task)
    want('cancel of what is not there', 3, 'No such task', 'queue', 'cancel', 'dl/41', 't-ffffff')
    done = want('--wait as JSON lines', 0, '', 'queue', 'redrive', 'dl/41', '--rate', '1000', '--wait', '--output', 'jsonl')
    result = json.loads(done.out) if done else {}
    checks.check('what was put in directly is skipped', result.get('state') == 'done' and result.get('skipped') == 1,
                 repr(result))
    want('nothing there came from another queue', 2, 'name one in', 'queue', 'redrive', 'dl/41')
    want('a rate out of range', 2, '--rate is 1', 'queue', 'redrive', 'dl/41', '--rate', '0')
    want('to the queue itself', 2, 'itself', 'queue', 'redrive', 'dl/41', '--to', '41')


def looking(checks, node, call):
    done = call('status')
    checks.check('status', done.code == 0 and 'can lose  nothing' in done.out and 'backlog' in done.out, repr(done))
    status = json.loads(call('status', '--output', 'json').out)
    checks.check('status as JSON', status['node'] == 'n1' and status['zone'] == 'a' and status['ready'] is True
                 and status['shards']['damaged'] == 0 and status['disk']['total'] > 0, repr(status)[:400])
    admin = Client(node.admin)
    config = {s['key']: s for s in admin.call('GET', '/admin/v1/config').json()}
    checks.check('/admin/v1/config says where a value is from', config['node']['source'] == '--node', repr(config['node']))
    checks.check('unknown admin paths are 404', admin.call('GET', '/admin/v1/none').status == 404)
    checks.check('admin paths are 405 for other methods', admin.call('DELETE', '/admin/v1/status').status == 405)
    checks.check('the public listener has no admin paths',
                 Client(node.http).call('GET', '/admin/v1/status').status == 404)
    metrics = admin.call('GET', '/metrics').body.decode()
    listed = [m['name'] for m in json.loads(call('config', 'metrics', '--output', 'json').out)]
    of_members = ('burrow_plane_', 'burrow_control_', 'burrow_certificate_')  # test/node/cluster_test.py has those
    missing = [name for name in listed if name not in metrics and not name.startswith(of_members)]
    checks.check('every listed metric is shown', len(listed) > 20 and not missing, repr(missing))
    shown = {line.split()[2] for line in metrics.splitlines() if line.startswith('# TYPE ')}
    checks.check('every metric shown is listed', shown <= set(listed), repr(shown - set(listed)))


def bench(checks, node, call):
    for mode, more in [('insert', ()), ('batch', ()), ('latency', ()), ('queues', ('--queues', '20')),
                       ('take', ('--prefill', '2000')), ('longpoll', ('--messages', '10')), ('tenants', ()),
                       ('insert', ('--nameless', '--keep'))]:
        done = call('bench', '--mode', mode, '--seconds', '1', '--connections', '8', *more, '--output', 'json')
        try:
            result = json.loads(done.out)
            main = result if mode != 'tenants' else result['quiet']
            good = main['messages'] > 0 and main['latency_us']['p50'] > 0 and result['lost'] == result['duplicates'] == 0
        except (ValueError, KeyError):
            good = False
        checks.check(f'bench {mode} {" ".join(more)}'.rstrip(), done.code == 0 and good and not main['errors'], repr(done))
    left = Client(node.http).call('GET', '/v1.0')
    left = [a for a in left.json() if a.startswith('bench-')] if left.status == 200 else []
    checks.check('the bench removes what it made, but for --keep', len(left) == 1, repr(left))


def stopping(checks):
    with Node() as node:
        notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = os.path.join(node.scratch, 'notify')
        notified.bind(path)
        notified.settimeout(5)
        node.environment = {'NOTIFY_SOCKET': path}
        seconds = node.start()
        checks.check('the service manager hears READY', notified.recv(100) == b'READY=1')
        checks.check('ready within 2 s', seconds < 2, f'{seconds:.2f} s')
        node.client().call('PUT', '/v1.0/a/q/m', b'x')
        begin = time.monotonic()
        code = node.kill(signal.SIGTERM)
        checks.check('SIGTERM drains and exits with 0', code == 0 and time.monotonic() - begin < 5, f'exit {code}')
        checks.check('and STOPPING', notified.recv(100) == b'STOPPING=1')
        node.start()
        checks.check('what was put is there', node.client().call('GET', '/v1.0/a/q/m?detail=body').body == b'x')
        log = node.log_tail()
        checks.check('the banner says what to try', 'try:' in log and 'ready in' in log and '(new cluster)' in log, log)
        code = node.kill(signal.SIGINT)
        checks.check('SIGINT drains too', code == 0, f'exit {code}')


def main():
    checks = Checks()
    parts = [usage, settings, refused_starts, off_loopback, stopping]
    with Node() as node:
        try:
            node.start()
        except RuntimeError as e:
            sys.exit(str(e))

        def call(*arguments, **more):
            return burrow(*arguments, '--endpoint', f'http://127.0.0.1:{node.admin}', **more)
        parts += [lambda c: queues(c, call), lambda c: retries(c, call), lambda c: queue_settings(c, call),
                  lambda c: redrives(c, node, call), lambda c: looking(c, node, call), lambda c: bench(c, node, call)]
        for part in parts:
            try:
                part(checks)
            except Exception as e:  # a part that cannot go on is one failure; the others still run
                checks.check('a part runs to its end', False, f'{type(e).__name__}: {e}')
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
