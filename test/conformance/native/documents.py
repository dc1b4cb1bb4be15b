"""What a service says of itself: /openapi.json and /problems/{slug} (contract section 17; checks 34 and 35)."""
import copy
import html.parser
import json
import re

from jsonschema import Draft4Validator, Draft202012Validator

from burrow_node import Client, Node
from document import document_of
from harness import KNOWN, Case, check, eq, that, want

# The packaged schema of OpenAPI 3.0. What 3.1 changed of the envelope (webhooks, paths that may be left out, new members
# of info) is not used here; schemas became JSON Schema 2020-12, which they are checked against by themselves.
ENVELOPE = '/usr/share/openapi-specification/schemas/v3.0/schema.json'
NAMES = ('ttl hide limit marker match_hidden detail wait persistent order priority cursor on_empty receipt prefix '
         'include_empty match_meta').split()


def without_schemas(value):
    if isinstance(value, list):
        return [without_schemas(v) for v in value]
    if not isinstance(value, dict):
        return value
    return {k: {} if k == 'schema' else without_schemas(v) for k, v in value.items()}


def schemas_in(value):
    if isinstance(value, list):
        for v in value:
            yield from schemas_in(v)
    elif isinstance(value, dict):
        for k, v in value.items():
            if k == 'schema':
                yield v
            else:
                yield from schemas_in(v)


def references_in(value):
    if isinstance(value, list):
        for v in value:
            yield from references_in(v)
    elif isinstance(value, dict):
        if isinstance(value.get('$ref'), str):
            yield value['$ref']
        for v in value.values():
            yield from references_in(v)


def operations(doc):
    for template, item in doc['paths'].items():
        for method, operation in item.items():
            yield template, method, operation


@check('/openapi.json is valid OpenAPI 3.1')
def valid(t):
    doc = want(t.get('/openapi.json'), 200).json()
    that(re.fullmatch(r'3\.1\.\d+', doc['openapi']), doc['openapi'])
    that(doc['info']['title'] and doc['info']['version'], doc['info'])
    with open(ENVELOPE) as f:
        envelope = json.load(f)
    bare = without_schemas(copy.deepcopy(doc))
    bare['openapi'], bare['components']['schemas'] = '3.0.3', {}
    errors = [f'{e.json_path}: {e.message}'[:300] for e in Draft4Validator(envelope).iter_errors(bare)]
    that(not errors, errors[:3])
    named = doc['components']['schemas']
    for schema in [*named.values(), *schemas_in({k: v for k, v in doc.items() if k != 'components'})]:
        Draft202012Validator.check_schema(schema)
    for ref in references_in(doc):
        at = doc
        for part in ref.removeprefix('#/').split('/'):
            that(part in at, f'{ref} leads nowhere')
            at = at[part]
    used = set(references_in(doc))
    eq([n for n in named if f'#/components/schemas/{n}' not in used], [], 'schemas that nothing uses')
    ids = [o['operationId'] for _, _, o in operations(doc)]
    eq(len(ids), len(set(ids)), 'operationId twice')
    for template, method, operation in operations(doc):
        places = [(p['in'], p['name']) for p in operation['parameters']]
        eq(len(places), len(set(places)), f'{method} {template}: a parameter twice')
        eq({n for w, n in places if w == 'path'}, set(re.findall(r'{(\w+)}', template)), f'{method} {template}')


def path_in(t, template):
    account = t.a.rsplit('/', 1)[1]
    return template.replace('{account}', account).replace('{queue}', 'q').replace('{message}', 'm') \
        .replace('{slug}', 'not-found')


@check('what the document has is served, what it has not is 405 or not read: methods and parameters')
def both_ways(t):
    doc = want(t.get('/openapi.json'), 200).json()
    read = {}
    for template, method, operation in operations(doc):
        if template == '/v1.0' and method == 'delete':
            continue
        read[template, method] = {p['name'] for p in operation['parameters'] if p['in'] == 'query'}
    for template in doc['paths']:
        path, methods = path_in(t, template), set(doc['paths'][template])
        for method in ('get', 'head', 'put', 'post', 'patch', 'delete', 'options'):
            if template == '/v1.0' and method == 'delete':
                continue
            refused = t.call(method.upper(), f'{path}?limit=%zz', b'').status == 405
            eq(refused, method not in methods, f'{method} {template} is refused')
        allow = t.call('OPTIONS', path).headers['allow']
        eq({m.strip().lower() for m in allow.split(',')}, methods, f'Allow of {template}')
    for (template, method), names in read.items():
        eq(names - set(NAMES), set(), f'{method} {template}')
        # A value that is broken is refused where it is read, and only there.
        for name in NAMES:
            answer = t.call(method.upper(), f'{path_in(t, template)}?{name}=%zz', b'')
            said = answer.status == 400 and (method == 'head' or answer.json().get('parameter') == name)
            eq(said, name in names, f'{method} {template} reads {name}')


@check('every header field that a request is described to have is of the contract')
def fields(t):
    doc = t.get('/openapi.json').json()
    known = {'Prefer', 'If-Match', 'If-None-Match', 'Burrow-Receipt', 'Burrow-Group', 'Burrow-Meta-*', 'traceparent',
             'tracestate', 'Last-Event-ID', 'X-Request-Id', 'Idempotency-Key', 'Burrow-Producer', 'Burrow-Sequence'}
    for template, method, operation in operations(doc):
        eq({p['name'] for p in operation['parameters'] if p['in'] == 'header'} - known, set(), f'{method} {template}')


@check('the document has a strong ETag: 304 while it holds, the same for all')
def etag(t):
    answer = want(t.get('/openapi.json'), 200)
    tag = answer.headers['etag']
    that(tag.startswith('"'), tag)
    eq(answer.headers['content-type'], 'application/json')
    answer = want(t.get('/openapi.json', {'If-None-Match': f'"x", W/{tag}'}), 304)
    eq((answer.headers['etag'], answer.body), (tag, b''))
    want(t.get('/openapi.json', {'If-None-Match': '"1"'}), 200)
    want(t.call('HEAD', '/openapi.json', None, {'If-None-Match': tag}), 304)
    want(t.get('/openapi.json?x=1', {'Prefer': 'handling=strict'}), 400, 'invalid-parameter')
    want(t.get('/openapi.json?x=1'), 200)
    want(t.post('/openapi.json'), 405)


@check('only what is on is in the document: /metrics on the admin listener, and here with http.metrics (check 57)',
       where='own')
def switched(_):
    with Node(arguments=('--http-metrics', 'true')) as node:
        node.start()
        t = Case(node)
        that('/metrics' in t.get('/openapi.json').json()['paths'], 'metrics is on')
        metrics = want(t.get('/metrics'), 200)
        that(metrics.headers['content-type'].startswith('text/plain') and b'burrow_http_streams' in metrics.body,
             metrics.body[:100])
        want(t.post('/metrics'), 405, 'method-not-allowed')
        t.close()


@check('the admin listener describes itself')
def admin(t):
    plain, full = document_of(t.node).doc, document_of(t.node, t.node.admin).doc
    that('/metrics' not in plain['paths'] and '/metrics' in full['paths'], sorted(full['paths']))
    eq(set(full['paths']) - {'/metrics'}, set(plain['paths']))
    client = Client(t.node.admin)
    eq(client.call('GET', '/metrics').status, 200)
    client.close()
    want(t.get('/metrics'), 404, 'not-found')


class Page(html.parser.HTMLParser):
    """The texts of the elements of an HTML page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts = [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag != 'meta':
            self.open.append(tag)

    def handle_endtag(self, tag):
        eq(self.open.pop(), tag, 'an element is closed in another')

    def handle_data(self, data):
        if data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)


@check('every problem type has a page that says what it means and what to do, as JSON and as HTML')
def pages(t):
    for slug in sorted(KNOWN | {'bad-request', 'not-implemented'}):
        answer = want(t.get('/problems/' + slug), 200)
        page = answer.json()
        eq((answer.headers['content-type'], page['type']), ('application/json', '/problems/' + slug))
        that(min(len(page[m]) for m in ('title', 'meaning', 'what_to_do')) > 5 and 400 <= page['status'] < 600, page)
        answer = want(t.get('/problems/' + slug, {'Accept': 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'}), 200)
        eq(answer.headers['content-type'], 'text/html; charset=utf-8')
        html_page = Page(answer.body.decode())
        eq((html_page.open, html_page.texts['h1']), ([], [page['title']]))
        that(page['meaning'] in html_page.texts['p'] and page['what_to_do'] in html_page.texts['p'], answer.body)


@check('the kinds of problems that the document names are those that have pages')
def kinds(t):
    named = set()
    for _, _, operation in operations(t.get('/openapi.json').json()):
        for answer in operation['responses'].values():
            for part in answer.get('content', {}).get('application/problem+json', {}).get('schema', {}).get('allOf', []):
                named |= set(part.get('properties', {}).get('type', {}).get('enum', []))
    for kind in sorted(named):
        want(t.get(kind), 200)


@check('Accept decides between JSON and HTML; neither is 406; an unknown slug is 404')
def accept(t):
    def kind(accepted):
        answer = want(t.get('/problems/not-found', {'Accept': accepted}), 200)
        eq(answer.headers.get('vary'), 'Accept')
        return answer.headers['content-type'].split(';')[0]
    for accepted in ('*/*', 'application/json', 'application/*', 'text/html;q=0.5, application/json', 'text/html;q=0,*/*',
                     'image/png, */*;q=0.1', 'application/json, text/html'):
        eq(kind(accepted), 'application/json', accepted)
    for accepted in ('text/html', 'text/*', 'TEXT/HTML', 'application/json;q=0.2, text/html;q=0.3', 'text/html, */*',
                     'text/html, application/json'):
        eq(kind(accepted), 'text/html', accepted)
    for accepted in ('image/png', 'text/plain', 'application/json;q=0', 'application/json;q=0, text/html;q=0.0'):
        answer = t.get('/problems/not-found', {'Accept': accepted})
        eq(answer.status, 406, accepted)
    want(t.get('/problems/not-found', {'Accept': 'image/png'}), 406, 'not-acceptable')
    for slug in ('nothing', '', 'not-found/', 'not%2Dfound', 'Not-Found', '../metrics'):
        want(t.get('/problems/' + slug), 404, 'not-found')
    want(t.get('/problems'), 404, 'not-found')
    want(t.delete('/problems/not-found'), 405)


@check('health is 405 for what is no reading')
def health(t):
    for path in ('/healthz/live', '/healthz/ready'):
        for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'):
            eq(want(t.call(method, path), 405, 'method-not-allowed').headers['allow'], 'GET, HEAD')
        want(t.call('HEAD', path), 200)
