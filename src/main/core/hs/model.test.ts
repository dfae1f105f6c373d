import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openWorld, type Side, type World } from '../world.fixture.ts'

/**
 * The reducers, engine and store that ship, under every order, loss and duplication, with both persons acting and both
 * processes restarting at any time.
 */
type Action =
  | { readonly do: 'deliver' | 'lose' | 'double'; readonly at: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'propose' | 'answer' | 'approve' | 'reject' | 'close' | 'restart' | 'text'; readonly who: 0 | 1 }

const at = fc.nat({ max: 11 })
const who = fc.constantFrom<0 | 1>(0, 1)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('deliver' as const), at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'double' as const), at }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(300, 1_500, 4_000, 12_000) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('propose' as const, 'answer' as const, 'approve' as const, 'approve' as const, 'text' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reject' as const, 'close' as const, 'restart' as const), who }) },
)

const other = (world: World, side: Side): Side => (world.sides[0] === side ? world.sides[1] : world.sides[0])

/** What a person may try at a wrong moment is refused with a fault, and that is all. */
const attempt = (run: () => void): void => {
  try {
    run()
  } catch (error) {
    expect(error).toHaveProperty('name', 'AppFault')
  }
}

/** Both persons do what is asked of them. */
const obliging = (world: World): void => {
  for (const side of world.sides) {
    for (const knock of side.profile.knocks()) if (knock.kind !== 'confirm') attempt(() => side.profile.answer(other(world, side).self.id))
    attempt(() => side.approveAll())
  }
}

let texts = 0
const act = (world: World, a: Action): void => {
  if (a.do === 'deliver') return world.deliver(a.at % Math.max(1, world.wire.length))
  if (a.do === 'lose') return void world.wire.splice(a.at % Math.max(1, world.wire.length), 1)
  if (a.do === 'double') {
    const line = world.wire[a.at % Math.max(1, world.wire.length)]
    return line && void world.wire.push(line)
  }
  if (a.do === 'wait') {
    world.clock.advance(a.ms)
    return obliging(world)
  }
  const side = world.sides[a.who]
  const peer = other(world, side).self.id
  if (a.do === 'propose') attempt(() => side.profile.propose(peer))
  if (a.do === 'answer') attempt(() => side.profile.answer(peer))
  if (a.do === 'approve') attempt(() => side.approveAll())
  if (a.do === 'reject') attempt(() => side.profile.approvals.rejectAll(null, 'no'))
  if (a.do === 'text') attempt(() => side.text(`text ${(texts += 1)}`))
  if (a.do === 'restart') side.restart()
  if (a.do === 'close') for (const s of side.profile.sessions()) if (s.may.close) attempt(() => side.profile.close(s.id))
}

const invariants = (world: World): void => {
  const [alice, bob] = world.sides
  for (const side of world.sides) {
    const peer = other(world, side).self
    for (const t of side.profile.engine.threads()) {
      if (t.session === null) continue
      expect([t.signPub, t.kxPub], 'an open session holds the peer’s own keys').toEqual([peer.signPub, peer.kxPub])
    }
    const heard = side.profile.messages(peer.id, null).messages.filter((m) => m.direction === 'theirs').map((m) => m.text)
    expect(new Set(heard).size, 'no text is heard twice').toBe(heard.length)
  }
  const fingerprints = new Map(alice.profile.sessions().map((s) => [s.id, s.fingerprint]))
  for (const s of bob.profile.sessions()) if (fingerprints.has(s.id)) expect(s.fingerprint, 'both sides of a session hold one key').toBe(fingerprints.get(s.id))
}

const quiet = (world: World): boolean =>
  world.sides.every((side) => side.profile.engine.threads().every((t) => (t.state === 'init_ready' || t.state === 'resp_ready') && t.session === null))

describe('two wallets under any order, loss and duplication', () => {
  it('never disagree on a key, never take a nonce twice, and end when messages flow again', { timeout: 600_000 }, () => {
    let opened = 0
    let closed = 0
    fc.assert(
      fc.property(fc.array(action, { minLength: 20, maxLength: 120, size: 'max' }), fc.nat(), (actions, seed) => {
        const world = openWorld(String(seed))
        try {
          // Both are on the relay, and alice wants bob: most cases then get somewhere.
          world.calm(2_500)
          act(world, { do: 'propose', who: 0 })
          for (const a of actions) {
            act(world, a)
            invariants(world)
          }
          // Messages flow again. Persons close what is open; everything comes to rest, or was never opened.
          for (let round = 0; round < 4; round += 1) {
            world.calm(20_000)
            obliging(world)
          }
          for (let round = 0; round < 14 && !quiet(world); round += 1) {
            for (const side of world.sides) {
              for (const s of side.profile.sessions()) if (s.may.close) attempt(() => side.profile.close(s.id))
              attempt(() => side.approveAll())
            }
            world.calm(20_000)
            // A peer that waits for a person's decision may wait for a day.
            if (round === 8) {
              world.clock.advance(24 * 3_600_000 + 60_000)
              world.wire.length = 0
            }
            invariants(world)
          }
          expect(world.sides.map((s) => s.profile.engine.threads().map((t) => `${t.role} ${t.state} ${t.session === null}`))).toSatisfy(() => quiet(world))
          opened += world.sides[0].profile.sessions().length
          closed += world.sides[0].profile.sessions().filter((s) => s.state === 'closed').length
        } finally {
          world.close()
        }
      }),
      { numRuns: Number(process.env['MODEL_RUNS'] ?? 60) },
    )
    // The property would hold in a world where nothing ever opens.
    expect(opened).toBeGreaterThan(5)
    expect(closed).toBeGreaterThan(5)
  })
})
