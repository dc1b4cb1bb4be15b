#!/usr/bin/env python3
"""`burrow cert`: a CA, what it signs, what it refuses, and what is on the disk afterwards. usage: cert_test.py"""
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
from burrow_node import BINARY, Checks  # noqa: E402

PLACE = tempfile.mkdtemp(prefix='burrow-cert-')
AT = os.path.join(PLACE, 'certs')


def burrow(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def shown(done):
    return f'exit {done.returncode}, out {done.stdout[-500:]!r}, err {done.stderr[-300:]!r}'


def read(*name):
    with open(os.path.join(AT, *name), 'rb') as f:
        return f.read()


def facts(name):
    return json.loads(burrow('cert', 'show', os.path.join(AT, name), '--output', 'json').stdout)


def mode(name):
    return stat.S_IMODE(os.stat(os.path.join(AT, name)).st_mode)


def making(checks):
    done = burrow('cert', 'ca', '--out', AT)
    checks.check('a CA is made in a directory that was not there', done.returncode == 0 and 'ca.pem' in done.stdout,
                 shown(done))
    done = burrow('cert', 'node', 'node-1.a', '--ca', AT, '--out', AT)
    checks.check('it signs for a node', done.returncode == 0 and 'node-1.a.key  (a secret)' in done.stdout, shown(done))
    checks.check('keys are for their owner alone', mode('ca.key') == 0o600 and mode('node-1.a.key') == 0o600,
                 f"{mode('ca.key'):o} {mode('node-1.a.key'):o}")
    done = burrow('cert', 'node', 'b', '--ca', AT, '--out', os.path.join(AT, 'b'))
    checks.check('elsewhere it lays the CA beside the node\'s files', done.returncode == 0
                 and read('b', 'ca.pem') == read('ca.pem') and not os.path.exists(os.path.join(AT, 'b', 'ca.key')),
                 shown(done))
    left = [n for n in os.listdir(AT) if n.endswith('.new')]
    checks.check('nothing half is left', not left, left)


def showing(checks):
    ca, node = facts('ca.pem')[0], facts('node-1.a.pem')[0]
    checks.check('a node\'s certificate says whose it is', node['names'] == ['node-1.a'] and not node['ca']
                 and node['issuer'] == ca['subject'] and node['within_dates'], node)
    checks.check('the CA is one, for ten years', ca['ca'] and ca['issuer'] == ca['subject']
                 and int(ca['until'][:4]) - int(ca['from'][:4]) in (9, 10), ca)
    done = burrow('cert', 'show', os.path.join(AT, 'node-1.a.pem'))
    checks.check('and in words', 'for       node-1.a' in done.stdout and 'kind      node' in done.stdout, shown(done))
    if shutil.which('openssl'):
        done = subprocess.run(['openssl', 'verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile',
                               os.path.join(AT, 'ca.pem'), os.path.join(AT, 'node-1.a.pem')], capture_output=True,
                              text=True, timeout=30)
        checks.check('openssl verifies it strictly', done.returncode == 0, shown(done))
    for name, path, code in [('a key is not shown', 'node-1.a.key', 1), ('a file that is not there', 'nothing.pem', 3)]:
        done = burrow('cert', 'show', os.path.join(AT, path))
        checks.check(name, done.returncode == code and 'PRIVATE' not in done.stdout + done.stderr, shown(done))


def refusing(checks):
    before = read('node-1.a.key')
    done = burrow('cert', 'node', 'node-1.a', '--ca', AT, '--out', AT)
    checks.check('nothing is written over', done.returncode == 5 and '--force' in done.stderr
                 and read('node-1.a.key') == before, shown(done))
    done = burrow('cert', 'node', 'node-1.a', '--ca', AT, '--out', AT, '--force', '--days', '1')
    checks.check('unless it is meant', done.returncode == 0 and read('node-1.a.key') != before, shown(done))
    before = read('ca.key')
    done = burrow('cert', 'ca', '--out', AT)
    checks.check('least of all a CA', done.returncode == 5 and read('ca.key') == before, shown(done))
    for name, code, text, *arguments in [
            ('no place to put it', 2, '--out', 'ca'),
            ('no CA named', 2, '--ca', 'node', 'c', '--out', AT),
            ('a name that is none', 2, 'a node\'s name', 'node', 'Big Name', '--ca', AT, '--out', AT),
            ('a path for a name', 2, 'a node\'s name', 'node', '../x', '--ca', AT, '--out', AT),
            ('the name of the CA\'s files', 2, 'another name', 'node', 'ca', '--ca', AT, '--out', AT),
            ('days that are none', 2, '--days', 'node', 'c', '--ca', AT, '--out', AT, '--days', '0'),
            ('longer than the CA', 5, 'expires before', 'node', 'c', '--ca', os.path.join(PLACE, 'short'), '--out', AT),
            ('no CA there', 3, 'burrow cert ca', 'node', 'c', '--ca', PLACE, '--out', AT),
            ('a key of another CA', 5, 'not its own', 'node', 'c', '--ca', os.path.join(PLACE, 'mixed'), '--out', AT)]:
        if name == 'longer than the CA':
            burrow('cert', 'ca', '--out', os.path.join(PLACE, 'short'), '--days', '3')
        if name.startswith('a key of another'):
            shutil.copytree(AT, os.path.join(PLACE, 'mixed'))
            shutil.copy(os.path.join(PLACE, 'short', 'ca.key'), os.path.join(PLACE, 'mixed', 'ca.key'))
        done = burrow('cert', *arguments)
        checks.check(f'refused: {name}', done.returncode == code and text in done.stderr, shown(done))
    checks.check('and none of them left a file', not [n for n in os.listdir(AT) if n.startswith('c.')], os.listdir(AT))
    nowhere = os.path.join(PLACE, 'file')
    open(nowhere, 'w').close()
    done = burrow('cert', 'ca', '--out', nowhere)
    checks.check('a file in the place of the directory', done.returncode == 1 and 'error:' in done.stderr, shown(done))


def helping(checks):
    for verb in ('ca', 'node', 'show'):
        done = burrow('cert', verb, '--help')
        checks.check(f'cert {verb} --help begins with an example', done.returncode == 0
                     and done.stdout.startswith(f'  burrow cert {verb} '), shown(done))
    done = burrow('completion', 'candidates', '--', 'cert', '')
    checks.check('the shell completes them', done.stdout.split() == ['ca', 'node', 'show'], shown(done))
    for words in (['cert', 'show', ''], ['cert', 'node', 'a', '--ca', ''], ['cert', 'ca', '--out', '']):
        done = burrow('completion', 'candidates', '--', *words)
        checks.check(f'files after {" ".join(words)}', done.stdout.split() == [':files'], shown(done))


def main():
    checks = Checks()
    try:
        making(checks)
        showing(checks)
        refusing(checks)
        helping(checks)
    finally:
        shutil.rmtree(PLACE, ignore_errors=True)
    return checks.finish()


if __name__ == '__main__':
    sys.exit(main())
