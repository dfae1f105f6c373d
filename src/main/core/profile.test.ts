import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppFault } from './fault.ts'
import { expectTalk, heard, nonceOf, openHonestSession, payloadOf, puppet, relayed, rowsOf } from './hs/puppet.fixture.ts'
import { openWorld, type Side, type World } from './world.fixture.ts'

let world: World
let alice: Side
let bob: Side
let session: string
const carol = puppet('carol')

beforeEach(() => {
  world = openWorld('profile')
  ;[alice, bob] = world.sides
  session = openHonestSession(world)
})
afterEach(() => world.close())

const now = (): number => world.clock.now()
/** A session that alice opened with carol, who then says nothing. */
const openWithCarol = (): string => {
  alice.profile.line(relayed({ to: alice.self.id, intent: 'confirm', my_nonce: nonceOf(1), hs: carol.hs('response', nonceOf(1), now()), from: carol.id }))
  alice.profile.propose(carol.id)
  alice.approveAll()
  world.clock.advance(3_000)
  return alice.profile.engine.peekInitiator(carol.id).session as string
}

describe('a failure in one place', () => {
  it('one thread whose row cannot be written holds up no other, and is not tried without end', () => {
    openWithCarol()
    const { put } = alice.store.threads
    let tries = 0
    alice.store.threads.put = (row) => {
      if (row.peerId !== carol.id) return put(row)
      tries += 1
      throw new AppFault('UNREADABLE', 'The disk does not take this.')
    }
    world.expected = []
    // Minutes in which carol's thread is due again and again.
    for (let i = 0; i < 5; i += 1) {
      expectTalk(world, session)
      world.calm(30_000)
    }
    expect(tries).toBeGreaterThan(10)
    expect(tries, 'once a second at most').toBeLessThan(600)
    expect(new Set(world.expected)).toEqual(new Set(['tick failed']))
    expect(alice.profile.notices().filter((n) => n.text === 'The disk does not take this.')).toHaveLength(1)
    alice.store.threads.put = put
    world.expected = null
    const before = alice.profile.engine.peekInitiator(carol.id).tries
    world.clock.advance(120_000)
    expect(alice.profile.engine.peekInitiator(carol.id).tries).toBeGreaterThan(before)
  })

  it('a line during which the disk is full changes nothing, and is worked on when it comes again', () => {
    alice.profile.send(session, 'before')
    world.calm(8_000)
    bob.profile.send(session, 'kept by its sender')
    const { append } = alice.store.events
    alice.store.events.append = () => {
      throw new AppFault('DISK_FULL', 'The disk is full.')
    }
    world.expected = []
    const memory = alice.profile.engine.threads()
    const rows = rowsOf(alice)
    while (world.wire.length > 0 || !world.expected.includes('line failed')) {
      if (world.wire.length > 0) world.deliver(0)
      else world.clock.advance(500)
    }
    expect(rowsOf(alice)['message']).toEqual(rows['message'])
    expect(alice.profile.engine.threads().map((t) => [t.role, t.state, t.peerNonce])).toEqual(memory.map((t) => [t.role, t.state, t.peerNonce]))
    alice.store.events.append = append
    world.expected = null
    for (let i = 0; i < 12 && heard(alice, bob).length === 0; i += 1) world.calm(10_000)
    expect(heard(alice, bob)).toEqual(['kept by its sender'])
  })

  it('a text that cannot be read any more does not hold up the lines behind it', () => {
    const other = openWithCarol()
    alice.connect(false)
    const bad = alice.profile.send(session, 'unreadable').id
    const { get } = alice.store.messages
    alice.store.messages.get = (id) => {
      if (id === bad) throw new AppFault('CORRUPT', 'message 1 is damaged')
      return get(id)
    }
    expect(other).toEqual(expect.any(String))
    world.expected = []
    world.wire.length = 0
    world.clock.advance(6_000)
    alice.connect(true)
    world.clock.advance(70_000)
    expect(world.wire.map((l) => payloadOf(l.raw)).filter((p) => p['to'] === carol.id)).not.toEqual([])
    alice.store.messages.get = get
  })
})

describe('the relay goes and comes back', () => {
  it('what was written meanwhile leaves then, signed and sealed at that moment', () => {
    alice.profile.line(relayed({ to: alice.self.id, intent: 'confirm', my_nonce: nonceOf(1), hs: carol.hs('response', nonceOf(1), now()), from: carol.id }))
    alice.profile.propose(carol.id)
    alice.approveAll()
    alice.connect(false)
    world.clock.advance(3_000)
    expect(alice.profile.engine.peekInitiator(carol.id).state).toBe('init_exchange')
    // An hs is good for a minute; this one is asked for ten minutes before it can leave.
    world.clock.advance(600_000)
    world.wire.length = 0
    alice.connect(true)
    const sent = world.wire.map((l) => payloadOf(l.raw)).filter((p) => p['to'] === carol.id)
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({
      intent: 'request',
      your_nonce: nonceOf(1),
      hs: { timestamp: new Date(now()).toISOString().slice(0, 19) },
      sec: { envelope: { ts: new Date(now()).toISOString().slice(0, 19) } },
    })
  })

  it('a session goes on after an hour without it, and no text is lost or doubled', () => {
    alice.connect(false)
    bob.connect(false)
    alice.profile.send(session, 'from alice')
    bob.profile.send(session, 'from bob')
    world.calm(3_600_000)
    alice.connect(true)
    bob.connect(true)
    for (let i = 0; i < 20 && !(heard(alice, bob).length > 0 && heard(bob, alice).length > 0); i += 1) world.calm(10_000)
    expect(heard(alice, bob)).toEqual(['from bob'])
    expect(heard(bob, alice)).toEqual(['from alice'])
    expectTalk(world, session)
  })
})

it('what the socket does not take stays in the outbox, and leaves in order when it does', () => {
  world.calm(3_000)
  alice.choke(true)
  world.wire.length = 0
  openWithCarol()
  alice.profile.propose('puppet-dave' as typeof carol.id)
  const ours = () => world.wire.filter((l) => l.to === bob).map((l) => payloadOf(l.raw))
  expect(ours()).toEqual([])
  expect(alice.store.outbox.count()).toBeGreaterThanOrEqual(2)
  alice.choke(false)
  const sent = ours().filter((p) => p['to'] === carol.id || p['peer'] === 'puppet-dave')
  expect(sent.map((p) => p['intent'])).toEqual(['request', 'knock'])
  expect(alice.store.outbox.count()).toBe(0)
})

describe('what can be done', () => {
  it('what was given up before the first answer came can be begun again, though the peer had taken it up', () => {
    alice.profile.close(session)
    alice.approveAll()
    world.calm(15_000)
    alice.profile.propose(bob.self.id)
    world.calm(1_000)
    bob.profile.answer(alice.self.id)
    bob.approveAll()
    world.calm(4_000)
    alice.approveAll()
    world.clock.advance(3_000)
    while (world.wire.length > 0) world.deliver(0)
    expect(bob.profile.engine.peekResponder(alice.self.id).state).toBe('resp_exchange')
    // Bob's answer is lost, and alice does not wait for its repetition.
    world.wire.length = 0
    alice.profile.engine.stop(bob.self.id, 'Given up.')
    const together = (): string | null => {
      const { session: open } = alice.profile.engine.peekInitiator(bob.self.id)
      return open !== null && bob.profile.engine.peekResponder(alice.self.id).session === open ? open : null
    }
    for (let attempt = 0; attempt < 3 && together() === null; attempt += 1) {
      for (const s of alice.profile.sessions()) if (s.may.close) alice.profile.close(s.id)
      alice.approveAll()
      world.calm(240_000)
      if (alice.profile.peer(bob.self.id)?.may.propose || alice.profile.peer(bob.self.id)?.may.reconnect) alice.profile.propose(bob.self.id)
      world.calm(1_000)
      for (const knock of bob.profile.knocks()) if (knock.kind === 'meet') bob.profile.answer(alice.self.id)
      bob.approveAll()
      world.calm(4_000)
      alice.approveAll()
      world.calm(10_000)
    }
    expect(together()).not.toBeNull()
    expectTalk(world, together() as string)
  })

  it('a session that is being closed cannot be closed again', () => {
    expect(alice.profile.session(session)?.may).toEqual({ send: true, sendFile: false, close: true, handover: false })
    alice.profile.close(session)
    expect(alice.profile.session(session)?.may.close).toBe(false)
    alice.approveAll()
    // The peer is gone: the end waits for its finish.
    for (let i = 0; i < 40 && alice.profile.session(session)?.state === 'open'; i += 1) world.calm(500)
    expect(['closing', 'closed']).toContain(alice.profile.session(session)?.state)
    expect(alice.profile.session(session)?.may).toEqual({ send: false, sendFile: false, close: false, handover: false })
    world.calm(10_000)
    expect(bob.profile.session(session)?.state).toBe('closed')
    expect(() => alice.profile.close(session)).toThrow('over already')
    expect(() => bob.profile.send(session, 'too late')).toThrow('read, not written')
  })

  it('a blocked peer is not heard and not answered, and comes back as it was', () => {
    alice.profile.policy(bob.self.id, { kind: 'block' })
    expect(alice.profile.peer(bob.self.id)).toMatchObject({ trust: 'blocked', may: { propose: false, answer: false, reconnect: false } })
    expect(alice.profile.session(session)?.state).toBe('ended')
    const before = rowsOf(alice)
    for (const intent of ['register', 'knock']) alice.profile.line(relayed({ to: null, intent, peer: alice.self.id, from: bob.self.id }))
    expect(rowsOf(alice)).toEqual(before)
    expect(() => alice.profile.propose(bob.self.id)).toThrow(AppFault)
    alice.profile.policy(bob.self.id, { kind: 'ask' })
    expect(alice.profile.peer(bob.self.id)).toMatchObject({ trust: 'pinned', signPub: bob.self.signPub })
  })

  it('a forgotten peer leaves no thread, and its sessions stay readable', () => {
    alice.profile.forget(bob.self.id)
    expect(alice.profile.peer(bob.self.id)).toBeNull()
    expect(alice.profile.engine.threads()).toEqual([])
    expect(alice.profile.session(session)).toMatchObject({ state: 'ended', reason: 'The peer was forgotten.' })
    expect(rowsOf(alice)['nonce_event']).toEqual([])
  })
})
