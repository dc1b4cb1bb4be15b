#!/usr/bin/env python3
"""/admin/v1/openapi.json: valid, and exactly what is served, of a lone node and of a cluster. Every answer that these
tests get is held against it. Prints `N passed, N failed`."""
import copy
import json
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ('../support', '../conformance/native'):
    sys.path.insert(0, os.path.join(HERE, folder))
from jsonschema import Draft4Validator, Draft202012Validator  # noqa: E402

from burrow_cluster import Cluster  # noqa: E402
from burrow_node import Checks, Client, Node  # noqa: E402
from document import Document  # noqa: E402
from documents import ENVELOPE, references_in, schemas_in, without_schemas  # noqa: E402

PATH = '/admin/v1/openapi.json'
JSON = {'Content-Type': 'application/json'}
checks = Checks()


def is_valid(doc):
    """As OpenAPI 3.1 wants it: see test/conformance/native/documents.py for the envelope."""
    checks.check('it says OpenAPI 3.1', re.fullmatch(r'3\.1\.\d+', doc['openapi']), doc['openapi'])
    with open(ENVELOPE, encoding='utf-8') as f:
        envelope = json.load(f)
    bare = without_schemas(copy.deepcopy(doc))
    bare['openapi'], bare['components']['schemas'] = '3.0.3', {}
    errors = [f'{e.json_path}: {e.message}'[:200] for e in Draft4Validator(envelope).iter_errors(bare)]
    checks.check('its envelope is valid', not errors, repr(errors[:3]))
    named = doc['components']['schemas']
    for schema in [*named.values(), *schemas_in({k: v for k, v in doc.items() if k != 'components'})]:
        Draft202012Validator.check_schema(schema)
    leads_nowhere = []
    for ref in references_in(doc):
        at = doc
        for part in ref.removeprefix('#/').split('/'):
            at = at.get(part) if isinstance(at, dict) else None
        if at is None:
            leads_nowhere.append(ref)
    checks.check('every reference leads somewhere', not leads_nowhere, repr(leads_nowhere))
    used = set(references_in(doc))
    unused = [n for n in named if f'#/components/schemas/{n}' not in used]
    checks.check('every schema is used', not unused, repr(unused))
    ids = [o['operationId'] for item in doc['paths'].values() for o in item.values()]
    checks.check('every operation has an id of its own', len(ids) == len(set(ids)) > 20, repr(ids))


class Caller:
    """Sends requests and holds each answer against the document; remembers which statuses there were."""

    def __init__(self, port):
        self.client, self.seen, self.faults = Client(port), set(), []
        self.document = Document(self.client.call('GET', PATH).json())

    def call(self, method, path, body=None, headers=None):
        answer = self.client.call(method, path, body, headers)
        self.seen.add((method, path.partition('?')[0], answer.status))
        fault = self.document.fault(method, path, answer)
        if fault:
            self.faults.append(fault)
        return answer

    def settle(self, where):
        checks.check(f'every answer of {where} is described', not self.faults, repr(self.faults[:3]))


def both_ways(t):
    """What is described is served, what is not is 405; with what is no path it is 404."""
    doc = t.document.doc
    wrong = []
    for path, item in doc['paths'].items():
        for method in ('get', 'head', 'put', 'post', 'patch', 'delete', 'options'):
            answer = t.client.call(method.upper(), path, '' if method in ('put', 'post', 'patch') else None)
            if (answer.status == 405) == (method in item):
                wrong.append((method, path, answer.status))
            if answer.status == 405 and {m.strip().lower() for m in answer.headers['allow'].split(',')} != set(item):
                wrong.append((method, path, answer.headers['allow']))
    checks.check('methods that are described are served, others are 405 with Allow', not wrong, repr(wrong))
    for path in ('/admin/v1/', '/admin/v1/none', '/admin/v1', '/admin/v2/status', '/admin/v1/openapi.jsonx'):
        answer = t.client.call('GET', path)
        checks.check(f'{path} is 404', answer.status == 404)


def problem_pages(t, node):
    """What a problem's type leads to is a page, on every listener, and says what the answer says."""
    described = {(int(status), kind) for item in t.document.doc['paths'].values() for operation in item.values()
                 for status, answer in operation['responses'].items()
                 for part in answer.get('content', {}).get('application/problem+json', {}).get('schema', {}).get('allOf', [])
                 for kind in part.get('properties', {}).get('type', {}).get('enum', [])}
    wrong = []
    for status, kind in sorted(described):
        for client in (t.client, node.client()):
            answer = client.call('GET', kind)
            page = answer.json() if answer.status == 200 else {}
            if (page.get('type'), page.get('status')) != (kind, status):
                wrong.append((status, kind, answer.status, page.get('status')))
    checks.check(f'{len(described)} kinds of problems have their pages', len(described) > 15 and not wrong, repr(wrong))


def readings(t):
    for path in t.document.doc['paths']:
        if 'get' in t.document.doc['paths'][path]:
            for method in ('GET', 'HEAD'):
                answer = t.call(method, path)
                checks.check(f'{method} {path}', answer.status == 200, f'{answer.status} {answer.body[:200]}')


def lone(node):
    t = Caller(node.admin)
    is_valid(t.document.doc)
    both_ways(t)
    problem_pages(t, node)
    node.client().call('PUT', '/v1.0/doc/box/m?ttl=0', b'x')
    readings(t)
    for method, path, body, headers, status in (
            ('GET', '/admin/v1/usage?account=doc', None, None, 200), ('GET', '/admin/v1/usage?account=no', None, None, 404),
            ('GET', '/admin/v1/usage?after=d', None, None, 200), ('GET', '/admin/v1/doctor?node=n1', None, None, 200),
            ('GET', '/admin/v1/doctor?node=n9', None, None, 404), ('GET', '/admin/v1/events?limit=0', None, None, 400),
            ('GET', '/admin/v1/events?since=soon', None, None, 400), ('GET', '/admin/v1/events?limit=x', None, None, 400),
            ('GET', '/admin/v1/events?since=2026-01-31T12:00:00Z&about=n1&limit=3', None, None, 200),
            ('POST', '/admin/v1/backup', '{}', None, 415), ('POST', '/admin/v1/backup', '{}', JSON, 422),
            ('POST', '/admin/v1/backup', '{"directory": "relative"}', JSON, 422),
            ('DELETE', '/admin/v1/backup', None, None, 202), ('POST', '/admin/v1/cluster', 'x=y', None, 415),
            ('POST', '/admin/v1/cluster', '[]', JSON, 400), ('POST', '/admin/v1/cluster', '{"action": "burn"}', JSON, 400),
            ('POST', '/admin/v1/cluster', '{"action": "rebalance"}', JSON, 409), ('POST', '/admin/v1/leave', '{}', None, 415),
            ('POST', '/admin/v1/leave', '{}', JSON, 409)):
        answer = t.call(method, path, body, headers)
        checks.check(f'{method} {path} {body or ""} is {status}', answer.status == status,
                     f'{answer.status} {answer.body[:200]}')
    where = os.path.join(node.scratch, 'backup')
    answer = t.call('POST', '/admin/v1/backup', json.dumps({'directory': where}), JSON)
    checks.check('a backup begins', answer.status == 202, answer.body[:200])
    while t.call('GET', '/admin/v1/backup').json()['state'] == 'running':
        pass
    t.call('GET', '/admin/v1/status')
    t.settle('a lone node')


def members():
    with Cluster(3) as c:
        c.grow()
        c.wait(lambda: c.settled(3), 90, 'three voters in every shard')
        for m in c.members:
            c.wait(m.ready, 30, f'{m.name} to be ready')
        t = Caller(c[1].admin)
        readings(t)
        shard = next(s for s in c[0].ask('/admin/v1/shards')['shards'] if s['shard'] and s['leader'] != 'n2')
        for body, status in (({'action': 'rebalance'}, 200), ({'action': 'drain', 'node': 'n1', 'dry_run': True}, 200),
                             ({'action': 'decommission', 'node': 'n1', 'dry_run': True}, 200),
                             ({'action': 'decommission', 'node': 'n1'}, 409), ({'action': 'drain', 'node': 'n9'}, 404),
                             ({'action': 'drain'}, 400), ({'action': 'drain', 'node': 'n1', 'force': True}, 400),
                             ({'action': 'move', 'shard': 1, 'from': 'n1', 'to': 'n1'}, 409),
                             ({'action': 'transfer', 'shard': shard['shard'], 'to': 'n2'}, 200)):
            answer = t.call('POST', '/admin/v1/cluster', json.dumps(body), JSON)
            checks.check(f'{body} is {status}', answer.status == status, f'{answer.status} {answer.body[:200]}')
        for path, status in (('/admin/v1/doctor?node=n3', 200), ('/admin/v1/doctor?node=n9', 404),
                             ('/admin/v1/events?about=n3', 200)):
            checks.check(f'GET {path}', t.call('GET', path).status == status)
        for path, body in (('/admin/v1/leave', {}), ('/admin/v1/backup', {'directory': os.path.join(c.directory, 'b')})):
            answer = t.call('POST', path, json.dumps(body), JSON)
            checks.check(f'POST {path} of a member is 409', answer.status == 409, answer.body[:200])
        c[0].kill()
        c.wait(lambda: any(m['answers'] == 'dead' for m in c[1].ask('/admin/v1/members')['members']), 30, 'n1 to be dead')
        readings(t)
        t.settle('a cluster')


with Node() as alone:
    alone.start()
    lone(alone)
members()
sys.exit(checks.finish())
