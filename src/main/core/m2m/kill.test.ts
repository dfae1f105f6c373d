import { afterAll, describe, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { Killed, openWorld, type Side, type World } from './m2m.fixture.ts'

/**
 * Either side dies at every single boundary of a handshake and its close, once each, and starts again from its files: before and after each
 * commit, and around each line that leaves. The session is the same one afterwards, or nothing was begun.
 */

afterAll(removeTempFolders)

const attempt = (side: Side, run: () => unknown): void => {
  try {
    run()
  } catch (error) {
    if (!(error instanceof Killed || error instanceof AppFault)) throw error
  }
  if (side.dead) side.restart()
}

/** Persons who look at their screens and remember nothing else. */
const persons = (world: World): boolean => {
  const { alice, bob } = world
  if (alice.m2m.threads().length === 0) attempt(alice, () => alice.propose())
  for (const side of world.sides) for (const asked of side.asks()) attempt(side, () => side.decide(asked))
  const sealed = (side: Side): boolean => side.m2m.threads()[0]?.evidence === 'SEALED'
  if (sealed(alice) && sealed(bob) && bob.state() === 'open' && alice.state() === 'open' && bob.asks().length === 0)
    attempt(bob, () => bob.m2m.close(bob.m2m.threads()[0]!.id))
  return world.sides.every((side) => side.state() === 'closed')
}

const story = (who: string | null, at: number, policy: Side['policy']): { readonly hits: Readonly<Record<string, string[]>>; readonly died: boolean } => {
  const hits: Record<string, string[]> = { alice: [], bob: [] }
  let died = false
  let counting = false
  const world = openWorld({
    reaper: (side, boundary) => {
      if (!counting) return false
      const list = hits[side] as string[]
      list.push(boundary)
      if (died || side !== who || list.length - 1 !== at) return false
      died = true
      return true
    },
  })
  counting = true
  for (const side of world.sides) side.policy = policy
  try {
    let done = false
    for (let i = 0; i < 120 && !done; i += 1) {
      done = persons(world)
      if (!done) world.calm(1_500, 500)
    }
    const where = `${who} killed at ${at} (${who === null ? '' : hits[who]?.[at]})`
    expect(done, `${where}: ${world.sides.map((side) => side.state()).join()}`).toBe(true)
    expect(
      world.sides.map((side) => side.m2m.threads().length),
      where,
    ).toEqual([1, 1])
    const [a, b] = world.sides.map((side) => side.m2m.threads()[0]?.sessionId)
    expect(a, where).toBe(b)
    const sets = new Set(world.keys.map((k) => `${k.sessionId} ${k.a2b} ${k.b2a} ${k.root}`))
    expect(sets.size, where).toBe(1)
    expect(world.report(), where).toMatchObject({ ok: true, status: 'SEALED', findings: [] })
    return { hits, died }
  } finally {
    world.close()
  }
}

// KILL_STEP=1 is every boundary.
const every = Number(process.env['KILL_STEP'] ?? 7)

describe.each(['ask', 'auto'] as const)('killed at every boundary, %s', (policy) => {
  const undisturbed = story(null, -1, policy)

  it('the undisturbed story meets every kind of boundary', () => {
    for (const side of ['alice', 'bob'])
      expect(new Set(undisturbed.hits[side])).toEqual(
        new Set(['store: before the transaction', 'store: before the commit', 'store: after the commit', 'line: before it leaves', 'line: after it left']),
      )
  })
  it.each(['alice', 'bob'].map((who) => [who, undisturbed.hits[who]?.length ?? 0, every] as const))(
    '%s, at its %i boundaries, every %i',
    { timeout: 1_200_000 },
    (who, count) => {
      expect(count).toBeGreaterThan(40)
      for (let at = 0; at < count; at += every) expect(story(who, at, policy).died, `${who} at ${at}`).toBe(true)
    },
  )
})
