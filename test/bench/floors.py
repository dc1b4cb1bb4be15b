"""The floors of a run: what the machine gives to a sync, a group commit, a round trip, nginx and Redis just now."""
import contextlib
import csv
import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from burrow_node import BINARY, ROOT, free_ports

FLOORS_BINARY = os.environ.get('BURROW_BENCH_FLOORS', os.path.join(ROOT, 'build/release/test/bench_floors'))
NGINX = shutil.which('nginx') or '/usr/sbin/nginx'


def bench(port, mode, seconds=None, timeout=120, **flags):
    """One run of `burrow bench`: its JSON object."""
    command = [BINARY, 'bench', '--endpoint', f'http://127.0.0.1:{port}', '--mode', mode, '--output', 'json']
    if seconds:
        command += ['--seconds', str(seconds)]
    for name, value in flags.items():
        flag = '--' + name.replace('_', '-')
        command += [flag] if value is True else [flag, str(value)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(f'{" ".join(command)}: exit {done.returncode}, {done.stderr[-400:]!r} {done.stdout[:200]!r}') from None


def machine(directory, seconds):
    """{name: {p50_us, per_second}} of the sync, group commit and ping-pong floors."""
    if not os.path.exists(FLOORS_BINARY):
        raise RuntimeError(f'{FLOORS_BINARY} is missing: deploy/build release burrow_bench')
    done = subprocess.run([FLOORS_BINARY, '--directory', directory, '--seconds', str(seconds)], capture_output=True,
                          check=True, timeout=60 + 20 * seconds)
    return {name: {k: v['median'] for k, v in figures.items()} for name, figures in json.loads(done.stdout).items()}


@contextlib.contextmanager
def server(command, port, log):
    """A server of our own on loopback, until the block ends."""
    with open(log, 'ab') as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        end = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > end:
                with open(log) as f:
                    raise RuntimeError(f'{command[0]} does not answer: {f.read()[-300:]}')
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def redis(directory, messages):
    """XADD of 1 KiB a second, each answered after its sync, 64 clients."""
    if not shutil.which('redis-server') or not shutil.which('redis-benchmark'):
        return None
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory(dir=directory, prefix='burrow-redis-') as scratch:
        command = ['redis-server', '--port', str(port), '--bind', '127.0.0.1', '--dir', scratch, '--appendonly', 'yes',
                   '--appendfsync', 'always', '--save', '', '--daemonize', 'no']
        with server(command, port, scratch + '/log'):
            done = subprocess.run(['redis-benchmark', '-p', str(port), '-c', '64', '-n', str(messages), '--csv', 'XADD', 's',
                                   '*', 'body', 'x' * 1024], capture_output=True, text=True, check=True, timeout=180)
    rows = [r for r in csv.reader(io.StringIO(done.stdout)) if len(r) > 1 and r[0].startswith('XADD')]
    return float(rows[0][1])


NGINX_CONFIG = """daemon off; worker_processes 1; pid {scratch}/pid; error_log {scratch}/log crit;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {scratch}/body; client_body_buffer_size 16k; keepalive_requests 100000000;
  proxy_temp_path {scratch}/p; fastcgi_temp_path {scratch}/f; uwsgi_temp_path {scratch}/u; scgi_temp_path {scratch}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return {status} ""; }} }} }}
"""


def nginx(directory, seconds):
    """Answers a second of nginx's static reply over 64 connections: (rate, what measured it)."""
    if not os.path.exists(NGINX):
        return None
    port, wrk = free_ports(1)[0], shutil.which('wrk')
    with tempfile.TemporaryDirectory(dir=directory, prefix='burrow-nginx-') as scratch:
        os.chmod(scratch, 0o755)
        with open(scratch + '/conf', 'w') as f:
            f.write(NGINX_CONFIG.format(scratch=scratch, port=port, status=200 if wrk else 201))
        with server([NGINX, '-c', scratch + '/conf', '-e', scratch + '/log'], port, scratch + '/out'):
            if not wrk:
                return bench(port, 'insert', seconds, connections=64, size=1024, keep=True, no_verify=True)['rate']
            done = subprocess.run([wrk, '-t1', '-c64', f'-d{max(1, round(seconds))}s', f'http://127.0.0.1:{port}/'],
                                  capture_output=True, text=True, check=True, timeout=60)
    return float(next(line.split()[1] for line in done.stdout.splitlines() if line.startswith('Requests/sec')))
