#!/usr/bin/env python3
"""What deploy/ ships really starts: the unit's command line, the settings of a member, the nodes of compose.yaml, and the
layout of the image. There is neither systemd nor a container engine here: the same command lines run as processes, with
other ports and directories, the image's in a change of root (which needs root).

usage: shipped_test.py     prints `N passed, N failed`
"""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import yaml

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_cluster import Cluster, Member, free_ports  # noqa: E402
from burrow_node import BINARY, ROOT, Checks, Client  # noqa: E402

SYSTEMD, CONTAINER = ROOT + '/deploy/systemd/', ROOT + '/deploy/container/'


def read(path):
    with open(path) as f:
        return f.read()


def unit_values(name):
    return re.findall(rf'^{name}=(.*)$', read(SYSTEMD + 'burrow.service'), re.M)


def run(*command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **more)


class Shipped(Member):
    """A member that runs a shipped command line."""

    def __init__(self, directory, name, zone, ports, command, environment=None):
        super().__init__(directory, name, zone, ports)
        self.command, self.environment = command, environment or {}

    def start(self, *_):
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **self.environment})


def cluster_of(members, directory):
    """A Cluster of given members, for its way to wait."""
    cluster = Cluster(0)
    shutil.rmtree(cluster.directory)
    cluster.directory, cluster.members = directory, members
    return cluster


def installed(checks, scratch):
    done = run(SYSTEMD + 'install', env={**os.environ, 'DESTDIR': scratch, 'BURROW_BINARY': BINARY})
    there = ['usr/local/bin/burrow', 'etc/systemd/system/burrow.service', 'etc/sysusers.d/burrow.conf', 'etc/burrow/burrow.conf']
    checks.check('the installer puts everything in its place',
                 done.returncode == 0 and all(os.path.isfile(os.path.join(scratch, p)) for p in there), done.stderr)
    config = os.path.join(scratch, 'etc/burrow/burrow.conf')
    with open(config, 'a') as f:
        f.write('# mine\n')
    run(SYSTEMD + 'install', env={**os.environ, 'DESTDIR': scratch, 'BURROW_BINARY': BINARY})
    checks.check('and leaves settings that are there', read(config).endswith('# mine\n'))
    bad = os.path.join(scratch, 'bad.conf')
    with open(bad, 'w') as f:
        f.write('nodee = n1\n')
    other = os.path.join(scratch, 'other')
    done = run(SYSTEMD + 'install', '--config', bad, env={**os.environ, 'DESTDIR': other, 'BURROW_BINARY': BINARY})
    checks.check('it refuses settings that are wrong, before it writes anything',
                 done.returncode == 2 and not os.path.exists(other), done.stdout + done.stderr)


def unit_runs(checks, scratch):
    """ExecStart, with the installed program, ports that are free, and a service manager that listens."""
    words = shlex.split(unit_values('ExecStart')[0])
    checks.check('the unit starts the installed program with its settings and directory', words == [
        '/usr/local/bin/burrow', 'serve', '--config', '/etc/burrow/burrow.conf', '--data', '/var/lib/burrow'], repr(words))
    checks.check('its directory is the one systemd makes', unit_values('StateDirectory') == ['burrow'])
    http, admin, cluster = free_ports(3)
    config = os.path.join(scratch, 'etc/burrow/burrow.conf')
    text = read(config).replace('#http = 127.0.0.1:8080', f'http = 127.0.0.1:{http}')
    text = text.replace('#admin = 127.0.0.1:8081', f'admin = 127.0.0.1:{admin}')
    with open(config, 'w') as f:
        f.write(text)
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(scratch + '/notify')
    heard.settimeout(20)
    command = [scratch + w if w.startswith('/') else w for w in words]
    node = Shipped(scratch, 'unit', 'default', (http, admin, cluster), command, {'NOTIFY_SOCKET': scratch + '/notify'})
    with cluster_of([node], scratch):
        os.makedirs(scratch + '/var/lib')
        node.start()
        checks.check('Type=notify: it says when it is ready',
                     unit_values('Type') == ['notify'] and heard.recv(100) == b'READY=1', node.log_tail())
        checks.check('it serves', Client(http).call('PUT', '/v1.0/a/q/m', b'x').status in (201, 204))
        begin = time.monotonic()
        code = node.kill(signal.SIGTERM)
        limit = int(unit_values('TimeoutStopSec')[0])
        checks.check('SIGTERM ends it within TimeoutStopSec, with 0', code == 0 and time.monotonic() - begin < limit,
                     f'exit {code}')


def certificates(directory, names):
    for command in (['ca', '--out', directory], *(['node', n, '--ca', directory, '--out', directory] for n in names)):
        done = run(BINARY, 'cert', *command)
        if done.returncode:
            raise RuntimeError(f'burrow cert {command}: {done.stdout}{done.stderr}')


def zone_settings(checks, scratch):
    """Three members from zone.conf.example, changed as it says, with certificates as the README makes them."""
    names, zones, ports = ('n1', 'n2', 'n3'), 'abc', free_ports(9)
    certificates(scratch, names)
    members = []
    for i, (name, zone) in enumerate(zip(names, zones)):
        http, admin, cluster = ports[3 * i:3 * i + 3]
        text = re.sub(r'\bn1\b', name, read(SYSTEMD + 'zone.conf.example')).replace('zone = a', f'zone = {zone}')
        text = text.replace('http = 10.0.1.1:8080', f'http = 127.0.0.1:{http}').replace('127.0.0.1:8081', f'127.0.0.1:{admin}')
        text = text.replace('cluster = 10.0.1.1:7700', f'cluster = 127.0.0.1:{cluster}').replace('/etc/burrow', scratch)
        for k in range(3):
            text = text.replace(f'10.0.{k + 1}.1:7700', f'127.0.0.1:{ports[3 * k + 2]}')
        checks.check(f'nothing of the example is left in the settings of {name}', '10.0.' not in re.sub('#.*', '', text), text)
        path = os.path.join(scratch, name + '.conf')
        with open(path, 'w') as f:
            f.write(text)
        command = [BINARY, 'serve', '--config', path, '--data', os.path.join(scratch, name)]
        members.append(Shipped(scratch, name, zone, (http, admin, cluster), command))
    form(checks, members, scratch, 'three machines with the settings of a member')


def without_its_disk(member, directory, cluster):
    """Ends it, takes its data away, and starts it again and again as the unit says; returns how many starts it took. The
    others refuse it while they take its old self for alive."""
    member.kill()
    shutil.rmtree(directory)
    starts, pause = 0, float(unit_values('RestartSec')[0])
    until = time.monotonic() + 60
    while time.monotonic() < until:
        starts += 1
        member.start()
        while member.alive() and not member.ready() and time.monotonic() < until:
            time.sleep(0.05)
        if member.alive():
            return starts
        time.sleep(pause)
    cluster.wait(member.ready, 0, f'{member.name} to be let in again')


def form(checks, members, scratch, what):
    with cluster_of(members, scratch) as cluster:
        for m in members:
            m.start()
        try:
            cluster.wait(cluster.settled, 60, 'three voters in every shard')
            cluster.wait(lambda: all(m.ready() for m in members), 30, 'all to be ready')
            status = members[0].ask('/admin/v1/status')
            checks.check(f'{what} form one cluster over three zones', '1 zone' in status['can_lose'], repr(status['can_lose']))
            put = members[1].client().call('PUT', '/v1.0/a/q/m', b'x').status
            got = members[2].client().call('GET', '/v1.0/a/q/m?detail=body').body
            checks.check('- and what one is given another one has', put in (201, 204) and got == b'x', f'{put} {got!r}')
            restarts = without_its_disk(members[0], os.path.join(scratch, members[0].name), cluster)
            checks.check('- and one that lost its disk is let in before the unit gives up',
                         restarts < int(unit_values('StartLimitBurst')[0]), f'{restarts} starts')
            got = members[0].client().call('GET', '/v1.0/a/q/m?detail=body').body
            checks.check('- and has what the others have', got == b'x', repr(got))
        except RuntimeError as e:
            checks.check(f'{what} form one cluster over three zones', False, str(e))


def composed(checks, scratch):
    """The commands of compose.yaml, each container's addresses being ports of ours."""
    services = yaml.safe_load(read(CONTAINER + 'compose.yaml'))['services']
    ports, members, addresses = free_ports(9), [], {}
    for i, service in enumerate(services.values()):
        address = service['networks']['link']['ipv4_address']
        addresses[address + ':7700'] = f'127.0.0.1:{ports[3 * i + 2]}'
    for i, (name, service) in enumerate(services.items()):
        http, admin, cluster = ports[3 * i:3 * i + 3]
        command = service['command'].replace('0.0.0.0:8080', f'127.0.0.1:{http}').replace('127.0.0.1:8081', f'127.0.0.1:{admin}')
        for inside, outside in addresses.items():
            command = command.replace(inside, outside)
        words = shlex.split(command)
        zone = words[words.index('--zone') + 1]
        members.append(Shipped(scratch, name, zone, (http, admin, cluster), [BINARY, *words], {'BURROW_DATA': f'{scratch}/{name}'}))
    checks.check('compose has three zones', sorted(m.zone for m in members) == ['a', 'b', 'c'])
    form(checks, members, scratch, 'the nodes of compose.yaml')


def image(checks, scratch):
    """The image's files as the Dockerfile lays them out: the program runs on them alone, as the image's user."""
    done = run(CONTAINER + 'image', BINARY, scratch)
    checks.check('the image is laid out', done.returncode == 0, done.stderr)
    size = sum(os.path.getsize(os.path.join(d, f)) for d, _, names in os.walk(scratch) for f in names) / 1048576
    checks.check('in at most 60 MiB', size <= 60, f'{size:.1f} MiB')
    if os.geteuid() != 0:
        checks.skip('the image runs', 'needs root')
        return
    text = read(CONTAINER + 'Dockerfile')
    user = int(re.search(r'^USER (\d+):', text, re.M)[1])
    shutil.copytree(scratch + '/volume', scratch + '/root', dirs_exist_ok=True)
    os.chown(scratch + '/root/var/lib/burrow', user, user)
    os.chmod(scratch, 0o755)
    http, admin, cluster = free_ports(3)
    inside = {'cwd': '/', 'preexec_fn': lambda: enter(scratch + '/root', user), 'env': {'BURROW_DATA': '/var/lib/burrow'}}
    with open(scratch + '/log', 'wb') as log:
        process = subprocess.Popen(['/usr/bin/burrow', 'serve', '--http', f'127.0.0.1:{http}', '--admin', f'127.0.0.1:{admin}'],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, **inside)
    try:
        node = Member(scratch, 'image', 'default', (http, admin, cluster))
        until = time.monotonic() + 20
        while not node.ready() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        checks.check('the image runs', node.ready(), read(scratch + '/log'))
        words = re.search(r'^HEALTHCHECK .*CMD (\[.*\])', text, re.M)[1]
        words = yaml.safe_load(words) + ['--endpoint', f'http://127.0.0.1:{admin}']
        done = run(*words, **inside)
        checks.check('its health check is content', done.returncode == 0 and 'can lose' in done.stdout, done.stdout + done.stderr)
    finally:
        process.kill()
        process.wait()
    done = run(*words, **inside)
    checks.check('and not when the node is gone', done.returncode == 7, f'exit {done.returncode}')


def enter(root, user):
    os.chroot(root)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def main():
    checks = Checks()
    parts = [[installed, unit_runs], [zone_settings], [composed], [image]]
    for part in parts:
        with tempfile.TemporaryDirectory(prefix='burrow-shipped-') as scratch:
            try:
                for step in part:
                    step(checks, scratch)
            except Exception as e:  # a part that cannot go on is one failure; the others still run
                checks.check('a part runs to its end', False, f'{type(e).__name__}: {e}')
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
