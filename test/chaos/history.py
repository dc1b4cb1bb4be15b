"""What the clients saw, and what may be said about it: the checkers of replication.md section 13, from outside.

An event is a dictionary; times are the machine's steady clock, in seconds, `begin` before the first byte of the first
attempt went out and `end` after the last byte of the answer came in. `outcome` is one of
  done      the service said so
  no        it said that nothing was done (503, 429, a refused connection)
  unknown   504, a broken connection, or no answer: it may have happened
  gone, stale   404 and 412 to an acknowledgement or a release
Kinds of events (`op`):
  put       queue, body, outcome                        one attempt; the same body again carries the same key
  claim     queue, hide, outcome, messages, who         messages: [{body, id, claims}]
  ack, release   queue, body, claim (number of the claim event), outcome
  read      queue, body, outcome                        by who was told `done` about that body: done or gone
  stored    queue, messages                             the whole queue in its order, after everything has ended
A body is `WRITER-NUMBER`, numbers ascending; a writer begins the next only after `done`.
"""
import collections
import json
import threading

# A shard's time may be slewed by 10 % against ours (replication.md section 12), and waking up takes a moment.
SLEW, MOMENT = 0.9, 0.3


class History:
    def __init__(self, events=()):
        self.events, self.lock = list(events), threading.Lock()

    def add(self, **event):
        """Its number."""
        with self.lock:
            self.events.append(event)
            return len(self.events) - 1

    def of(self, op):
        return [e for e in self.events if e['op'] == op]

    def save(self, path):
        with open(path, 'w', encoding='utf-8') as out:
            for event in self.events:
                out.write(json.dumps(event) + '\n')


def load(path):
    with open(path, encoding='utf-8') as lines:
        return History(json.loads(line) for line in lines)


def place_of(body):
    writer, number = body.rsplit('-', 1)
    return writer, int(number)


def acknowledged(history):
    return {e['body'] for e in history.of('put') if e['outcome'] == 'done'}


def stored(history):
    return [(e['queue'], m) for e in history.of('stored') for m in e['messages']]


def nothing_lost(history):
    """Each acknowledged insert is there at the end, or somebody tried to remove it and was not told no."""
    kept = {m['body'] for _, m in stored(history)}
    removed = {e['body'] for e in history.of('ack') if e['outcome'] in ('done', 'unknown')}
    return [f'{body} was acknowledged and is nowhere' for body in sorted(acknowledged(history) - kept - removed)]


def nothing_gone(history, moved=()):
    """404 to a receipt needs somebody who removed the message. Not where messages move to other queues meanwhile."""
    tried = collections.defaultdict(list)
    for e in history.of('ack'):
        if e['outcome'] in ('done', 'unknown'):
            tried[e['body']].append(e['begin'])
    return [f'{e["body"]} was 404 to its holder, and nobody had removed it' for e in history.of('ack')
            if e['outcome'] == 'gone' and e['queue'] not in moved and
            not any(begin < e['end'] for begin in tried[e['body']])]


def nothing_comes_back(history):
    """What was acknowledged by a worker is never delivered again, and not there at the end."""
    done = {}
    for e in history.of('ack'):
        if e['outcome'] == 'done':
            done[e['body']] = min(e['end'], done.get(e['body'], e['end']))
    wrong = [f'{m["body"]} was removed at {done[m["body"]]:.3f} and delivered by a claim begun at {e["begin"]:.3f}'
             for e in history.of('claim') for m in e['messages'] if e['begin'] > done.get(m['body'], e['begin'])]
    return wrong + [f'{m["body"]} was removed and is in {queue}' for queue, m in stored(history) if m['body'] in done]


def held_until(history):
    """(claim event, body) -> until when that claim surely holds it."""
    ends = {}
    for number, e in enumerate(history.events):
        if e['op'] == 'claim':
            for m in e['messages']:
                ends[number, m['body']] = e['begin'] + e['hide'] * SLEW - MOMENT
    for e in history.events:
        if e['op'] in ('ack', 'release'):
            key = (e['claim'], e['body'])
            ends[key] = min(ends[key], e['begin'])
    return ends


def one_claim(history):
    """No message in two live claims: no moment at which both holders had their answer and neither claim had ended."""
    by_body, wrong = collections.defaultdict(list), []
    for (number, body), until in held_until(history).items():
        by_body[body].append((history.events[number]['end'], until))
    for body, claims in sorted(by_body.items()):
        claims.sort()
        for i, (end, until) in enumerate(claims):
            for other_end, other_until in claims[i + 1:]:
                if other_end <= min(until, other_until):
                    wrong.append(f'{body} is held by two claims at {other_end:.3f}: answers at {end:.3f} and '
                                 f'{other_end:.3f}, ends not before {until:.3f} and {other_until:.3f}')
    return wrong


def no_duplicates(history):
    """Every insert carried a key: one message each, whatever was repeated."""
    wrong, ids = [], collections.defaultdict(set)
    count = collections.Counter(m['body'] for _, m in stored(history))
    wrong += [f'{body} is stored {n} times' for body, n in sorted(count.items()) if n > 1]
    for e in history.of('claim') + history.of('stored'):
        for m in e['messages']:
            ids[m['body']].add(m['id'])
    return wrong + [f'{body} is {len(found)} messages: {sorted(found)}' for body, found in sorted(ids.items())
                    if len(found) > 1]


def nothing_refused_is_there(history):
    """What was never sent, or only ever answered that nothing was done, is nowhere."""
    possible = {e['body'] for e in history.of('put') if e['outcome'] != 'no'}
    seen = {m['body'] for e in history.of('claim') + history.of('stored') for m in e['messages']}
    return [f'{body} is there, and nobody was told so' for body in sorted(seen - possible)]


def own_writes_are_read(history):
    """A client that saw its write acknowledged sees it in the next read, through any node (queues without workers)."""
    return [f'{e["body"]} was acknowledged, and 404 to a read of its writer at {e["begin"]:.3f}'
            for e in history.of('read') if e['outcome'] == 'gone']


def first_in_first_out(history, moved=()):
    """One writer's messages are listed and first delivered in its order. Not where messages arrive from elsewhere."""
    wrong = []
    for e in history.of('claim') + history.of('stored'):
        if e['queue'] not in moved:
            last = {}
            for m in e['messages']:
                writer, number = place_of(m['body'])
                if number < last.get(writer, -1):
                    wrong.append(f'{m["body"]} comes after {writer}-{last[writer]} in {e["op"]} of {e["queue"]}')
                last[writer] = number
    return wrong + overtaken(history, moved)


def overtaken(history, moved):
    """Messages whose first delivery began after a later one of the same writer had been delivered."""
    first, lost_claims, wrong = {}, collections.defaultdict(list), []
    for e in sorted(history.of('claim'), key=lambda e: e['begin']):
        if e['outcome'] == 'unknown':
            lost_claims[e['queue']].append(e)
        for m in e['messages']:
            # claims > 1: somebody had it before, whose answer was lost.
            known = m['claims'] == 1 and e['queue'] not in moved
            first.setdefault((e['queue'], *place_of(m['body'])), e if known else None)
    earliest = {}
    for (queue, writer, number), e in sorted(first.items(), key=lambda item: -item[0][2]):
        if e is None:
            continue
        later = earliest.get((queue, writer))
        if later and later[0] < e['begin'] and not any(
                u['begin'] < e['begin'] and u['end'] + 2 * u['hide'] > later[0] for u in lost_claims[queue]):
            wrong.append(f'{writer}-{number} of {queue} was first delivered after {writer}-{later[1]}')
        if not later or e['end'] < later[0]:
            earliest[queue, writer] = (e['end'], number)
    return wrong


def check(history, moved=(), claims=True):
    """(name, violations) of every checker. `moved`: queues that messages leave or enter by moves. Without `claims`, claims
    may end early: the clocks of a majority have jumped."""
    yield 'nothing acknowledged is lost', nothing_lost(history)
    yield 'nothing vanishes under its holder', nothing_gone(history, moved)
    yield 'nothing removed comes back', nothing_comes_back(history)
    if claims:
        yield 'no message in two live claims', one_claim(history)
    yield 'no duplicate of an insert with a key', no_duplicates(history)
    yield 'nothing refused is stored', nothing_refused_is_there(history)
    yield 'writers read their own writes', own_writes_are_read(history)
    yield 'first in, first out', first_in_first_out(history, moved)


def gaps(history, queue=None, since=0.0):
    """The longest time between two acknowledged inserts, in seconds."""
    times = sorted(e['end'] for e in history.of('put')
                   if e['outcome'] == 'done' and e['end'] >= since and queue in (None, e['queue']))
    return max((b - a for a, b in zip(times, times[1:])), default=0.0)
