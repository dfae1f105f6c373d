import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PeerId } from '../brand.ts'
import { alice, begin, bob, end, feed, mallory, now, session, to, world } from './hostile.fixture.ts'
import { dropsOf, expectTalk, nonceOf, noticesOf, payloadOf, plain, puppet, relayed, rowsOf } from './puppet.fixture.ts'
import { sealText } from './self.ts'

beforeEach(begin)
afterEach(end)

describe('freshness', () => {
  /** A puppet that has opened a session with alice as initiator; returns how it speaks. */
  const openAsInitiator = (who = puppet('carol'), first = 'hello') => {
    feed(relayed({ to: null, intent: 'knock', peer: to(), from: who.id }))
    alice.profile.answer(who.id)
    alice.approveAll()
    world.clock.advance(3_000)
    const echo = payloadOf(world.wire.filter((l) => payloadOf(l.raw)['to'] === who.id).at(-1)!.raw)['my_nonce'] as string
    const nonce = nonceOf(Math.floor(now() % 1e6))
    const line = relayed({
      to: to(),
      intent: 'request',
      your_nonce: echo,
      my_nonce: nonce,
      sec: who.sec(alice.self, first, now()),
      hs: who.hs('init', nonce, now()),
      from: who.id,
    })
    feed(line)
    return { who, line, nonce, echo }
  }
  const answerTo = (who: PeerId): string => {
    world.clock.advance(1_500)
    return payloadOf(world.wire.filter((l) => payloadOf(l.raw)['to'] === who && payloadOf(l.raw)['intent'] === 'respond').at(-1)!.raw)['my_nonce'] as string
  }
  const theirs = (who: PeerId): string[] =>
    alice.profile
      .messages(who, null)
      .messages.filter((m) => m.direction === 'theirs')
      .map((m) => m.text)
  const told = (who: PeerId): string[] =>
    alice.profile
      .messages(who, null)
      .messages.filter((m) => m.direction === 'event')
      .map((m) => m.text)

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
    expect(noticesOf(alice)).toContain("The proof of this peer's keys was refused: replayed.")
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
    feed(
      relayed({
        to: to(),
        intent: 'request',
        your_nonce: a,
        my_nonce: nonceOf(6),
        sec: plain(sealText(bob.self, alice.self.kxPub, 'of bob', new Uint8Array(12).fill(8), now())),
        from: who.id,
      }),
    )
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
      for (const rest of [
        { intent: 'request', my_nonce: nonceOf(1), sec },
        { intent: 'respond', my_nonce: nonceOf(1), sec },
        { intent: 'conclude', my_ref: '1' },
        { intent: 'finish', my_ref: '1' },
        { intent: 'close', my_ref: '1' },
        { intent: 'reconnect' },
      ]) {
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
    expect(noticesOf(alice)).toContain('This peer sent no proof of its keys.')
    // Anybody could have sent that, so it ends nothing; a day without better does, and says why.
    world.clock.sleep(24 * 3_600_000)
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
