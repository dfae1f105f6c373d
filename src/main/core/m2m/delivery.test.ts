import { afterAll, describe, expect, it } from 'vitest'
import type { KxPub, PeerId, Zeqond } from '../brand.ts'
import { keysOf } from '../ledger/ledger.fixture.ts'
import { removeTempFolders, testPorts } from '../store/testing.fixture.ts'
import { makeCard } from './card.ts'
import { copy, deliver, introduce, pass, settle, type Wallet, wallet } from './delivery.fixture.ts'
import type { Outgoing } from './message.ts'

afterAll(removeTempFolders)

const pair = (): [Wallet, Wallet] => {
  const ports = testPorts()
  const [a, b] = [wallet('Alice', 1, ports), wallet('Bob', 3, ports)]
  introduce(a, b)
  return [a, b]
}
const ring = (n = 0): Outgoing => ({ t: 'ring', a1: 'aa'.repeat(32), y: String(n).padStart(32, '0') }) as Outgoing
const numbers = (w: Wallet): number[] => w.inbox.flatMap((m) => (m.t === 'ring' ? [Number(m.y)] : []))
/** A message with the row of a new event. */
const told = (w: Wallet, text = 'x'): Outgoing => ({ t: 'seal', rows: [w.event(text)] })

describe('a message between two wallets', () => {
  it('reaches the handler once, and is acknowledged', () => {
    const [a, b] = pair()
    const id = a.write(b, ring())
    settle(a, b)
    expect(b.inbox.map((m) => [m.t, m.id, m.genesis, m.from])).toEqual([['ring', id, a.genesis, a.id]])
    expect(a.world.store.m2mOutbox.count()).toBe(0)
    pass(3_600_000, a, b)
    expect(a.line).toEqual([])
  })

  it('leaves only after the commit', () => {
    const [a, b] = pair()
    expect(() =>
      a.world.work.run(() => {
        a.delivery.send(b.id, ring(), { thread: 't' })
        expect(a.line).toEqual([])
        throw new Error('no')
      }),
    ).toThrow('no')
    pass(5_000, a)
    expect(a.line).toEqual([])
    expect(a.world.store.m2mOutbox.count()).toBe(0)
  })

  it('goes again with the same bytes after 1 s, doubled, at most 60 s, a fifth more or less', () => {
    const [a, b] = pair()
    a.write(b, ring())
    const pauses: number[] = []
    const texts = new Set<string>()
    let last = a.ports.now
    for (let i = 0; i < 10; i += 1) {
      texts.add(JSON.stringify(a.line.splice(0)))
      const due = a.delivery.nextDue()!
      pass(due - a.ports.now - 1, a)
      expect(a.line).toEqual([])
      pass(1, a)
      expect(a.line).toHaveLength(1)
      pauses.push(a.ports.now - last)
      last = a.ports.now
    }
    expect(texts.size).toBe(1)
    for (const [i, pause] of pauses.entries()) {
      const middle = Math.min(1_000 * 2 ** i, 60_000)
      expect(pause).toBeGreaterThanOrEqual(middle * 0.8 - 1)
      expect(pause).toBeLessThanOrEqual(middle * 1.2 + 1)
    }
  })

  it('goes at once when its receiver is heard after 10 s of silence, and not before', () => {
    const [a, b] = pair()
    a.write(b, ring())
    for (let i = 0; i < 6; i += 1) pass(40_000, a)
    a.line.length = 0
    a.delivery.heard(b.id)
    a.delivery.pump()
    expect(a.line).toHaveLength(1)
    pass(400, a)
    a.delivery.heard(b.id)
    expect(a.line).toHaveLength(1)
  })

  it('is done when anything answers it, and not when a stranger does', () => {
    const [a, b] = pair()
    const c = wallet('Carol', 5, a.ports)
    introduce(a, c)
    const id = a.write(b, ring())
    c.write(a, ring(7), { re: id })
    settle(a, c)
    expect(a.world.store.m2mOutbox.count()).toBe(1)
    b.write(a, ring(8), { re: id })
    for (const payload of b.line.splice(0)) deliver(a, b, payload)
    expect(a.world.store.m2mOutbox.count()).toBe(0)
  })

  it('is given up after 24 h, or when its sender says, and its thread is told', () => {
    const [a, b] = pair()
    a.write(b, ring(1), { thread: 'long' })
    a.write(b, ring(2), { thread: 'short', giveUpAt: a.ports.now + 5_000 })
    pass(4_999, a)
    expect(a.gaveUp).toEqual([])
    pass(1, a)
    expect(a.gaveUp).toEqual([{ thread: 'short', t: 'ring' }])
    pass(24 * 3_600_000 - 5_001, a)
    expect(a.gaveUp).toHaveLength(1)
    pass(1, a)
    expect(a.gaveUp[1]).toEqual({ thread: 'long', t: 'ring' })
    expect(a.world.store.m2mOutbox.count()).toBe(0)
  })

  it('taken back by its thread does not go again', () => {
    const [a, b] = pair()
    a.write(b, ring(1), { thread: 'one' })
    a.write(b, ring(2), { thread: 'two' })
    a.world.work.run(() => a.delivery.cancel('one'))
    a.line.length = 0
    pass(2_000, a)
    settle(a, b)
    expect(numbers(b)).toEqual([2])
  })

  it('leaves after seven unanswered ones and waits behind eight', () => {
    const [a, b] = pair()
    for (let i = 0; i < 10; i += 1) a.write(b, ring(i), { thread: `t${i}` })
    expect(a.line).toHaveLength(8)
    const [first] = a.line
    deliver(b, a, first!)
    a.line.length = 0
    for (const payload of b.line.splice(0)) deliver(a, b, payload)
    expect(a.line).toHaveLength(1)
    settle(a, b)
    expect(numbers(b)).toEqual([0, 8, 9])
    pass(1_300, a)
    settle(a, b)
    expect(numbers(b).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('with rows waits for the one before it of its own thread, and only for that', () => {
    const [a, b] = pair()
    a.write(b, told(a, 'one'), { thread: 'x' })
    a.write(b, told(a, 'two'), { thread: 'x' })
    a.write(b, told(a, 'three'), { thread: 'y' })
    expect(a.line).toHaveLength(2)
    a.line.length = 0
    pass(1_500, a)
    settle(a, b)
    expect(b.inbox.filter((m) => m.rows[0]?.row.seq !== 2).map((m) => m.rows[0]?.row.seq)).toEqual([0, 1])
  })

  it('goes on when the clock is set back by an hour', () => {
    const [a, b] = [wallet('Alice', 1, testPorts()), wallet('Bob', 3, testPorts())]
    introduce(a, b)
    a.write(b, ring(6))
    a.line.length = 0
    const steady = a.ports.now
    Object.assign(a.ports.clock, { monotonic: () => steady })
    a.ports.now -= 3_600_000
    a.delivery.tick()
    expect(a.line).toHaveLength(1)
    expect(a.delivery.nextDue()! - a.ports.now).toBeLessThan(90_000)
    settle(a, b)
    expect(numbers(b)).toEqual([6])
  })

  it('that does not fit is refused, and nothing of it stays', () => {
    const [a, b] = pair()
    const rows = Array.from({ length: 3 }, () => a.event('x'.repeat(9_000)))
    expect(() => a.write(b, { t: 'seal', rows })).toThrow('too large')
    expect(() => a.write({ ...b, id: 'nobody' as PeerId }, ring())).toThrow('card')
    expect(a.world.store.m2mOutbox.count()).toBe(0)
  })

  it('waits while the relay takes nothing, and its process may end meanwhile', () => {
    const [a, b] = pair()
    a.connected = false
    a.write(b, ring(4))
    a.restart()
    expect(a.line).toEqual([])
    a.connected = true
    a.delivery.pump()
    settle(a, b)
    expect(numbers(b)).toEqual([4])
  })
})

describe('a repeat', () => {
  it('has no effect and gets the stored answer, also from a new process', () => {
    const [a, b] = pair()
    b.handler = (m) => (m.t === 'ring' ? ({ t: 'show', a1: m.a1, x: 'cc'.repeat(16) } as Outgoing) : null)
    a.write(b, ring())
    const line = a.line.splice(0)[0]!
    deliver(b, a, line)
    const first = b.line.splice(0).map(copy)
    b.restart()
    b.world.work.run(() => b.world.store.m2mOutbox.dropPeer(a.genesis))
    b.ports.now += 1_000
    deliver(b, a, line)
    expect(b.inbox).toHaveLength(1)
    expect(b.line).toEqual(first)
  })

  it('is answered twice a second at most: somebody may play it back', () => {
    const [a, b] = pair()
    a.write(b, ring())
    const line = a.line.splice(0)[0]!
    deliver(b, a, line)
    b.line.length = 0
    for (let i = 0; i < 20; i += 1) deliver(b, a, line)
    expect(b.line).toHaveLength(1)
  })

  it('after a day is too old, and forgotten only an hour later', () => {
    const [a, b] = pair()
    a.write(b, ring())
    const line = a.line.splice(0)[0]!
    deliver(b, a, line)
    b.ports.now += 24 * 3_600_000 + 2_000
    b.world.work.run(() => b.world.store.m2mInbox.prune(b.ports.now - 25 * 3_600_000))
    expect(b.world.store.m2mInbox.count()).toBe(1)
    b.world.work.run(() => b.world.store.m2mInbox.prune(b.ports.now))
    deliver(b, a, line)
    expect(b.inbox).toHaveLength(1)
    expect(b.drops.at(-1)).toContain('older than a day')
  })

  it('of a message whose handler failed is a new try', () => {
    const [a, b] = pair()
    const handler = b.handler
    b.handler = () => {
      throw new Error('disk')
    }
    a.write(b, told(a), { thread: 't' })
    const line = a.line.splice(0)[0]!
    expect(() => deliver(b, a, line)).toThrow('disk')
    expect(b.line).toEqual([])
    expect(b.world.ledger.followed(a.genesis)).toBeUndefined()
    b.handler = handler
    deliver(b, a, line)
    settle(a, b)
    expect(b.inbox).toHaveLength(1)
    expect(a.world.store.m2mOutbox.count()).toBe(0)
  })

  it('of a message that the handler could not use yet is a new try, too', () => {
    const [a, b] = pair()
    b.handler = () => 'later'
    a.write(b, ring(3))
    settle(a, b)
    expect(a.world.store.m2mOutbox.count()).toBe(1)
    b.handler = () => null
    pass(1_300, a)
    settle(a, b)
    expect(numbers(b)).toEqual([3])
  })
})

describe('rows', () => {
  it('come with the skeletons between, and the receiver stores them', () => {
    const [a, b] = pair()
    a.event('private one')
    a.event('private two')
    const row = a.event('for Bob')
    a.write(b, { t: 'seal', rows: [row] }, { thread: 't' })
    settle(a, b)
    expect(b.inbox[0]?.rows.map((one) => one.row.seq)).toEqual([row.seq])
    const held = b.world.ledger.rows(a.genesis, { limit: 10 })
    expect(held.map((one) => one.payload === null)).toEqual([...Array.from({ length: row.seq }, () => true), false])
  })

  it('that are too many to send along are fetched, and the message waits for them, also across a restart', () => {
    const [a, b] = pair()
    for (let i = 0; i < 120; i += 1) a.event(`n${i}`)
    a.write(b, told(a, 'last'), { thread: 't' })
    const line = a.line.splice(0)[0]!
    deliver(b, a, line)
    expect([b.inbox.length, b.world.store.m2mInbox.parkedCount(a.genesis)]).toEqual([0, 1])
    b.restart()
    b.delivery.pump()
    pass(1_300, b)
    settle(a, b)
    expect(b.inbox).toHaveLength(1)
    expect(b.world.ledger.count(a.genesis)).toBe(121)
    expect(b.world.store.m2mInbox.parkedCount(null)).toBe(0)
    expect(b.world.store.m2mOutbox.count()).toBe(0)
  })

  it('are fetched although eight messages each way wait for them', () => {
    const [a, b] = pair()
    for (const one of [a, b]) for (let i = 0; i < 60; i += 1) one.event(`n${i}`)
    for (let i = 0; i < 9; i += 1) {
      a.write(b, told(a), { thread: `a${i}` })
      b.write(a, told(b), { thread: `b${i}` })
    }
    for (let i = 0; i < 5; i += 1) {
      settle(a, b)
      pass(1_500, a, b)
    }
    settle(a, b)
    expect([a.inbox.length, b.inbox.length, a.world.store.m2mOutbox.count(), b.world.store.m2mOutbox.count()]).toEqual([9, 9, 0, 0])
  })

  it('of a private machine are withheld, but for contracts with the asker', () => {
    const [a, b] = pair()
    a.world.ledger.update(a.genesis, { isPublic: false })
    a.threads.add(b.genesis)
    for (let i = 0; i < 60; i += 1) a.event(`secret ${i}`)
    a.write(b, told(a), { thread: 't' })
    settle(a, b)
    const held = b.world.ledger.rows(a.genesis, { limit: 100 })
    expect(held).toHaveLength(61)
    expect(held.filter((row) => row.payload !== null).map((row) => row.seq)).toEqual([60])
  })

  it('of a public machine are shown to whoever asks', () => {
    const [a, b] = pair()
    for (let i = 0; i < 60; i += 1) a.event(`n ${i}`)
    a.write(b, told(a), { thread: 't' })
    settle(a, b)
    expect(b.world.ledger.rows(a.genesis, { limit: 100 }).every((row) => row.payload !== null)).toBe(true)
  })

  it('of a private machine are not for strangers', () => {
    const [a, b] = pair()
    a.world.ledger.update(a.genesis, { isPublic: false })
    for (let i = 0; i < 60; i += 1) a.event(`secret ${i}`)
    a.write(b, told(a), { thread: 't' })
    settle(a, b)
    expect(b.inbox).toEqual([])
    expect([b.world.store.m2mInbox.parkedCount(null), b.world.store.m2mOutbox.count(), b.world.ledger.count(a.genesis)]).toEqual([0, 0, 0])
    expect(b.notes).toEqual([])
  })

  it('are served 60 pages a minute', () => {
    const [a, b] = pair()
    a.event('x')
    for (let i = 0; i < 61; i += 1) {
      b.world.work.run(() => b.delivery.send(a.id, { t: 'sync', genesis: a.genesis, from: 0, to: null }, { thread: `s${i}` }))
      b.ports.now += 100
      b.delivery.pump()
      settle(a, b)
    }
    expect(b.world.store.m2mOutbox.count()).toBe(1)
    pass(70_000, a, b)
    settle(a, b)
    expect(b.world.store.m2mOutbox.count()).toBe(0)
  })

  it('of a machine nobody knows are not found', () => {
    const [a, b] = pair()
    b.world.work.run(() => b.delivery.sync(a.id, 'ab'.repeat(32) as never, 0))
    settle(a, b)
    expect(b.refused).toEqual([{ thread: expect.anything(), t: 'sync', code: 'not_found' }])
    expect(b.notes).toEqual([])
  })

  it('of the own chain come back from a peer that kept them', () => {
    const [a, b] = pair()
    a.write(b, told(a), { thread: 't' })
    settle(a, b)
    a.inbox.length = 0
    a.world.work.run(() => a.delivery.sync(b.id, a.genesis, 0))
    settle(a, b)
    expect(a.inbox.map((m) => m.t === 'rows' && [m.genesis, m.page?.length, m.head?.seq])).toEqual([[expect.anything(), 1, 0]])
  })

  it('nobody asked for are only acknowledged', () => {
    const [a, b] = pair()
    a.event('x')
    a.world.work.run(() =>
      a.delivery.send(b.id, { t: 'rows', genesis: a.genesis, rows: a.world.ledger.rows(a.genesis, { limit: 9 }), head: null, next: null }, { thread: null }),
    )
    settle(a, b)
    expect(b.world.ledger.followed(a.genesis)).toBeUndefined()
    expect(a.world.store.m2mOutbox.count()).toBe(0)
  })

  it('that are altered are answered with bad_row, and stop being sent', () => {
    const [a, b] = pair()
    const row = a.event('x')
    a.write(b, { t: 'seal', rows: [{ ...row, headSig: 'ab'.repeat(64) }] }, { thread: 't' })
    settle(a, b)
    expect(b.inbox).toEqual([])
    expect(a.notes.at(-1)).toContain('bad_row')
    expect(a.world.store.m2mOutbox.count()).toBe(0)
  })

  it('of a second history are a fork, and told', () => {
    const [a, b] = pair()
    a.write(b, told(a, 'first'), { thread: 't' })
    settle(a, b)
    // The same keys in another place: a copy of the profile that went its own way.
    const twin = wallet('Alice', 1, a.ports)
    twin.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
    twin.write(b, told(twin, 'second'), { thread: 't' })
    settle(twin, b)
    // Made in the same millisecond with other transition ids, so genesis is equal only if the tick is.
    expect(twin.genesis).toBe(a.genesis)
    expect(b.forks.map((fork) => fork.code)).toContain('EQUIVOCATION')
    expect(b.inbox).toHaveLength(1)
  })

  it('from the future are not acted on until the clocks agree', () => {
    const [a, b] = [wallet('Alice', 1, testPorts()), wallet('Bob', 3, testPorts())]
    introduce(a, b)
    a.ports.now += 3_600_000
    a.write(b, told(a), { thread: 't' })
    const line = a.line.splice(0)[0]!
    deliver(b, a, line)
    expect(b.inbox).toEqual([])
    expect(b.notes.at(-1)).toMatch(/36\d\d s ahead/)
    b.ports.now += 3_600_000
    deliver(b, a, line)
    expect(b.inbox).toHaveLength(1)
  })

  it('wait in 64 messages of a peer, and no more', () => {
    const [a, b] = pair()
    for (let i = 0; i < 60; i += 1) a.event(`n${i}`)
    const lines: Record<string, unknown>[] = []
    for (let i = 0; i < 66; i += 1) {
      a.world.work.run(() => a.delivery.send(b.id, { t: 'seal', rows: [a.world.ledger.row(a.genesis, 59)!] }, { thread: null }))
      a.ports.now += 1_000
      a.delivery.pump()
      lines.push(...a.line.splice(0))
      a.world.work.run(() => a.world.store.m2mOutbox.dropPeer(b.genesis))
    }
    for (const line of lines) deliver(b, a, line)
    expect(b.world.store.m2mInbox.parkedCount(a.genesis)).toBe(64)
    settle(a, b)
    pass(1_500, a, b)
    settle(a, b)
    expect(b.inbox).toHaveLength(64)
  })
})

describe('an answer of a peer that cannot', () => {
  it('postpones for busy and rate, and stops for everything else', () => {
    const [a, b] = pair()
    b.handler = () => ({ t: 'err', code: 'busy', seq: null })
    a.write(b, ring(1))
    settle(a, b)
    expect(a.world.store.m2mOutbox.count()).toBe(1)
    pass(20_000, a)
    expect(a.line).toEqual([])
    pass(20_000, a)
    expect(a.line).toHaveLength(1)
    a.world.work.run(() => a.world.store.m2mOutbox.dropPeer(b.genesis))
    b.handler = () => ({ t: 'err', code: 'unknown_session', seq: null })
    a.write(b, ring(2))
    a.line.splice(0, 1)
    settle(a, b)
    expect(a.world.store.m2mOutbox.count()).toBe(0)
    expect(a.notes.at(-1)).toContain('unknown_session')
  })
})

describe('the pace', () => {
  it('halves when the relay complains, once in 5 s, and grows back', () => {
    const [a, b] = pair()
    const c = Array.from({ length: 12 }, (_, i) => wallet(`C${i}`, 10 + i, a.ports))
    for (const one of c) introduce(a, one)
    const burst = (): number => {
      for (const one of c) for (let i = 0; i < 4; i += 1) a.write(one, ring(i))
      const sent = a.line.splice(0).length
      for (const one of c) a.world.work.run(() => a.world.store.m2mOutbox.dropPeer(one.genesis))
      return sent
    }
    expect(burst()).toBe(40)
    a.ports.now += 10_000
    a.delivery.slowDown()
    a.delivery.slowDown()
    expect(burst()).toBe(20)
    for (let i = 0; i < 10; i += 1) {
      a.ports.now += 6_000
      a.delivery.slowDown()
    }
    a.ports.now += 1_000
    expect(burst()).toBe(1)
    a.ports.now += 60_000 * 60
    expect(burst()).toBe(40)
    expect(b.line).toEqual([])
  })
})

describe('a frozen peer', () => {
  it('gets nothing and is not acted on, and both go on afterwards', () => {
    const [a, b] = pair()
    a.frozen.add(b.id)
    a.write(b, ring(1))
    b.write(a, ring(2))
    settle(a, b)
    expect([b.inbox.length, a.inbox.length]).toEqual([0, 0])
    a.frozen.clear()
    pass(31_000, a, b)
    settle(a, b)
    expect([numbers(b), numbers(a)]).toEqual([[1], [2]])
  })
})

describe('after a rotation', () => {
  it('what waits is signed anew', () => {
    const [a, b] = pair()
    a.connected = false
    a.write(b, ring(5), { thread: 't' })
    const before = a.world.store.m2mOutbox.all()[0]!
    a.world.work.run(() => a.delivery.resign())
    const after = a.world.store.m2mOutbox.all()[0]!
    expect(after.messageId).not.toBe(before.messageId)
    expect(after.thread).toBe('t')
    a.connected = true
    a.delivery.pump()
    settle(a, b)
    expect(numbers(b)).toEqual([5])
  })

  it('a peer that is told with the new card goes on, and the old key is worth nothing', () => {
    const [a, b] = pair()
    a.write(b, ring(1))
    settle(a, b)
    const old = { ...a.self }
    const next = keysOf(101)
    const row = a.world.ledger.rotate({ generation: 1, sign: next.seed, kxPub: next.kx_pub as KxPub, next: null, reason: 'planned' })
    Object.assign(a.self, { signPriv: keysOf(101).seed, kxPriv: next.kx })
    a.write(b, { t: 'rotate', rows: [row] }, { thread: 'r' })
    const line = a.line[0]!
    expect(line).not.toHaveProperty('x')
    settle(a, b)
    expect(b.inbox.map((m) => m.t)).toEqual(['ring', 'rotate'])
    expect(b.cards.at(-1)?.report.news).toMatchObject({ kind: 'refreshed', rotated: true })
    a.write(b, ring(2))
    settle(a, b)
    b.write(a, ring(3))
    settle(a, b)
    expect([numbers(b), numbers(a)]).toEqual([[1, 2], [3]])
    Object.assign(a.self, { signPriv: old.signPriv, kxPriv: old.kxPriv })
    a.write(b, ring(4))
    settle(a, b)
    expect(numbers(b)).toEqual([1, 2])
  })

  it('a peer that missed it asks for the card, and the message comes again', () => {
    const [a, b] = pair()
    a.write(b, ring(1))
    settle(a, b)
    const next = keysOf(101)
    a.world.ledger.rotate({ generation: 1, sign: next.seed, kxPub: next.kx_pub as KxPub, next: null, reason: 'lost' })
    Object.assign(a.self, { signPriv: keysOf(101).seed, kxPriv: next.kx })
    a.write(b, ring(2))
    settle(a, b)
    expect(numbers(b)).toEqual([1])
    expect(b.delivery.peerOf(a.id)?.generation).toBe(1)
    pass(1_300, a)
    settle(a, b)
    expect(numbers(b)).toEqual([1, 2])
  })

  it('a card signed by the old keys is told of, and nothing is taken from it', () => {
    const [a, b] = pair()
    const early = a.delivery.card()
    const old = { ...a.self }
    const next = keysOf(101)
    a.world.ledger.rotate({ generation: 1, sign: next.seed, kxPub: next.kx_pub as KxPub, next: null, reason: 'compromised' })
    Object.assign(a.self, { signPriv: keysOf(101).seed, kxPriv: next.kx })
    b.delivery.fromRegister(a.id, copy(a.delivery.registerKey()))
    const { sig: _, ...fields } = early
    const later = { ...fields, at: String(Number(a.delivery.card().at) + 5) as Zeqond }
    b.delivery.fromRegister(a.id, { v: 'zeq-m2m/1', card: makeCard(later, old.signPriv) })
    expect(b.cards.map(({ report }) => report.news.kind)).toEqual(['seen', 'refreshed', 'superseded'])
    expect(b.delivery.peerOf(a.id)?.generation).toBe(1)
  })
})
