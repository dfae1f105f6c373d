import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { alice, begin, bob, end, expectDropped, feed, mallory, now, session, to, world } from './hostile.fixture.ts'
import { dropsOf, expectTalk, nonceOf, noticesOf, payloadOf, plain, puppet, relayed, rowsOf } from './puppet.fixture.ts'
import { signOwnHs } from './self.ts'

beforeEach(begin)
afterEach(end)

describe('identity', () => {
  const confirmAs = (from: string, nonce: string, hs: unknown): string => relayed({ to: to(), intent: 'confirm', my_nonce: nonce, hs, from })

  it('W9: another key under the pinned id freezes the peer; the key stays, nothing goes to the other, and the person can go on', () => {
    // Bob proves himself to alice in her responder role too: there a fresh confirm of his would be taken.
    alice.profile.close(session)
    alice.approveAll()
    world.calm(12_000)
    expect(alice.profile.session(session)?.state).toBe('closed')
    feed(confirmAs(bob.self.id, nonceOf(1), mallory.hs('response', nonceOf(1), now())))
    const peer = alice.profile.peer(bob.self.id)
    expect(peer).toMatchObject({ trust: 'changed', signPub: bob.self.signPub, kxPub: bob.self.kxPub, presented: { signPub: mallory.self.signPub } })
    expect(() => alice.profile.propose(bob.self.id)).toThrow(/decide on its key/)
    expect(alice.profile.engine.peekInitiator(bob.self.id).offer).toBeNull()
    expect(alice.profile.approvals.waiting()).toEqual([])
    const before = rowsOf(alice)
    feed(confirmAs(bob.self.id, nonceOf(2), mallory.hs('response', nonceOf(2), now())))
    expect(rowsOf(alice), 'a frozen peer changes nothing').toEqual(before)
    expect(world.wire).toEqual([])

    alice.profile.keepKey(bob.self.id)
    alice.profile.propose(bob.self.id)
    world.calm(12_000)
    bob.profile.answer(alice.self.id)
    bob.approveAll()
    world.calm(12_000)
    alice.approveAll()
    world.calm(6_000)
    expectTalk(world, alice.profile.engine.peekInitiator(bob.self.id).session as string)
  })

  it('W9: in a session that is open, a confirm with another key is not even looked at', () => {
    expectDropped('confirm in init_exchange', confirmAs(bob.self.id, nonceOf(1), mallory.hs('response', nonceOf(1), now())))
    expect(alice.profile.peer(bob.self.id)?.trust).toBe('pinned')
    expectTalk(world, session)
  })

  it('W9: a stranger’s key seen first is not pinned, and gives way to the one that is approved', () => {
    const carol = puppet('carol')
    feed(confirmAs(carol.id, nonceOf(1), { ...mallory.hs('response', nonceOf(1), now()) }))
    expect(alice.profile.peer(carol.id)).toMatchObject({ trust: 'seen', signPub: mallory.self.signPub, pinnedAt: null })
    feed(confirmAs(carol.id, nonceOf(2), carol.hs('response', nonceOf(2), now())))
    expect(alice.profile.peer(carol.id)).toMatchObject({ trust: 'seen', signPub: carol.self.signPub, pinnedAt: null })
    // While a person decides, what is shown cannot be exchanged.
    alice.profile.propose(carol.id)
    const shown = alice.profile.approvals.waiting()[0]
    expect(shown?.view['peer']).toMatchObject({ sign_pub: carol.self.signPub })
    feed(confirmAs(carol.id, nonceOf(3), mallory.hs('response', nonceOf(3), now())))
    expect(alice.profile.approvals.waiting()[0]).toEqual(shown)
    expect(alice.profile.peer(carol.id)?.signPub).toBe(carol.self.signPub)
    expect(noticesOf(alice)).toContain('Another key claims this peer’s id. It was not taken.')
    expectTalk(world, session)
  })

  it('W11: an hs of another type is refused, also when it was overheard or kept', () => {
    const carol = puppet('carol')
    // Carol's own confirm to alice, turned into her "first request".
    const hs = carol.hs('response', nonceOf(1), now())
    feed(confirmAs(carol.id, nonceOf(1), hs))
    feed(relayed({ to: null, intent: 'knock', peer: to(), from: carol.id }))
    alice.profile.answer(carol.id)
    alice.approveAll()
    world.clock.advance(3_000)
    const echo = payloadOf(world.wire.at(-1)!.raw)['my_nonce']
    expect(alice.profile.engine.peekResponder(carol.id)).toMatchObject({ state: 'resp_confirm', localNonce: echo })
    const request = (type: string, nonce: string, from: unknown): string =>
      relayed({
        to: to(),
        intent: 'request',
        your_nonce: echo,
        my_nonce: nonce,
        sec: carol.sec(alice.self, 'x', now()),
        hs: { ...(from as object), type },
        from: carol.id,
      })
    feed(request('response', nonceOf(1), hs), request('init', nonceOf(1), hs))
    // Carol's confirm to somebody else, overheard by all.
    const other = carol.hs('response', nonceOf(2), now())
    feed(relayed({ to: 'somebody', intent: 'confirm', my_nonce: nonceOf(2), hs: other, from: carol.id }))
    feed(request('init', nonceOf(2), other))
    expect(alice.profile.engine.peekResponder(carol.id)).toMatchObject({ state: 'resp_confirm', session: null })
    expect(noticesOf(alice)).toEqual(
      expect.arrayContaining(["The proof of this peer's keys was refused: type.", "The proof of this peer's keys was refused: replayed."]),
    )
    // Her real one is taken.
    feed(request('init', nonceOf(3), carol.hs('init', nonceOf(3), now())))
    expect(alice.profile.engine.peekResponder(carol.id).state).toBe('resp_exchange')
    world.wire.length = 0
    expectTalk(world, session)
  })

  const bobPub = (): string => Buffer.from(bob.self.signPub, 'hex').toString('base64')

  it.each([
    ['W12: a key it does not have', () => ({ ...mallory.hs('response', nonceOf(1), now()), sign_pub: bobPub() }), 'signature'],
    ['W13: our own hs reflected', () => plain(signOwnHs(alice.self, 'response', nonceOf(1), now())), 'own'],
    ['W14: one signed in advance', () => mallory.hs('response', nonceOf(1), now() - 61_000), 'stale'],
    ['W15: one signed for 2099', () => mallory.hs('response', nonceOf(1), Date.UTC(2099, 0, 1)), 'future'],
    ['W15: one signed for two minutes from now', () => mallory.hs('response', nonceOf(1), now() + 120_000), 'future'],
    [
      'W15: a time with a zone',
      () => ({ ...mallory.hs('response', nonceOf(1), now()), timestamp: `${new Date(now()).toISOString().slice(0, 19)}Z` }),
      'timestamp',
    ],
    ['a nonce that is not the outer one', () => mallory.hs('response', nonceOf(2), now()), 'nonce'],
    ['a key of low order', () => ({ ...mallory.hs('response', nonceOf(1), now()), kx_pub: Buffer.alloc(32).toString('base64') }), 'key'],
    ['an all-zero signing key', () => ({ ...mallory.hs('response', nonceOf(1), now()), sign_pub: Buffer.alloc(32).toString('base64') }), 'key'],
    ['a field missing', () => ({ type: 'response', nonce: nonceOf(1) }), 'malformed'],
    ['no object at all', () => 'hs', 'malformed'],
  ] satisfies [string, () => unknown, string][])('%s is no proof', (_name, hs, why) => {
    const before = rowsOf(alice)
    feed(confirmAs(mallory.id, nonceOf(1), hs()))
    expect(rowsOf(alice), 'of a stranger nobody wants: nothing').toEqual(before)
    alice.profile.propose(mallory.id)
    feed(confirmAs(mallory.id, nonceOf(1), hs()))
    expect(alice.profile.engine.peekInitiator(mallory.id)).toMatchObject({ asking: null, wanted: true, state: 'init_ready' })
    expect(noticesOf(alice)).toContain(`The proof of this peer's keys was refused: ${why}.`)
    expect(alice.profile.engine.peekInitiator(mallory.id).offer).toBeNull()
    expectTalk(world, session)
  })

  it('W17: a clock off by a time zone is named, and taken only after the person allowed it', () => {
    const carol = puppet('carol')
    const at = (): number => now() + 3_600_000
    const before = rowsOf(alice)
    feed(confirmAs(carol.id, nonceOf(1), carol.hs('response', nonceOf(1), at())))
    expect(rowsOf(alice), 'a stranger’s clock is a stranger’s').toEqual(before)
    alice.profile.propose(carol.id)
    feed(confirmAs(carol.id, nonceOf(1), carol.hs('response', nonceOf(1), at())))
    expect(alice.profile.engine.peekInitiator(carol.id).offer).toBeNull()
    expect(alice.profile.peer(carol.id)).toMatchObject({ zoneSkewMinutes: 60, zoneSkewAccepted: false })
    expect(noticesOf(alice).join()).toContain('60 minutes ahead of yours')
    alice.profile.zone(carol.id, true)
    feed(confirmAs(carol.id, nonceOf(2), carol.hs('response', nonceOf(2), at())))
    expect(alice.profile.engine.peekInitiator(carol.id).offer?.nonce).toBe(nonceOf(2))
    // With the difference allowed, the age still counts.
    feed(confirmAs(carol.id, nonceOf(3), carol.hs('response', nonceOf(3), at() - 61_000)))
    expect(alice.profile.engine.peekInitiator(carol.id).offer?.nonce).toBe(nonceOf(2))
  })

  it('W27: our own id', () => {
    expectDropped(
      'message: own',
      relayed({ to: null, intent: 'register', from: to() }),
      relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(1), from: to() }),
    )
    expect(alice.profile.peers().map((p) => p.id)).toEqual([bob.self.id])
  })

  it('W28: ids that would write into a terminal or turn a window’s text around', () => {
    for (const id of ['\u001b[2J', 'a\nb', 'a\u0000', '\u202edrowssap', 'a\u200bb', '\ud800', 'x\u2028'])
      feed(relayed({ to: null, intent: 'register', from: id }), relayed({ to: null, intent: id, from: 'x' }))
    expect(alice.profile.peers().map((p) => p.id)).toEqual([bob.self.id])
    expect(dropsOf(alice)).toContain('message: characters')
    // What the relay itself says is shown without its control characters.
    feed('Warning: \u001b[31mred\u0007\u202e')
    expect(noticesOf(alice).at(-1)).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })
})
