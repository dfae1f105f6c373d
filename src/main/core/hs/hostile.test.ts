import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PeerId } from '../brand.ts'
import { MOST_KNOCKS, MOST_PRESENT } from '../peers/presence.ts'
import { openWorld, type Side, type World } from '../world.fixture.ts'
import { countsOf, dropsOf, expectTalk, noticesOf, nonceOf, openHonestSession, payloadOf, plain, puppet, rawContent, relayed, rowsOf } from './puppet.fixture.ts'
import { MOST_STRANGERS } from './receive.ts'
import { sealText, signOwnHs } from './self.ts'

// The weaknesses of the original that docs/protocol.md lists, tried on a wallet that has an honest session going on.
// The world fails a test at the first line that is logged as an error, so "the process lives" is checked throughout.

let world: World
let alice: Side
let bob: Side
let session: string

beforeEach(() => {
  world = openWorld('hostile')
  ;[alice, bob] = world.sides
  session = openHonestSession(world)
  world.wire.length = 0
})
afterEach(() => world.close())

const now = (): number => world.clock.now()
const feed = (...lines: string[]): void => {
  for (const line of lines) alice.profile.line(line)
}
/** The lines change nothing that is stored, and are dropped with this reason. */
const expectDropped = (why: string | RegExp, ...lines: string[]): void => {
  const before = rowsOf(alice)
  feed(...lines)
  expect(rowsOf(alice)).toEqual(before)
  expect(dropsOf(alice)).toContainEqual(typeof why === 'string' ? why : expect.stringMatching(why))
}

const mallory = puppet('mallory')
const to = (): string => alice.self.id

describe('lines that end the original', () => {
  it('W1: content that is no object', () => {
    expectDropped('line: content', rawContent('5'), rawContent('null'), rawContent('[]'), rawContent('"x"'))
    expectDropped(/^line: (json|wrapper)$/, '5', 'null', '[]', '{}', '{"remote_addr": 5, "content": "{}"}', '\u0000', 'not json')
    expectTalk(world, session)
  })

  it('W2: from, to or intent of another type', () => {
    for (const odd of [5, null, true, {}, [], ['x'], { a: 1 }, 1.5]) {
      feed(relayed({ to: null, intent: 'register', from: odd }), relayed({ to: odd, intent: odd, from: 'x' }))
      if (odd !== null) feed(relayed({ to: odd, intent: 'confirm', from: 'x' }))
    }
    expectDropped('message: fields', relayed({ intent: 'register', from: 'x' }))
    expect(dropsOf(alice)).toContain('message: fields')
    expectTalk(world, session)
  })

  it('W3: a line that grows over the limit', () => {
    expectDropped('line: size', rawContent('"'.repeat(40_000)), rawContent('x'.repeat(70_000)), 'x'.repeat(1_000_000))
    expectTalk(world, session)
  })

  it('W4: nesting', () => {
    for (const deep of ['['.repeat(30_000), '{"a":'.repeat(5_000), `${'['.repeat(1_000)}${']'.repeat(1_000)}`]) feed(rawContent(deep), deep)
    const nested = (n: number): unknown => (n === 0 ? 1 : { a: nested(n - 1) })
    expectDropped('line: depth', relayed({ to: null, intent: 'register', from: 'x', extra: nested(60) }))
    expectTalk(world, session)
  })

  it('keys that are dangerous to JavaScript are data, or dropped', () => {
    const lines = ['__proto__', 'constructor', 'prototype', 'toString'].map((key) => rawContent(`{"_version":"1.3.0","_type":{},"_payload":{"to":null,"intent":"register","from":"x","${key}":{"polluted":true},"hs":{"${key}":1}}}`))
    const before = rowsOf(alice)
    feed(...lines)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(rowsOf(alice)).toEqual(before)
  })
})

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
    const request = (type: string, nonce: string, from: unknown): string => relayed({ to: to(), intent: 'request', your_nonce: echo, my_nonce: nonce, sec: carol.sec(alice.self, 'x', now()), hs: { ...(from as object), type }, from: carol.id })
    feed(request('response', nonceOf(1), hs), request('init', nonceOf(1), hs))
    // Carol's confirm to somebody else, overheard by all.
    const other = carol.hs('response', nonceOf(2), now())
    feed(relayed({ to: 'somebody', intent: 'confirm', my_nonce: nonceOf(2), hs: other, from: carol.id }))
    feed(request('init', nonceOf(2), other))
    expect(alice.profile.engine.peekResponder(carol.id)).toMatchObject({ state: 'resp_confirm', session: null })
    expect(noticesOf(alice)).toEqual(expect.arrayContaining(['The proof of this peer\'s keys was refused: type.', 'The proof of this peer\'s keys was refused: replayed.']))
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
    ['W15: a time with a zone', () => ({ ...mallory.hs('response', nonceOf(1), now()), timestamp: `${new Date(now()).toISOString().slice(0, 19)}Z` }), 'timestamp'],
    ['a nonce that is not the outer one', () => mallory.hs('response', nonceOf(2), now()), 'nonce'],
    ['a key of low order', () => ({ ...mallory.hs('response', nonceOf(1), now()), kx_pub: Buffer.alloc(32).toString('base64') }), 'key'],
    ['an all-zero signing key', () => ({ ...mallory.hs('response', nonceOf(1), now()), sign_pub: Buffer.alloc(32).toString('base64') }), 'key'],
    ['a field missing', () => ({ type: 'response', nonce: nonceOf(1) }), 'malformed'],
    ['no object at all', () => 'hs', 'malformed'],
  ] satisfies [string, () => unknown, string][])('%s is no proof', (_name, hs, why) => {
    const before = rowsOf(alice)
    feed(confirmAs(mallory.id, nonceOf(1), hs()))
    expect(rowsOf(alice)).toEqual(before)
    expect(noticesOf(alice)).toContain(`The proof of this peer's keys was refused: ${why}.`)
    expect(alice.profile.engine.peekInitiator(mallory.id).offer).toBeNull()
    expectTalk(world, session)
  })

  it('W17: a clock off by a time zone is named, and taken only after the person allowed it', () => {
    const carol = puppet('carol')
    const at = (): number => now() + 3_600_000
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
    expectDropped('message: own', relayed({ to: null, intent: 'register', from: to() }), relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(1), from: to() }))
    expect(alice.profile.peers().map((p) => p.id)).toEqual([bob.self.id])
  })

  it('W28: ids that would write into a terminal or turn a window’s text around', () => {
    for (const id of ['\u001b[2J', 'a\nb', 'a\u0000', '\u202edrowssap', 'a\u200bb', '\ud800', 'x\u2028']) feed(relayed({ to: null, intent: 'register', from: id }), relayed({ to: null, intent: id, from: 'x' }))
    expect(alice.profile.peers().map((p) => p.id)).toEqual([bob.self.id])
    expect(dropsOf(alice)).toContain('message: characters')
    // What the relay itself says is shown without its control characters.
    feed('Warning: \u001b[31mred\u0007\u202e')
    expect(noticesOf(alice).at(-1)).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })
})

describe('freshness', () => {
  /** A puppet that has opened a session with alice as initiator; returns how it speaks. */
  const openAsInitiator = (who = puppet('carol'), first = 'hello') => {
    feed(relayed({ to: null, intent: 'knock', peer: to(), from: who.id }))
    alice.profile.answer(who.id)
    alice.approveAll()
    world.clock.advance(3_000)
    const echo = payloadOf(world.wire.filter((l) => payloadOf(l.raw)['to'] === who.id).at(-1)!.raw)['my_nonce'] as string
    const nonce = nonceOf(Math.floor(now() % 1e6))
    const line = relayed({ to: to(), intent: 'request', your_nonce: echo, my_nonce: nonce, sec: who.sec(alice.self, first, now()), hs: who.hs('init', nonce, now()), from: who.id })
    feed(line)
    return { who, line, nonce, echo }
  }
  const answerTo = (who: PeerId): string => {
    world.clock.advance(1_500)
    return payloadOf(world.wire.filter((l) => payloadOf(l.raw)['to'] === who && payloadOf(l.raw)['intent'] === 'respond').at(-1)!.raw)['my_nonce'] as string
  }
  const theirs = (who: PeerId): string[] => alice.profile.messages(who, null).messages.filter((m) => m.direction === 'theirs').map((m) => m.text)
  const told = (who: PeerId): string[] => alice.profile.messages(who, null).messages.filter((m) => m.direction === 'event').map((m) => m.text)

  it('W16: an hs taken once is never taken again, in no later cycle and not after a restart', () => {
    const { who, nonce, echo } = openAsInitiator()
    expect(theirs(who.id)).toEqual(['hello'])
    const hs = who.hs('init', nonce, now())
    // The cycle ends; on our side the nonces of the thread go with it.
    const a = answerTo(who.id)
    feed(relayed({ to: to(), intent: 'conclude', your_nonce: a, my_ref: '1234512345', from: who.id }))
    const ref = alice.profile.engine.peekResponder(who.id).localReference
    feed(relayed({ to: to(), intent: 'close', your_ref: ref, my_ref: '1234512345', from: who.id }))
    expect(alice.profile.engine.peekResponder(who.id).state).toBe('resp_ready')
    expect(alice.store.nonces.received('responder', who.id, nonce)).toBe(false)
    alice.restart()
    feed(relayed({ to: to(), intent: 'reconnect', your_ref: ref, from: who.id }))
    alice.profile.answer(who.id)
    alice.approveAll()
    world.clock.advance(3_000)
    const second = alice.profile.engine.peekResponder(who.id).localNonce
    expect(second).not.toBe(echo)
    feed(relayed({ to: to(), intent: 'request', your_nonce: second, my_nonce: nonce, sec: who.sec(alice.self, 'again', now()), hs, from: who.id }))
    expect(alice.profile.engine.peekResponder(who.id)).toMatchObject({ state: 'resp_confirm', session: null })
    expect(noticesOf(alice)).toContain('The proof of this peer\'s keys was refused: replayed.')
    expect(theirs(who.id)).toEqual(['hello'])
  })

  it('W18: an old sealed message in a new outer one is dropped and shown, in this session and in the next', () => {
    const { who, line } = openAsInitiator()
    const { sec } = payloadOf(line)
    const a = answerTo(who.id)
    const thread = alice.profile.engine.peekResponder(who.id)
    feed(relayed({ to: to(), intent: 'request', your_nonce: a, my_nonce: nonceOf(77), sec, from: who.id }))
    expect(alice.profile.engine.peekResponder(who.id)).toEqual(thread)
    // The same bytes in another spelling of base64 are the same message.
    const spelled = structuredClone(sec) as { envelope: { nonce: string }; sig: string }
    spelled.envelope.nonce = `${spelled.envelope.nonce.slice(0, 4)}-${spelled.envelope.nonce.slice(4)}`
    feed(relayed({ to: to(), intent: 'request', your_nonce: a, my_nonce: nonceOf(78), sec: spelled, from: who.id }))
    expect(theirs(who.id)).toEqual(['hello'])
    expect(told(who.id)).toContain('A sealed message came a second time. It was dropped.')
    // Its own next message goes on as if nothing had been.
    feed(relayed({ to: to(), intent: 'request', your_nonce: a, my_nonce: nonceOf(79), sec: who.sec(alice.self, 'second', now()), from: who.id }))
    expect(theirs(who.id)).toEqual(['hello', 'second'])
    // The key is the same in every session of two identities, so the old message would open in the next one too.
    const b = answerTo(who.id)
    feed(relayed({ to: to(), intent: 'conclude', your_nonce: b, my_ref: '1234512345', from: who.id }))
    const ref = alice.profile.engine.peekResponder(who.id).localReference
    feed(relayed({ to: to(), intent: 'close', your_ref: ref, my_ref: '1234512345', from: who.id }))
    world.clock.advance(10_000)
    feed(relayed({ to: to(), intent: 'reconnect', your_ref: ref, from: who.id }))
    alice.profile.answer(who.id)
    alice.approveAll()
    world.clock.advance(3_000)
    const echo = alice.profile.engine.peekResponder(who.id).localNonce
    feed(relayed({ to: to(), intent: 'request', your_nonce: echo, my_nonce: nonceOf(90), sec, hs: who.hs('init', nonceOf(90), now()), from: who.id }))
    expect(alice.profile.engine.peekResponder(who.id).state).toBe('resp_exchange')
    expect(theirs(who.id)).toEqual(['hello', 'second'])
  })

  it('W18: a message of the other direction reflected, or of another pair, does not open', () => {
    const { who } = openAsInitiator()
    const a = answerTo(who.id)
    const own = plain(sealText(alice.self, who.self.kxPub, 'reflected', new Uint8Array(12).fill(9), now()))
    feed(relayed({ to: to(), intent: 'request', your_nonce: a, my_nonce: nonceOf(5), sec: own, from: who.id }))
    feed(relayed({ to: to(), intent: 'request', your_nonce: a, my_nonce: nonceOf(6), sec: plain(sealText(bob.self, alice.self.kxPub, 'of bob', new Uint8Array(12).fill(8), now())), from: who.id }))
    expect(theirs(who.id)).toEqual(['hello'])
    expect(told(who.id)).toContain('A message’s signature was not the peer’s. It was dropped.')
    expect(alice.profile.engine.peekResponder(who.id).localNonce).toBe(a)
  })

  it('W19: an echo that is null, empty or missing', () => {
    const { who } = openAsInitiator()
    // Before we answer our own nonce is null: the original takes any null for it.
    const sec = who.sec(alice.self, 'x', now())
    const odd = [null, '', undefined, 0, false, [], {}]
    for (const echo of odd) {
      const your = echo === undefined ? {} : { your_nonce: echo, your_ref: echo }
      for (const rest of [{ intent: 'request', my_nonce: nonceOf(1), sec }, { intent: 'respond', my_nonce: nonceOf(1), sec }, { intent: 'conclude', my_ref: '1' }, { intent: 'finish', my_ref: '1' }, { intent: 'close', my_ref: '1' }, { intent: 'reconnect' }]) {
        const before = rowsOf(alice)
        feed(relayed({ to: to(), ...rest, ...your, from: who.id }), relayed({ to: to(), ...rest, ...your, from: bob.self.id }))
        expect(rowsOf(alice)).toEqual(before)
      }
    }
    expect(dropsOf(alice)).toEqual(expect.arrayContaining(['malformed your_nonce', 'malformed your_ref']))
    expectTalk(world, session)
  })

  it('W22: no plaintext where a key exists, no session without proof', () => {
    const { who } = openAsInitiator()
    const a = answerTo(who.id)
    const before = alice.profile.engine.peekResponder(who.id)
    feed(relayed({ to: to(), intent: 'request', your_nonce: a, my_nonce: nonceOf(3), message: 'How are you?', from: who.id }))
    expect(alice.profile.engine.peekResponder(who.id)).toEqual(before)
    expect(theirs(who.id)).toEqual(['hello'])
    expect(told(who.id)).toContain('A message came without encryption although a key exists. It was dropped.')

    const dave = puppet('dave')
    feed(relayed({ to: null, intent: 'knock', peer: to(), from: dave.id }))
    alice.profile.answer(dave.id)
    alice.approveAll()
    world.clock.advance(3_000)
    const echo = alice.profile.engine.peekResponder(dave.id).localNonce
    feed(relayed({ to: to(), intent: 'request', your_nonce: echo, my_nonce: nonceOf(4), message: 'How are you?', from: dave.id }))
    expect(alice.profile.engine.peekResponder(dave.id).state).toBe('resp_confirm')
    expect(theirs(dave.id)).toEqual([])
    world.clock.advance(61_000)
    expect(alice.profile.engine.peekResponder(dave.id).state).toBe('resp_ready')
    expect(noticesOf(alice)).toContain('This peer cannot prove its keys.')
    expect(alice.profile.sessions().filter((s) => s.peer === dave.id)).toEqual([])
  })

  it('W24: finish, close, reconnect and conclude with guessed references do nothing', () => {
    const { who } = openAsInitiator()
    answerTo(who.id)
    for (const from of [who.id, bob.self.id, mallory.id]) {
      for (const ref of ['1111111111', '9', 'null', 'None', '0']) {
        const before = rowsOf(alice)
        feed(
          relayed({ to: to(), intent: 'finish', your_ref: ref, my_ref: ref, from }),
          relayed({ to: to(), intent: 'close', your_ref: ref, my_ref: ref, from }),
          relayed({ to: to(), intent: 'conclude', your_nonce: ref, my_ref: ref, from }),
        )
        if (from !== mallory.id) feed(relayed({ to: to(), intent: 'reconnect', your_ref: ref, from }))
        expect(rowsOf(alice)).toEqual(before)
      }
    }
    expectTalk(world, session)
  })
})

describe('resources', () => {
  it('W25: thousands of made-up peers store nothing and are bounded in memory', { timeout: 60_000 }, () => {
    const before = countsOf(alice)
    for (let i = 0; i < 5_000; i += 1) {
      feed(relayed({ to: null, intent: 'register', from: `fake-${i}` }))
      if (i % 5 === 0) feed(relayed({ to: null, intent: 'knock', peer: to(), from: `fake-${i}` }), relayed({ to: to(), intent: 'reconnect', your_ref: '1', from: `fake-${i}` }))
    }
    expect(countsOf(alice)).toEqual(before)
    expect(alice.profile.peers().length).toBeLessThanOrEqual(MOST_PRESENT + 1)
    expect(alice.profile.knocks().length).toBeLessThanOrEqual(MOST_KNOCKS)
    expect(alice.profile.notices().length).toBeLessThanOrEqual(100)
    expect(world.wire, 'nobody is answered').toEqual([])
    expectTalk(world, session)
  })

  it('W25: thousands of confirms with fresh keys stop at a limit, also from one id', { timeout: 120_000 }, () => {
    for (let i = 0; i < 5_000; i += 1) {
      const fake = puppet(`fake ${i % 2_500}`, i < 2_500 ? `fake-${i}` : 'always the same')
      feed(relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(i), hs: fake.hs('response', nonceOf(i), now()), from: fake.id }))
    }
    const counts = countsOf(alice)
    for (const table of ['peer', 'role_state', 'thread_private', 'hs_replay']) expect(counts[table], table).toBeLessThanOrEqual(MOST_STRANGERS + 10)
    expect(counts['request']).toBe(0)
    expect(dropsOf(alice)).toContain('confirm of a stranger, and too many strangers are kept')
    expectTalk(world, session)
    // Whom the person wants is still met.
    const carol = puppet('carol')
    alice.profile.propose(carol.id)
    feed(relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(9_999), hs: carol.hs('response', nonceOf(9_999), now()), from: carol.id }))
    expect(alice.profile.approvals.waiting().map((r) => r.peerId)).toEqual([carol.id])
  })

  it('one id that sends one confirm after another fills nothing', { timeout: 60_000 }, () => {
    const carol = puppet('carol')
    for (let i = 0; i < 5_000; i += 1) feed(relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(i), hs: carol.hs('response', nonceOf(i), now()), from: carol.id }))
    const counts = countsOf(alice)
    expect(counts['hs_replay']).toBeLessThanOrEqual(MOST_STRANGERS + 10)
    expect(counts['peer']).toBe(2)
    expectTalk(world, session)
  })

  it('W26: ids, nonces and references over their size', () => {
    const long = 'x'.repeat(300)
    expectDropped('message: length', relayed({ to: null, intent: 'register', from: long }), relayed({ to: null, intent: long, from: 'x' }), relayed({ to: null, intent: 'register', from: '' }))
    for (const message of [
      { intent: 'confirm', my_nonce: 'n'.repeat(129), hs: mallory.hs('response', 'a'.repeat(129), now()) },
      { intent: 'respond', your_nonce: 'n', my_nonce: 'n'.repeat(5_000) },
      { intent: 'conclude', your_nonce: 'n', my_ref: '1'.repeat(65) },
      { intent: 'reconnect', your_ref: '1'.repeat(65) },
    ])
      expectDropped(/^malformed /, relayed({ to: to(), ...message, from: `x${message.intent}` }))
    expectTalk(world, session)
  })

  it('a flood of drops is not a flood of events', () => {
    const before = alice.events.length
    for (let i = 0; i < 3_000; i += 1) feed(rawContent('5'))
    expect(alice.events.length - before).toBeLessThanOrEqual(12)
  })
})

describe('threads are apart', () => {
  it('an event of one thread changes no byte of another’s rows', () => {
    const carol = puppet('carol')
    const threadRows = (): Map<string, string> => {
      const all = rowsOf(alice)
      const text = (row: unknown): string => JSON.stringify(row)
      const key = (row: unknown): string => `${(row as { role: string }).role}:${(row as { peer_id: string }).peer_id}`
      return new Map([...(all['role_state'] ?? []), ...(all['thread_private'] ?? [])].map((row, i) => [`${key(row)}:${'state' in (row as object) ? 'role_state' : 'thread_private'}:${i === -1}`, text(row)]))
    }
    /** Which threads' rows changed. */
    const changed = (run: () => void): string[] => {
      const before = threadRows()
      run()
      const after = threadRows()
      return [...new Set([...before.keys(), ...after.keys()].filter((k) => before.get(k) !== after.get(k)).map((k) => k.split(':').slice(0, 2).join(':')))]
    }
    expect(changed(() => feed(relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(1), hs: carol.hs('response', nonceOf(1), now()), from: carol.id })))).toHaveLength(1)
    expect(changed(() => alice.profile.propose(carol.id))).toHaveLength(1)
    expect(
      changed(() => {
        alice.approveAll()
        // The undo time passes without a tick of bob's thread.
        world.clock.advance(3_000)
      }),
    ).toContainEqual(expect.stringMatching(/^initiator:/))
    const both = threadRows()
    expect(new Set([...both.keys()].map((k) => k.split(':')[1])).size).toBe(2)
    // Bob's line moves bob's thread alone.
    alice.profile.send(session, 'to bob')
    const touched = changed(() => {
      for (let i = 0; i < 4 && world.wire.length > 0; i += 1) world.deliver(0)
    })
    expect(touched.length).toBeLessThanOrEqual(1)
    // Carol's answer moves carol's alone, whatever role it names.
    const request = payloadOf(world.wire.filter((l) => payloadOf(l.raw)['to'] === carol.id).at(-1)?.raw ?? relayed({ my_nonce: alice.profile.engine.peekInitiator(carol.id).localNonce }))
    const echo = (request['my_nonce'] ?? alice.profile.engine.peekInitiator(carol.id).localNonce) as string
    const moved = changed(() => feed(relayed({ to: to(), intent: 'respond', your_nonce: echo, my_nonce: nonceOf(2), sec: carol.sec(alice.self, 'hi', now()), from: carol.id })))
    expect(moved).toHaveLength(1)
    expect(moved[0]).toMatch(/^initiator:/)
  })

  it('a thread that cannot go on holds up no other', () => {
    const carol = puppet('carol')
    feed(relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(1), hs: carol.hs('response', nonceOf(1), now()), from: carol.id }))
    alice.profile.propose(carol.id)
    alice.approveAll()
    world.clock.advance(3_000)
    expect(alice.profile.engine.peekInitiator(carol.id).session).not.toBeNull()
    world.wire.splice(0)
    // Nothing of carol's answers: her thread repeats, bob's goes on.
    expectTalk(world, session)
  })
})
