import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MOST_KNOCKS, MOST_PRESENT } from '../peers/presence.ts'
import { alice, begin, end, expectDropped, feed, mallory, now, session, to, world } from './hostile.fixture.ts'
import { countsOf, dropsOf, expectTalk, nonceOf, payloadOf, puppet, rawContent, relayed, rowsOf } from './puppet.fixture.ts'
import { MOST_STRANGERS } from './receive.ts'

beforeEach(begin)
afterEach(end)

describe('resources', () => {
  it('W25: thousands of made-up peers store nothing and are bounded in memory', { timeout: 60_000 }, () => {
    const before = countsOf(alice)
    for (let i = 0; i < 5_000; i += 1) {
      feed(relayed({ to: null, intent: 'register', from: `fake-${i}` }))
      if (i % 5 === 0)
        feed(
          relayed({ to: null, intent: 'knock', peer: to(), from: `fake-${i}` }),
          relayed({ to: to(), intent: 'reconnect', your_ref: '1', from: `fake-${i}` }),
        )
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
    for (let i = 0; i < 5_000; i += 1)
      feed(relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(i), hs: carol.hs('response', nonceOf(i), now()), from: carol.id }))
    const counts = countsOf(alice)
    expect(counts['hs_replay']).toBeLessThanOrEqual(MOST_STRANGERS + 10)
    expect(counts['peer']).toBe(2)
    expectTalk(world, session)
  })

  it('W26: ids, nonces and references over their size', () => {
    const long = 'x'.repeat(300)
    expectDropped(
      'message: length',
      relayed({ to: null, intent: 'register', from: long }),
      relayed({ to: null, intent: long, from: 'x' }),
      relayed({ to: null, intent: 'register', from: '' }),
    )
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
      return new Map(
        [...(all['role_state'] ?? []), ...(all['thread_private'] ?? [])].map((row, i) => [
          `${key(row)}:${'state' in (row as object) ? 'role_state' : 'thread_private'}:${i === -1}`,
          text(row),
        ]),
      )
    }
    /** Which threads' rows changed. */
    const changed = (run: () => void): string[] => {
      const before = threadRows()
      run()
      const after = threadRows()
      return [...new Set([...before.keys(), ...after.keys()].filter((k) => before.get(k) !== after.get(k)).map((k) => k.split(':').slice(0, 2).join(':')))]
    }
    expect(
      changed(() => feed(relayed({ to: to(), intent: 'confirm', my_nonce: nonceOf(1), hs: carol.hs('response', nonceOf(1), now()), from: carol.id }))),
    ).toHaveLength(1)
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
    const request = payloadOf(
      world.wire.filter((l) => payloadOf(l.raw)['to'] === carol.id).at(-1)?.raw ??
        relayed({ my_nonce: alice.profile.engine.peekInitiator(carol.id).localNonce }),
    )
    const echo = (request['my_nonce'] ?? alice.profile.engine.peekInitiator(carol.id).localNonce) as string
    const moved = changed(() =>
      feed(relayed({ to: to(), intent: 'respond', your_nonce: echo, my_nonce: nonceOf(2), sec: carol.sec(alice.self, 'hi', now()), from: carol.id })),
    )
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
