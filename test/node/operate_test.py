#!/usr/bin/env python3
"""The commands of an operator at a desk: doctor, context, tail, usage, completion, and what the logs say.

Completion is asked of the real shells. usage: operate_test.py
"""
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import BINARY, Checks, Client, Node, free_ports  # noqa: E402

HOME = tempfile.mkdtemp(prefix='burrow-home-')
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith('BURROW_')}
CLEAN.update(XDG_CONFIG_HOME=HOME, HOME=HOME)
PATCH = {'Content-Type': 'application/merge-patch+json'}


def burrow(*arguments, **environment):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env={**CLEAN, **environment})


def shown(done):
    return f'exit {done.returncode}, out {done.stdout[-500:]!r}, err {done.stderr[-300:]!r}'


def until(ready, what, seconds=20):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f'not within {seconds} s: {what}')
        time.sleep(0.02)


def logs(checks):
    with Node(arguments=['--log-access']) as node:
        node.start()
        public, admin = node.client(), Client(node.admin)
        public.call('PUT', '/v1.0/shop/orders/a1?ttl=0', b'secret-body')
        claim = public.call('POST', '/v1.0/shop/orders?limit=1&hide=60&detail=full').json()[0]
        public.call('DELETE', f"/v1.0/shop/orders/a1?receipt={claim['receipt']}", headers={'X-Request-Id': 'mine-7'})
        admin.call('PUT', '/v1.0/shop/orders/a2?ttl=0', b'x')
        admin.call('PATCH', '/v1.0/shop/orders/~settings', json.dumps({'max_messages': 5}), {**PATCH, 'X-Request-Id': 's1'})
        admin.call('DELETE', '/v1.0/shop/orders?limit=1')
        admin.call('PUT', '/v1.0/shop/orders/a3?ttl=0', b'x')
        admin.call('DELETE', '/v1.0/shop/orders?match_hidden=true', headers={'X-Request-Id': 's2'})
        public.call('DELETE', '/v1.0/shop/orders?match_hidden=true')
        until(lambda: node.log_tail(20_000).count(' access ') >= 9, 'the access log has them')
        log = node.log_tail(20_000)
        line = next((x for x in log.splitlines() if 'id=mine-7' in x), '')
        checks.check('the access log has a line for a request', ' access 127.0.0.1 DELETE /v1.0/shop/orders/a1 204 ' in line
                     and ' in=' in line and ' out=' in line, line)
        checks.check('and no receipt, query or body', claim['receipt'] not in log and 'secret-body' not in log
                     and 'receipt' not in log and 'hide=60' not in log)
        path = os.path.join(node.data, 'audit.log')
        until(lambda: os.path.exists(path) and 's2' in open(path).read(), 'the audit log has them')
        lines = [json.loads(x) for x in open(path)]
        checks.check('the audit log has the orders of administration, and those alone',
                     [(x['event'], x['method'], x['path'], x['outcome'], x['request_id'], x['who']) for x in lines]
                     == [('request', 'PATCH', '/v1.0/shop/orders/~settings', '200', 's1', '127.0.0.1'),
                         ('request', 'DELETE', '/v1.0/shop/orders', '204', 's2', '127.0.0.1')], repr(lines))
        node.kill()
        node.arguments = []
        node.start()
        node.client().call('PUT', '/v1.0/shop/orders/quiet?ttl=0', b'x')
        checks.check('off as shipped', 'orders/quiet' not in node.log_tail(20_000))


def findings(done):
    return {(f['check'], f['severity']): f for f in json.loads(done.stdout)['findings']}


def doctor(checks, node, call):
    done = call('doctor', '--output', 'json')
    out = findings(done)
    checks.check('doctor of a new node: a warning, since there is no backup', done.returncode == 8
                 and ('backup', 'warn') in out and ('shards', 'ok') in out and ('disk', 'ok') in out, shown(done))
    directory = os.path.join(node.scratch, 'b')
    call('backup', 'create', directory)
    done = call('doctor', '--output', 'json')
    left = [f for f in json.loads(done.stdout)['findings'] if f['severity'] != 'ok' and f['check'] not in
            ('sync', 'files', 'clock', 'refusals')]  # what the machine of the test is like
    checks.check('with one all is in order', not left and done.returncode in (0, 8), repr(left))
    done = call('doctor')
    checks.check('to people it says what to do', 'verdict ' in done.stdout and 'disk' in done.stdout, shown(done))
    done = burrow('doctor', '--data', node.data)
    checks.check('a directory in use is left alone', done.returncode == 5 and 'another node' in done.stderr, shown(done))
    done = burrow('doctor', '--endpoint', f'http://127.0.0.1:{free_ports(1)[0]}')
    checks.check('no node: exit 7', done.returncode == 7, shown(done))


def doctor_of_stopped(checks):
    with Node(arguments=['--shards', '4']) as node:
        node.start()
        node.client().call('PUT', '/v1.0/a/q/m?ttl=0', b'needle' * 10_000)
        node.kill(signal.SIGTERM)
        http, admin = free_ports(2)
        more = ('--data', node.data, '--output', 'json')
        env = {'BURROW_HTTP': f'127.0.0.1:{http}', 'BURROW_ADMIN': f'127.0.0.1:{admin}'}
        done = burrow('doctor', *more, '--shards', **env)
        out = findings(done)
        checks.check('a stopped node', done.returncode == 8 and ('store', 'ok') in out and ('ports', 'ok') in out
                     and ('shards', 'ok') in out, shown(done))
        with Node() as other:
            other.start()
            done = burrow('doctor', *more, BURROW_HTTP=f'127.0.0.1:{other.http}', BURROW_ADMIN=f'127.0.0.1:{admin}')
            checks.check('a port that is taken', done.returncode == 5 and ('ports', 'bad') in findings(done), shown(done))
        done = burrow('doctor', *more, **{**env, 'BURROW_INSECURE_HTTP': 'true', 'BURROW_DISK_LOW': '300 MiB',
                                          'BURROW_DISK_STOP': '256 MiB'})
        config = [f['object'] for f in json.loads(done.stdout)['findings'] if f['check'] == 'config']
        checks.check('settings that are worth a warning', config == ['insecure_http', 'disk.low'], repr(config))
        done = burrow('doctor', *more, **{**env, 'BURROW_DISK_LOW': '1000000 GiB'})
        checks.check('a disk that is too full', done.returncode == 5 and ('disk', 'bad') in findings(done), shown(done))
        for name in os.listdir(os.path.join(node.data, 'rocks')):
            path = os.path.join(node.data, 'rocks', name)
            data = open(path, 'rb').read()
            at = data.find(b'needleneedle')
            if at >= 0 and name.endswith(('.log', '.sst')):
                with open(path, 'r+b') as f:
                    f.seek(at + 3)
                    f.write(b'X')
        done = burrow('doctor', *more, '--shards', **env)
        checks.check('a flipped byte is found, and what to do', done.returncode == 5 and any(
            f['severity'] == 'bad' and f['check'] in ('shards', 'store') and ('repair' in f['advice'] or 'accept-loss' in
            f['advice']) for f in json.loads(done.stdout)['findings']), shown(done))
        with open(os.path.join(node.data, 'RESTORING'), 'w'):
            pass
        done = burrow('doctor', *more, **env)
        checks.check('a restore that was cut short', done.returncode == 5 and 'not finished' in done.stdout, shown(done))
        done = burrow('doctor', '--data', node.data + '-none')
        checks.check('no directory: exit 3, and none is made', done.returncode == 3
                     and not os.path.exists(node.data + '-none'), shown(done))


def context(checks, node):
    url, dead = f'http://127.0.0.1:{node.admin}', f'http://127.0.0.1:{free_ports(1)[0]}'

    def want(name, code, text, *arguments, **environment):
        done = burrow(*arguments, **environment)
        return checks.check(name, done.returncode == code and text in done.stdout + done.stderr, shown(done))

    want('no context yet', 0, 'none', 'context', 'list')
    want('add: the first is in use', 0, 'in use', 'context', 'add', 'blue', url)
    want('add another', 0, 'dead', 'context', 'add', 'dead', dead)
    path = os.path.join(HOME, 'burrow', 'contexts.json')
    checks.check('the file is its owner\'s alone', stat.S_IMODE(os.stat(path).st_mode) == 0o600
                 and stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700)
    want('it is honoured', 0, 'can lose', 'status')
    want('--context names another', 7, 'cannot reach', 'status', '--context', 'dead')
    want('so does the environment', 7, 'cannot reach', 'status', BURROW_CONTEXT='dead')
    want('an endpoint of the environment wins over it', 0, 'can lose', 'status', BURROW_CONTEXT='dead', BURROW_ENDPOINT=url)
    want('a flag over the environment', 7, 'cannot reach', 'status', '--context', 'dead', BURROW_ENDPOINT=url)
    want('--endpoint over all', 0, 'can lose', 'status', '--endpoint', url, '--context', 'dead', BURROW_ENDPOINT=dead)
    want('use', 0, dead, 'context', 'use', 'dead')
    want('show says which and why', 0, f'{dead}  from context dead', 'context', 'show')
    want('the bench honours it too', 7, 'cannot reach', 'bench', '--seconds', '1')
    want('list marks it', 0, 'in use', 'context', 'list')
    rows = json.loads(burrow('context', 'list', '--output', 'json').stdout)
    checks.check('list as JSON', [(r['name'], r['current']) for r in rows] == [('blue', False), ('dead', True)], rows)
    want('a typo', 2, 'did you mean blue?', 'status', '--context', 'bleu')
    want('use of none', 3, 'no context', 'context', 'use', 'none')
    want('no secrets', 2, 'no password', 'context', 'add', 'x', 'http://me:secret@127.0.0.1:1')
    want('no such name', 2, 'letters', 'context', 'add', '../x', url)
    want('no such address', 2, 'HOST:PORT', 'context', 'add', 'x', 'http://')
    want('remove', 0, '', 'context', 'remove', 'dead')
    want('remove again', 3, 'no context', 'context', 'remove', 'dead')
    with open(path, 'w') as f:
        f.write('{"contexts": []}')
    want('a file that is none', 2, 'cannot be understood', 'status')
    want('which a flag needs not', 0, 'can lose', 'status', '--endpoint', url)
    os.remove(path)


def tail(checks):
    with Node() as node:
        node.start()
        client, ports = node.client(), (node.http, node.admin)
        for name in ('a', 'b', 'c'):
            client.call('PUT', f'/v1.0/t/q/{name}?ttl=0', f'body {name}')
        call = ('--endpoint', f'http://127.0.0.1:{node.admin}')
        done = burrow('queue', 'tail', 't/q', '--limit', '3', '--output', 'jsonl', *call)
        checks.check('tail from the start', done.returncode == 0 and [json.loads(x)['id'] for x in
                     done.stdout.splitlines()] == ['a', 'b', 'c'], shown(done))
        out = open(os.path.join(node.scratch, 'tail'), 'w+')
        seen = lambda: [json.loads(x)['id'] for x in open(out.name).read().splitlines()]  # noqa: E731
        following = subprocess.Popen([BINARY, 'queue', 'tail', 't/q', '--from', 'now', '--output', 'json', *call],
                                     stdout=out, stderr=subprocess.PIPE, text=True, env=CLEAN)
        until(lambda: client.call('GET', '/v1.0/t/q/~stats').json()['waiters'] == 1, 'it waits')
        client.call('PUT', '/v1.0/t/q/d?ttl=0&hide=60', 'hidden')
        client.call('PUT', '/v1.0/t/q/e?ttl=0', 'x')
        until(lambda: seen() == ['d', 'e'], f'what is new is shown: {seen()}')
        checks.check('from now: new ones alone, hidden ones too', True)
        stats = client.call('GET', '/v1.0/t/q/~stats').json()
        checks.check('the queue is as it was', (stats['visible'], stats['delayed'], stats['claimed']) == (4, 1, 0), stats)
        node.kill()
        time.sleep(0.5)
        process = subprocess.Popen([BINARY, 'serve', '--data', node.data, '--http', f'127.0.0.1:{ports[0]}', '--admin',
                                    f'127.0.0.1:{ports[1]}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        node.process, node.http, node.admin = process, *ports
        until(node.ready, 'the node is back')
        node.client().call('PUT', '/v1.0/t/q/f?ttl=0', 'x')
        until(lambda: seen() == ['d', 'e', 'f'], 'it goes on after a restart')
        checks.check('it goes on after the node was gone, without a repeat', seen() == ['d', 'e', 'f'], seen())
        following.send_signal(signal.SIGINT)
        err = following.communicate(timeout=10)[1]
        checks.check('Ctrl-C ends it with 130', following.returncode == 130 and 'stopped watching' in err
                     and 'asking again' in err and 'goes on' in err, f'{following.returncode} {err}')
        done = burrow('queue', 'tail', 't/q', '--from', 'then', *call)
        checks.check('--from is start or now', done.returncode == 2 and 'start or now' in done.stderr, shown(done))
        # The end of a queue of one, and of none.
        client = node.client()
        client.call('PUT', '/v1.0/t/one/a?ttl=0', 'x')
        for queue in ('one', 'none'):
            following = subprocess.Popen([BINARY, 'queue', 'tail', f't/{queue}', '--from', 'now', '--body', '--limit', '1',
                                          *call], stdout=subprocess.PIPE, text=True, env=CLEAN)
            until(lambda: client.call('GET', f'/v1.0/t/{queue}/~stats').json().get('waiters') == 1, 'it waits')
            client.call('PUT', f'/v1.0/t/{queue}/new?ttl=0', 'fresh')
            got = following.communicate(timeout=20)[0]
            checks.check(f'from now in a queue of {queue}', got == 'fresh\n' and following.returncode == 0, got)


def usage(checks, node, call):
    client = node.client()
    for n in range(30):
        client.call('PUT', f'/v1.0/big/q{n}/m?ttl=0', b'x' * 100)
    client.call('PUT', '/v1.0/small/q/m?ttl=0', b'12345')
    done = call('tenant', 'usage', '--output', 'json')
    rows = {r['account']: r for r in json.loads(done.stdout)}
    checks.check('usage, over all shards', done.returncode == 0 and rows['big'] == {'account': 'big', 'queues': 30,
                 'messages': 30, 'bytes': 3000} and rows['small']['bytes'] == 5, shown(done))
    done = call('tenant', 'usage', 'small')
    checks.check('of one, to people', done.returncode == 0 and done.stdout.splitlines()[0].split() ==
                 ['TENANT', 'QUEUES', 'MESSAGES', 'SIZE'] and done.stdout.splitlines()[1].split()[:3] == ['small', '1', '1'],
                 shown(done))
    done = call('tenant', 'usage', 'nobody')
    checks.check('of nobody', done.returncode == 3, shown(done))
    for n in range(1100):
        client.call('PUT', f'/v1.0/many{n:04}/q/m?ttl=0', b'x')
    names = [r['account'] for r in json.loads(call('tenant', 'usage', '--output', 'json').stdout)]
    checks.check('more than a page', names == sorted(names) and len(set(names)) == len(names) and
                 sum(n.startswith('many') for n in names) == 1100, len(names))


def completion(checks, node):
    env = {'BURROW_ENDPOINT': f'http://127.0.0.1:{node.admin}', 'PATH': os.path.dirname(BINARY) + ':' + CLEAN['PATH']}
    node.client().call('PUT', '/v1.0/compl/first/m?ttl=0', b'x')
    node.client().call('PUT', '/v1.0/compl/second/m?ttl=0', b'x')
    cases = [('burrow statu', 'status', ()), ('burrow queue ta', 'tail', ('take', 'tasks')),
             ('burrow queue take --hi', '--hide', ()), ('burrow status --output js', 'jsonl', ('json',)),
             ('burrow queue peek comp', 'compl/', ()), ('burrow queue peek compl/', 'compl/second', ('compl/first',)),
             ('burrow queue tail x/y --from n', 'now', ()), ('burrow serve --http-th', '--http-threads', ()),
             ('burrow --no-col', '--no-color', ()), ('burrow completion z', 'zsh', ())]
    for line, one, more in cases:
        want = {one, *more}
        got = subprocess.run(['bash', '--norc', '-c', f'''
            source /usr/share/bash-completion/bash_completion; source <({BINARY} completion bash)
            COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}; read -ra COMP_WORDS <<<"$COMP_LINE"
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _burrow 2>/dev/null; printf '%s\\n' "${{COMPREPLY[@]}}"'''],
            capture_output=True, text=True, timeout=30, env={**CLEAN, **env})
        checks.check(f'bash completes {line!r}', want == set(got.stdout.split()), f'{got.stdout!r} {got.stderr[-200:]!r}')
        got = subprocess.run(['fish', '--no-config', '-c', f'{BINARY} completion fish | source; complete -C {line!r}'],
                             capture_output=True, text=True, timeout=30, env={**CLEAN, **env})
        checks.check(f'fish completes {line!r}', want == {x.split('\t')[0] for x in got.stdout.splitlines() if x},
                     f'{got.stdout!r} {got.stderr[-200:]!r}')
        got = zsh(line, env)
        checks.check(f'zsh completes {line!r}', want == got, repr(got))
    got = subprocess.run([BINARY, 'completion', 'tcsh'], capture_output=True, text=True, env=CLEAN)
    checks.check('another shell is exit 2', got.returncode == 2 and 'bash, zsh and fish' in got.stderr)


def zsh(line, env):
    """What the completion system of a real zsh offers: compadd is told to print it."""
    script = f'''
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= ; autoload -U compinit; compinit -u -D; source <({BINARY} completion zsh)'
zpty -w z 'compadd() {{ builtin compadd -O found "$@"; print -l -- "" ${{^found}}:END DO""NE }}; print READ""Y'
zpty -m -r z out '*READY*'
zpty -w -n z {line!r}$'\\t'
zpty -m -r z out '*DONE*'
print -r -- "$out"
zpty -d z
'''
    done = subprocess.run(['zsh', '-f', '-c', script], capture_output=True, text=True, timeout=30,
                          env={**CLEAN, **env, 'TERM': 'dumb', 'ZDOTDIR': HOME})
    return {x.strip()[:-4] for x in done.stdout.replace('\r', '\n').split('\n') if x.strip().endswith(':END')}


def helps(checks):
    """Every command of the overview has help that begins with examples of itself."""
    names = [line[2:].split('  ')[0].strip() for line in burrow('--help').stdout.splitlines()[3:] if line.startswith('  ')
             and not line.startswith('  --')]
    checks.check('the overview lists them', len(names) > 25 and 'backup create' in names, repr(names))
    for name in names:
        done = burrow(*name.split(), '--help')
        first = [x for x in done.stdout.splitlines() if x.strip()][:6]
        examples = [x for x in first if x.startswith('  ') and 'burrow' in x]
        checks.check(f'{name} --help has examples', done.returncode == 0 and len(examples) >= (1 if name == 'version' else 2),
                     repr(first))


def main():
    checks = Checks()
    with Node() as node:
        node.start()

        def call(*arguments):
            return burrow(*arguments, '--endpoint', f'http://127.0.0.1:{node.admin}')
        for part in (helps, logs, lambda c: doctor(c, node, call), doctor_of_stopped, lambda c: context(c, node), tail,
                     lambda c: usage(c, node, call), lambda c: completion(c, node)):
            try:
                part(checks)
            except Exception as e:  # a part that cannot go on is one failure; the others still run
                checks.check('a part runs to its end', False, f'{type(e).__name__}: {e}')
    shutil.rmtree(HOME, ignore_errors=True)
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
