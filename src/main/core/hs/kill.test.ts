import { describe, expect, it } from 'vitest'
import type { StandingOrders } from '../approvals/policy.ts'
import { openWorld, type Reaper, type Side, type World } from '../world.fixture.ts'

/**
 * Either side dies at every single boundary of a whole story, once each, and starts again from the files as they were at
 * that moment: before and after each commit, each line to the socket, each removal from the outbox, and each line that
 * comes in. Real processes and a real SIGKILL are in kill-process.test.ts.
 */

const attempt = (run: () => void): void => {
  try {
    run()
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AppFault')) throw error
  }
}
const textsOf = (side: Side, peer: Side, direction: 'ours' | 'theirs'): string[] =>
  side.profile
    .messages(peer.self.id, null)
    .messages.filter((m) => m.direction === direction)
    .map((m) => m.text)
const doneOf = (side: Side, peer: Side): string[] =>
  side.profile
    .messages(peer.self.id, null)
    .messages.filter((m) => m.direction === 'ours' && m.state === 'done')
    .map((m) => m.text)

/**
 * Two persons with a plan, who look at their screens and remember nothing else: talk, close, talk again. Returns whether
 * it has come to its end: the second session, with a text each way.
 */
const persons = (world: World): boolean => {
  const [alice, bob] = world.sides
  const say = (side: Side, peer: Side, session: string, text: string): void => {
    if (!textsOf(side, peer, 'ours').includes(text)) world.act(() => attempt(() => side.profile.send(session, text)))
  }
  for (const side of world.sides) {
    const peer = side === alice ? bob : alice
    for (const knock of side.profile.knocks())
      if (knock.kind !== 'confirm' && side.profile.engine.peekResponder(peer.self.id).session === null)
        world.act(() => attempt(() => side.profile.answer(peer.self.id)))
    world.act(() => attempt(side.approveAll))
  }
  const t = alice.profile.engine.peekInitiator(bob.self.id)
  const over = alice.profile.sessions().filter((s) => s.state === 'closed' || s.state === 'ended').length
  if (t.session === null) {
    if (t.state === 'init_ready' && !t.wanted && !t.asking && over < 2) world.act(() => attempt(() => alice.profile.propose(bob.self.id)))
    return false
  }
  const round = over + 1
  if (bob.profile.engine.peekResponder(alice.self.id).session !== t.session) return false
  say(alice, bob, t.session, `alice ${round}`)
  say(bob, alice, t.session, `bob ${round}`)
  const exchanged = doneOf(alice, bob).includes(`alice ${round}`) && textsOf(alice, bob, 'theirs').includes(`bob ${round}`)
  if (exchanged && round === 1 && alice.profile.session(t.session)?.may.close && !t.concluding && !t.asking)
    world.act(() => attempt(() => alice.profile.close(t.session as string)))
  return exchanged && round === 2
}

/** Without persons: standing orders do everything but the texts. */
const orders: StandingOrders = { policy: { default: 'auto', peers: {} }, meet: 'any', propose: null, closeAfter: 1, reconnect: true }
const machines = (world: World): boolean => {
  const [alice, bob] = world.sides
  const t = alice.profile.engine.peekInitiator(bob.self.id)
  // Said once, on the command line of the first start.
  if (alice.profile.sessions().length === 0 && t.state === 'init_ready' && !t.wanted && !t.asking)
    world.act(() => attempt(() => alice.profile.propose(bob.self.id)))
  return world.sides.every((side) => side.profile.sessions().filter((s) => s.role === 'initiator').length >= 2)
}

interface Ending {
  readonly hits: Readonly<Record<string, string[]>>
  readonly minutes: number
  readonly died: boolean
}

const story = (who: string | null, at: number): Ending => {
  const hits: Record<string, string[]> = { alice: [], bob: [] }
  let died = false
  const reaper: Reaper = (side, boundary) => {
    const list = hits[side] as string[]
    list.push(boundary)
    if (died || side !== who || list.length - 1 !== at) return false
    died = true
    return true
  }
  const world = openWorld('kill', undefined, reaper)
  try {
    const [alice, bob] = world.sides
    const begin = world.clock.now()
    let done = false
    for (let i = 0; i < 600 && !done; i += 1) {
      done = persons(world)
      if (!done) world.calm(500)
    }
    const where = `${who} killed at ${at} (${who ? hits[who]?.[at] : ''})`
    expect(done, `${where}: the story ends; ${world.sides.map((s) => s.profile.engine.threads().map((t) => `${s.name} ${t.role} ${t.state}`)).join()}`).toBe(
      true,
    )
    // What is on its way comes to rest, then both are asked.
    world.calm(2_000)
    for (const side of world.sides) {
      const peer = side === alice ? bob : alice
      const heard = textsOf(side, peer, 'theirs')
      expect(heard, `${where}: each text once, in order`).toEqual([`${peer.name} 1`, `${peer.name} 2`])
      expect(side.store.decisions.verifyChain()).toMatchObject({ holds: true })
      // A step is decided once: nothing is approved again that was carried out before.
      expect(
        side.store.decisions.all().map((d) => [d.step, d.decision]),
        where,
      ).toEqual(
        side === alice
          ? [
              ['request', 'approve'],
              ['conclude', 'approve'],
              ['request', 'approve'],
            ]
          : [
              ['confirm', 'approve'],
              ['confirm', 'approve'],
            ],
      )
    }
    const [a, b] = [alice.profile.sessions(), bob.profile.sessions()]
    expect(
      a.map((s) => s.id),
      `${where}: the same two sessions on both sides`,
    ).toEqual(b.map((s) => s.id))
    expect(a.map((s) => s.fingerprint)).toEqual(b.map((s) => s.fingerprint))
    expect([a.map((s) => s.state), b.map((s) => s.state)], where).toEqual([
      ['closed', 'open'],
      ['closed', 'open'],
    ])
    return { hits, minutes: (world.clock.now() - begin) / 60_000, died }
  } finally {
    world.close()
  }
}

/** Each is met by the other and opens, closes and opens again: two sessions in each direction. */
const machineStory = (who: string | null, at: number): Ending => {
  const hits: Record<string, string[]> = { alice: [], bob: [] }
  let died = false
  const world = openWorld(
    'machines',
    orders,
    (side, boundary) => {
      const list = hits[side] as string[]
      list.push(boundary)
      if (died || side !== who || list.length - 1 !== at) return false
      died = true
      return true
    },
    true,
  )
  try {
    const [alice, bob] = world.sides
    const begin = world.clock.now()
    let done = false
    for (let i = 0; i < 600 && !done; i += 1) {
      done = machines(world)
      if (!done) world.calm(500)
    }
    const where = `${who} killed at ${at} (${who ? hits[who]?.[at] : ''})`
    expect(done, `${where}: ${world.sides.map((s) => s.profile.engine.threads().map((t) => `${s.name} ${t.role} ${t.state}`)).join()}`).toBe(true)
    for (const [side, peer] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const theirs = () => peer.profile.sessions().filter((s) => s.role === 'responder')
      for (const own of side.profile.sessions().filter((s) => s.role === 'initiator')) {
        // The newest may just be opening: its first request is repeated if it was lost with the connection.
        for (let i = 0; i < 15 && !theirs().some((s) => s.id === own.id); i += 1) world.calm(1_000)
        expect(theirs(), where).toContainEqual(expect.objectContaining({ id: own.id, fingerprint: own.fingerprint }))
        expect(own.state === 'ended' ? own.reason : null, where).toBeNull()
      }
      expect(side.store.decisions.verifyChain()).toMatchObject({ holds: true })
      expect(
        side.profile.approvals.waiting().filter((r) => r.step !== 'conclude'),
        `${where}: nothing waits for a person`,
      ).toEqual([])
    }
    return { hits, minutes: (world.clock.now() - begin) / 60_000, died }
  } finally {
    world.close()
  }
}

describe('killed at every boundary, with nobody there', () => {
  const undisturbed = machineStory(null, -1)
  // Much the same boundaries as below: every fifth is enough each time, KILL_STEP=1 is all of them.
  const every = Number(process.env['KILL_STEP'] ?? 5)

  it.each(['alice', 'bob'].map((who) => [who, undisturbed.hits[who]?.length ?? 0, every] as const))(
    '%s, at its %i boundaries, every %i',
    { timeout: 600_000 },
    (who, count) => {
      expect(count).toBeGreaterThan(100)
      const slow: string[] = []
      for (let at = 0; at < count; at += every) {
        const { died, minutes } = machineStory(who, at)
        expect(died, `${who} at ${at}`).toBe(true)
        if (minutes > 3) slow.push(`${at}: ${minutes.toFixed(1)} min`)
      }
      expect(slow).toEqual([])
    },
  )
})

describe('killed at every boundary', () => {
  const undisturbed = story(null, -1)
  // KILL_STEP=1 is every boundary, which is the default; a larger one is for a quick look.
  const every = Number(process.env['KILL_STEP'] ?? 1)

  it('the undisturbed story meets every kind of boundary', () => {
    expect(new Set(undisturbed.hits['alice'])).toEqual(
      new Set([
        'store: before the commit',
        'store: after the commit',
        'socket: before the line is sent',
        'socket: after the line was sent',
        'outbox: before the row goes',
        'outbox: after the row has gone',
        'line: before it is worked on',
        'line: after it was worked on',
      ]),
    )
    expect(undisturbed.minutes).toBeLessThan(2)
  })

  it.each(['alice', 'bob'].map((who) => [who, undisturbed.hits[who]?.length ?? 0, every] as const))(
    '%s, at its %i boundaries, every %i',
    { timeout: 600_000 },
    (who, count) => {
      expect(count).toBeGreaterThan(100)
      const slow: string[] = []
      for (let at = 0; at < count; at += every) {
        const { died, minutes } = story(who, at)
        expect(died, `${who} at ${at}`).toBe(true)
        if (minutes > 3) slow.push(`${at}: ${minutes.toFixed(1)} min`)
      }
      expect(slow).toEqual([])
    },
  )
})
