#!/usr/bin/env python3
"""Who may include what: node -> actors -> cluster -> cluster/base, and the libraries that each room may know.

usage: layers.py [--root DIR]     prints `file:line: what is wrong`; exit 1 if anything is
"""
import os
import re
import sys

sys.dont_write_bytecode = True
from source_tree import files_of, root_of  # noqa: E402

# Rooms of cluster/ and what each may include besides itself and base.
ROOMS = {
    'base': set(),
    'queue': {'storage'},
    'raft': set(),
    'membership': set(),
    # What it places are a group's members, on nodes that membership calls alive or dead.
    'placement': {'raft', 'membership'},
    'storage': set(),
    'sim': {'raft', 'replica', 'queue', 'storage', 'codec'},
    'codec': {'queue', 'raft', 'membership', 'placement', 'replica', 'storage'},
    'replica': {'queue', 'raft', 'storage', 'codec', 'placement'},
}
ROCKS = re.compile(r'(cluster/storage/rocks_\w+\.[ch]pp|test/(storage|bench)/.*'
                   r'|test/support/(lossy|rocks)_\w+\.[ch]pp)$')
PROTO = re.compile(r'(cluster/codec|actors|test)/')
CAF = re.compile(r'(actors|node|test)/')
# The dialect contract is pure: text to operation, result to text.
DIALECT = re.compile(r'actors/gateway/(dialect\w*|http)\.[ch]pp$')
THREADS = re.compile(r'<(thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|barrier|latch)>')
# <chrono> is for durations; a clock in cluster/ is tidy.py's finding.
SYSTEM = re.compile(r'<(sys/\w+|netinet/.*|arpa/.*|fcntl|unistd|fstream|filesystem|iostream|random|ctime)(\.h)?>')
FILES = re.compile(r'cluster/storage/(rocks_\w+|apply_marker)\.[ch]pp$')
TOP = {'CMakeLists.txt', 'README.md', 'LICENSE', 'actors', 'proto', 'node', 'cluster', 'deploy', 'test'}
GENERATED = re.compile(r'(proto/\w+\.pb\.h|node/version\.hpp)$')
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^">]+)[">]')


def room_of(path):
    parts = path.split('/')
    return parts[1] if parts[0] == 'cluster' and len(parts) > 2 else None


def own_include(path, target, root):
    """Findings for an include of our own, written from the root."""
    layer, to = path.split('/')[0], target.split('/')[0]
    if GENERATED.match(target):
        if target.endswith('.pb.h') and not PROTO.match(path):
            yield f'generated protobuf ({target}) is for cluster/codec and actors/ only'
        return
    if not os.path.isfile(os.path.join(root, target)):
        yield f'"{target}" is not a file, seen from the repository root'
    below = {'cluster': {'cluster'}, 'actors': {'cluster', 'actors'}, 'node': {'cluster', 'actors', 'node'}}
    if layer in below and to not in below[layer]:
        yield f'{layer}/ may not include {to}/'
    source, wanted = room_of(path), room_of(target)
    if source and wanted and wanted not in {source, 'base'} | ROOMS.get(source, set()):
        yield f'cluster/{source} may not include cluster/{wanted}'
    if path.startswith('test/unit/') and to in ('actors', 'node') and not re.match(r'test/unit/(actors|node)/', path):
        yield f'this unit test may not include {to}/'


def library_include(path, target):
    """Findings for an include of a library or of the system."""
    text = f'<{target}>'
    if target.startswith('rocksdb/') and not ROCKS.match(path):
        yield f'{text}: RocksDB is known to cluster/storage/rocks_* and the tests of it only'
    if target.startswith('google/protobuf') and not PROTO.match(path):
        yield f'{text}: protobuf is for cluster/codec and actors/ only'
    if target.startswith('caf/') and (not CAF.match(path) or path.startswith('test/unit/')):
        yield f'{text}: CAF is for actors/ and node/ only'
    if DIALECT.match(path) and target.startswith(('caf/', 'boost/')):
        yield f'{text}: a dialect knows neither actors nor sockets'
    if path.startswith('cluster/'):
        if target.startswith(('boost/', 'prometheus/', 'spdlog/', 'openssl/')):
            yield f'{text}: cluster/ is pure'
        if THREADS.match(text):
            yield f'{text}: no threads in cluster/'
        if SYSTEM.match(text) and not FILES.match(path):
            yield f'{text}: no files, sockets, clocks or chance in cluster/'


def main():
    root, found = root_of(sys.argv), []
    paths = files_of(root)
    for name in sorted({p.split('/')[0] for p in paths} - TOP):
        if not name.startswith('.'):
            found.append(f'{name}:1: not one of the agreed entries of the root')
    for room in sorted({room_of(p) for p in paths} - {None} - set(ROOMS)):
        found.append(f'cluster/{room}:1: unknown room; say in test/lint/layers.py what it may include')
    for path in paths:
        if not path.endswith(('.cpp', '.hpp')):
            continue
        with open(os.path.join(root, path), errors='replace') as f:
            for number, line in enumerate(f, 1):
                m = INCLUDE.match(line)
                if not m:
                    continue
                findings = own_include(path, m[2], root) if m[1] == '"' else library_include(path, m[2])
                found += [f'{path}:{number}: {what}' for what in findings]
    print('\n'.join(found) if found else f'layers: {len(paths)} files in order')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
