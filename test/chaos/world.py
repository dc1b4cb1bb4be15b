"""A cluster to break: real nodes in three zones, each in a network namespace where the machine lets us, with the shims
preloaded that cut power, stall syncs and move clocks. On loopback otherwise, without the network's faults."""
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support'))
import net  # noqa: E402
import power  # noqa: E402
from burrow_cluster import Cluster  # noqa: E402
from burrow_node import BINARY  # noqa: E402

MIB = 1048576


class Disk:
    """Where one node's data are, and what the shims are told about it."""

    def __init__(self, base, size=None):
        os.makedirs(base)
        self.base, self.mounted = base, size is not None
        if size:
            net.run('mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', base)
        self.root, self.kept = os.path.join(base, 'disk'), os.path.join(base, 'kept')
        self.data, self.log = os.path.join(self.root, 'data'), base + '.power'
        self.clock, self.stall, self.fail = base + '.clock', base + '.stall', base + '.fail'
        os.makedirs(self.root)
        os.makedirs(self.kept)
        self.jump(0)

    def environment(self):
        shims = [net.compiled(os.path.join(HERE, 'power_cut.c')), net.compiled(os.path.join(HERE, 'clock_jump.c')),
                 net.compiled(os.path.join(HERE, '../support/slow_sync.c'))]
        # power_cut comes first: it sees a sync as done when the others have let it through.
        return {'LD_PRELOAD': ':'.join(shims), 'BURROW_POWER_DIR': self.root, 'BURROW_POWER_LOG': self.log,
                'BURROW_POWER_KEEP': self.kept, 'BURROW_CLOCK_FILE': self.clock, 'BURROW_SYNC_DIR': self.root,
                'BURROW_SYNC_STALL_FILE': self.stall, 'BURROW_SYNC_FAIL_FILE': self.fail}

    def jump(self, seconds):
        """The node's wall clock, against the machine's. Written in place: the node has it mapped."""
        with open(self.clock, 'r+b' if os.path.exists(self.clock) else 'wb') as f:
            f.write(struct.pack('<q', int(seconds * 1e9)))

    def unmount(self):
        if self.mounted:
            net.run('umount', '-l', self.base, check=False)


class World(Cluster):
    """The nodes and their network (None on loopback)."""

    def __init__(self, size=3, apart=True, disk_size=None, arguments=()):
        super().__init__(size, [*arguments, '--insecure-http', '--insecure-cluster'] if apart else arguments)
        names = [m.name for m in self.members]
        self.network = net.Network(names) if apart else None
        self.disks = {}
        for m in self.members:
            self.disks[m.name] = disk = Disk(os.path.join(os.path.realpath(self.directory), m.name), disk_size)
            m.data, m.environment = disk.data, disk.environment()
            if self.network:
                m.host, m.prefix = self.network.hosts[m.name], self.network.prefix(m.name)
                m.http, m.admin, m.cluster = 8080, 8081, 7700

    def __exit__(self, *_):
        for m in self.members:
            if m.alive():
                m.send(signal.SIGCONT)
                m.kill()
        for disk in self.disks.values():
            disk.unmount()
        if self.network:
            self.network.remove()
        shutil.rmtree(self.directory, ignore_errors=True)

    def named(self, name):
        return next(m for m in self.members if m.name == name)

    def endpoints(self):
        return [m.endpoint for m in self.members]

    def begin(self):
        """All nodes of a new cluster, with three voters in every shard."""
        self.grow()
        self.wait(self.settled, 90, 'three voters in every shard')
        self.come_back(60)

    def others(self, member):
        return [m for m in self.members if m is not member]

    def leader_of(self, account, queue):
        """The member that leads the queue's shard, by the zone that answers name; None if nobody says so."""
        for m in self.members:
            try:
                zone = m.client(3).call('GET', f'/v1.0/{account}/{queue}?limit=1').headers.get('burrow-zone')
            except Exception:  # a node that is down or cut off; another will know
                continue
            for found in self.members:
                if found.zone == zone and found.alive():
                    return found
        return None

    def command(self, member, *words, timeout=90):
        """`burrow WORDS` to that member's administration; (exit status, what it printed)."""
        done = subprocess.run([BINARY, *words, '--endpoint', f'http://{member.host}:{member.admin}'],
                              capture_output=True, text=True, timeout=timeout)
        return done.returncode, (done.stdout + done.stderr)[-400:]

    def start(self, member):
        member.start('--join', ','.join(m.address for m in self.members))

    def start_missing(self):
        for m in self.members:
            if not m.alive():
                self.start(m)

    def cut_power(self, members, rng):
        """kill -9, and what was not synced is gone. What there was of it, summed."""
        for m in members:
            if m.alive():
                m.send(signal.SIGKILL)
        total = {'syncs': 0, 'entries': 0, 'bytes': 0}
        for m in members:
            m.process.wait(30)
            disk = self.disks[m.name]
            for what, n in power.cut(disk.root, disk.log, disk.kept, rng).items():
                total[what] += n
        return total

    def forget_power(self, member):
        """After its directory was wiped by hand."""
        disk = self.disks[member.name]
        if os.path.exists(disk.log):
            os.remove(disk.log)
        shutil.rmtree(disk.kept, ignore_errors=True)
        os.makedirs(disk.kept)

    def come_back(self, seconds):
        """All nodes ready and nothing amiss in any shard, as each node sees it; the seconds it took."""
        begun = time.monotonic()
        for m in self.members:
            self.wait(m.ready, seconds, f'{m.name} to be ready')
        while not all(self.calm(m) for m in self.members):
            if time.monotonic() > begun + seconds:
                raise RuntimeError(f'not calm after {seconds} s: ' + '; '.join(self.amiss(m) for m in self.members))
            time.sleep(0.1)
        return time.monotonic() - begun

    def calm(self, member):
        return not self.amiss(member)

    def amiss(self, member):
        """What a node knows to be wrong with its shards; empty if nothing is."""
        page = member.ask('/admin/v1/shards')
        if not page or not page.get('complete'):
            return f'{member.name} does not know the shards'
        wrong = [f'shard {s["shard"]}: leader {s.get("leader")}, voters {s["voters"]}, {s.get("state")}'
                 for s in page['shards'] if not s.get('leader') or len(s['voters']) != 3]
        return f'{member.name}: {len(wrong)} shards, {", ".join(wrong[:5])}' if wrong else ''
