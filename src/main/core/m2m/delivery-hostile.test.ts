import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import type { PeerId } from '../brand.ts'
import { encodeClientLine, encodeRelayLine, fitsRelay } from '../relay/envelope.ts'
import { removeTempFolders, testPorts } from '../store/testing.fixture.ts'
import { boxPayload, sealBody, wireOf } from './box.ts'
import { copy, deliver, introduce, pass, settle, type Wallet, wallet } from './delivery.fixture.ts'
import { type Body, encodeBody, MAX_SEALED_BODY_BYTES, type Outgoing } from './message.ts'

afterAll(removeTempFolders)

const pair = (): [Wallet, Wallet] => {
  const ports = testPorts()
  const [a, b] = [wallet('Alice', 1, ports), wallet('Bob', 3, ports)]
  introduce(a, b)
  return [a, b]
}
const ring = (n = 0): Outgoing => ({ t: 'ring', a1: 'aa'.repeat(32), y: String(n).padStart(32, '0') }) as Outgoing

it('nothing that a payload can hold throws or is taken', () => {
  const [a, b] = pair()
  a.write(b, ring())
  const good = copy(a.line[0]!)
  const text = fc.oneof(fc.string(), fc.base64String(), fc.constant(String(good['b'])), fc.constant(String(good['s'])))
  fc.assert(
    fc.property(
      fc.oneof(
        fc.object({ key: fc.constantFrom('to', 'intent', 'b', 's', 'x', 'from', 'd', '__proto__') }),
        fc.record({ to: fc.constant(b.id), intent: fc.constant('m2m'), b: text, s: text, x: fc.constantFrom(1, 0, undefined, true), from: fc.constant(a.id) }),
      ),
      (payload) => {
        const value = payload as Record<string, unknown>
        if (value['b'] === good['b'] && value['s'] === good['s']) return
        b.delivery.receive(a.id, value)
        b.delivery.fromRegister(a.id, value)
        expect(b.inbox).toEqual([])
      },
    ),
    { numRuns: 400 },
  )
})

it('a message altered in one character of body or signature is dropped', () => {
  const [a, b] = pair()
  a.write(b, ring())
  const good = copy(a.line[0]!)
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  fc.assert(
    fc.property(fc.constantFrom('b', 's'), fc.nat(10_000), fc.nat(63), (field, place, letter) => {
      const value = String(good[field])
      const at = place % value.length
      const changed = value.slice(0, at) + letters[letter] + value.slice(at + 1)
      fc.pre(changed !== value)
      b.delivery.receive(a.id, { ...good, [field]: changed })
      expect(b.inbox).toEqual([])
    }),
    { numRuns: 200 },
  )
  deliver(b, a, good)
  expect(b.inbox).toHaveLength(1)
})

it('a sealed body of 23,900 bytes is read, one of 23,901 is not', () => {
  const sized = (bytes: number): number => {
    const [a, b] = pair()
    const row = a.event('x')
    const body = (n: number): Uint8Array =>
      encodeBody({
        v: 1,
        id: '0d'.repeat(16),
        re: null,
        sg: a.genesis,
        tg: b.genesis,
        at: a.delivery.card().at,
        t: 'seal',
        rows: [{ ...row, payload: { type: 'note', payload: 'x'.repeat(n) } }],
      } as unknown as Body)
    const whole = body(bytes - body(0).length)
    expect(whole.length).toBe(bytes)
    const sealed = sealBody(whole, new Uint8Array(12), a.self, b.delivery.card().kx_pub, { sg: a.genesis, tg: b.genesis })
    b.delivery.receive(a.id, boxPayload(b.id, wireOf(sealed, true, a.self.signPriv), a.id))
    // Its payload is not the one that was hashed: read, and refused as a row.
    return b.notes.filter((note) => note.includes('PAYLOAD_HASH')).length
  }
  expect([sized(MAX_SEALED_BODY_BYTES), sized(MAX_SEALED_BODY_BYTES + 1)]).toEqual([1, 0])
})

it('the longest message there can be fits the relay, with room for half as much again', () => {
  const [a, b] = pair()
  const whole = boxPayload(b.id, wireOf(new Uint8Array(24_000), false, a.self.signPriv), '6'.repeat(36) as PeerId)
  const line = encodeClientLine({ ...whole, to: '6'.repeat(36) })
  expect(line.length).toBeLessThanOrEqual(32_344)
  expect(encodeRelayLine('127.0.0.1:50000', line).length).toBeLessThanOrEqual(32_438)
  expect(fitsRelay(line)).toBe(true)
})

it('somebody’s messages played back to somebody else, or by somebody else, do nothing', () => {
  const [a, b] = pair()
  const c = wallet('Carol', 5, a.ports)
  for (const one of [a, b]) introduce(one, c)
  a.write(b, ring())
  const line = a.line.splice(0)[0]!
  c.delivery.receive(a.id, { ...copy(line), to: c.id })
  b.delivery.receive(c.id, { ...copy(line), from: c.id })
  expect([b.inbox, c.inbox]).toEqual([[], []])
  // Nor does what a sends to itself by way of a mirror.
  a.delivery.receive(b.id, { ...copy(line), to: a.id, from: b.id })
  expect(a.inbox).toEqual([])
})

it('an answer to a message of somebody else stops nothing', () => {
  const [a, b] = pair()
  const c = wallet('Carol', 5, a.ports)
  introduce(a, c)
  const id = a.write(b, ring())
  c.world.work.run(() => c.delivery.send(a.id, { t: 'ack' }, { thread: null, re: id }))
  settle(a, c)
  expect(a.world.store.m2mOutbox.count()).toBe(1)
})

it('a peer that says busy for ever is given up in the end', () => {
  const [a, b] = pair()
  b.handler = () => ({ t: 'err', code: 'busy', seq: null })
  a.write(b, ring(), { thread: 't', giveUpAt: a.ports.now + 600_000 })
  for (let i = 0; i < 30; i += 1) {
    settle(a, b)
    pass(30_000, a, b)
  }
  expect(a.gaveUp).toEqual([{ thread: 't', t: 'ring' }])
})

it('a peer that names a next page for ever is asked no further than it shows rows', () => {
  const [a, b] = pair()
  for (let i = 0; i < 60; i += 1) a.event(`n${i}`)
  a.write(b, { t: 'seal', rows: [a.event('last')] }, { thread: 't' })
  deliver(b, a, a.line.splice(0)[0]!)
  const [request] = b.line.splice(0)
  expect(request).toBeDefined()
  const asked = b.world.store.m2mOutbox.all()[0]!
  a.world.work.run(() => a.delivery.send(b.id, { t: 'rows', genesis: a.genesis, rows: [], head: null, next: 1 }, { thread: null, re: asked.messageId }))
  settle(a, b)
  expect(b.world.store.m2mOutbox.count()).toBe(0)
  expect(b.world.store.m2mInbox.parkedCount(null)).toBe(0)
})

it('rows more than ten thousand ahead are too many to ask for', () => {
  const [a, b] = pair()
  a.write(b, { t: 'seal', rows: [a.event('x')] }, { thread: 't' })
  settle(a, b)
  const row = a.event('y')
  const ahead = (seq: number): Outgoing => ({ t: 'seal', rows: [{ ...row, seq }] })
  b.line.length = 0
  a.world.work.run(() => a.world.store.m2mOutbox.dropPeer(b.genesis))
  a.world.work.run(() => a.delivery.send(b.id, ahead(10_002), { thread: null }))
  settle(a, b)
  expect(a.notes.at(-1)).toContain('too_large')
})

it('who shows a gap and does not fill it is asked for a quarter of an hour, not for a day', () => {
  const [a, b] = pair()
  for (let i = 0; i < 60; i += 1) a.event(`n${i}`)
  a.write(b, { t: 'seal', rows: [a.event('last')] }, { thread: 't' })
  deliver(b, a, a.line.splice(0)[0]!)
  expect([b.world.store.m2mOutbox.count(), b.world.store.m2mInbox.parkedCount(null)]).toEqual([1, 1])
  for (let minutes = 0; minutes < 16; minutes += 1) pass(60_000, b)
  b.line.length = 0
  expect([b.world.store.m2mOutbox.count(), b.world.store.m2mInbox.parkedCount(null)]).toEqual([0, 0])
  // It was not answered, so it comes again; and now its rows do.
  for (let i = 0; i < 40; i += 1) {
    settle(a, b)
    pass(30_000, a, b)
  }
  expect(b.inbox.map((m) => m.t)).toEqual(['seal'])
})

it('a stranger who only asks for rows leaves nothing on the disk', () => {
  const [a, b] = pair()
  b.event('x')
  a.world.work.run(() => a.delivery.sync(b.id, b.genesis, 0))
  settle(a, b)
  expect(a.inbox.map((m) => m.t)).toContain('rows')
  expect(b.world.store.m2mCards.all()).toEqual([])
  expect(b.world.ledger.followedCount()).toBe(0)
})
