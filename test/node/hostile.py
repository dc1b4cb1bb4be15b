"""Raw sockets and the requests that bad_input_test.py sends over them: (name, bytes, statuses that may answer).

Everything here aims at the account `hostile`, of which nothing may be left. A request that hides another one behind a
wrong length must get one answer, and the connection must close: then the hidden one was not read as a request.
"""
import re
import socket

A = '/v1.0/hostile'
HIDDEN = f'PUT {A}/q/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'


def connect(node, timeout=15):
    return socket.create_connection(('127.0.0.1', node.http), timeout=timeout)


def read_all(s):
    """What comes until the node closes; (bytes, whether it closed) since a node may also keep the connection."""
    got = b''
    try:
        while part := s.recv(65536):
            got += part
    except socket.timeout:
        return got, False
    except ConnectionResetError:
        pass
    return got, True


def exchange(node, data, timeout=3):
    """(statuses of all answers, whether the node closed)."""
    with connect(node, timeout) as s:
        try:
            s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        got, closed = read_all(s)
    return [int(code) for code in re.findall(rb'HTTP/1\.[01] (\d{3}) ', got)], closed


def put(fields, body=HIDDEN, line=f'PUT {A}/q/m HTTP/1.1'):
    return f'{line}\r\nHost: x\r\n{fields}\r\n\r\n{body}'.encode('latin-1')


def get(line='GET / HTTP/1.1', fields='Host: x'):
    return f'{line}\r\n{fields}\r\n\r\n'.encode('latin-1')


CHUNKED = 'Transfer-Encoding: chunked'
BAD = (400,)
CODING = (400, 501)

FRAMING = [
    ('length and chunked', put(f'Content-Length: 4\r\n{CHUNKED}', '0\r\n\r\n' + HIDDEN), BAD),
    ('chunked and length', put(f'{CHUNKED}\r\nContent-Length: 4', '0\r\n\r\n' + HIDDEN), BAD),
    ('two lengths', put('Content-Length: 0\r\nContent-Length: 9'), BAD),
    ('two equal lengths', put('Content-Length: 1\r\nContent-Length: 1'), BAD),
    ('a list of lengths', put('Content-Length: 1, 1'), BAD),
    ('a signed length', put('Content-Length: +1'), BAD),
    ('a negative length', put('Content-Length: -1'), BAD),
    ('a hexadecimal length', put('Content-Length: 0x1'), BAD),
    ('an empty length', put('Content-Length:'), BAD),
    ('a length of text', put('Content-Length: one'), BAD),
    ('a length over 64 bits', put('Content-Length: 18446744073709551617'), (400, 413)),
    ('a length of 2^63', put('Content-Length: 9223372036854775808'), (400, 413)),
    ('gzip before chunked', put('Transfer-Encoding: gzip, chunked'), CODING),
    ('chunked before identity', put('Transfer-Encoding: chunked, identity'), CODING),
    ('an unknown coding', put('Transfer-Encoding: xchunked'), CODING),
    ('identity', put('Transfer-Encoding: identity'), CODING),
    ('two codings', put(f'{CHUNKED}\r\nTransfer-Encoding: identity'), CODING),
    ('vertical tab in the coding', put('Transfer-Encoding: \x0bchunked'), CODING),
    ('space before the colon', put('Content-Length : 1'), BAD),
    ('space before the colon of the coding', put('Transfer-Encoding : chunked', '0\r\n\r\n' + HIDDEN), BAD),
    ('a chunk size of text', put(CHUNKED, 'xyz\r\n' + HIDDEN), BAD),
    ('a negative chunk size', put(CHUNKED, '-1\r\n' + HIDDEN), BAD),
    ('a chunk size over 64 bits', put(CHUNKED, '10000000000000001\r\nx\r\n0\r\n\r\n'), (400, 413)),
    ('a chunk longer than its size', put(CHUNKED, '1\r\nxyz\r\n0\r\n\r\n'), BAD),
    ('bare LF after a chunk size', put(CHUNKED, '1\nx\r\n0\r\n\r\n'), BAD),
    ('an empty chunk size', put(CHUNKED, '\r\n' + HIDDEN), BAD),
]

HEADS = [
    ('no Host', get(fields='X: y'), BAD),
    ('two Hosts', get(fields='Host: x\r\nHost: y'), BAD),
    ('bare LF', b'GET / HTTP/1.1\nHost: x\n\n', BAD),
    ('bare LF between fields', b'GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n', BAD),
    ('bare CR in a value', get(fields='Host: x\r\nA: b\rc'), BAD),
    ('NUL in a value', get(fields='Host: x\r\nA: b\0c'), BAD),
    ('NUL in a name', get(fields='Host: x\r\nA\0: b'), BAD),
    ('NUL in the target', get('GET /\0 HTTP/1.1'), BAD),
    ('no colon', get(fields='Host: x\r\nnothing'), BAD),
    ('an empty name', get(fields='Host: x\r\n: y'), BAD),
    ('a name with a space', get(fields='Host: x\r\na b: y'), BAD),
    ('a line that is continued', get(fields='Host: x\r\nA: b\r\n c'), (200, 400)),
    ('white space before the first field', get(fields=' Host: x\r\nHost: x'), (200, 400)),
    ('a space in the target', get(f'GET {A}/q q HTTP/1.1'), BAD),
    ('no target', get('GET HTTP/1.1'), BAD),
    ('no version', get('GET /'), BAD),
    ('a bad version', get('GET / HTTP/x.y'), (400, 505)),
    ('version 2', get('GET / HTTP/2.0'), (400, 505)),
    ('the preface of HTTP/2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', (400, 505)),
    ('a raw control character in the target', get(f'GET {A}/\x01 HTTP/1.1'), BAD),
    ('a target without a slash', get('GET v1.0 HTTP/1.1'), (400, 404)),
    ('an unknown method', get(f'FOO {A}/q HTTP/1.1'), (400, 405, 501)),
    ('a method in lower case', get('get / HTTP/1.1'), (400, 405, 501)),
    ('a long method', get('A' * 5000 + ' / HTTP/1.1'), (400, 405, 501)),
    ('TRACE', get('TRACE / HTTP/1.1'), (400, 405, 501)),
    ('CONNECT', get('CONNECT x:80 HTTP/1.1'), (400, 404, 405, 501)),
    ('OPTIONS of everything', get('OPTIONS * HTTP/1.1'), (400, 404, 405)),
    ('a method with a colon', get('GE:T / HTTP/1.1'), BAD),
    ('absolute form', get('GET http://x/ HTTP/1.1'), (200, 400, 404)),
    ('absolute form of another host', get(f'GET http://evil:99{A}/q HTTP/1.1'), (400, 404)),
    ('absolute form with a user', get(f'GET http://u:p@x{A}/q HTTP/1.1'), (400, 404)),
    ('two dots', get(f'GET {A}/../q HTTP/1.1'), (400,)),
    ('escaped dots', get(f'GET {A}/%2e%2e/q HTTP/1.1'), (400,)),
    ('an escaped slash', get(f'GET {A}%2Fq HTTP/1.1'), (400,)),
    ('half an escape', get(f'GET {A}/% HTTP/1.1'), (400,)),
    ('a wide escape', get(f'GET {A}/%u0041 HTTP/1.1'), (400,)),
    ('an overlong escape', get(f'GET {A}/%C0%AE HTTP/1.1'), (400,)),
    ('an escaped question mark', get(f'GET {A}/q%3Flimit=1 HTTP/1.1'), (404,)),
    ('a fragment', get(f'GET {A}/q#f HTTP/1.1'), (400, 404)),
    ('slashes', get('GET ' + '/' * 4000 + ' HTTP/1.1'), (400, 404)),
    ('a long target', get('GET /' + 'a' * 9000 + ' HTTP/1.1'), (414,)),
    ('a target of 1 MiB', get('GET /' + 'a' * 1048576 + ' HTTP/1.1'), (414, 431)),
    ('one long field', get(fields='Host: x\r\nA: ' + 'b' * 40000), (431,)),
    ('one long name', get(fields='Host: x\r\n' + 'b' * 40000 + ': c'), (400, 431)),
    ('a head without an end', b'GET / HTTP/1.1\r\nHost: x\r\n' + b'A: b\r\n' * 170000, (431,)),
    ('too many fields', get(fields='Host: x\r\n' + '\r\n'.join(f'A{n}: b' for n in range(1000))), (400, 431)),
    ('thousands of parameters', get(f'GET {A}/q?' + '&' * 7000 + ' HTTP/1.1'), (400, 404)),
    ('many Host-like names', get(fields='Host: x\r\n' + 'Hos\xe9: y'), BAD),
]

GARBAGE = [
    ('TLS', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(range(256)) * 2),
    ('SSH', b'SSH-2.0-OpenSSH_9.2\r\n'),
    ('zeroes', bytes(5000)),
    ('every byte', bytes(range(256)) * 20),
    ('empty lines', b'\r\n' * 5000),
    ('a Redis command', b'*1\r\n$4\r\nPING\r\n'),
]

VALID = b'{"hide":5,"messages":[{"id":"a","receipt":"r","body":{"k":["\\u00e9",-1.5e3,true,null]}},{"id":"b","body":"x"}]}'


def entry(text):
    return b'{"hide":5,"messages":[{"id":"a","body":' + text + b'}]}'


def attribute(text):
    return b'{"hide":5,"messages":[{"id":"a","body":"x",' + text + b'}]}'


# No JSON, so 400 for the request as a whole, whatever it is sent to.
NO_JSON = [VALID[:n] for n in range(len(VALID))] + [entry(t) for t in (
    b'[' * 100000, b'[' * 100000 + b']' * 100000, b'[' * 200 + b']' * 200, b'{"a":' * 200 + b'1' + b'}' * 200,
    b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b'"\\ud800"', b'"\\udc00\\ud800"',
    b'"\\ud800x"', b'"\\uD83D\\u0041"', b'"\\x41"', b'"\\u12"', b'"\\u12g4"', b'"a\nb"', b'"a\0b"', b'"a\x1fb"', b'"abc',
    b'tru', b'True', b'nul', b'NaN', b'Infinity', b'-', b'-a', b'01', b'+1', b'1.', b'.5', b'1e', b'1e+', b'0x10', b'1_0',
    b"'a'", b'a', b'[1,]', b'[,1]', b'[1 2]', b'[1}', b'{"a"}', b'{"a":}', b'{"a":1,}', b'{a:1}', b'{1:2}', b'// c\n1',
    b'/* c */1', b'undefined', b'', b'"a" "b"')] + [
    b'\xef\xbb\xbf' + VALID, VALID + b' x', VALID + VALID, VALID + b'\0', b'\0' + VALID, VALID + b',', b' \n',
    VALID.decode().encode('utf-16'), VALID.replace(b'"hide"', b'hide'), VALID.replace(b':5,', b'=5,')]

# JSON of a wrong shape or with wrong values: 400, or every entry refused.
WRONG = [b'[]', b'{}', b'null', b'1', b'"x"', b'true', b'{"messages":null}', b'{"messages":{}}', b'{"messages":"a"}',
         b'{"messages":[[]]}', b'{"messages":[1]}', b'{"messages":["a"]}', b'{"messages":[null]}', b'{"Messages":[{"id":"a"}]}',
         b'{"messages":[{"id":"a"}],"messages":[]}'] + [
    b'{"hide":5,"messages":[{"id":' + t + b',"body":"x"}]}' for t in (
        b'1', b'true', b'[]', b'{}', b'""', b'"a/b"', b'"\\u0000"', b'"\\u0001"', b'"\\u007f"', b'".."', b'"~a"', b'"a\\/b"',
        b'"' + b'x' * 256 + b'"', b'"' + b'\\u00e9' * 128 + b'"')]

# Attributes of a wrong kind in an entry of ~messages.
ATTRIBUTES = [attribute(b'"ttl":' + t) for t in (
    b'-1', b'1.5', b'"60"', b'true', b'[]', b'{}', b'315360001', b'1e400', b'-1e400', b'9' * 400, b'18446744073709551616',
    b'18446744073709551617', b'4294967296', b'9223372036854775808')] + [attribute(t) for t in (
        b'"hide":1209601', b'"hide":-1', b'"hide":"1"', b'"content_type":5', b'"content_type":"a\\r\\nb: c"',
        b'"content_type":"' + b'x' * 5000 + b'"', b'"meta":5', b'"meta":{"a":5}', b'"meta":{"A B":"c"}',
        b'"meta":{"a":"' + b'x' * 5000 + b'"}', b'"persistent":"yes"', b'"priority":10', b'"priority":-1', b'"body_base64":5',
        b'"ttl":60,"ttl":-1')] + [
    b'{"messages":[{"id":"a","body_base64":' + t + b'}]}' for t in (b'"!"', b'"A"', b'"AB=C"', b'5', b'"AA==A"', b'"\\u00e9"')]
