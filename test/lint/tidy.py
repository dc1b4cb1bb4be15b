#!/usr/bin/env python3
"""Sizes, banned calls and small habits (style.md sections 1, 2 and 4).

usage: tidy.py [--root DIR]     prints `file:line: what is wrong`; exit 1 if anything is
Exceptions to the sizes stand in size_allow.txt, each with its reason.
"""
import os
import re
import sys

sys.dont_write_bytecode = True
from source_tree import files_of, root_of  # noqa: E402

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
LINE_COLUMNS_MAX = 120
CODE = ('.cpp', '.hpp', '.c', '.py', '.proto', '.cmake')

# (where, where not, what, why)
BANNED = [(re.compile(a), re.compile(b), re.compile(c), d) for a, b, c, d in [
    (r'cluster/', r'$^', r'\bcaf::', 'CAF is for actors/ and node/'),
    (r'cluster/', r'cluster/storage/rocks_', r'\brocksdb::', 'RocksDB is for cluster/storage/rocks_*'),
    (r'cluster/', r'cluster/storage/(rocks_|apply_marker)',
     r'\bstd::(jthread|thread|mutex|shared_mutex|condition_variable|async|future|promise)\b', 'no threads in cluster/'),
    (r'cluster/', r'$^',
     r'\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday|std::time\s*\(|localtime|gmtime)',
     'time is an argument in cluster/'),
    (r'cluster/', r'$^', r'\b(random_device|mt19937\w*|default_random_engine|getrandom|s?rand\s*\()',
     'chance comes from cluster/base/random'),
    (r'cluster/', r'$^', r'((?<!\w)::(socket|connect|accept|listen|send|recv)\s*\(|\bgetaddrinfo\b|\bboost::asio|\bepoll_)',
     'no sockets in cluster/'),
    (r'cluster/', r'cluster/storage/(rocks_|apply_marker)|cluster/base/assert\.cpp',
     r'\b(fopen|fprintf|printf|std::ofstream|std::ifstream|std::fstream|std::filesystem|std::cout|std::cerr|getenv)\b',
     'no files, output or environment in cluster/'),
    (r'cluster/', r'$^', r'\b(sleep_for|sleep_until|usleep|nanosleep)\b', 'cluster/ waits for nothing'),
    (r'cluster/', r'$^', r'\bthrow\b(?!\s*\(\))', 'nothing throws across our functions: return a result'),
    (r'cluster/(queue|raft|replica)/', r'$^', r'\b(float|double)\b', 'no floating point where replicas must agree'),
    (r'(cluster|actors|node)/', r'$^', r'(?<![\w.])assert\s*\(', 'use BURROW_ASSERT, which is on in every build'),
    (r'(cluster|actors|node)/', r'$^', r'\b(strcpy|strcat|sprintf|gets|atoi|atol|strtok)\s*\(', 'unbounded or unchecked C call'),
]]
TODO = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))')
UNORDERED = re.compile(r'\bstd::unordered_(?:map|set|multimap|multiset)<[^;{}()]*>\s+(\w+)\s*[;={]')
WRITTEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)


def blank(text):
    """The text with comments and literals turned into spaces, line by line in place."""
    return WRITTEN.sub(lambda m: re.sub(r'[^\n]', ' ', m[0]), text)


def without_directives(text):
    return re.sub(r'^[ \t]*#(?:[^\n\\]|\\\n|\\.)*', lambda m: re.sub(r'[^\n]', ' ', m[0]), text, flags=re.M)


def kind_of_block(outer, statement):
    """What an opening brace begins, from the text before it: ns, type, fn, init (part of a statement) or other."""
    if outer in ('fn', 'other'):
        return 'other'
    s = statement.strip()
    if re.search(r'\bnamespace\b', s) or s.startswith('extern'):
        return 'ns'
    if s.count('(') != s.count(')') or s.endswith(('=', ',', 'return')):
        return 'init'
    if re.search(r'\)\s*(noexcept)?\s*:[^:]', s) and re.search(r'[\w>]$', s) and not s.endswith(')'):
        return 'init'
    if re.match(r'(template\s*<.*>\s*)?(typedef\s+)?(class|struct|union|enum)\b', s, re.S) and not s.endswith(')'):
        return 'type'
    return 'fn' if ')' in s else 'init'


def functions(text):
    """(name, first line, number of lines) of each function body; lambdas count to the function around them."""
    stack, start, line = [], 0, 1
    code = without_directives(blank(text))
    for at, c in enumerate(code):
        if c == '\n':
            line += 1
        elif c == '{':
            statement = code[start:at]
            kind = kind_of_block(stack[-1][0] if stack else 'ns', statement)
            head = line - statement.strip().count('\n')
            stack.append((kind, head, statement))
            if kind != 'init':
                start = at + 1
        elif c == '}' and stack:
            kind, head, statement = stack.pop()
            if kind == 'fn':
                name = re.findall(r'([~\w:]+)\s*\(', statement)
                yield (name[0] if name else '?'), head, line - head + 1
            if kind != 'init':
                start = at + 1
        elif c == ';' and (not stack or stack[-1][0] != 'init'):
            start = at + 1


def python_functions(text):
    lines, open_at = text.split('\n') + ['end'], None
    for number, line in enumerate(lines, 1):
        if open_at and line.strip() and len(line) - len(line.lstrip()) <= open_at[1]:
            yield open_at[2], open_at[0], last - open_at[0] + 1
            open_at = None
        m = re.match(r'( *)def (\w+)', line)
        if m and not open_at:
            open_at = (number, len(m[1]), m[2])
        if line.strip():
            last = number


def unordered_loops(path, code, root):
    """Loops over an unordered container, whose order differs between replicas and runs."""
    text = code
    header = os.path.join(root, path[:-4] + '.hpp')
    if path.endswith('.cpp') and os.path.isfile(header):
        text += open(header, errors='replace').read()
    for name in set(UNORDERED.findall(text)):
        for m in re.finditer(r'\bfor\s*\([^;()]*:\s*(?:this->)?' + name + r'\s*\)', code):
            yield code.count('\n', 0, m.start()) + 1, f'iterates over unordered {name}: the order must be the same everywhere'


def line_findings(path, text, code):
    for number, (line, bare) in enumerate(zip(text.split('\n'), code.split('\n')), 1):
        if len(line) > LINE_COLUMNS_MAX and path.endswith(('.cpp', '.hpp', '.c')) and 'http' not in line:
            yield number, f'{len(line)} columns, at most {LINE_COLUMNS_MAX}'
        if line != line.rstrip() or '\t' in line:
            yield number, 'tab or trailing space'
        if TODO.search(line) and not path.startswith('test/lint/'):
            yield number, 'a note to self needs its issue: TODO(#123)'
        if path.endswith(('.cpp', '.hpp')):
            for where, not_where, what, why in BANNED:
                if where.match(path) and not not_where.match(path) and what.search(bare):
                    yield number, f'`{what.search(bare)[0].strip()}`: {why}'


def findings(path, root, allowed):
    with open(os.path.join(root, path), errors='replace') as f:
        text = f.read()
    code = blank(text) if not path.endswith('.py') else text
    count = text.count('\n')
    if count > FILE_LINES_MAX and not allowed(path):
        yield FILE_LINES_MAX, f'{count} lines, at most {FILE_LINES_MAX}'
    if text and not text.endswith('\n'):
        yield count + 1, 'no newline at the end'
    found = python_functions(text) if path.endswith('.py') else functions(text) if path.endswith(('pp', '.c')) else []
    for name, head, lines in found:
        if lines > FUNCTION_LINES_MAX and not allowed(f'{path}:{name}'):
            yield head, f'function {name} has {lines} lines, at most {FUNCTION_LINES_MAX}'
    if path.endswith('.hpp') and '#pragma once' not in text:
        yield 1, 'no #pragma once'
    if path.endswith('.hpp') and re.search(r'^using namespace (?!std::\w*_?literals)', code, re.M):
        yield 1, 'using namespace in a header'
    if re.match(r'cluster/(queue|raft|replica|membership|placement)/', path):
        yield from unordered_loops(path, code, root)
    yield from line_findings(path, text, code)


def main():
    root, found, used = root_of(sys.argv), [], set()
    allow, allow_path = {}, 'test/lint/size_allow.txt'
    if os.path.isfile(os.path.join(root, allow_path)):
        for number, line in enumerate(open(os.path.join(root, allow_path)), 1):
            if line.strip() and not line.startswith('#'):
                entry, _, reason = line.strip().partition(' ')
                allow[entry] = number
                if not reason.strip():
                    found.append(f'{allow_path}:{number}: {entry} has no reason')

    def allowed(entry):
        used.add(entry)
        return entry in allow

    paths = [p for p in files_of(root) if p.endswith(CODE) or p.endswith('CMakeLists.txt')]
    for path in paths:
        found += [f'{path}:{number}: {what}' for number, what in findings(path, root, allowed)]
    found += [f'{allow_path}:{allow[e]}: {e} no longer needs its exception' for e in sorted(set(allow) - used)]
    print('\n'.join(found) if found else f'tidy: {len(paths)} files in order')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
