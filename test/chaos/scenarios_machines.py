"""Scenarios of processes and of the network between them."""
import time

import faults
from scenario_registry import scenario

# --- processes

@scenario(short=True)
def kill_leader(run):
    """kill -9 of the node that leads the queue, again and again."""
    for _ in run.rounds(2):
        with faults.killed(run.world, run.leader()):
            run.wait_for_writes(3)
            run.last(2)
        run.ready()


@scenario()
def kill_follower(run):
    for _ in run.rounds(2):
        with faults.killed(run.world, run.follower()):
            run.last(2)
        run.ready()


@scenario(short=True)
def kill_all(run):
    """kill -9 of all nodes at once."""
    for _ in run.rounds(2):
        with faults.killed(run.world, *run.world.members):
            pass
        run.ready()
        run.last(1)


@scenario()
def kill_two(run):
    """Two of three: nobody may acknowledge anything until one is back."""
    with faults.killed(run.world, *run.rng.sample(run.world.members, 2)):
        time.sleep(1.5)
        seen = run.writes()
        run.last(3)
        run.check('nothing is acknowledged without a majority', run.writes() == seen, f'{run.writes() - seen} inserts')


@scenario(nodes=6)
def kill_zone(run):
    """All nodes of a zone."""
    for zone in run.rng.sample(['a', 'b', 'c'], 2):
        gone = [m for m in run.world.members if m.zone == zone]
        with faults.killed(run.world, *gone):
            run.wait_for_writes(3)
            run.last(3)
        run.ready()


@scenario(short=True)
def freeze_leader(run):
    """SIGSTOP for longer than an election takes; it wakes as a leader that has been deposed."""
    for _ in run.rounds(1):
        with faults.frozen(run.world, run.leader()):
            run.wait_for_writes(4)
            run.last(4)
        run.last(2)


@scenario()
def freeze_all(run):
    with faults.frozen(run.world, *run.world.members):
        time.sleep(5)
    run.last(2)


# --- the network

@scenario(network=True, short=True)
def part_leader(run):
    """The leader is alone on one side; clients reach all. It must stop to acknowledge."""
    leader = run.leader()
    with faults.parted(run.world, [leader], run.world.others(leader)):
        run.wait_for_writes(4)
        run.last(4)


@scenario(network=True)
def part_follower(run):
    follower = run.follower()
    with faults.parted(run.world, [follower], run.world.others(follower)):
        run.last(4)


@scenario(network=True)
def part_all(run):
    """Each node alone: nobody may acknowledge anything."""
    one, two, three = run.world.members
    with faults.parted(run.world, [one], [two, three]), faults.parted(run.world, [two], [three]):
        time.sleep(2.5)
        seen = run.writes()
        run.last(3)
        run.check('nothing is acknowledged without a majority', run.writes() == seen, f'{run.writes() - seen} inserts')


@scenario(network=True)
def deaf_leader(run):
    """One way: what the leader says is heard, and it hears nothing."""
    leader = run.leader()
    with faults.parted(run.world, run.world.others(leader), [leader], both=False):
        run.wait_for_writes(6)
        run.last(4)


@scenario(network=True, short=True)
def mute_leader(run):
    """One way: the leader hears the others, and they hear nothing from it."""
    leader = run.leader()
    with faults.parted(run.world, [leader], run.world.others(leader), both=False):
        run.wait_for_writes(6)
        run.last(3)


@scenario(network=True)
def partial_cut(run):
    """Two nodes do not reach one another, the third reaches both. Each of the two serves what the other one leads."""
    leader, other = run.leader(), run.follower()
    with faults.parted(run.world, [leader], [other]):
        run.wait_for_writes(6)
        time.sleep(4)  # a stream that carries nothing is given up after three
        for m in (leader, other):
            run.serves(m)
        run.last(2)


@scenario(network=True)
def flapping(run):
    """A cut that comes and goes, faster and slower than an election."""
    leader, end = run.leader(), time.monotonic() + run.seconds
    while time.monotonic() < end:
        with faults.parted(run.world, [leader], run.world.others(leader), both=run.rng.random() < 0.5):
            time.sleep(run.rng.choice((0.2, 0.7, 1.5)))
        time.sleep(run.rng.choice((0.2, 0.7, 1.5)))


@scenario(network=True)
def loss(run):
    """Packets lost between all nodes: a tenth, then a third."""
    for share in (0.1, 0.3):
        with faults.lossy(run.world, share, *run.world.members):
            run.last(4)


@scenario(network=True)
def delay(run):
    """Everything between nodes takes 30 to 50 ms, then the leader's words alone 300 to 400 ms, out of order."""
    with faults.slow(run.world, 30, 20, *run.world.members):
        run.last(4)
    with faults.slow(run.world, 300, 100, run.leader()):
        run.last(4)
