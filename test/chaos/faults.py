"""What is done to a cluster. Each fault is a context manager: it breaks something, shows that it is broken (otherwise it
raises NoEffect), and mends it at the end. Who calls decides how long it lasts."""
import contextlib
import os
import signal
import subprocess
import time


class NoEffect(RuntimeError):
    """The fault did not do what it says, so nothing that was seen meanwhile means anything."""


def must(ok, what):
    if not ok:
        raise NoEffect(what)


# --- processes

@contextlib.contextmanager
def killed(world, *members):
    """kill -9; started again at the end."""
    for m in members:
        m.send(signal.SIGKILL)
    for m in members:
        must(m.process.wait(20) == -signal.SIGKILL, f'{m.name} was not killed')
    yield
    for m in members:
        world.start(m)


@contextlib.contextmanager
def frozen(_, *members):
    for m in members:
        m.send(signal.SIGSTOP)
    for m in members:
        until = time.monotonic() + 2
        while state_of(m) != 'T' and time.monotonic() < until:
            time.sleep(0.01)
        must(state_of(m) == 'T', f'{m.name} is not stopped')
    yield
    for m in members:
        m.send(signal.SIGCONT)


def state_of(member):
    with open(f'/proc/{member.process.pid}/stat', encoding='utf-8') as f:
        return f.read().rsplit(')', 1)[1].split()[0]


# --- the network

@contextlib.contextmanager
def parted(world, one, other, both=True):
    """Nothing between two groups; with `both` false nothing from the first to the second, and the other way goes on."""
    n, one, other = world.network, [m.name for m in one], [m.name for m in other]
    pairs = [(a, b) for a in one for b in other]
    must(all(n.arrive(a, b, 5)[0] == 5 and n.arrive(b, a, 5)[0] == 5 for a, b in pairs), 'no network before the cut')
    for a, b in pairs:
        n.cut(a, b)
        if both:
            n.cut(b, a)
    must(all(n.arrive(a, b, 5)[0] == 0 for a, b in pairs), 'the cut lets datagrams through')
    back = 0 if both else 5
    must(all(n.arrive(b, a, 5)[0] == back for a, b in pairs), 'the cut is wrong in the other direction')
    yield
    mend(world)


@contextlib.contextmanager
def lossy(world, share, *members):
    for m in members:
        world.network.lose(m.name, share)
        other = world.others(m)[0]
        got, _ = world.network.arrive(other.name, m.name, 400, 1)
        must(abs(1 - got / 400 - share) < 0.1, f'{got} of 400 arrive with {share} lost')
    yield
    mend(world)


@contextlib.contextmanager
def slow(world, milliseconds, jitter, *members):
    """What these nodes send takes so much longer."""
    for m in members:
        world.network.delay(m.name, milliseconds, jitter)
        got, took = world.network.arrive(m.name, world.others(m)[0].name, 20, 2)
        must(got == 20 and took >= milliseconds / 1000, f'{got} of 20 arrive, the slowest after {took * 1000:.0f} ms')
    yield
    mend(world)


def mend(world):
    world.network.heal()
    names = list(world.network.hosts)
    must(all(world.network.arrive(a, b, 3)[0] == 3 for a in names for b in names if a != b), 'the network is not healed')


# --- disks

@contextlib.contextmanager
def disk_filled(world, member, leave):
    """Its disk, a small one of its own, is filled until so many bytes are left."""
    disk = world.disks[member.name]
    must(disk.mounted, 'the disk is not small')
    ballast = os.path.join(disk.base, 'ballast')
    with open(ballast, 'wb') as f:
        with contextlib.suppress(OSError):
            while free(disk.base) > leave:
                f.write(b'x' * min(1 << 20, free(disk.base) - leave))
                f.flush()
    must(free(disk.base) <= leave + (1 << 16), f'{free(disk.base)} bytes are free')
    yield
    os.remove(ballast)


def free(path):
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


@contextlib.contextmanager
def stalled_sync(world, member, milliseconds=0):
    """Its syncs take so much longer, or with 0 hang until the end."""
    disk = world.disks[member.name]
    with contextlib.suppress(FileNotFoundError):
        os.remove(disk.stall + '.seen')
    with open(disk.stall + '.new', 'w', encoding='utf-8') as f:
        f.write(str(milliseconds) if milliseconds else '')
    os.rename(disk.stall + '.new', disk.stall)
    until = time.monotonic() + 5
    while not os.path.exists(disk.stall + '.seen') and time.monotonic() < until:
        time.sleep(0.01)
    must(os.path.exists(disk.stall + '.seen'), f'no sync of {member.name} was held back')
    try:
        yield
    finally:
        os.remove(disk.stall)


@contextlib.contextmanager
def failing_sync(world, member, wait=15):
    """The next sync fails, and the process must end by itself, with an error; started again at the end."""
    disk, member.may_end = world.disks[member.name], True
    open(disk.fail, 'w', encoding='utf-8').close()
    try:
        code = member.process.wait(wait)
    except subprocess.TimeoutExpired as e:
        raise NoEffect(f'{member.name} goes on after a failed sync') from e
    finally:
        os.remove(disk.fail)
    must(code != 0, f'{member.name} ended well after a failed sync')
    yield
    world.start(member)


# --- clocks

@contextlib.contextmanager
def jumped(world, seconds, *members, back=True):
    """Their wall clocks; back again at the end."""
    for m in members:
        world.disks[m.name].jump(seconds)
        must(abs(clock_of(world, m) - seconds) < 2, f'the clock of {m.name} has not jumped')
    yield
    if back:
        for m in members:
            world.disks[m.name].jump(0)


def clock_of(world, member):
    """How far ahead a process with that node's environment sees its clock."""
    shown = subprocess.run(['date', '+%s.%N'], capture_output=True, text=True, check=True,
                           env={**os.environ, **world.disks[member.name].environment()}).stdout
    return float(shown) - time.time()
