"""Scenarios of what nodes keep - disks, power, clocks - and of what operators and queues move."""
import shutil
import signal
import time

import faults
from scenario_registry import scenario

MIB = 1048576
DISK, LOW, STOP = 640 * MIB, 192 * MIB, 32 * MIB

# --- disks

@scenario(network=True, small_disk=DISK, arguments=[
    '--store-write-buffer', str(16 * MIB), '--store-wal', str(16 * MIB), '--disk-low', str(LOW), '--disk-low-per-cent',
    '0', '--disk-stop', str(STOP)])
def disk_low(run):
    """Below the reserve at the leader: inserts are refused, claims and acknowledgements go on, and it ends by itself."""
    with faults.disk_filled(run.world, run.leader(), LOW * 2 // 3):
        time.sleep(3)
        claimed = run.load.workers.claimed
        run.last(4)
        run.check('inserts are refused for want of space', run.refused('no-space') > 0)
        run.check('claims go on meanwhile', run.load.workers.claimed > claimed or run.work_is_empty())


@scenario(network=True, small_disk=DISK, arguments=[
    '--store-write-buffer', str(16 * MIB), '--store-wal', str(16 * MIB), '--disk-low', str(2 * STOP),
    '--disk-low-per-cent', '0', '--disk-stop', str(STOP)])
def disk_full(run):
    """Not a byte left at the leader, all at once: it may end, the others go on without it."""
    leader = run.leader()
    leader.may_end = True
    with faults.disk_filled(run.world, leader, 0):
        run.wait_for_writes(8)
        run.last(4)
    run.world.start_missing()


@scenario(short=True, patience=20)
def sync_stall(run):
    """Syncs of the leader hang for longer than an election, then are slow. Who waits is answered by whoever leads next."""
    leader = run.leader()
    with faults.stalled_sync(run.world, leader):
        run.world.wait(lambda: all(run.leader(q) is not leader for q in run.load.queues), 10, 'other leaders')
        led = time.monotonic()
        run.wait_for_writes(6)
        run.last(5)
    with faults.stalled_sync(run.world, run.leader(), 200):
        run.last(3)
    run.all_answered(led, 2)


@scenario()
def sync_fail(run):
    """A sync fails at the leader: the process must end, and comes back without having promised too much."""
    with faults.failing_sync(run.world, run.leader()):
        run.wait_for_writes(4)
        run.last(2)


# --- power

@scenario(short=True)
def power_all(run):
    """Power is cut everywhere at once, twice: what was not synced is gone on all three nodes."""
    lost = 0
    for _ in run.rounds(2):
        found = run.world.cut_power(run.world.members, run.rng)
        run.check('the shim saw syncs', found['syncs'] > 0)
        lost += found['bytes'] + found['entries']
        run.world.start_missing()
        run.ready()
        run.last(1.5)
    run.check('the power cuts took something', lost > 0)


@scenario()
def power_one(run):
    for _ in run.rounds(3):
        run.world.cut_power([run.leader()], run.rng)
        run.wait_for_writes(4)
        run.world.start_missing()
        run.ready()
        run.last(1)


@scenario()
def power_after_kill(run):
    """kill -9 of all leaves unsynced bytes in the page cache; the next life must not promise what rests on them before it
    has synced them: the power goes as soon as it has acknowledged something."""
    for _ in run.rounds(3):
        with faults.killed(run.world, *run.world.members):
            pass
        run.wait_for_writes(40)
        time.sleep(run.rng.random() * 0.5)
        run.world.cut_power(run.world.members, run.rng)
        run.world.start_missing()
        run.ready()


# --- clocks

@scenario(short=True)
def clock_one(run):
    """One node's wall clock an hour ahead, then an hour back, while it leads and while another takes over: nothing
    expires and no claim ends early, since a shard's time is the median's."""
    for hours in (1, -1):
        leader = run.leader()
        with faults.jumped(run.world, hours * 3600, leader):
            run.last(2)
            with faults.killed(run.world, run.world.others(leader)[0]):
                run.last(2)
            run.ready()
            run.last(1)


@scenario(claims=False)
def clock_all(run):
    """All clocks jump, and leaders change meanwhile: claims may end early or late, nothing else may happen."""
    for seconds in (300, -300):  # within the window in which keys are remembered
        with faults.jumped(run.world, seconds, *run.world.members):
            run.last(1)
            with faults.killed(run.world, run.leader()):
                run.wait_for_writes(5)
                run.last(1)
            run.ready()


# --- what operators do

@scenario(short=True)
def rolling_restart(run):
    """SIGTERM to one after the other: no request fails."""
    failures = len(run.load.keepers.failures) + len(run.load.writers.failures)
    for m in run.world.members:
        run.check(f'{m.name} ends well', m.kill(signal.SIGTERM) == 0)
        run.world.start(m)
        run.ready()
        run.last(1)
    failed = (run.load.keepers.failures + run.load.writers.failures)[failures:]
    run.check('no insert failed', not failed, str(failed[:3]))


@scenario()
def drain(run):
    """Leaders go elsewhere and come back; then the drained node is killed."""
    leader = run.leader()
    run.order('node', 'drain', leader.name, '--timeout', '80', timeout=90)
    run.check('it leads nothing any more', run.leads(leader) == 0, f'{run.leads(leader)} shards; {run.said}')
    with faults.killed(run.world, leader):
        run.last(2)
    run.ready()
    run.order('node', 'drain', leader.name, '--undo')
    run.last(1)


@scenario(nodes=6)
def decommission(run):
    """A node is emptied for good under load, while another one is killed and comes back."""
    gone = run.world.members[5]
    with faults.killed(run.world, run.world.members[1]):
        run.last(2)
    run.ready()
    run.order('node', 'decommission', gone.name, '--yes', '--timeout', '100', timeout=120)
    gone.kill(signal.SIGTERM)
    run.world.members.remove(gone)
    run.last(1)


@scenario()
def wiped_node(run):
    """A node dies with its disk, and another one comes under its name, before or after the others know of its end."""
    victim = run.leader()
    other = run.world.others(victim)[0]
    victim.kill()
    shutil.rmtree(victim.data)
    run.world.forget_power(victim)
    if run.rng.random() < 0.5:
        run.world.wait(lambda: run.answers(other, victim) == 'dead', 30, f'{victim.name} to be dead')
    run.world.start(victim)
    run.wait_for_writes(4)
    run.ready(90)
    shards = len(other.ask('/admin/v1/shards')['shards'])
    run.world.wait(lambda: run.page_of(victim)['voters'] == shards, 60, 'its copies')
    run.last(2)


@scenario(nodes=4)
def shard_moves(run):
    """Replicas and leaders are moved about, and the node that is to have one is killed; those that the planner would move
    back are refused (exit 5)."""
    world, asked, moved = run.world, run.world.members[1], 0
    for _ in range(20):
        shards = [s for s in asked.ask('/admin/v1/shards')['shards'] if s['shard'] > 0 and s['leader']]
        s = run.rng.choice([s for s in shards if not {'n1', 'n4'} <= set(s['voters'])])
        old, new = ('n1', 'n4') if 'n1' in s['voters'] else ('n4', 'n1')
        if world.command(asked, 'shard', 'move', str(s['shard']), '--from', old, '--to', new)[0] == 5:
            continue
        moved += 1
        with faults.killed(world, world.named(new)):
            run.last(0.5)
        run.ready()
        world.wait(lambda: new in run.voters(asked, s['shard']), 60, 'the move')
        run.order('shard', 'transfer-leader', str(s['shard']), '--to', new)
        if moved == 3:
            break
    run.check('replicas were moved', moved > 0)


@scenario(dead=True, short=True)
def dead_letters(run):
    """Messages that fail go to the dead-letter queue and are redriven, while leaders die between any two steps."""
    for _ in run.rounds(2):
        with faults.killed(run.world, run.leader('work')):
            run.redrive()
            run.last(2)
        run.ready()
        with faults.killed(run.world, run.leader('dead')):
            run.redrive()
            run.last(1.5)
        run.ready()
    run.check('messages were moved', run.arrived() > 0)


@scenario(network=True, dead=True)
def storm(run):
    """One fault after the other, two at a time, drawn by the seed."""
    world, rng, end = run.world, run.rng, time.monotonic() + 3 * run.seconds
    while time.monotonic() < end:
        victim = rng.choice(world.members)
        others = world.others(victim)
        kinds = [lambda: faults.killed(world, victim), lambda: faults.frozen(world, victim),
                 lambda: faults.parted(world, [victim], others, rng.random() < 0.5),
                 lambda: faults.lossy(world, 0.2, *world.members), lambda: faults.slow(world, 50, 50, *world.members),
                 lambda: faults.stalled_sync(world, rng.choice(others), 100),
                 lambda: faults.jumped(world, rng.choice((-900, 900)), victim)]
        with rng.choice(kinds)():
            run.redrive()
            run.last(rng.uniform(0.5, 3))
        if rng.random() < 0.3:
            world.cut_power([victim], rng)
            world.start_missing()
        run.last(1)
    run.world.start_missing()
