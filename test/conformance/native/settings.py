"""~settings: the resource itself (contract section 11; checks 36, 47, 56)."""
import json

from burrow_node import Node
from harness import Case, JSON, check, eq, near, that, want

PATCH = {'Content-Type': 'application/merge-patch+json'}
SHIPPED = {
    'default_ttl': 345600, 'default_hide': 0, 'max_ttl': 0, 'max_body': 1048576, 'max_messages': 0, 'max_bytes': 0,
    'max_claimed': 120000, 'overflow': 'reject', 'durability': 'quorum', 'order': 'fifo', 'priorities': 1, 'partitions': 1,
    'require_receipt': False, 'dead_letter': None, 'dedupe_window': 600, 'zone': None,
    'paused': {'insert': False, 'take': False}, 'labels': {}}
OTHER = {
    'default_ttl': 60, 'default_hide': 5, 'max_ttl': 3600, 'max_body': 2000, 'max_messages': 100, 'max_bytes': 10**17,
    'max_claimed': 7, 'overflow': 'drop_oldest', 'durability': 'local', 'order': 'lifo', 'priorities': 10,
    'require_receipt': True, 'dead_letter': {'queue': 'déad', 'max_claims': 1000, 'expired': True}, 'dedupe_window': 0, 'zone': 'b', 'paused': {'insert': True, 'take': True},
    'labels': {'team': 'blue', 'é~/"': ''}}


def settings(t, queue=None):
    return want(t.get((queue or t.q) + '/~settings'), 200).json()


def put(t, status=200, headers=None, **members):
    return want(t.call('PUT', t.q + '/~settings', members, headers), status)


def patch(t, status=200, headers=None, **members):
    return want(t.call('PATCH', t.q + '/~settings', json.dumps(members), {**PATCH, **(headers or {})}), status)


def refused(t, members, pointer, method='PATCH'):
    answer = want(t.call(method, t.q + '/~settings', members), 400, 'invalid-settings')
    pointers = [e['pointer'] for e in answer.json()['errors']]
    eq(pointers, [pointer] if isinstance(pointer, str) else pointer, f'{members} pointers')
    that(all(e['detail'] for e in answer.json()['errors']), answer.body)


@check('GET shows every member in force, stored or not')
def shipped(t):
    answer = want(t.get(t.q + '/~settings'), 200)
    eq(answer.json(), SHIPPED)
    that(answer.headers['etag'].startswith('"'), answer.headers)
    want(t.get(t.a), 404)
    eq(want(t.call('HEAD', t.q + '/~settings'), 200).body, b'')
    want(t.get(t.q + '/~settings?detail=none'), 400, 'invalid-parameter')
    want(t.post(t.q + '/~settings', {}), 405)


@check('PUT 201 then 200, PATCH 200, DELETE 204; each says what is now in force')
def methods(t):
    answer = put(t, 201, **OTHER)
    eq(answer.json(), {**SHIPPED, **OTHER})
    eq(answer.headers['burrow-durability'], 'quorum')
    eq(settings(t), {**SHIPPED, **OTHER})
    eq(put(t, max_messages=3).json(), {**SHIPPED, 'max_messages': 3}, 'a member left out')
    eq(patch(t, max_ttl=9, order='lifo').json(), {**SHIPPED, 'max_messages': 3, 'max_ttl': 9, 'order': 'lifo'})
    eq(patch(t, max_ttl=None).json(), {**SHIPPED, 'max_messages': 3, 'order': 'lifo'}, 'null')
    eq(want(t.delete(t.q + '/~settings'), 204).headers['burrow-durability'], 'quorum')
    eq(settings(t), SHIPPED)
    want(t.delete(t.q + '/~settings'), 204)
    eq(put(t, 201).json(), SHIPPED)
    eq(patch(t).json(), SHIPPED)


@check('a merge patch reaches into paused and labels')
def merge(t):
    put(t, 201, labels={'a': '1', 'b': '2'}, paused={'insert': True})
    eq(patch(t, labels={'a': None, 'c': '3'}, paused={'take': True}).json()['labels'], {'b': '2', 'c': '3'})
    eq(settings(t)['paused'], {'insert': True, 'take': True})
    eq(patch(t, paused={'insert': None}).json()['paused'], {'insert': False, 'take': True})
    answer = patch(t, labels=None, paused=None).json()
    eq((answer['labels'], answer['paused']), ({}, {'insert': False, 'take': False}))
    put(t, 200, labels={'x': 'y'})
    eq(put(t, 200, labels={'z': ''}).json()['labels'], {'z': ''}, 'PUT replaces')


@check('values out of their range and unknown members are 400, with their pointers, and change nothing')
def bad_values(t):
    bad = {
        'default_ttl': [-1, 315360001, 1.5, '60', True, [], {}], 'default_hide': [1209601], 'max_ttl': [315360001],
        'max_body': [0, 16777217], 'max_messages': [-1, '1'], 'max_bytes': [10**18], 'max_claimed': [-5],
        'overflow': ['drop', '', 0, True], 'durability': ['disk', 2], 'order': ['LIFO', 1], 'priorities': [0, 11],
        'partitions': [0, 2, 65, 'one'], 'require_receipt': ['true', 0], 'dedupe_window': [86401],
        'dead_letter': ['x', 5, True, []], 'zone': ['', 'a/b', 5, 'z' * 256], 'paused': [True, []],
        'labels': [[], 'x'], 'max_message': [1], 'a~b/c': [1]}
    for name, values in bad.items():
        for value in values:
            refused(t, {name: value}, '/' + name.replace('~', '~0').replace('/', '~1'))
            refused(t, {name: value}, '/' + name.replace('~', '~0').replace('/', '~1'), 'PUT')
    refused(t, {'paused': {'insert': 1}}, '/paused/insert')
    refused(t, {'paused': {'read': True}}, '/paused/read')
    refused(t, {'labels': {'a': 1}}, '/labels/a')
    refused(t, {'labels': {'a/b': 'x' * 256}}, '/labels/a~1b')
    refused(t, {'labels': {'x' * 65: ''}}, '/labels/' + 'x' * 65)
    refused(t, {'labels': {f'l{n}': '' for n in range(33)}}, '/labels')
    for rule, at in (({'queue': 'a/b'}, 'queue'), ({'queue': ''}, 'queue'), ({'queue': 5}, 'queue'), ({'queue': None}, 'queue'),
                     ({'queue': '~x'}, 'queue'), ({'max_claims': 0}, 'max_claims'), ({'max_claims': 1001}, 'max_claims'),
                     ({'max_claims': 2.5}, 'max_claims'), ({'max_claims': '3'}, 'max_claims'),
                     ({'max_claims': None}, 'max_claims'), ({'expired': 1}, 'expired'), ({'max_claim': 3}, 'max_claim')):
        for method in ('PUT', 'PATCH'):
            refused(t, {'dead_letter': {'queue': 'x', 'max_claims': 5, **rule}}, '/dead_letter/' + at, method)
    refused(t, {'dead_letter': {}}, ['/dead_letter/queue', '/dead_letter/max_claims'], 'PUT')
    refused(t, {'dead_letter': {'max_claims': 5}}, '/dead_letter/queue')
    refused(t, {'dead_letter': {'queue': 'x', 'expired': True}}, '/dead_letter/max_claims')
    refused(t, {'max_ttl': -1, 'order': 'fifo', 'overflow': 'no'}, ['/max_ttl', '/overflow'])
    eq(settings(t), SHIPPED)
    want(t.get(t.a + '?include_empty=true'), 404)


@check('a merge patch reaches into dead_letter, and null takes it away')
def merge_rule(t):
    answer = put(t, 201, dead_letter={'queue': 'x', 'max_claims': 5}).json()
    eq(answer['dead_letter'], {'queue': 'x', 'max_claims': 5, 'expired': False})
    rule = patch(t, dead_letter={'expired': True}, max_ttl=7).json()
    eq((rule['dead_letter'], rule['max_ttl']), ({'queue': 'x', 'max_claims': 5, 'expired': True}, 7))
    eq(patch(t, dead_letter={'max_claims': 9}).json()['dead_letter'], {'queue': 'x', 'max_claims': 9, 'expired': True})
    eq(patch(t, dead_letter={'queue': 'y', 'expired': None}).json()['dead_letter'],
       {'queue': 'y', 'max_claims': 9, 'expired': False})
    eq(patch(t, max_ttl=None).json()['dead_letter'], {'queue': 'y', 'max_claims': 9, 'expired': False})
    eq(patch(t, dead_letter={}).json()['dead_letter'], {'queue': 'y', 'max_claims': 9, 'expired': False})
    eq(t.get(t.q + '/~settings?detail=full').json()['dead_letter'],
       {'value': {'queue': 'y', 'max_claims': 9, 'expired': False}, 'from': 'queue'})
    tag = t.get(t.q + '/~settings').headers['etag']
    patch(t, dead_letter={'max_claims': 8}, headers={'If-Match': tag})
    patch(t, 412, dead_letter={'max_claims': 7}, headers={'If-Match': tag})
    eq(patch(t, dead_letter=None).json()['dead_letter'], None)
    put(t, 200, dead_letter={'queue': 'x', 'max_claims': 5})
    eq(put(t, 200).json()['dead_letter'], None, 'a member left out')
    put(t, 200, dead_letter={'queue': 'x', 'max_claims': 5})
    want(t.delete(t.q + '/~settings'), 204)
    eq(settings(t)['dead_letter'], None)


@check('parts of a rule that are changed at the same time all count')
def concurrent_rule(t):
    put(t, 201, dead_letter={'queue': 'x', 'max_claims': 1})
    changes = [{'max_claims': 9}, {'expired': True}, {'queue': 'y'}]
    jobs = [t.later('PATCH', t.q + '/~settings', json.dumps({'dead_letter': c}), PATCH) for c in changes]
    for job in jobs:
        want(job()[0], 200)
    eq(settings(t)['dead_letter'], {'queue': 'y', 'max_claims': 9, 'expired': True})


@check('labels: 32 in all, also when they come one by one')
def labels(t):
    put(t, 201, labels={f'l{n}': 'v' * 255 for n in range(32)})
    eq(len(settings(t)['labels']), 32)
    refused(t, {'labels': {'more': ''}}, '/labels')
    patch(t, labels={'l0': None, 'more': ''})
    eq(len(settings(t)['labels']), 32)


@check('a body that is no JSON object is 400, another type 415, too much of it 413')
def envelopes(t):
    for body in (b'', b'{', b'[]', b'1', b'null', b'{"max_ttl":1} x', b'\xff', b'{"max_ttl":01}', b'\xef\xbb\xbf{}'):
        want(t.call('PATCH', t.q + '/~settings', body, PATCH), 400, 'invalid-json')
        want(t.call('PUT', t.q + '/~settings', body, JSON), 400, 'invalid-json')
    want(t.call('PUT', t.q + '/~settings', b'{}', {'Content-Type': 'text/plain'}), 415, 'unsupported-media-type')
    want(t.call('PUT', t.q + '/~settings', b'{}', PATCH), 415, 'unsupported-media-type')
    want(t.call('PATCH', t.q + '/~settings', b'{}', {'Content-Type': 'x/y'}), 415, 'unsupported-media-type')
    deep = b'{"labels":' + b'[' * 200 + b']' * 200 + b'}'
    want(t.call('PATCH', t.q + '/~settings', deep, PATCH), 400)
    want(t.call('PATCH', t.q + '/~settings', b' ' * 65537, PATCH), 413, 'request-too-large')
    want(t.call('PATCH', t.q + '/~settings', b'{}', JSON), 200)
    want(t.call('PUT', t.q + '/~settings', b' { "zone" : "\\u0062" } '), 200)
    eq(settings(t)['zone'], 'b')
    want(t.call('PUT', t.q + '/~settings', b'{"max_ttl": 5, "max_ttl": null, "order": "fifo", "order": "lifo"}'), 200)
    eq((settings(t)['max_ttl'], settings(t)['order']), (0, 'lifo'), 'a name given twice')


@check('ETag: 304 while nothing changes; of two changes with the same If-Match one is 412')
def etags(t):
    path = t.q + '/~settings'
    first = t.get(path).headers['etag']
    want(t.get(path, {'If-None-Match': first}), 304)
    want(t.get(path, {'If-None-Match': f'"x", W/{first}'}), 304)
    eq(put(t, 201, {'If-Match': first}, max_ttl=5).headers['etag'] == first, False)
    want(t.get(path, {'If-None-Match': first}), 200)
    want(t.call('PUT', path, {}, {'If-Match': first}), 412, 'etag-mismatch')
    tag = t.get(path).headers['etag']
    jobs = [t.later('PATCH', path, json.dumps({'max_ttl': n}), {**PATCH, 'If-Match': tag}) for n in range(1, 9)]
    answers = sorted(job()[0].status for job in jobs)
    eq(answers, [200] + [412] * 7)
    for bad in (tag, '"1"', '"x"', 'W/' + t.get(path).headers['etag'], t.get(path).headers['etag'][1:-1]):
        want(t.call('PATCH', path, {}, {'If-Match': bad}), 412, 'etag-mismatch')
        want(t.delete(path, {'If-Match': bad}), 412, 'etag-mismatch')
    want(t.call('PATCH', path, {}, {'If-Match': '*'}), 200)
    want(t.call('PUT', path, {}, {'If-None-Match': '*'}), 412, 'already-exists')
    want(t.delete(path, {'If-Match': f'"0", {t.get(path).headers["etag"]}'}), 204)
    eq(t.get(path).headers['etag'], first)


@check('changes at the same time all count')
def concurrent(t):
    names = ['max_ttl', 'max_messages', 'max_bytes', 'max_claimed', 'default_ttl', 'default_hide', 'dedupe_window']
    jobs = [t.later('PATCH', t.q + '/~settings', json.dumps({name: 11}), PATCH) for name in names]
    for job in jobs:
        want(job()[0], 200)
    eq([settings(t)[name] for name in names], [11] * len(names))


@check('a queue with settings only is in a list that asks for it, and keeps them through its messages')
def empty_queue(t):
    put(t, 201, max_ttl=100)
    want(t.get(t.a), 404, 'account-not-found')
    eq(t.get(t.a + '?include_empty=true').json(), ['q'])
    full = t.get(t.a + '?include_empty=true&detail=full').json()
    eq([(q['id'], q['visible'], q['hidden'], q['has_settings']) for q in full], [('q', 0, 0, True)])
    want(t.get(t.q), 404, 'queue-not-found')
    t.put(t.q + '/m?ttl=50')
    eq([q['has_settings'] for q in t.get(t.a + '?detail=full').json()], [True])
    want(t.delete(t.q + '/m'), 204)
    want(t.delete(t.a), 404)
    eq(settings(t)['max_ttl'], 100)
    t.put(t.q + '/m?ttl=50')
    want(t.delete(t.q + '?match_hidden=true'), 204)
    t.put(t.q + '/m?ttl=50')
    want(t.delete(t.a), 204)
    eq(settings(t)['max_ttl'], 100)
    want(t.delete(t.q + '/~settings'), 204)
    want(t.get(t.a + '?include_empty=true'), 404)


@check('settings belong to one queue of one account')
def apart(t):
    put(t, 201, max_messages=1)
    t.put(t.a + '/r/m')
    t.put(t.a + '/r/n')
    eq(settings(t, t.a + '/r'), SHIPPED)
    eq(settings(t, t.a + 'x/q'), SHIPPED)


@check('detail=full says where each value comes from')
def sources(t):
    put(t, 201, max_ttl=5, paused={'take': True}, labels={'a': 'b'}, zone='c')
    full = want(t.get(t.q + '/~settings?detail=full'), 200).json()
    eq({name: one['value'] for name, one in full.items()}, settings(t))
    eq({name for name, one in full.items() if one['from'] == 'queue'}, {'max_ttl', 'paused', 'labels', 'zone'})
    eq({one['from'] for one in full.values()}, {'queue', 'shipped'})
    patch(t, max_ttl=None)
    eq(t.get(t.q + '/~settings?detail=full').json()['max_ttl'], {'value': 0, 'from': 'shipped'})


@check("the server's defaults stand before the shipped, the queue's before both; settings survive kill -9", where='own')
def survives(_):
    with Node(arguments=['--limits-default-ttl', '600', '--limits-default-hide', '3', '--limits-max-claimed', '9']) as node:
        node.start()
        t = Case(node)
        own = {'dead_letter': {'queue': 'x', 'max_claims': 2, 'expired': True}, 'default_ttl': 50, 'priorities': 4, 'labels': {'a': 'b'}, 'zone': 'z', 'paused': {'take': True}}
        put(t, 201, **own)
        full = t.get(t.a + '/r/~settings?detail=full').json()
        eq([full[n] for n in ('default_ttl', 'default_hide', 'max_claimed')],
           [{'value': v, 'from': 'server'} for v in (600, 3, 9)])
        eq({one['from'] for one in full.values()}, {'server', 'shipped'})
        answer = want(t.call('PUT', t.a + '/r/m'), 201)
        eq(answer.headers['burrow-ttl'], '600')
        answer = t.get(t.a + '/r/m').json()
        near(answer['ttl'], 600)
        near(answer['hide'], 3)
        eq(want(t.call('PUT', t.q + '/m'), 201).headers['burrow-ttl'], '50')
        tag = t.get(t.q + '/~settings').headers['etag']
        for _ in range(2):
            node.kill()
            node.start()
            t.client = node.client()
            answer = want(t.get(t.q + '/~settings', {}), 200)
            eq((answer.headers['etag'], {n: answer.json()[n] for n in own}),
               (tag, {**own, 'paused': {'insert': False, 'take': True}}))
            want(t.post(t.q + '?hide=5'), 409, 'queue-paused')
        t.close()


@check('queues with only settings count in the quota', where='own')
def quota(_):
    with Node(arguments=['--limits-queues', '8']) as node:
        node.start()
        t = Case(node)
        statuses = []
        for n in range(80):
            statuses.append(t.call('PUT', f'{t.a}/q{n}/~settings', {}).status)
        that(statuses.count(201) >= 8 and 429 in statuses, f'{statuses}')
        first, none = statuses.index(201), statuses.index(429)
        want(t.call('PUT', f'{t.a}/q{none}/~settings', {}), 429, 'quota-exceeded')
        want(t.call('PUT', f'{t.a}/q{none}/m'), 429, 'quota-exceeded')
        want(t.call('PUT', f'{t.a}/q{first}/m'), 201)
        want(t.call('PATCH', f'{t.a}/q{first}/~settings', {}), 200)
        for n, status in enumerate(statuses):
            if status == 201:
                want(t.delete(f'{t.a}/q{n}/~settings'), 204)
        want(t.call('PUT', f'{t.a}/q{none}/~settings', {}), 201)
        t.close()
