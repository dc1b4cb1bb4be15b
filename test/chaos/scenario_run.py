"""One scenario on one cluster: the load, what a scenario asks about and does through, the end and the checks."""
import http.client
import json
import random
import time

import clients
import history
from cluster_load import AnyNode


class Run:
    def __init__(self, world, name, spec, seed, seconds, checks):
        self.world, self.name, self.spec, self.seconds, self.checks = world, name, spec, seconds, checks
        self.rng, self.history = random.Random(seed), history.History()
        self.account = f'{name}-{self.rng.randrange(1000)}'
        self.load = clients.Load(self.history, world.endpoints(), self.account, seed, dead=spec.get('dead', False),
                                 timeout=spec.get('patience', 4))
        self.said, self.closed = '', False

    def go(self):
        self.world.wait(lambda: min(self.load.counts()) > 30, 30, 'load')
        self.spec['run'](self)
        self.finish()

    # --- what scenarios use

    def check(self, what, ok, why=''):
        return self.checks.check(f'{self.name}: {what}', ok, why)

    def rounds(self, count):
        return range(count if self.seconds > 2 else 1)

    def last(self, seconds):
        """Lets the load go on; a node that ends meanwhile without being told to is a failure."""
        end = time.monotonic() + seconds * self.seconds / 4
        self.world.wait(lambda: time.monotonic() > end, seconds * self.seconds + 5, 'time to pass')

    def leader(self, queue='work'):
        return self.world.wait(lambda: self.world.leader_of(self.account, queue), 30, f'a leader of {queue}')

    def follower(self):
        return self.rng.choice(self.world.others(self.leader()))

    def writes(self):
        return self.load.keepers.count() + self.load.writers.count()

    def wait_for_writes(self, seconds):
        """Both queues must accept inserts again in so long; machines are busy, so not one insert but a few dozen."""
        begun, wanted = time.monotonic(), [n + 20 for n in self.load.counts()[:2]]
        while any(n < w for n, w in zip(self.load.counts(), wanted)):
            if time.monotonic() - begun > seconds:
                return self.check(f'inserts are accepted again within {seconds} s', False, f'{self.load.counts()}')
            time.sleep(0.02)
        return self.check(f'inserts are accepted again within {seconds} s', True)

    def all_answered(self, since, seconds):
        """Whoever waited at that moment had an answer so much later. Clients need the patience to see otherwise."""
        waited = [e for e in list(self.history.events) if 'end' in e and e['begin'] < since < e['end']]
        longest = max((e['end'] - since for e in waited), default=0.0)
        self.check(f'all {len(waited)} who waited are answered within {seconds} s ({longest:.1f} s)', longest <= seconds)

    def serves(self, member, seconds=1):
        """Requests through that node, each within so long, on all shards of an account wherever they lead."""
        client, wrong = member.client(seconds), []
        queues = [f'/v1.0/{self.account}/through-{member.name}-{n}' for n in range(12)]
        requests = [request for q in queues for request in (
            ('PUT', f'{q}/m', 'body'), ('GET', f'{q}/m'), ('GET', f'{q}/~stats'), ('DELETE', f'{q}/m'))]
        for request in [*requests, ('GET', f'/v1.0/{self.account}')]:
            try:
                status = client.call(*request).status
            except (OSError, http.client.HTTPException) as e:
                client, status = member.client(seconds), repr(e)
            if status not in (200, 201, 204):
                wrong.append(f'{request[0]} {request[1]}: {status}')
        self.check(f'{member.name} serves all shards', not wrong, f'{len(wrong)}: ' + '; '.join(wrong[:3]))

    def ready(self, seconds=60):
        self.world.come_back(seconds)

    def refused(self, slug):
        found = self.load.keepers.failures + self.load.writers.failures
        return sum(status == 503 and slug.encode() in body for _, status, body in found)

    def work_is_empty(self):
        return self.stats('work')['visible'] == 0

    def order(self, *words, timeout=60):
        """An operator's command, given to some node that lives."""
        asked = self.rng.choice([m for m in self.world.members if m.alive()])
        status, self.said = self.world.command(asked, *words, timeout=timeout)
        return self.check(f'burrow {" ".join(words[:3])}', status == 0, f'exit {status}: {self.said}')

    def page_of(self, member):
        page = self.world.members[0].ask('/admin/v1/members')
        return next(m for m in page['members'] if m['node'] == member.name)

    def leads(self, member):
        return self.page_of(member)['leads']

    @staticmethod
    def answers(asked, member):
        page = asked.ask('/admin/v1/members')
        return next((m['answers'] for m in page['members'] if m['node'] == member.name), None) if page else None

    @staticmethod
    def voters(asked, shard):
        page = asked.ask('/admin/v1/shards')
        return page['shards'][shard]['voters'] if page else []

    def redrive(self):
        """Starts one where that is possible just now; a refusal is no failure."""
        if 'dead' not in self.load.queues:
            return
        try:
            self.any_node().call('POST', f'/v1.0/{self.account}/dead/~redrive',
                                 json.dumps({'to': None, 'max_per_second': 500}), {'Content-Type': 'application/json'})
        except (OSError, http.client.HTTPException):
            pass

    def arrived(self):
        """Messages that moves have brought to the dead-letter queue or back."""
        tasks = self.ask('dead/~tasks') or []
        return sum(t['moved'] for t in tasks) + self.stats('dead')['visible']

    # --- asking

    def any_node(self):
        return AnyNode(self.world.endpoints(), self.rng.randrange(9), 5)

    def ask(self, path):
        """JSON about a queue, from whichever node has it within 20 s."""
        until = time.monotonic() + 20
        while True:
            try:
                answer = self.any_node().call('GET', f'/v1.0/{self.account}/{path}')
                if answer.status == 200:
                    return answer.json()
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > until:
                raise RuntimeError(f'nobody answers {path}')
            time.sleep(0.1)

    def stats(self, queue):
        return self.ask(f'{queue}/~stats')

    # --- the end

    def finish(self):
        took = self.world.come_back(60)
        self.check(f'the cluster is whole again ({took:.1f} s)', True)
        self.wait_for_writes(20)
        self.end()
        if 'dead' in self.load.queues:
            self.world.wait(self.moves_are_done, 60, 'moves and redrives to end')
        for queue in self.load.queues:
            clients.note_stored(self.history, self.rng.choice(self.world.endpoints()), self.account, queue)
        moved = ('work', 'dead') if 'dead' in self.load.queues else ()
        for what, wrong in history.check(self.history, moved, self.spec.get('claims', True)):
            self.check(what, not wrong, f'{len(wrong)}: ' + '; '.join(wrong[:5]))
        odd = self.load.odd()
        self.check('only answers of the contract', not odd, f'{len(odd)}: ' + '; '.join(odd[:3]))

    def end(self):
        if not self.closed:
            self.closed = True
            self.load.stop()

    def moves_are_done(self):
        """What is claimed yet may still become a dead letter."""
        stats = [self.stats(q) for q in self.load.queues]
        return all(s['moving'] == 0 and s['claimed'] == 0 for s in stats) and all(
            t['state'] != 'running' for t in self.ask('dead/~tasks'))

    def figures(self):
        """Largest gap of the `keep` queue, inserts acknowledged, delivered, acknowledged by workers, unknown answers."""
        unknown = sum(e.get('outcome') == 'unknown' for e in self.history.events)
        done = sum(e['outcome'] == 'done' for e in self.history.of('ack'))
        return [f'{history.gaps(self.history, "keep"):.2f} s', str(len(history.acknowledged(self.history))),
                str(self.load.workers.claimed), str(done), str(unknown)]
