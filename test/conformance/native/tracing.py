"""Trace contexts of messages (contract section 16; check 33)."""
import socket

from burrow_node import Node
from harness import Case, check, eq, that, want

PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
BAD = ('', 'x', PARENT[:-1], PARENT + '0', PARENT + '-x', PARENT.upper(), 'ff' + PARENT[2:], 'fF' + PARENT[2:],
       '0g' + PARENT[2:], PARENT.replace('-', '_'), '00-' + '0' * 32 + PARENT[35:], PARENT[:36] + '0' * 16 + '-01',
       PARENT[:-2] + '0G', ' '.join(PARENT), PARENT.replace('4bf9', '4bF9'), '01' + PARENT[2:] + 'x', PARENT + '-' + 'a' * 99)
BAD_STATES = ('x', '=', 'a=', '=b', 'A=1', 'a=1,a=2', 'a=b=c', 'a@=1', '@a=1', 'a@b@c=1', '1a=1', 'a b=1', 'a=' + 'x' * 257,
              ','.join(f'k{n}=1' for n in range(33)), 'a=' + 'x' * 250 + ',b=' + 'y' * 259)
GOOD_STATES = ('a=1', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', '1tenant@sys=x', ' a=1 ,\tb=2', 'a=1,,b=2', 'a_-*/0=!~;:',
               ','.join(f'k{n}=1' for n in range(32)), 'a=' + 'x' * 253 + ',b=' + 'y' * 254)


def trace(t, name='m'):
    return want(t.get(f'{t.q}/{name}?detail=full'), 200).json()['trace']


@check('traceparent and tracestate go in and come out, by PUT and by both kinds of ~messages')
def both(t):
    fields = {'traceparent': PARENT, 'tracestate': 'rojo=1,congo=2'}
    t.put(t.q + '/m', b'x', headers=fields)
    eq(trace(t), fields)
    eq(t.get(t.q + '?detail=full').json()[0]['trace'], fields)
    eq(t.claim()[0]['trace'], fields)
    identity = want(t.post(t.q + '/~messages', b'x', {**fields, 'Content-Type': 'x/y'}), 201).json()['id']
    eq(trace(t, identity), fields)
    t.batch([{'id': 'a', 'body': '', **fields}, {'id': 'b', 'body': '', 'traceparent': PARENT}, {'id': 'c', 'body': ''}])
    eq([trace(t, n) for n in 'abc'], [fields, {'traceparent': PARENT}, None])
    want(t.post(t.q + '/a?ttl=60&hide=5'), 204)
    eq(trace(t, 'a'), fields)
    t.put(t.q + '/a', b'new', 204)
    eq(trace(t, 'a'), None, 'a replacement keeps the trace of what it replaces')


@check('the body of one message comes with its traceparent, and nothing else does')
def alone(t):
    field = 'burrow-message-traceparent'
    t.put(t.q + '/m', b'x', headers={'traceparent': PARENT, 'tracestate': 'a=1'})
    eq(t.get(t.q + '/m?detail=body').headers.get(field), PARENT)
    eq(want(t.post(t.q + '/m?hide=5&detail=body'), 200).headers.get(field), PARENT)
    for path in (t.q + '/m', t.q + '/m?detail=full', t.q + '/m?detail=id', t.q + '?detail=body'):
        that(field not in t.get(path).headers, path)
    eq(want(t.delete(t.q + '/m?detail=body'), 200).headers.get(field), PARENT)
    t.put(t.q + '/n')
    that(field not in t.get(t.q + '/n?detail=body').headers, 'a message without one')


@check('an invalid traceparent is ignored, and its tracestate with it; the message is stored')
def invalid(t):
    for n, bad in enumerate(BAD):
        t.put(f'{t.q}/h{n}', headers={'traceparent': bad, 'tracestate': 'a=1'})
        eq(trace(t, f'h{n}'), None, bad)
    entries = [{'id': f'b{n}', 'body': '', 'traceparent': bad, 'tracestate': 'a=1'} for n, bad in enumerate(BAD)]
    entries += [{'id': f'c{n}', 'body': '', 'traceparent': bad} for n, bad in enumerate((5, None, True, [PARENT], {}))]
    eq(t.batch(entries).json()['failed'], 0)
    for entry in entries:
        eq(trace(t, entry['id']), None, str(entry['traceparent']))
    t.put(t.q + '/alone', headers={'tracestate': 'a=1'})
    eq(trace(t, 'alone'), None)


@check('later versions of traceparent, which may be longer, are kept as they came')
def versions(t):
    for later in ('01' + PARENT[2:], 'fe' + PARENT[2:] + '-more', 'cc' + PARENT[2:] + '-'):
        t.put(t.q + '/' + later[:2], headers={'traceparent': later})
        eq(trace(t, later[:2]), {'traceparent': later})


@check('an invalid tracestate, or one of more than 512 bytes, is dropped alone')
def states(t):
    for n, state in enumerate(GOOD_STATES):
        t.put(f'{t.q}/g{n}', headers={'traceparent': PARENT, 'tracestate': state})
        eq(trace(t, f'g{n}'), {'traceparent': PARENT, 'tracestate': state.strip()})
    for n, state in enumerate(BAD_STATES):
        t.put(f'{t.q}/b{n}', headers={'traceparent': PARENT, 'tracestate': state})
        eq(trace(t, f'b{n}'), {'traceparent': PARENT}, state)
    eq(len(GOOD_STATES[-1]), 512)
    bad = [{'id': f'e{n}', 'body': '', 'traceparent': PARENT, 'tracestate': s} for n, s in enumerate(BAD_STATES + (7, None))]
    eq(t.batch(bad).json()['failed'], 0)
    for entry in bad:
        eq(trace(t, entry['id']), {'traceparent': PARENT})


@check('two fields of tracestate are one list; two of traceparent are none')
def repeated(t):
    def put(name, fields):
        with socket.create_connection(('127.0.0.1', t.node.http), timeout=5) as s:
            head = ''.join(f'{k}: {v}\r\n' for k, v in fields)
            s.sendall(f'PUT {t.q}/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n{head}\r\n'.encode())
            that(s.recv(100).startswith(b'HTTP/1.1 201'), name)
    put('a', [('tracestate', 'a=1'), ('Traceparent', PARENT), ('TraceState', 'b=2')])
    eq(trace(t, 'a'), {'traceparent': PARENT, 'tracestate': 'a=1,b=2'})
    put('b', [('traceparent', PARENT), ('traceparent', PARENT)])
    eq(trace(t, 'b'), None)


@check('a trace outlives kill -9', where='own')
def kept(_):
    with Node() as node:
        node.start()
        t = Case(node)
        fields = {'traceparent': PARENT, 'tracestate': 'a=1'}
        t.put(t.q + '/m', headers=fields)
        node.kill()
        node.start()
        again = Case(node)
        again.q = t.q
        eq(trace(again), fields)
        t.close(), again.close()
