"""/openapi.json as a judge: which operation a request is, and whether its answer is one that the document describes
(contract section 19, check 34). The schemas are checked by python3-jsonschema."""
import json
import re
import threading

from jsonschema import Draft202012Validator

from burrow_node import Client

ITEMS_CHECKED = 30  # of a long list: pages of a thousand differ in nothing


class Document:
    def __init__(self, doc):
        self.doc, self.validators = doc, {}
        # What names a tail is matched before what takes any segment.
        templates = sorted(doc['paths'], key=lambda t: t.count('{'))
        self.paths = [(re.compile('/'.join('[^/]+' if s.startswith('{') else re.escape(s) for s in t.split('/'))), t)
                      for t in templates]

    def operation(self, method, path):
        """Its template and the operation; None where the document has none."""
        target = path.partition('?')[0]
        for pattern, template in self.paths:
            if pattern.fullmatch(target):
                return template, self.doc['paths'][template].get(method.lower())
        return None, None

    def validator(self, schema):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            self.validators[key] = Draft202012Validator({**schema, 'components': self.doc['components']})
        return self.validators[key]

    def fault(self, method, path, answer):
        """Why this answer is none that the document describes; None if it is."""
        template, operation = self.operation(method, path)
        slug = answer.json()['type'][10:] if answer.headers.get('content-type') == 'application/problem+json' and \
            answer.body else None
        if answer.status == 405 or slug == 'not-found' or (answer.status == 404 and not operation):
            # A segment with ~ that names nothing looks like a name, and a method that is missing like one that is not.
            missing = operation is None or '/~' in path or '%7E' in path.upper() or template == '/problems/{slug}'
            return None if missing else f'{method} {template} is described, but refused with {answer.status}'
        if operation is None:
            # What was refused before it was looked at, or names that are none.
            return None if answer.status in (400, 413, 414, 431) else f'{method} {path} is not described'
        described = operation['responses'].get(str(answer.status))
        if described is None:
            return f'{method} {template}: status {answer.status} ({slug}) is not described'
        known = {h.lower() for h in described.get('headers', {})}
        strange = [h for h in answer.headers if h.startswith('burrow-') or h in ('etag', 'location', 'link', 'x-request-id')
                   if h not in known]
        if strange:
            return f'{method} {template} {answer.status}: header fields {strange} are not described'
        return self.body_fault(method, path, answer, described.get('content', {}))

    def body_fault(self, method, path, answer, content):
        if not answer.body:
            return None if method == 'HEAD' or not content or '*/*' in content else f'{path}: no body'
        kind = answer.headers.get('content-type', '').split(';')[0]
        raw = '*/*' in content and re.search(r'[?&]detail=(body|id)', path)  # of whatever type it was stored with
        described = content.get('*/*') if raw else content.get(kind, content.get('*/*'))
        if described is None:
            return f'{path}: {kind} is not among {list(content)}'
        if 'schema' not in described or not kind.endswith('json'):
            return None
        value = answer.json()
        if isinstance(value, list) and len(value) > ITEMS_CHECKED:
            value = value[:ITEMS_CHECKED]
        errors = sorted(self.validator(described['schema']).iter_errors(value), key=lambda e: list(map(str, e.path)))
        return f'{path}: {errors[0].json_path}: {errors[0].message}'[:400] if errors else None


_lock, _documents = threading.Lock(), {}


def document_of(node, port=None):
    """Of a listener of this node as it was when it was first asked for; a node that was started again is asked again."""
    key = (node.process.pid, port or node.http)
    with _lock:
        if key not in _documents:
            client = Client(key[1])
            _documents[key] = Document(client.call('GET', '/openapi.json').json())
            client.close()
        return _documents[key]
