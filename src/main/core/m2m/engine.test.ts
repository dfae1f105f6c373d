import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import { ticks } from '../ledger/zeqond.ts'
import { edit, removeTempFolders } from '../store/testing.fixture.ts'
import { lostSessions } from './lost.ts'
import { approved, openWorld, type Side, type World } from './m2m.fixture.ts'
import type { Propose } from './statement.ts'
import type { AskStep } from './thread.ts'

afterAll(removeTempFolders)
let world: World
afterEach(() => world.close())

const peerOf = (side: Side): Side => world.sides.find((one) => one !== side) as Side
const faultOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppFault) return `${error.code}: ${error.message}`
    throw error
  }
  return 'nothing thrown'
}
/** Persons approve whatever they are asked, until nothing moves any more. */
const agree = (rounds = 12): void => {
  for (let i = 0; i < rounds; i += 1) {
    world.calm(3_000)
    for (const side of world.sides) side.approveAll()
  }
}
/** As `agree`, until the thread of this side is asked about the step. */
const until = (side: Side, step: AskStep): void => {
  for (let i = 0; i < 20; i += 1) {
    world.calm(3_000)
    for (const one of world.sides) for (const asked of one.asks()) if (one !== side || asked.step !== step) one.decide(asked)
    world.settle()
    if (side.asks().some((asked) => asked.step === step)) return
  }
  throw new Error(`${side.name} was never asked to ${step}`)
}
const states = (): (string | undefined)[] => world.sides.map((side) => side.state())
const clean = (): void => expect(world.report()).toMatchObject({ ok: true, findings: [] })
const secretsOf = (side: Side): string[] =>
  side.m2m.threads().flatMap((t) => (['eph', 'keys'] as const).filter((kind) => side.store.m2mSecrets.get(t.id, kind) !== undefined))

describe('two engines on a perfect wire', () => {
  it('persons decide each step: propose, accept, key, activate, open, sealed, closed', () => {
    world = openWorld()
    const { alice, bob } = world
    const id = alice.propose()
    expect(alice.asks()).toEqual([{ thread: id, step: 'propose' }])
    expect(alice.ledger.count(alice.genesis)).toBe(0)
    agree()
    expect([alice.moves, bob.moves]).toEqual([
      ['none → i.ask1', 'i.ask1 → i.sent', 'i.sent → i.acc', 'i.acc → i.ask2', 'i.ask2 → i.keyed', 'i.keyed → i.act', 'i.act → open'],
      ['none → r.ask1', 'r.ask1 → r.acc', 'r.acc → r.keyed', 'r.keyed → r.ask3', 'r.ask3 → r.act', 'r.act → open'],
    ])
    expect(world.report()).toMatchObject({ ok: true, status: 'SEALED', findings: [] })
    expect(alice.m2m.threads()[0]).toMatchObject({ evidence: 'SEALED', suite: 'x25519', may: { abort: false, close: true } })
    const [a, b] = world.keys
    expect(world.keys).toHaveLength(2)
    expect({ ...a, side: '' }).toEqual({ ...b, side: '' })
    expect([secretsOf(alice), secretsOf(bob)]).toEqual([[], []])

    const sessionId = String(alice.m2m.threads()[0]?.sessionId)
    const key = alice.m2m.confirmKey(sessionId)
    expect(key).toBe(bob.m2m.confirmKey(sessionId))
    bob.m2m.close(sessionIdToNonce(bob, sessionId))
    expect(bob.asks().map((asked) => asked.step)).toEqual(['close'])
    bob.approveAll()
    expect(bob.state()).toBe('closing')
    expect(bob.m2m.live(alice.id).map((t) => t.sessionId)).toEqual([sessionId])
    world.calm(5_000)
    expect(states()).toEqual(['closed', 'closed'])
    expect([bob.m2m.live(alice.id), bob.m2m.ofSession(sessionId)?.state]).toEqual([[], 'closed'])
    expect([alice.channels(), bob.channels()]).toEqual([[], []])
    expect(world.report().sessions[0]?.ended.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual(['close user', 'close user'])
    clean()
  })

  const sessionIdToNonce = (side: Side, sessionId: string): string => String(side.m2m.ofSession(sessionId)?.nonce)

  it('policies need four lines for it', () => {
    world = openWorld()
    const { alice, bob } = world
    for (const side of world.sides) side.policy = 'auto'
    alice.propose()
    world.settle()
    expect(states()).toEqual(['open', 'open'])
    const steps = (side: Side) => side.sent.filter((t) => t !== 'show' && t !== 'ring')
    expect([steps(alice), steps(bob)]).toEqual([
      ['propose 0 1', 'key 2 3', 'seal 4'],
      ['accept 0 1 2', 'activate 3', 'seal 4'],
    ])
    const propose = (alice.ledger.row(alice.genesis, 1)!.payload as unknown as { input: Propose }).input
    expect(ticks(propose.expires_zeqond) - ticks(alice.ledger.row(alice.genesis, 1)!.zeqondNumber)).toBe(386n)
    expect(alice.asks()).toEqual([])
    clean()
  })

  it('a person who approves the rest is asked once; the rows carry the decisions', () => {
    world = openWorld()
    const { alice, bob } = world
    alice.propose()
    alice.approveAll('handshake')
    world.settle()
    expect(bob.asks().map((a) => a.step)).toEqual(['accept'])
    bob.approveAll('handshake')
    world.settle()
    expect(states()).toEqual(['open', 'open'])
    expect(bob.sent.filter((t) => t.startsWith('accept'))).toEqual(['accept 0 1 2'])
    const hashes = alice.ledger
      .rows(alice.genesis, { limit: 10 })
      .map((row) => (row.payload as { input?: { decision_hash?: string | null } }).input?.decision_hash)
    expect(hashes.map((hash) => (hash === undefined ? undefined : hash === null ? null : 64))).toEqual([undefined, 64, 64, 64, null])
    clean()
  })

  it('both see the same words; an initiator that is away leaves the question without', () => {
    world = openWorld()
    const { alice, bob } = world
    const id = alice.propose()
    alice.approveAll()
    world.settle()
    const [asked] = bob.asks()
    expect(bob.m2m.preview(String(asked?.thread), 'accept').words).toEqual({ ...alice.m2m.thread(id)?.words, state: 'shown' })
    const other = alice.propose()
    alice.approveAll()
    // Only the proposal arrives.
    const proposal = world.wire.shift()
    if (proposal) world.deliver(proposal)
    const thread = String(bob.m2m.threads().find((t) => t.nonce === alice.m2m.thread(other)?.nonce)?.id)
    expect(bob.m2m.preview(thread, 'accept').words).toEqual({ state: 'waiting' })
    expect(bob.asks().some((a) => a.thread === thread)).toBe(false)
    world.wire.length = 0
    world.pass(2_000)
    expect(bob.asks().some((a) => a.thread === thread)).toBe(true)
    expect(bob.m2m.preview(thread, 'accept').words).toEqual({ state: 'offline' })
    world.calm(30_000)
    expect(bob.m2m.preview(thread, 'accept').words).toMatchObject({ state: 'shown' })
  })

  it('several sessions between the two at once, in both directions', () => {
    world = openWorld()
    const { alice, bob } = world
    alice.propose()
    alice.approveAll()
    world.settle()
    bob.decide(bob.asks()[0]!)
    world.settle()
    bob.propose()
    agree(1)
    world.settle()
    until(alice, 'key')
    alice.propose()
    agree(16)
    expect(alice.m2m.threads().map((t) => t.state)).toEqual(['open', 'open', 'open'])
    expect(new Set(world.keys.map((k) => k.a2b)).size).toBe(3)
    expect(world.report().sessions.map((s) => s.status)).toEqual(['SEALED', 'SEALED', 'SEALED'])
    clean()
  })
})

describe('previews', () => {
  const stamped = ['seq', 'prevHash', 'zeqondNumber', 'peer_head', 'decision_hash', 'sig', 'expires_zeqond', 'salt']
  it('every row that is made is the one that was shown', () => {
    world = openWorld()
    const { alice } = world
    alice.propose()
    let shown = 0
    const decideAll = (side: Side): void => {
      for (let asked = side.asks()[0]; asked !== undefined; asked = side.asks()[0]) {
        const { rows } = side.m2m.preview(asked.thread, asked.step)
        const before = side.ledger.count(side.genesis)
        side.decide(asked)
        const made = side.ledger.rows(side.genesis, { fromSeq: before, limit: 10 }).slice(0, rows.length)
        expect(made).toHaveLength(rows.length)
        for (const [i, row] of made.entries()) {
          const preview = rows[i]!
          const payload = row.payload as Record<string, unknown>
          const input = (payload['input'] ?? payload) as Record<string, unknown>
          const type =
            row.transitionType === 'contract'
              ? `contract ${payload['from']} → ${payload['to']}`
              : row.transitionType === 'event'
                ? `event ${payload['type']}`
                : row.transitionType
          expect([preview.type, preview.machine, preview.public]).toEqual([type, row.originId, side.ledger.own().isPublic])
          expect(preview.fields.map((f) => f.name)).toEqual(['seq', 'prevHash', 'zeqondNumber', ...Object.keys(input).sort()])
          for (const { name, value } of preview.fields)
            if (value === null) expect(stamped).toContain(name)
            else if (name === 'expires_zeqond') expect(value).toBe(`+${BigInt(String(input[name])) - BigInt(row.zeqondNumber)}`)
            else expect([name, value]).toEqual([name, typeof input[name] === 'string' ? input[name] : JSON.stringify(sorted(input[name]))])
          shown += 1
        }
      }
    }
    for (let i = 0; i < 12; i += 1) {
      world.calm(3_000)
      for (const side of world.sides) decideAll(side)
    }
    expect(states()).toEqual(['open', 'open'])
    alice.m2m.close(alice.m2m.threads()[0]!.id)
    decideAll(alice)
    expect(shown).toBe(9)
  })
  const sorted = (value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => [k, sorted(v)]),
        )
      : Array.isArray(value)
        ? value.map(sorted)
        : value
  it('shows what is answered, and refuses a step that is over', () => {
    world = openWorld()
    const { alice, bob } = world
    const id = alice.propose()
    expect(alice.m2m.preview(id, 'propose')).toMatchObject({ ack: null, sessionId: null, rest: true, suites: { own: ['x25519'], peer: null, chosen: null } })
    expect(faultOf(() => alice.m2m.preview(id, 'key'))).toMatch(/^STATE/)
    until(bob, 'key')
    const [asked] = bob.asks()
    const preview = bob.m2m.preview(String(asked?.thread), 'key')
    expect(preview).toMatchObject({ rest: false, suites: { peer: ['x25519'], chosen: 'x25519' }, ack: { row: 'A1', seq: 1 } })
    expect(faultOf(() => bob.m2m.preview(String(asked?.thread), 'accept'))).toMatch(/^STATE/)
    until(alice, 'activate')
    expect(alice.m2m.preview(id, 'activate').sessionId).toBe(alice.m2m.thread(id)?.sessionId)
  })
})

describe('ends', () => {
  const cases: readonly (readonly ['alice' | 'bob', AskStep])[] = [
    ['bob', 'accept'],
    ['bob', 'key'],
    ['alice', 'key'],
    ['alice', 'activate'],
    ['bob', 'activate'],
  ]
  it.each(cases)('%s rejects %s: both end, nothing is found', (name, step) => {
    world = openWorld()
    const side = world[name]
    world.alice.propose()
    until(side, step)
    side.decide(side.asks().find((a) => a.step === step)!, { rejected: true, reason: 'rejected' })
    agree(4)
    for (const one of world.sides) expect(['ended', 'closed']).toContain(one.state())
    if (step === 'accept') expect(world.bob.ledger.count(world.bob.genesis)).toBe(0)
    expect([secretsOf(world.alice), secretsOf(world.bob)]).toEqual([[], []])
    clean()
  })
  it('the initiator’s own rejection is nobody’s business', () => {
    world = openWorld()
    world.alice.propose()
    world.alice.decide(world.alice.asks()[0]!, { rejected: true, reason: 'rejected' })
    expect([world.alice.state(), world.alice.ledger.count(world.alice.genesis), world.wire]).toEqual(['ended', 0, []])
  })
  it('abort by hand is asked about once there is a row, else done at once', () => {
    world = openWorld()
    const { alice, bob } = world
    const first = alice.propose()
    expect(alice.m2m.abort(first)).toBe(false)
    expect(alice.asks()).toEqual([])
    const second = alice.propose()
    alice.approveAll()
    world.settle()
    expect(alice.m2m.abort(second)).toBe(true)
    alice.approveAll()
    world.settle()
    expect([alice.state(second), bob.state()]).toEqual(['ended', 'ended'])
    expect(bob.ledger.count(bob.genesis)).toBe(0)
    expect(faultOf(() => alice.m2m.abort(second))).toMatch(/^STATE/)
    clean()
  })
  it('a proposal that nobody answers ends on both sides after a day', () => {
    world = openWorld()
    const { alice, bob } = world
    alice.propose()
    alice.approveAll()
    world.calm(10_000)
    expect(faultOf(() => bob.propose())).toMatch(/waits for your answer/)
    for (let hours = 0; hours < 25; hours += 1) world.calm(3_600_000, 1_200_000)
    expect(states()).toEqual(['ended', 'ended'])
    expect(alice.m2m.threads()[0]?.end?.reason).toBe('expired')
    clean()
  })
  it('a peer that goes away after its activate row leaves nothing open for ever', () => {
    world = openWorld()
    const { alice, bob } = world
    alice.propose()
    until(bob, 'activate')
    agree(1)
    // Bob is active or open; from here on nothing arrives at alice any more.
    const lost = (): void => void world.wire.splice(0)
    lost()
    for (const side of world.sides) side.approveAll()
    for (let hours = 0; hours < 50; hours += 1) {
      world.pass(3_600_000)
      lost()
    }
    for (let minutes = 0; minutes < 10; minutes += 1) world.calm(60_000, 20_000)
    expect(states().every((state) => state === 'open') || states().every((state) => state === 'closed' || state === 'ended')).toBe(true)
    clean()
  })
  it('changed keys end what runs; a stranger proves nothing', () => {
    world = openWorld()
    const { alice, bob } = world
    alice.propose()
    until(alice, 'activate')
    alice.frozen = true
    const [asked] = alice.asks()
    expect(faultOf(() => alice.decide(asked!))).toMatch(/keys are not the ones/)
    expect(alice.state()).toBe('i.keyed')
    alice.m2m.stop(bob.id, 'key_changed')
    alice.frozen = false
    agree(4)
    for (const one of world.sides) expect(['ended', 'closed']).toContain(one.state())
    clean()
  })
})

describe('both propose at once', () => {
  it.each([false, true])('the proposal of the smaller genesis stands (swapped: %s)', (swap) => {
    world = openWorld({ swap })
    for (const side of world.sides) {
      side.propose()
      side.approveAll()
    }
    world.settle()
    const [small, large] = world.alice.genesis < world.bob.genesis ? [world.alice, world.bob] : [world.bob, world.alice]
    expect(large.m2m.threads().map((t) => [t.role, t.state, t.end?.reason])).toEqual([
      ['initiator', 'ended', 'glare'],
      ['responder', 'r.ask1', undefined],
    ])
    expect(small.m2m.threads()).toHaveLength(1)
    agree()
    expect(small.state()).toBe('open')
    expect(large.m2m.threads().map((t) => t.state)).toEqual(['ended', 'open'])
    clean()
  })
  it('policies that meet each other end with one session', () => {
    world = openWorld()
    for (const side of world.sides) side.policy = 'auto'
    for (const side of world.sides) side.propose()
    world.settle()
    expect(world.keys).toHaveLength(2)
    expect(world.report().sessions.map((s) => s.status)).toContain('SEALED')
    clean()
  })
})

describe('limits', () => {
  it('at most four open handshakes with a peer', () => {
    world = openWorld()
    for (let i = 0; i < 4; i += 1) world.alice.propose()
    expect(faultOf(() => world.alice.propose())).toMatch(/Too many/)
    world.alice.approveAll()
    world.calm(5_000)
    expect(world.bob.m2m.threads()).toHaveLength(4)
  })
  it('one open proposal of a peer that is not pinned; the next is taken up when the first is decided', () => {
    world = openWorld()
    const { alice, bob } = world
    bob.pinned = false
    alice.propose()
    alice.propose()
    alice.approveAll()
    world.calm(5_000)
    expect(bob.m2m.threads()).toHaveLength(1)
    bob.decide(bob.asks()[0]!, { rejected: true, reason: 'rejected' })
    world.calm(90_000)
    expect(bob.m2m.threads().map((t) => t.state)).toEqual(['ended', 'r.ask1'])
    clean()
  })
  it('without a card there is nobody to propose to', () => {
    world = openWorld()
    expect(faultOf(() => world.alice.m2m.propose('nobody' as Side['id'], { byPolicy: false }))).toMatch(/^NOT_FOUND/)
  })
  it('a blocked peer is proposed nothing, and its proposal waits unheard', () => {
    world = openWorld()
    world.alice.blocked = true
    expect(faultOf(() => world.alice.propose())).toMatch(/blocked/)
    world.bob.propose()
    world.bob.approveAll()
    world.settle()
    expect(world.alice.m2m.threads()).toEqual([])
  })
})

describe('after a restart', () => {
  const steps: readonly (readonly ['alice' | 'bob', AskStep])[] = [
    ['alice', 'propose'],
    ['bob', 'accept'],
    ['bob', 'key'],
    ['alice', 'key'],
    ['alice', 'activate'],
    ['bob', 'activate'],
  ]
  it.each(steps)('%s, asked to %s: the same question, the same rows, the same session', (name, step) => {
    world = openWorld()
    const side = world[name]
    world.alice.propose()
    if (step !== 'propose') until(side, step)
    const [asked] = side.asks().filter((a) => a.step === step)
    const before = side.m2m.preview(String(asked?.thread), step)
    for (const one of world.sides) one.restart()
    expect(side.m2m.preview(String(asked?.thread), step)).toEqual(before)
    agree()
    expect(states()).toEqual(['open', 'open'])
    for (const one of world.sides) one.restart()
    expect(states()).toEqual(['open', 'open'])
    clean()
  })
  it.each([
    ['alice', 'key', 'eph'],
    ['bob', 'key', 'eph'],
    ['alice', 'activate', 'keys'],
    ['bob', 'activate', 'keys'],
  ] as const)('%s, asked to %s, without its secrets: lost_state, and no second ephemeral', (name, step, kind) => {
    world = openWorld()
    const side = world[name]
    world.alice.propose()
    until(side, step)
    side.store.m2mSecrets.wipe(side.m2m.threads()[0]!.id, kind)
    side.restart()
    expect(side.m2m.threads()[0]).toMatchObject({ state: 'ended', end: { reason: 'lost_state' } })
    agree(4)
    expect(peerOf(side).state()).toMatch(/ended|closed/)
    clean()
  })
  it('an open session whose channel is gone is closed', () => {
    world = openWorld()
    for (const side of world.sides) side.policy = 'auto'
    world.alice.propose()
    world.settle()
    const { sessionId } = world.alice.m2m.threads()[0]!
    world.alice.store.settings.set(`test:channel:${sessionId}`, null)
    world.alice.restart()
    world.calm(70_000)
    expect(states()).toEqual(['closed', 'closed'])
    expect(world.bob.m2m.threads()[0]?.end).toMatchObject({ reason: 'lost_state', by: 'them' })
    clean()
  })
})

describe('after a restore that has no threads', () => {
  const forget = (side: Side): void => {
    edit(side.folder, (db) => db.exec('DELETE FROM m2m_thread; DELETE FROM m2m_secret'))
    side.restart()
  }
  const lost = (side: Side): boolean[] =>
    side.work.run(() =>
      lostSessions({ ledger: side.ledger, random: world.ports.random, known: (nonce) => side.m2m.thread(nonce) !== undefined }).map((one) =>
        side.m2m.lost(one.thread(peerOf(side).id)),
      ),
    )
  it.each([
    ['alice', 'key'],
    ['alice', 'activate'],
    ['bob', 'key'],
    ['bob', 'activate'],
    ['alice', 'close'],
  ] as const)('%s, at the question to %s: both end, and no audit finds anything', (name, step) => {
    world = openWorld()
    const side = world[name]
    world.alice.propose()
    if (step === 'close') agree()
    else until(side, step)
    forget(side)
    expect(lost(side)).toEqual([true])
    expect(lost(side)).toEqual([])
    world.calm(90_000)
    for (const one of world.sides) expect(['ended', 'closed']).toContain(one.state())
    expect(side.m2m.threads()[0]?.end).toMatchObject({ reason: 'lost_state' })
    clean()
  })
})

describe('the wire', () => {
  it('a seal that overtakes the activate row waits for it', () => {
    world = openWorld()
    const { alice, bob } = world
    for (const side of world.sides) side.policy = 'auto'
    alice.propose()
    for (let line = world.wire.shift(); line !== undefined && !bob.moves.includes('r.act → open'); line = world.wire.shift()) world.deliver(line)
    const fromBob = world.wire.splice(0).filter((line) => line.from === bob)
    expect(bob.sent.slice(-2)).toEqual(['activate 3', 'seal 4'])
    const [activate, seal] = fromBob.slice(-2)
    if (activate === undefined || seal === undefined) throw new Error('two lines expected')
    world.deliver(seal)
    expect(alice.state()).toBe('i.act')
    world.deliver(activate)
    expect(alice.state()).toBe('open')
    world.calm(5_000)
    expect(alice.m2m.threads()[0]?.evidence).toBe('SEALED')
    clean()
  })
  it.each([
    [77n, 'i.ask2'],
    [78n, 'i.sent'],
  ] as const)('an answer that comes %s ticks after the proposal expired: %s', (late, state) => {
    world = openWorld()
    const { alice, bob } = world
    alice.policy = 'auto'
    const id = alice.propose()
    alice.policy = 'ask'
    world.settle()
    bob.approveAll()
    const expires = BigInt((alice.ledger.row(alice.genesis, 1)!.payload as unknown as { input: Propose }).input.expires_zeqond)
    world.ports.now = Number((expires + late) * 777n)
    world.settle()
    expect(alice.state(id)).toBe(state)
  })
})

describe('a decision', () => {
  it('that comes too late is refused, and nothing of it is done', () => {
    world = openWorld()
    const { bob } = world
    world.alice.propose()
    until(bob, 'accept')
    const [asked] = bob.asks()
    world.ports.now += 25 * 3_600_000
    const before = bob.ledger.count(bob.genesis)
    expect(faultOf(() => bob.decide(asked!, approved()))).toMatch(/^STATE: The proposal has expired/)
    expect([bob.ledger.count(bob.genesis), bob.state()]).toEqual([before, 'r.ask1'])
    expect(bob.asks()).toHaveLength(1)
  })
  it('cannot be made twice', () => {
    world = openWorld()
    const id = world.alice.propose()
    world.alice.approveAll()
    expect(faultOf(() => world.alice.decide({ thread: id, step: 'propose' }))).toMatch(/nothing to approve/)
    expect(world.alice.ledger.count(world.alice.genesis)).toBe(2)
  })
})
