import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { noOrders, type StandingOrders } from '../approvals/policy.ts'
import { encodeRelayLine } from '../relay/envelope.ts'
import { openWorld, type Side, type World } from '../world.fixture.ts'
import { parseLocal } from './local-time.ts'
import { countsOf, expectTalk, heard, openHonestSession, payloadOf } from './puppet.fixture.ts'

// What two real agents said, and what two wallets say, changed at random and said to a wallet that talks with somebody
// else meanwhile. The seeds are fixed: a failing case fails again.

/** mulberry32: a small generator, so that a case can be repeated. */
const chance = (seed: number) => {
  let a = seed >>> 0
  const next = (): number => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { next, below: (n: number): number => Math.floor(next() * n), pick: <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)] as T }
}
type Chance = ReturnType<typeof chance>

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
const oddValues: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  '',
  ' ',
  'null',
  'None',
  '0',
  '9'.repeat(400),
  'x'.repeat(20_000),
  '\u0000',
  '\u202e',
  '\ud800',
  [],
  {},
  [[[[[[]]]]]],
  { a: { b: { c: null } } },
  '__proto__',
  'register',
  'request',
  'close',
  'init',
  'response',
  '2099-01-01T00:00:00',
  '1970-01-01T00:00:00',
]

/** Every place in a value: its holder and key. */
const places = (value: Json, out: { holder: { [key: string]: Json } | Json[]; key: string }[] = []): typeof out => {
  if (typeof value !== 'object' || value === null) return out
  for (const key of Object.keys(value)) {
    out.push({ holder: value, key })
    places((value as { [key: string]: Json })[key] as Json, out)
  }
  return out
}

const inJson = (raw: string, pool: readonly string[], c: Chance): string => {
  const content = JSON.parse((JSON.parse(raw) as { content: string }).content) as { [key: string]: Json }
  for (let times = 1 + c.below(2); times > 0; times -= 1) {
    const all = places(content)
    const { holder, key } = c.pick(all)
    const at = holder as { [key: string]: Json }
    const what = c.below(6)
    if (what === 0) delete at[key]
    else if (what === 1) at[`${key}2`] = at[key] as Json
    else if (what === 2) {
      const other = c.pick(places(JSON.parse((JSON.parse(c.pick(pool)) as { content: string }).content) as Json))
      at[key] = structuredClone((other.holder as { [key: string]: Json })[other.key] as Json)
    } else if (what === 3 && typeof at[key] === 'string' && at[key] !== '') {
      const text = at[key] as string
      const i = c.below(text.length)
      at[key] = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << c.below(7))) + text.slice(i + 1)
    } else at[key] = structuredClone(c.pick(oddValues))
  }
  return encodeRelayLine('10.0.0.66:6666', JSON.stringify(content)).trimEnd()
}

const inText = (raw: string, c: Chance): string => {
  const i = c.below(raw.length)
  const j = Math.min(raw.length, i + 1 + c.below(40))
  switch (c.below(6)) {
    case 0:
      return raw.slice(0, i)
    case 1:
      return raw.slice(0, i) + raw.slice(j)
    case 2:
      return raw.slice(0, j) + raw.slice(i)
    case 3:
      return raw.slice(0, i) + String.fromCharCode(c.below(65_536)) + raw.slice(i)
    default:
      return raw.slice(0, i) + String.fromCharCode(raw.charCodeAt(i) ^ (1 << c.below(8))) + raw.slice(i + 1)
  }
}

const mutate = (raw: string, pool: readonly string[], c: Chance): string => (c.next() < 0.6 ? inJson(raw, pool, c) : inText(raw, c))

interface Entry {
  readonly wall: string
  readonly kind: string
  readonly from?: string
  readonly received_by?: string
  readonly raw_client_line?: string
  readonly raw_relay_line?: string
}
const entries: Entry[] = readFileSync(new URL('./fixtures/hs-transcript.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line))

/** What the recorded bob received, addressed to this wallet instead. */
const recordedFor = (side: Side): { lines: string[]; from: string; begins: number } => {
  const idOf = (name: string): string => JSON.parse(entries.find((e) => e.kind === 'client_line' && e.from === name)?.raw_client_line ?? '{}')._payload.from
  const received = entries.filter((e) => e.kind === 'relay_line' && e.received_by === 'bob')
  const bobId = idOf('bob')
  return {
    lines: received.map((e) => (e.raw_relay_line ?? '').replaceAll(bobId, side.self.id)),
    from: idOf('alice'),
    begins: parseLocal(entries[0]?.wall ?? '') ?? 0,
  }
}

const played = (
  orders: StandingOrders,
  count: number,
  seed: number,
  check: (world: World, before: Record<string, number>, after: Record<string, number>) => void,
): void => {
  const world = openWorld(`mutations ${seed}`, orders)
  try {
    const [alice] = world.sides
    const recorded = recordedFor(alice)
    // The recording's signatures are of its time.
    world.clock.sleep(recorded.begins - world.clock.now())
    const session = openHonestSession(world)
    const before = countsOf(alice)
    const c = chance(seed)
    for (let i = 0; i < count; i += 1) {
      alice.profile.line(mutate(c.pick(recorded.lines), recorded.lines, c))
      if (i % 500 === 499) expectTalk(world, session)
    }
    expectTalk(world, session)
    check(world, before, countsOf(alice))
  } finally {
    world.close()
  }
}

describe('mutations', () => {
  it('10,000 of the recording: dropped, nothing opened, nothing asked, next to nothing stored', { timeout: 120_000 }, () => {
    played(noOrders, 10_000, 1, (world, before, after) => {
      const [alice] = world.sides
      expect(alice.profile.sessions()).toHaveLength(1)
      expect(after['request']).toBe(0)
      // Three confirms in the recording carry a valid proof: those, and no more, leave something.
      for (const table of ['peer', 'role_state', 'thread_private', 'hs_replay'])
        expect((after[table] ?? 0) - (before[table] ?? 0), table).toBeLessThanOrEqual(3)
      expect(after['outbox']).toBe(0)
      expect(alice.profile.notices().length).toBeLessThanOrEqual(100)
    })
  })

  it('2,000 of the recording, to one who answers everybody and approves everything', { timeout: 120_000 }, () => {
    played({ ...noOrders, policy: { default: 'auto', peers: {} }, meet: 'any' }, 2_000, 2, (world) => {
      const [alice, bob] = world.sides
      // Nothing of the recording echoes us, so nothing but the honest session can have opened with a text in it.
      for (const peer of alice.profile.peers())
        if (peer.id !== bob.self.id)
          expect(alice.profile.messages(peer.id as typeof bob.self.id, null).messages.filter((m) => m.direction === 'theirs')).toEqual([])
    })
  })

  it('4,000 of a session as it goes: no text that was not sent, none twice, the other session untouched', { timeout: 120_000 }, () => {
    const c = chance(3)
    for (let n = 0; n < 4; n += 1) {
      const world = openWorld(`live ${n}`)
      try {
        const [alice, bob] = world.sides
        // The session under attack is alice's; bob's own, opened the other way, is the one that must not notice.
        const mirrored = { ...world, sides: [bob, alice] as const }
        const untouched = openHonestSession(mirrored)
        const attacked = openHonestSession(world)
        const pool: string[] = []
        const sent: string[] = []
        for (let i = 0; i < 400; i += 1) {
          if (i % 10 === 0 && alice.profile.session(attacked)?.may.send) {
            sent.push(`live ${n} ${i}`)
            bob.profile.send(attacked, `live ${n} ${i}`)
          }
          if (i === 300 && alice.profile.session(attacked)?.may.close) {
            alice.profile.close(attacked)
            alice.approveAll()
          }
          const line = world.wire[0]
          if (!line) {
            world.clock.advance(700)
            continue
          }
          if (line.to === alice && ['confirm', 'respond', 'finish'].includes(String(payloadOf(line.raw)['intent']))) {
            pool.push(line.raw)
            for (let k = 0; k < 25; k += 1) alice.profile.line(mutate(line.raw, pool, c))
          }
          world.deliver(0)
        }
        expect(pool.length).toBeGreaterThan(10)
        const texts = heard(alice, bob)
        expect(new Set(texts).size).toBe(texts.length)
        expect(sent).toEqual(expect.arrayContaining(texts))
        for (const t of alice.profile.engine.threads()) if (t.session !== null) expect([t.signPub, t.kxPub]).toEqual([bob.self.signPub, bob.self.kxPub])
        world.calm(5_000)
        expectTalk(mirrored, untouched)
      } finally {
        world.close()
      }
    }
  })
})
