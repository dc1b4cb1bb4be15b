#!/usr/bin/env python3
"""Runs a command against a fresh node, which ends with it. The word URL in the command becomes the node's address.

usage: with_node.py [--serve-option OPTION]... COMMAND... URL
"""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from burrow_node import Node  # noqa: E402


def main():
    arguments, options = sys.argv[1:], []
    while arguments[:1] == ['--serve-option']:
        options.append(arguments[1])
        arguments = arguments[2:]
    with Node(arguments=options) as node:
        node.start()
        url, admin = f'http://127.0.0.1:{node.http}', f'http://127.0.0.1:{node.admin}'
        command = [{'URL': url, 'ADMIN_URL': admin}.get(a, a) for a in arguments]
        status = subprocess.run(command).returncode
        if node.process.poll() is not None:
            print(f'the node ended with {node.process.returncode}\n{node.log_tail()}')
            return 1
        return status


if __name__ == '__main__':
    sys.exit(main())
