"""Claims, receipts and counts (contract section 7; checks 17, 21, 50 and the small part of 45)."""
import re
import time

from harness import check, eq, flipped, near, that, want


@check('claim, extend, finish')
def careful(t):
    t.put(t.q + '/m')
    item = t.claim('&limit=1&hide=90')[0]
    eq((item['claims'], item['claims_total']), (1, 1))
    near(item['hide'], 90)
    receipt = item['receipt']
    that(re.fullmatch(r'[A-Za-z0-9._-]{1,128}', receipt), receipt)
    want(t.post(f'{t.q}/m?hide=300&receipt={receipt}'), 204)
    near(t.get(t.q + '/m').json()['hide'], 300)
    want(t.call('POST', t.q + '/m?hide=400', None, {'Burrow-Receipt': receipt}), 204)
    eq(t.get(t.q + '/m?detail=full').json()['claims'], 1)
    want(t.delete(f'{t.q}/m?receipt={receipt}'), 204)
    want(t.delete(f'{t.q}/m?receipt={receipt}'), 404, 'message-not-found')
    want(t.post(f'{t.q}/m?hide=1&receipt={receipt}'), 404, 'message-not-found')


@check('a receipt is shown only where the message was claimed')
def only_there(t):
    t.put(t.q + '/m')
    that('receipt' not in t.get(t.q + '?detail=full').json()[0], 'GET shows one')
    that('receipt' not in t.post(t.q + '?ttl=5&detail=full').json()[0], 'POST without hide shows one')
    that('receipt' not in t.post(t.q + '?hide=0&detail=full').json()[0], 'POST hide=0 shows one')
    that('receipt' in t.claim()[0], 'a claim shows none')
    that('receipt' not in t.get(t.q + '/m?detail=full').json(), 'GET by id shows one')
    that('receipt' not in t.post(t.q + '/m?hide=9&detail=full').json(), 'POST by id shows one')
    eq(t.get(t.q + '/m?detail=full').json()['claims'], 1)


@check('after hide ran out: stale if another claimed, else still good')
def late(t):
    t.put_all('ab')
    first = t.claim('&hide=1')
    time.sleep(1.2)
    t.until(lambda: len(t.ids()) == 2, 1, 'both are back')
    second = t.claim('&limit=1&hide=60')[0]
    eq((second['id'], second['claims']), ('a', 2))
    want(t.delete(f'{t.q}/a?receipt={first[0]["receipt"]}'), 412, 'receipt-stale')
    want(t.post(f'{t.q}/a?hide=5&receipt={first[0]["receipt"]}'), 412, 'receipt-stale')
    want(t.delete(f'{t.q}/a?receipt={second["receipt"]}'), 204)
    want(t.delete(f'{t.q}/b?receipt={first[1]["receipt"]}'), 204)


@check('a release keeps the count and ends the receipt')
def release(t):
    t.put(t.q + '/m')
    receipt = t.claim()[0]['receipt']
    want(t.post(f'{t.q}/m?hide=0&receipt={receipt}'), 204)
    eq(t.ids(), ['m'])
    want(t.delete(f'{t.q}/m?receipt={receipt}'), 412, 'receipt-stale')
    item = t.claim()[0]
    eq((item['claims'], item['claims_total']), (2, 2))


@check('a replacement ends the receipt and the counts')
def replaced(t):
    t.put(t.q + '/m')
    receipt = t.claim()[0]['receipt']
    t.put(t.q + '/m', b'new', 204)
    want(t.delete(f'{t.q}/m?receipt={receipt}'), 412, 'receipt-stale')
    item = t.get(t.q + '/m?detail=full').json()
    eq((item['claims'], item['claims_total'], item['hide']), (0, 0, 0))


@check('receipts that are damaged or of another message are 412, and change nothing')
def damaged(t):
    t.put_all('ab')
    t.put(t.a + '/r/a')
    first, second = (m['receipt'] for m in t.claim())
    other = t.post(t.a + '/r?hide=60&detail=full').json()[0]['receipt']
    bad = ['x', first + 'A', first[:-1], second, other, 'x' * 129, 'r1.', '%00'] + [flipped(first, n) for n in range(len(first))]
    for receipt in bad:
        want(t.delete(f'{t.q}/a?receipt={receipt}'), 412, 'receipt-stale')
    want(t.post(f'{t.q}/a?hide=0&receipt={flipped(first)}'), 412, 'receipt-stale')
    eq(t.ids('&match_hidden=true'), ['a', 'b'])
    want(t.delete(f'{t.q}/a?receipt={first}'), 204)


@check('match_hidden reaches into live claims: old receipts are stale, the new are good')
def over_claims(t):
    t.put_all('ab')
    old = [m['receipt'] for m in t.claim()]
    new = t.claim('&match_hidden=true')
    eq([m['claims'] for m in new], [2, 2])
    want(t.delete(f'{t.q}/a?receipt={old[0]}'), 412, 'receipt-stale')
    want(t.delete(f'{t.q}/a?receipt={new[0]["receipt"]}'), 204)
    want(t.post(t.q + '?match_hidden=true&hide=0'), 204)
    want(t.delete(f'{t.q}/b?receipt={new[1]["receipt"]}'), 412, 'receipt-stale')
    eq(t.ids(), ['b'])


@check('without a receipt a worker acts unconditionally')
def unconditional(t):
    t.put_all('ab')
    t.claim()
    want(t.post(t.q + '/a?hide=0'), 204)
    want(t.delete(t.q + '/b'), 204)
    eq(t.ids(), ['a'])


@check('a hide set by id is no claim')
def by_id(t):
    t.put(t.q + '/m')
    want(t.post(t.q + '/m?hide=60'), 204)
    item = t.get(t.q + '/m?detail=full').json()
    eq((item['claims'], item['claims_total']), (0, 0))
    stats = t.get(t.q + '/~stats').json()
    eq(stats['visible'], 0)


@check('concurrent takers never hold the same message')
def takers(t):
    names = t.fill(300)
    jobs = [t.later('POST', t.q + f'?limit={n % 7 + 1}&hide=60&detail=id&on_empty=200') for n in range(40)]
    taken = sum((want(job()[0], 200).json() for job in jobs), [])
    eq(len(taken), len(set(taken)))
    jobs = [t.later('DELETE', t.q + '?limit=5&detail=id&on_empty=200') for _ in range(20)]
    removed = sum((want(job()[0], 200).json() for job in jobs), [])
    eq(len(removed + taken), len(set(removed + taken)))
    eq(len(t.ids('&match_hidden=true')) + len(removed), len(names))


@check('a claim of more than a page: all of it without detail, 1000 with one', heavy=True)
def large(t):
    t.fill(2100)
    eq(len(t.claim('&limit=9999')), 1000)
    eq(want(t.post(t.q + '?hide=60'), 204).headers['burrow-count'], '1100')
    want(t.post(t.q + '?hide=60'), 404)
    eq(t.get(t.q + '/~stats').json()['claimed'], 2100)


@check('at most 120000 messages are claimed; a finished one makes room', heavy=True)
def most_claimed(t):
    t.pour(120100)
    eq(want(t.post(t.q + '?hide=600'), 204).headers['burrow-count'], '120000')
    want(t.post(t.q + '?hide=600&limit=1'), 404)
    waiting = t.later('POST', t.q + '?hide=600&limit=10&wait=10&detail=id')
    time.sleep(0.3)
    first = t.get(t.q + '?match_hidden=true&limit=1&detail=id').json()[0]
    want(t.delete(f'{t.q}/{first}'), 204)
    answer, _ = waiting()
    eq(len(want(answer, 200).json()), 1)
    want(t.delete(t.a), 204)
