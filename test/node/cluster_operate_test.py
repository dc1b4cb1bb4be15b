#!/usr/bin/env python3
"""The commands of an operator against a cluster of real processes: doctor, top, events, leave, and what they refuse;
and what they say of a node that runs alone. Prints `N passed, N failed`."""
import http.client
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_cluster import Cluster  # noqa: E402
from burrow_node import BINARY, SHIM, Checks, Node  # noqa: E402
from cluster_load import Writers, names_stored  # noqa: E402

checks = Checks()
CLOCK_SHIM = os.path.join(os.path.dirname(SHIM), 'clock_offset.so')


def burrow(member, *words, timeout=120):
    return subprocess.run([BINARY, *words, '--endpoint', f'http://127.0.0.1:{member.admin}'], capture_output=True,
                          text=True, timeout=timeout, stdin=subprocess.DEVNULL)


def want(name, done, code, *texts):
    """The exit code, and that each text is in what was said; several codes may be given."""
    codes = code if isinstance(code, tuple) else (code,)
    said = done.stdout + done.stderr
    ok = done.returncode in codes and all(t in said for t in texts)
    return checks.check(name, ok, f'exit {done.returncode}, not {code}: {said[-700:]}')


def findings(done):
    return json.loads(done.stdout)['findings']


def worse(done):
    """What is not in order, but for what the machine of the test is like, and for leaders, which take some seconds to
    spread when a cluster has grown."""
    return {(f['check'], f['node'], f['object'], f['severity']) for f in findings(done)
            if f['severity'] != 'ok' and f['check'] not in
            ('sync', 'files', 'clock', 'refusals', 'disk', 'config', 'leaders')}


# ---- a lone node ------------------------------------------------------------------------------------------------------

def runs_alone():
    with Node() as node:
        node.start()
        node.client().call('PUT', '/v1.0/solo/box/m?ttl=0', b'x')
        for name, code, texts, words in (
                ('members', 0, ('n1',), ('members',)), ('shards', 0, ('n1',), ('shards',)),
                ('shards --problems', 0, ('none',), ('shards', '--problems')), ('one shard', 0, ('n1',), ('shards', '7')),
                ('no such shard', 3, ('no shard',), ('shards', '4711')), ('events', 0, (), ('events',)),
                ('doctor', (0, 5, 8), ('verdict',), ('doctor',)),
                ('doctor of itself', (0, 5, 8), ('verdict',), ('doctor', '--node', 'n1')),
                ('doctor of nobody', 3, ('n9',), ('doctor', '--node', 'n9')),
                ('top', 0, ('n1', 'solo/box', 'can lose nothing'), ('top', '--once', '--interval', '1')),
                ('drain', 5, ('runs alone',), ('node', 'drain', 'n1')),
                ('decommission', 5, ('runs alone',), ('node', 'decommission', 'n1', '--yes')),
                ('leave', 5, ('runs alone', 'stop it'), ('node', 'leave', '--yes')),
                ('move', 5, ('runs alone',), ('shard', 'move', '7', '--from', 'n1', '--to', 'n2')),
                ('transfer', 5, ('runs alone',), ('shard', 'transfer-leader', '7', '--to', 'n1')),
                ('rebalance', 5, ('runs alone',), ('rebalance', '--dry-run'))):
            want(f'alone: {name}', burrow(node, *words), code, *texts)
        done = burrow(node, 'doctor', '--output', 'json')
        checks.check('alone: its findings are its own', {f['node'] for f in findings(done)} == {'n1'}, done.stdout[-300:])


# ---- looking ----------------------------------------------------------------------------------------------------------

def doctor(c):
    done = burrow(c[0], 'doctor', '--output', 'json')
    checks.check('doctor of a cluster finds nothing wrong', not worse(done), repr(worse(done)))
    by = {(f['check'], f['node']): f for f in findings(done)}
    for check in ('metadata', 'members', 'links', 'replicas', 'safety', 'zones', 'leaders', 'versions', 'clocks'):
        checks.check(f'doctor looks at {check}', (check, None) in by, sorted(map(str, by)))
    for node in ('n1', 'n2', 'n3'):
        missing = [x for x in ('disk', 'sync', 'files', 'clock', 'certificates', 'store') if (x, node) not in by]
        checks.check(f'doctor has what {node} says of itself', not missing, repr(missing))
    clocks = by['clocks', None]['evidence']
    apart = float(clocks.split('at most ')[1].split(' ms')[0])
    checks.check('the clocks of one machine are together', apart < 100, clocks)
    done = burrow(c[2], 'doctor')
    want('doctor to people', done, (0, 5, 8), 'verdict', 'clocks', 'n1')
    checks.check('fits a screen', len(done.stdout.splitlines()) < 40, done.stdout)
    done = burrow(c[2], 'doctor', '--node', 'n1', '--output', 'json')
    checks.check('doctor of one node alone', {f['node'] for f in findings(done)} == {'n1'}, done.stdout[-300:])
    want('doctor of nobody', burrow(c[0], 'doctor', '--node', 'n9'), 3, 'n9')


def leaders_even(c):
    page = c[0].ask('/admin/v1/shards')
    led = [s['leader'] for s in page['shards']] if page and page['complete'] else []
    return sorted(led.count(m.name) for m in c.members if m.alive()) == [21, 22, 22]


def top(c):
    # A shard whose leader has changed between two looks has no rate.
    c.wait(lambda: leaders_even(c), 40, 'leaders to be spread')
    writers = Writers([m.http for m in c.members], account='top', pause=0.001)
    try:
        c.wait(lambda: writers.count() > 50, 20, 'load')
        done = burrow(c[1], 'top', '--once', '--output', 'json')
        figures = json.loads(done.stdout)
        rows = {r['node']: r for r in figures['rows']}
        checks.check('top has every node', set(rows) == {'n1', 'n2', 'n3'} and figures['up'] == 3, done.stdout[:500])
        checks.check('with rates of each', all(r['requests_per_s'] > 0 and r['resident'] > 0 and r['cpu'] > 0
                                               for r in rows.values()), repr(rows))
        checks.check('of the whole', figures['total']['requests_per_s'] > 10 and figures['total']['changes_per_s'] > 10,
                     repr(figures['total']))
        checks.check('of queues', any(q['queue'] == 'top/jobs' and q['insert_per_s'] > 0 for q in figures['queues']),
                     repr(figures['queues']))
        checks.check('and of shards', figures['shards'] and figures['shards'][0]['changes_per_s'] > 0
                     and figures['shards'][0]['leader'] in rows, repr(figures['shards'][:2]))
        done = burrow(c[0], 'top', '--once', '--filter', 'n2', '--rows', '2')
        want('top to people', done, 0, 'REQ/S', 'can lose 1 zone', 'n2')
        checks.check('fits 100 columns, without control characters', '\033' not in done.stdout and
                     max(map(len, done.stdout.splitlines())) <= 100, done.stdout)
        checks.check('and is filtered', not any(x.startswith('n1') for x in done.stdout.splitlines()), done.stdout)
        done = burrow(c[0], 'top', '--frames', '2', '--interval', '1', '--output', 'jsonl', '--rows', '0')
        checks.check('in a pipe a line of JSON a frame', [json.loads(x)['up'] for x in done.stdout.splitlines()] == [3, 3],
                     done.stdout[-300:])
        want('a sort that is none', burrow(c[0], 'top', '--sort', 'colour'), 2, '--sort')
        closed = subprocess.Popen([BINARY, 'top', '--interval', '1', '--endpoint', f'http://127.0.0.1:{c[0].admin}'],
                                  stdout=subprocess.PIPE)
        closed.stdout.readline()
        closed.stdout.close()
        checks.check('top ends when nobody reads any more', ends(closed), '')
        on_terminal(c)
    finally:
        writers.stop()


def ends(process, seconds=20):
    try:
        process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        process.kill()
        return False


class Terminal:
    """A command on a terminal of its own; all that it writes is kept."""

    def __init__(self, *words):
        self.ours, self.theirs = pty.openpty()
        self.before, self.text = termios.tcgetattr(self.theirs), ''
        self.process = subprocess.Popen([BINARY, *words], stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
                                        start_new_session=True)

    def until(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.text and time.monotonic() < end:
            if select.select([self.ours], [], [], 0.1)[0]:
                self.text += os.read(self.ours, 65536).decode(errors='replace')
        return text in self.text

    def press(self, key):
        os.write(self.ours, key)

    def clean(self):
        """Whether the terminal is as it was: its modes, the screen and the cursor."""
        while select.select([self.ours], [], [], 0.2)[0]:
            self.text += os.read(self.ours, 65536).decode(errors='replace')
        return termios.tcgetattr(self.theirs) == self.before and self.text.rstrip().endswith('\033[?25h\033[?1049l')


def on_terminal(c):
    words = ('top', '--interval', '1', '--endpoint', f'http://127.0.0.1:{c[0].admin}')
    t = Terminal(*words)
    checks.check('on a terminal top takes the screen', t.until('NODE') and '\033[?1049h' in t.text, repr(t.text[-300:]))
    checks.check('keys are not echoed', not termios.tcgetattr(t.theirs)[3] & termios.ECHO)
    t.press(b'p')
    checks.check('p pauses', t.until('PAUSED'), repr(t.text[-300:]))
    t.press(b's')
    checks.check('s sorts by something else', t.until('now by name'), repr(t.text[-300:]))
    t.press(b'q')
    checks.check('q ends it with 0', ends(t.process) and t.process.returncode == 0, t.process.returncode)
    checks.check('and gives the terminal back', t.clean(), repr(t.text[-100:]))
    for number in (signal.SIGINT, signal.SIGTERM):
        t = Terminal(*words)
        t.until('NODE')
        t.process.send_signal(number)
        checks.check(f'{number.name} ends it with 130', ends(t.process) and t.process.returncode == 130,
                     t.process.returncode)
        checks.check(f'{number.name}: and gives the terminal back', t.clean(), repr(t.text[-100:]))


def events(c):
    everything = json.loads(burrow(c[0], 'events', '--output', 'json').stdout)
    checks.check('events', len(everything) > 3, repr(everything)[:300])
    about = json.loads(burrow(c[0], 'events', '--about', 'N2', '--output', 'json').stdout)
    checks.check('--about picks some', 0 < len(about) < len(everything) and all('n2' in e['text'] for e in about),
                 repr(about)[:300])
    last = json.loads(burrow(c[0], 'events', '--limit', '2', '--output', 'json').stdout)
    checks.check('--limit the newest', last == everything[-2:], repr(last))
    since = json.loads(burrow(c[0], 'events', '--since', everything[-2]['at'], '--output', 'json').stdout)
    checks.check('--since those from then on', since == [e for e in everything if e['at'] >= everything[-2]['at']],
                 repr(since))
    checks.check('--since 1h', len(json.loads(burrow(c[0], 'events', '--since', '1h', '--output', 'json').stdout)) > 3)
    want('--since soon', burrow(c[0], 'events', '--since', 'soon'), 2, '--since')
    with open(os.path.join(c.directory, 'events'), 'w+', encoding='utf-8') as out:
        following = subprocess.Popen([BINARY, 'events', '-f', '--about', 'n3', '--endpoint',
                                      f'http://127.0.0.1:{c[0].admin}'], stdout=out, stderr=subprocess.PIPE, text=True)
        seen = lambda: open(out.name, encoding='utf-8').read()  # noqa: E731
        c.wait(seen, 10, 'what there was to be shown')
        want('drain', burrow(c[1], 'node', 'drain', 'n3'), 0, 'leads nothing')
        done = burrow(c[1], 'doctor', '--output', 'json')
        checks.check('doctor says that a node is drained', ('members', None, 'n3', 'warn') in worse(done), worse(done))
        want('drain in a second zone at a time', burrow(c[0], 'node', 'drain', 'n1'), 5, 'one zone at a time', '--force')
        want('drain --check says so, too', burrow(c[0], 'node', 'drain', 'n1', '--check'), 5, 'one zone at a time')
        want('undone', burrow(c[1], 'node', 'drain', 'n3', '--undo'), 0)
        c.wait(lambda: any(w in seen() for w in ('n3 is to be', 'n3')), 10, 'what is new')
        following.send_signal(signal.SIGINT)
        err = following.communicate(timeout=10)[1]
        checks.check('events -f ends with 130', following.returncode == 130 and 'stopped watching' in err, err)
        lines = seen().splitlines()
        checks.check('and says nothing twice', len(lines) == len(set(lines)), repr(lines)[:500])


# ---- changing ---------------------------------------------------------------------------------------------------------

def refuses(c):
    """Three nodes in three zones: whatever takes a copy away is refused, with the reason and exit code 5."""
    for name, words in (('leave', ('node', 'leave', '--yes')), ('leave --dry-run', ('node', 'leave', '--dry-run')),
                        ('decommission', ('node', 'decommission', 'n1', '--yes')),
                        ('decommission --dry-run', ('node', 'decommission', 'n1', '--dry-run')),
                        ('decommission by force', ('node', 'decommission', 'n1', '--yes', '--force', 'no reason'))):
        want(f'{name} of one of three', burrow(c[0], *words), 5, 'error: ', 'three voters without n1')
    want('leave of another node', burrow(c[0], 'node', 'leave', 'n2', '--yes'), 2, 'n1', 'endpoint of n2')
    want('leave unasked', burrow(c[0], 'node', 'leave'), 5, 'error: ')
    want('rebalance', burrow(c[0], 'rebalance', '--dry-run'), 0, 'to move')
    plan = json.loads(burrow(c[0], 'rebalance', '--dry-run', '--output', 'json').stdout)
    checks.check('rebalance as JSON', plan['allowed'] and plan['replicas'] == [], repr(plan)[:300])
    shard = c[0].ask('/admin/v1/shards')['shards'][7]
    want('transfer to who leads', burrow(c[0], 'shard', 'transfer-leader', '7', '--to', shard['leader']), 5, 'already')
    want('move to a node that has it', burrow(c[0], 'shard', 'move', '7', '--from', 'n1', '--to', 'n2'), 5, 'already')
    log = os.path.join(c[0].data, 'audit.log')
    checks.check('what was refused before it began is no order', not os.path.exists(log) or
                 'cluster-leave' not in open(log, encoding='utf-8').read())


def leaves(c):
    """A fourth node goes for good, under load."""
    c[3].start('--join', c[0].address)
    c.wait(c[3].ready, 60, 'n4 to be ready')
    c.wait(lambda: (c[3].ask('/admin/v1/status') or {'shards': {'count': 0}})['shards']['count'] > 20, 60, 'copies on n4')
    c.wait(lambda: burrow(c[0], 'shards', '--problems').returncode == 0, 60, 'no problems')
    writers = Writers([m.http for m in c.members[:3]], account='leave', pause=0.002)
    c.wait(lambda: writers.count() > 50, 20, 'load')
    want('leave --dry-run shows the plan', burrow(c[3], 'node', 'leave', '--dry-run'), 0, 'n4 holds', 'keeps n1')
    c[3].may_end = True
    done = burrow(c[3], 'node', 'leave', 'n4', '--yes')
    want('leave', done, 0, 'has left for good')
    checks.check('the node ends with 0', ends(c[3].process, 30) and c[3].process.returncode == 0, c[3].log_tail(500))
    writers.stop()
    checks.check('no request failed meanwhile', not writers.failures, repr(writers.failures[:3]))
    lost = sorted(writers.acknowledged - set(names_stored(c[0].http, 'leave')))
    checks.check('nothing is lost', not lost, repr(lost[:5]))
    names = [m['node'] for m in c[0].ask('/admin/v1/members')['members']]
    checks.check('it is no member any more', names == ['n1', 'n2', 'n3'], repr(names))
    checks.check('every shard has three voters', c.settled(3))
    done = burrow(c[0], 'doctor', '--output', 'json')
    checks.check('and the doctor does not miss it', not worse(done), repr(worse(done)))
    run = subprocess.run([BINARY, 'serve', '--node', 'n4', '--zone', 'a', '--data', c[3].data, '--http', '127.0.0.1:0',
                          '--admin', '127.0.0.1:0', '--cluster', c[3].address, '--join', c[0].address],
                         capture_output=True, text=True, timeout=30)
    want('its directory starts no more', run, 2, 'left its cluster for good', 'wipe')
    with open(os.path.join(c[3].data, 'audit.log'), encoding='utf-8') as log:
        checks.check('it is in the audit log', 'cluster-leave' in log.read())


def one_is_down(c):
    c[1].kill()
    c.wait(lambda: burrow(c[0], 'members').returncode == 8, 30, 'n2 to be missed')
    c.wait(lambda: any(m['answers'] == 'dead' for m in c[0].ask('/admin/v1/members')['members']), 30, 'n2 to be dead')
    done = burrow(c[2], 'doctor', '--output', 'json')
    found = worse(done)
    checks.check('doctor: a dead node is bad', ('members', None, 'n2', 'bad') in found and done.returncode == 5,
                 repr(found))
    checks.check('doctor: one loss away', any(f[0] == 'safety' for f in found), repr(found))
    checks.check('doctor: copies that do not answer', any(f[0] == 'replicas' for f in found), repr(found))
    want('doctor to people says what to do', burrow(c[2], 'doctor'), 5, 'do: start it')
    want('shards --problems', burrow(c[0], 'shards', '--problems'), 8, 'n2(down)')
    want('drain of what is needed now', burrow(c[0], 'node', 'drain', 'n1'), 5, 'would stop without n1')
    want('top without it', burrow(c[0], 'top', '--once', '--interval', '1'), 0, '2 of 3 nodes', 'dead')
    c[1].start()
    c.wait(c[1].ready, 60, 'n2 to be back')
    c.wait(lambda: burrow(c[0], 'shards', '--problems').returncode == 0, 60, 'no problems')
    c.wait(lambda: not worse(burrow(c[0], 'doctor', '--output', 'json')), 60, 'the doctor to be content again')
    checks.check('and all is well when it is back', True)


def completes(c):
    env = {**os.environ, 'BURROW_ENDPOINT': f'http://127.0.0.1:{c[0].admin}'}
    for words, wanted in ((('node', 'drain', ''), {'n1', 'n2', 'n3'}), (('shards', '6'), {'6', *map(str, range(60, 65))}),
                          (('shard', 'move', '7', '--to', 'n'), {'n1', 'n2', 'n3'}), (('doctor', '--node', 'n1'), {'n1'}),
                          (('top', '--sort', ''), {'rate', 'name', 'size'}), (('node', 'le'), {'leave'}),
                          (('events', '--fo'), {'--follow'}), (('to',), {'top'})):
        got = subprocess.run([BINARY, 'completion', 'candidates', '--', *words], capture_output=True, text=True, timeout=20,
                             env=env)
        checks.check(f'completes {" ".join(words)!r}', set(got.stdout.split()) == wanted, repr(got.stdout))


def three_and_one():
    with Cluster(4) as c:
        c.grow(0, 3)
        c.wait(lambda: c.settled(3), 90, 'three voters in every shard')
        for m in c.members[:3]:
            c.wait(m.ready, 30, f'{m.name} to be ready')
        c.wait(lambda: not worse(burrow(c[0], 'doctor', '--output', 'json')), 60, 'the doctor to be content')
        for part in (doctor, top, events, refuses, completes, leaves, one_is_down):
            part(c)


def wrong_clock_and_certificate():
    """The second node's clock is 900 ms ahead, and its certificate ends soon; both nodes say so, and say whose."""
    with Cluster(2) as c:
        certs = os.path.join(c.directory, 'certs')
        subprocess.run([BINARY, 'cert', 'ca', '--out', certs], check=True, capture_output=True)
        for m, days in zip(c.members, ('90', '10')):
            subprocess.run([BINARY, 'cert', 'node', m.name, '--ca', certs, '--out', certs, '--days', days], check=True,
                           capture_output=True)
            m.arguments = ['--cluster-certificate', f'{certs}/{m.name}.pem', '--cluster-key', f'{certs}/{m.name}.key',
                           '--cluster-ca', f'{certs}/ca.pem']
        c[1].environment = {'LD_PRELOAD': CLOCK_SHIM, 'BURROW_CLOCK_OFFSET_MS': '900'}
        c.grow()
        for m in c.members:
            c.wait(m.ready, 60, f'{m.name} to be ready')
        c.wait(lambda: len((c[0].ask('/admin/v1/members') or {'members': []})['members']) == 2, 30, 'two members')
        for m in c.members:
            found = lambda m=m: [f for f in findings(burrow(m, 'doctor', '--output', 'json'))  # noqa: E731
                                 if f['check'] == 'clocks']
            c.wait(lambda: found()[0]['severity'] == 'warn', 30, 'the clock to be found')
            one = found()
            checks.check(f'asked of {m.name}, the doctor names the clock that is ahead', len(one) == 1
                         and one[0]['object'] == 'n2' and '0.9' in one[0]['evidence'] and 'ahead' in one[0]['evidence']
                         and 'n2' in one[0]['advice'], repr(one))
        done = burrow(c[0], 'doctor', '--output', 'json')
        ends_soon = {(f['node'], f['severity']) for f in findings(done) if f['check'] == 'certificates'}
        checks.check('a certificate that ends within 14 days is a warning', ends_soon == {('n1', 'ok'), ('n2', 'warn')},
                     repr(ends_soon))
        checks.check('two nodes are told to be three', any(f[0] == 'safety' for f in worse(done)) and
                     'third node' in done.stdout and done.returncode in (5, 8), repr(worse(done)))


for whole in (runs_alone, three_and_one, wrong_clock_and_certificate):
    try:
        whole()
    except (RuntimeError, OSError, http.client.HTTPException, KeyError, TypeError, ValueError, IndexError,
            subprocess.TimeoutExpired) as e:
        checks.check(f'{whole.__name__}: {type(e).__name__} {e}', False)
sys.exit(checks.finish())
