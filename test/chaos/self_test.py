#!/usr/bin/env python3
"""The tools of this folder are tried before they are trusted: each checker catches a made-up history that is wrong and
passes one that is right; each shim does what it says to a small program. Prints `N passed, N failed`."""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../support')]
import history  # noqa: E402
import net  # noqa: E402
import power  # noqa: E402
from burrow_node import Checks  # noqa: E402
from world import Disk  # noqa: E402

checks = Checks()


def put(body, begin, outcome='done', queue='q'):
    return {'op': 'put', 'queue': queue, 'body': body, 'begin': begin, 'end': begin + 0.1, 'outcome': outcome}


def claim(begin, *bodies, end=None, outcome='done', claims=1, hide=10, ident='', queue='q'):
    return {'op': 'claim', 'queue': queue, 'who': 't', 'begin': begin, 'end': end or begin + 0.1, 'hide': hide,
            'outcome': outcome, 'messages': [{'body': b, 'id': b + ident, 'claims': claims} for b in bodies]}


def finish(op, number, body, begin, outcome='done', queue='q'):
    return {'op': op, 'queue': queue, 'body': body, 'claim': number, 'begin': begin, 'end': begin + 0.1,
            'outcome': outcome}


def kept(*bodies, queue='q', ident=''):
    return {'op': 'stored', 'queue': queue, 'begin': 100, 'end': 101,
            'messages': [{'body': b, 'id': b + ident, 'claims': 0} for b in bodies]}


def read(body, outcome):
    return {'op': 'read', 'queue': 'q', 'body': body, 'begin': 5, 'end': 6, 'outcome': outcome}


GOOD = [
    put('w-0', 0), put('w-1', 1, 'unknown'), put('w-1', 2), put('w-2', 3, 'no'), put('w-2', 4), put('w-3', 5, 'unknown'),
    claim(6, 'w-0', 'w-1'), finish('ack', 6, 'w-0', 7), finish('ack', 6, 'w-1', 7, 'unknown'),
    finish('ack', 6, 'w-1', 8, 'gone'), claim(9, 'w-2'), finish('release', 10, 'w-2', 10), claim(11, 'w-2', claims=2),
    claim(30, 'w-2', claims=3), read('w-0', 'done'), kept('w-2', 'w-3')]

# (checker, what must be caught, history)
BAD = [
    ('nothing acknowledged is lost', 'an acknowledged insert that is nowhere', [put('w-0', 0), kept()]),
    ('nothing acknowledged is lost', 'one whose acknowledgement was refused',
     [put('w-0', 0), claim(1, 'w-0'), finish('ack', 1, 'w-0', 2, 'no'), kept()]),
    ('nothing acknowledged is lost', 'one whose holder found it stale',
     [put('w-0', 0), claim(1, 'w-0'), finish('ack', 1, 'w-0', 2, 'stale'), kept()]),
    ('nothing vanishes under its holder', 'a message that its holder does not find',
     [put('w-0', 0), claim(1, 'w-0'), finish('ack', 1, 'w-0', 2, 'gone'), kept()]),
    ('nothing vanishes under its holder', 'one that was removed only afterwards',
     [put('w-0', 0), claim(1, 'w-0'), finish('ack', 1, 'w-0', 2, 'gone'), finish('ack', 1, 'w-0', 3), kept()]),
    ('nothing removed comes back', 'a removed message that is delivered',
     [put('w-0', 0), claim(1, 'w-0'), finish('ack', 1, 'w-0', 2), claim(3, 'w-0', claims=2), kept()]),
    ('nothing removed comes back', 'a removed message that is there at the end',
     [put('w-0', 0), claim(1, 'w-0'), finish('ack', 1, 'w-0', 2), kept('w-0')]),
    ('no message in two live claims', 'a second claim while the first one holds',
     [put('w-0', 0), claim(1, 'w-0'), claim(5, 'w-0', claims=2), kept('w-0')]),
    ('no message in two live claims', 'two claims that were under way together',
     [put('w-0', 0), claim(1, 'w-0', end=3), claim(2, 'w-0', end=4), kept('w-0')]),
    ('no message in two live claims', 'a claim after the other queue has it',
     [put('w-0', 0), claim(1, 'w-0'), claim(2, 'w-0', queue='dead'), kept('w-0')]),
    ('no message in two live claims', 'one before the release of the first',
     [put('w-0', 0), claim(1, 'w-0'), claim(2, 'w-0', claims=2), finish('release', 1, 'w-0', 4), kept('w-0')]),
    ('no duplicate of an insert with a key', 'one stored twice', [put('w-0', 0), kept('w-0', 'w-0')]),
    ('no duplicate of an insert with a key', 'one in two queues', [put('w-0', 0), kept('w-0'), kept('w-0', queue='dead')]),
    ('no duplicate of an insert with a key', 'one that is two messages',
     [put('w-0', 0), claim(1, 'w-0', ident='x'), finish('ack', 1, 'w-0', 2, 'unknown'), kept('w-0', ident='y')]),
    ('nothing refused is stored', 'an insert that was told no', [put('w-0', 0, 'no'), kept('w-0')]),
    ('nothing refused is stored', 'a message that nobody sent', [claim(1, 'v-0'), kept()]),
    ('writers read their own writes', 'a read that does not find its own write',
     [put('w-0', 0), read('w-0', 'gone'), kept('w-0')]),
    ('first in, first out', 'a list out of order', [put('w-0', 0), put('w-1', 1), kept('w-1', 'w-0')]),
    ('first in, first out', 'a claim out of order', [put('w-0', 0), put('w-1', 1), claim(2, 'w-1', 'w-0'), kept()]),
    ('first in, first out', 'a message that is overtaken',
     [put('w-0', 0), put('w-1', 1), claim(2, 'w-1'), claim(3, 'w-0'), kept('w-0', 'w-1')]),
]


def checkers():
    results = list(history.check(history.History(GOOD)))
    for name, wrong in results:
        checks.check(f'a right history passes: {name}', not wrong, str(wrong))
    names = {name for name, _ in results}
    for name, what, events in BAD:
        found = dict(history.check(history.History(events)))
        checks.check(f'{name}: caught: {what}', bool(found[name]), str(found))
    checks.check('every checker is tried', names == {name for name, _, _ in BAD}, str(names))
    # What an answer that got lost may hide is no violation.
    hidden = [put('w-0', 0), put('w-1', 1), claim(1.5, outcome='unknown'), claim(2, 'w-1'), claim(14, 'w-0', claims=1),
              kept('w-0', 'w-1')]
    checks.check('a claim whose answer was lost may hold the first one', not history.first_in_first_out(
        history.History(hidden)), 'overtaken')
    checks.check('gaps are those between acknowledged inserts', abs(history.gaps(history.History(
        [put('w-0', 0), put('w-1', 3, 'no'), put('w-2', 7)])) - 7) < 0.01)


WRITER = '''
import os, sys, time
d = sys.argv[1]
def sync(path, flags=os.O_RDONLY):
    f = os.open(path, flags); os.fsync(f); os.close(f)
def put(name, text, how="w"):
    with open(d + "/" + name, how) as f: f.write(text)
os.mkdir(d + "/kept"); os.mkdir(d + "/lost")
for n in ("kept/whole", "kept/half", "lost/file", "kept/removed", "kept/old", "kept/slots"): put(n, "a" * 1000)
sync(d + "/kept/slots")
for n in ("whole", "half", "removed", "old"): sync(d + "/kept/" + n)
sync(d + "/kept")
f = os.open(d, os.O_RDONLY)
put("kept/half", "b" * 1000, "a")
put("kept/unsynced entry", "c")
sync(d + "/kept/unsynced entry")
os.unlink(d + "/kept/removed")
put("kept/new", "d" * 10); sync(d + "/kept/new")
os.rename(d + "/kept/new", d + "/kept/old")
f = os.open(d + "/kept/slots", os.O_RDWR); os.pwrite(f, b"e" * 10, 0)
os.kill(os.getpid(), 9)
'''


class Least:
    """A chance that always takes all there is to take."""
    def random(self):
        return 0.0

    def randint(self, low, _):
        return low


def shims():
    scratch = tempfile.mkdtemp(prefix='burrow-chaos-')
    try:
        power_cut(Disk(os.path.join(scratch, 'power')))
        clock_and_sync(Disk(os.path.join(scratch, 'clock')))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def python(disk, program, *words):
    return subprocess.run([sys.executable, '-c', program, disk.root, *words], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **disk.environment()})


def power_cut(disk):
    # The parent of all of it is synced by nobody, so of its entries `kept` is put down here as synced.
    python(disk, WRITER)
    with open(disk.log, encoding='utf-8') as log:
        lines = log.readlines()
    top = next(i for i, line in enumerate(lines) if line.endswith('/lost\n'))
    lines = [*lines[:top], f'dir\t{disk.root}\n', *lines[top:]]
    with open(disk.log, 'w', encoding='utf-8') as log:
        log.writelines(lines)
    found = power.cut(disk.root, disk.log, disk.kept, Least())
    at = os.path.join(disk.root, 'kept')
    checks.check('power cut: an unsynced directory is gone', os.listdir(disk.root) == ['kept'], str(os.listdir(disk.root)))
    checks.check('power cut: names are the synced ones', sorted(os.listdir(at)) == [
        'half', 'old', 'removed', 'slots', 'whole'], str(sorted(os.listdir(at))))
    content = {n: open(os.path.join(at, n), encoding='utf-8').read() for n in os.listdir(at)}
    checks.check('power cut: contents are the synced ones', all(c == 'a' * 1000 for c in content.values()), str(content)[:500])
    checks.check('power cut: it is counted', found['bytes'] >= 1000 and found['entries'] >= 4, str(found))
    again = power.cut(disk.root, disk.log, disk.kept, random.Random(1))
    checks.check('power cut: what is left is synced', again == {'syncs': 0, 'entries': 0, 'bytes': 0}, str(again))


def clock_and_sync(disk):
    disk.jump(-7200)
    shown = python(disk, 'import time; print(time.time(), time.monotonic())').stdout.split()
    checks.check('clock: the wall clock has jumped', abs(float(shown[0]) - time.time() + 7200) < 5, str(shown))
    checks.check('clock: the steady one has not', abs(float(shown[1]) - time.monotonic()) < 5, str(shown))
    waited = python(disk, 'import threading, time; t = time.monotonic(); threading.Event().wait(0.3); '
                          'print(time.monotonic() - t)').stdout
    checks.check('clock: waiting takes as long as ever', 0.25 < float(waited) < 2, waited)
    sync = ('import os, sys, time; t = time.monotonic(); f = os.open(sys.argv[1] + "/f", os.O_RDWR | os.O_CREAT); '
            'os.fsync(f); print(time.monotonic() - t)')
    with open(disk.stall, 'w', encoding='utf-8') as f:
        f.write('300')
    took = python(disk, sync).stdout
    checks.check('sync: it is held back', float(took) >= 0.3 and os.path.exists(disk.stall + '.seen'), took)
    os.remove(disk.stall)
    open(disk.fail, 'w', encoding='utf-8').close()
    failed = python(disk, sync)
    checks.check('sync: it fails when told to', failed.returncode != 0 and 'Errno 5' in failed.stderr, failed.stderr[-200:])


def network():
    """Only where run.py has brought us into namespaces of our own."""
    if not os.environ.get(net.INSIDE):
        return
    n = net.Network(['s1', 's2'])
    try:
        checks.check('network: datagrams arrive', n.arrive('s1', 's2', 20)[0] == 20)
        n.cut('s1', 's2')
        checks.check('network: one way is cut, the other is not', (n.arrive('s1', 's2', 20)[0], n.arrive('s2', 's1', 20)[0])
                     == (0, 20))
        n.heal()
        n.lose('s2', 0.5)
        got = n.arrive('s1', 's2', 400, 1)[0]
        checks.check('network: half is lost', 120 < got < 280, f'{got} of 400')
        n.heal()
        n.delay('s1', 60)
        got, took = n.arrive('s1', 's2', 20, 2)
        checks.check('network: it takes longer', got == 20 and took >= 0.06, f'{got} of 20, {took:.3f} s')
        n.heal()
        got, took = n.arrive('s1', 's2', 20)
        checks.check('network: healed', got == 20 and took < 0.06, f'{got} of 20, {took:.3f} s')
    finally:
        n.remove()


if __name__ == '__main__':
    for part in (checkers, shims, network):
        part()
    sys.exit(checks.finish())
