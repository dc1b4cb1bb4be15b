"""ttl and hide running out (contract sections 1, 1.2, 4.2; checks 13 and 43)."""
import time

from harness import check, eq, near, that, want


@check('ttl=1 is gone, hide=1 is back, 1000 of each')
def thousand(t):
    gone = t.a + '/gone'
    back = t.fill(1000, hide=1)
    entries = [{'id': f'm{n:06d}', 'body': ''} for n in range(1000)]
    for at in range(0, 1000, 100):
        eq(want(t.post(gone + '/~messages?ttl=1', {'messages': entries[at:at + 100]}), 200).json()['failed'], 0)
    time.sleep(2)
    want(t.get(gone + '?match_hidden=true'), 404)
    want(t.get(gone + '/m000999'), 404, 'message-not-found')
    want(t.delete(gone + '?match_hidden=true'), 404)
    eq(t.ids(), back)
    eq(t.ids(path=t.a), ['q'])
    eq(want(t.put(gone + '/m000000'), 201).status, 201)


@check('a message expires in a worker\'s hands; the place of one that comes back is kept')
def in_hand(t):
    t.put(t.q + '/a')
    t.put(t.q + '/b?ttl=1')
    t.put(t.q + '/c')
    items = t.claim('&limit=2&hide=1')
    eq([m['id'] for m in items], ['a', 'b'])
    time.sleep(1.6)
    want(t.get(t.q + '/b'), 404, 'message-not-found')
    want(t.delete(f'{t.q}/b?receipt={items[1]["receipt"]}'), 404)
    t.until(lambda: t.ids() == ['a', 'c'], 1, 'a is back')


@check('ttl and hide count down, rounded up')
def rounding(t):
    t.put(t.q + '/m?ttl=3&hide=2')
    eq(t.get(t.q + '/m?detail=attributes').json(), {'id': 'm', 'ttl': 3, 'hide': 2})
    time.sleep(1.1)
    item = t.get(t.q + '/m?detail=attributes').json()
    eq((item['ttl'], item['hide']), (2, 1))
    time.sleep(1)
    item = t.get(t.q + '/m?detail=attributes').json()
    eq((item['ttl'], item['hide']), (1, 0))


@check('a replacement sets ttl and hide anew')
def replaced(t):
    t.put(t.q + '/m?ttl=1&hide=60')
    t.put(t.q + '/m?ttl=60', b'', 204)
    time.sleep(1.6)
    eq(t.ids(), ['m'])
    near(t.get(t.q + '/m').json()['ttl'], 60, 3)


@check('20000 messages expire at once: none is returned, others are served, the counts come to 0', heavy=True)
def many(t):
    begin = time.monotonic()
    for at in range(0, 20000, 100):
        part = [{'id': f'e{n}', 'body': 'x'} for n in range(at, at + 100)]
        eq(want(t.post(t.q + '/~messages?ttl=6', {'messages': part}), 200).json()['failed'], 0)
    last = time.monotonic()
    other = t.a + '/other'
    t.put(other + '/m')
    time.sleep(max(0, last + 6.05 - time.monotonic()))
    want(t.get(t.q + '?match_hidden=true'), 404)
    want(t.post(t.q + '?hide=5&match_hidden=true'), 404)
    want(t.get(t.q + '/e19999'), 404)
    slowest = 0.0
    while t.get(t.q + '/~stats').json()['visible'] and time.monotonic() < last + 25:
        at = time.monotonic()
        want(t.get(other), 200)
        want(t.put(f'{other}/m', b'y', 204), 204)
        slowest = max(slowest, time.monotonic() - at)
        want(t.get(t.q + '?match_hidden=true'), 404)
        time.sleep(0.1)
    stats = t.get(t.q + '/~stats').json()
    eq((stats['visible'], stats['delayed'], stats['bytes']), (0, 0, 0), f'{last - begin:.0f} s of inserts, then')
    that(slowest < 1, f'another queue waited {slowest:.1f} s')
