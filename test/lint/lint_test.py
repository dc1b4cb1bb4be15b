#!/usr/bin/env python3
"""The lints, seen to fail: each case plants one mistake in an otherwise clean tree and looks for its finding."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
OK = '#pragma once\n'
IMAGE = 'FROM scratch\nUSER 1\nVOLUME /data\nHEALTHCHECK CMD ["/b"]\nENTRYPOINT ["/b"]\n'
COMPOSE = '---\nservices:\n  n1:\n    image: burrow\n    networks: [a]\nnetworks:\n  a:\n'
UNIT = '[Service]\nExecStart=/usr/local/bin/burrow serve\n'
CASES = [  # lint, file, content, what must be printed (None: nothing may be)
    ('layers', 'cluster/queue/a.cpp', '#include "actors/x.hpp"\n', 'a.cpp:1: cluster/ may not include actors/'),
    ('layers', 'cluster/queue/a.cpp', '\n#include "cluster/raft/x.hpp"\n', 'a.cpp:2: cluster/queue may not include cluster/raft'),
    ('layers', 'cluster/base/a.cpp', '#include "cluster/queue/x.hpp"\n', 'cluster/base may not include cluster/queue'),
    ('layers', 'cluster/raft/a.cpp', '#include <caf/all.hpp>\n', 'CAF is for actors/ and node/ only'),
    ('layers', 'cluster/storage/a.cpp', '#include <rocksdb/db.h>\n', 'RocksDB is known to'),
    ('layers', 'cluster/storage/rocks_store.cpp', '#include <rocksdb/db.h>\n', None),
    ('layers', 'node/a.cpp', '#include "proto/log.pb.h"\n', 'generated protobuf'),
    ('layers', 'actors/gateway/dialect_native.cpp', '#include <caf/all.hpp>\n', 'a dialect knows neither'),
    ('layers', 'cluster/queue/a.cpp', '#include <thread>\n', 'no threads in cluster/'),
    ('layers', 'actors/a.cpp', '#include "gone.hpp"\n', 'is not a file'),
    ('layers', 'docs/a.md', '', 'docs:1: not one of the agreed entries'),
    ('layers', 'cluster/new/a.cpp', '', 'unknown room'),
    ('tidy', 'node/a.cpp', 'int x;\n' * 401, 'a.cpp:400: 401 lines'),
    ('tidy', 'node/a.cpp', 'class a {\n  int f() {\n' + '    g();\n' * 60 + '  }\n};\n', 'a.cpp:2: function f has 62 lines'),
    ('tidy', 'node/a.cpp', 'a::a(int b)\n  : b_{b}\n  , c_(b) {\n' + '  g();\n' * 60 + '}\n', 'function a::a has 64 lines'),
    ('tidy', 'node/a.cpp', 'namespace a {\n' + 'void f() { g([] { return 1; }); }\n' * 70 + '}\n', None),
    ('tidy', 'node/a.cpp', 'struct a {\n' + '  int b{1};\n' * 70 + '};\nconst int t[] = {\n' + '1,\n' * 70 + '};\n', None),
    ('tidy', 'test/a.py', 'def f():\n' + '    g()\n' * 61 + 'h()\n', 'a.py:1: function f has 62 lines'),
    ('tidy', 'cluster/queue/a.cpp', 'auto t = std::chrono::steady_clock::now();\n', 'time is an argument'),
    ('tidy', 'cluster/queue/a.cpp', '// steady_clock is what this may not use\n', None),
    ('tidy', 'cluster/queue/a.cpp', 'std::random_device d;\n', 'chance comes from'),
    ('tidy', 'cluster/queue/a.cpp', 'double d;\n', 'no floating point'),
    ('tidy', 'cluster/queue/a.cpp', 'std::mutex m;\n', 'no threads'),
    ('tidy', 'cluster/queue/a.cpp', 'void f() { throw 1; }\n', 'nothing throws'),
    ('tidy', 'cluster/queue/a.cpp', 'std::unordered_map<int, int> m_;\nvoid f() {\n  for (auto& x : m_) g(x);\n}\n', 'a.cpp:3: iterates'),
    ('tidy', 'actors/a.cpp', 'void f() { assert(1); }\n', 'use BURROW_ASSERT'),
    ('tidy', 'actors/a.cpp', '// TO' 'DO later\n', 'needs its issue'),
    ('tidy', 'actors/a.cpp', '// TO' 'DO(#12): later\n', None),
    ('tidy', 'actors/a.cpp', 'int a; \n', 'trailing space'),
    ('tidy', 'actors/a.cpp', '// ' + 'x' * 120 + '\n', '123 columns'),
    ('tidy', 'actors/a.hpp', 'int a;\n', 'no #pragma once'),
    ('tidy', 'test/lint/size_allow.txt', 'node/gone.cpp it was long\n', 'no longer needs'),
    ('tidy', 'test/lint/size_allow.txt', 'node/gone.cpp\n', 'has no reason'),
    ('deploy', 'deploy/container/Dockerfile', 'FROM debian:12 AS build\n' + IMAGE, None),
    ('deploy', 'deploy/container/Dockerfile', 'FROM debian:latest\n' + IMAGE, 'Dockerfile:1: debian:latest names no version'),
    ('deploy', 'deploy/container/Dockerfile', IMAGE + 'USER root\n', 'runs as root'),
    ('deploy', 'deploy/container/Dockerfile', IMAGE + 'FROM debian:12\n', 'the last stage has no VOLUME'),
    ('deploy', 'deploy/container/Dockerfile', IMAGE + 'CMD serve\n', 'CMD is no list'),
    ('deploy', 'deploy/container/Dockerfile', IMAGE + 'COPY --from=gone \\\n  / /\n', 'no stage is called gone'),
    ('deploy', 'deploy/container/Dockerfile', IMAGE + 'COPY gone /\n', 'gone is not there'),
    ('deploy', 'deploy/container/Dockerfile', IMAGE + 'RUN apt-get install -y curl\n', 'installs what is recommended'),
    ('deploy', 'deploy/container/compose.yaml', COMPOSE, None),
    ('deploy', 'deploy/container/compose.yaml', COMPOSE.replace('networks: [a]', 'networks: [c]'), 'n1: networks has no c'),
    ('deploy', 'deploy/container/compose.yaml', COMPOSE.replace('  n1:', '   n1:'), 'wrong indentation'),
    ('deploy', 'deploy/systemd/burrow.service', UNIT + 'NoNewPriviliges=yes\n', 'NoNewPriviliges'),
    ('deploy', 'deploy/systemd/burrow.service', UNIT.replace('/usr/local/bin/burrow', '/usr/bin/gone'), 'gone is not executable'),
    ('deploy', 'deploy/systemd/burrow.service', UNIT, 'burrow.service:1: exposure 9'),
    ('deploy', 'deploy/systemd/install', '#!/usr/bin/env bash\necho $1\n', 'deploy/systemd/install:2:'),
]


def run(lint, path, content):
    with tempfile.TemporaryDirectory() as root:
        for p, text in [('actors/x.hpp', OK), ('cluster/raft/x.hpp', OK), ('cluster/queue/x.hpp', OK), (path, content)]:
            os.makedirs(os.path.dirname(os.path.join(root, p)), exist_ok=True)
            with open(os.path.join(root, p), 'w') as f:
                f.write(text)
        return subprocess.run([sys.executable, os.path.join(HERE, lint + '.py'), '--root', root], capture_output=True, text=True)


def main():
    failed = 0
    for lint, path, content, expected in CASES:
        r = run(lint, path, content)
        ok = r.returncode == 0 if expected is None else r.returncode == 1 and expected in r.stdout
        if not ok:
            failed += 1
            print(f'FAIL {lint}: {path} {content[:60]!r}: expected {expected!r}, got {r.returncode} {r.stdout[:300]}{r.stderr[-300:]}')
    print(f'{len(CASES) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
