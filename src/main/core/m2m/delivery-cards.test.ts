import { afterAll, describe, expect, it } from 'vitest'
import type { PeerId, Zeqond } from '../brand.ts'
import { removeTempFolders, testPorts } from '../store/testing.fixture.ts'
import { boxPayload, wireOf } from './box.ts'
import { type Card, makeCard } from './card.ts'
import { copy, deliver, introduce, pass, settle, type Wallet, wallet } from './delivery.fixture.ts'
import { type Body, encodeBody, type Outgoing } from './message.ts'

afterAll(removeTempFolders)

const pair = (): [Wallet, Wallet] => {
  const ports = testPorts()
  return [wallet('Alice', 1, ports), wallet('Bob', 3, ports)]
}
const kinds = (w: Wallet): string[] => w.cards.map(({ report }) => report.news.kind)
const ring = (): Outgoing => ({ t: 'ring', a1: 'aa'.repeat(32), y: 'bb'.repeat(16) }) as Outgoing
/** A card of the wallet with other fields, signed by it. */
const cardOf = (w: Wallet, over: Partial<Card>): Card => {
  const { sig: _, ...fields } = w.delivery.card()
  return makeCard({ ...fields, ...over }, w.self.signPriv)
}
const register = (card: Card) => ({ v: 'zeq-m2m/1', card })

describe('a card in a register', () => {
  it('shows a peer, once', () => {
    const [a, b] = pair()
    a.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
    a.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
    expect(kinds(a)).toEqual(['seen'])
    expect([a.delivery.hasCard(b.id), a.delivery.hasCard('x' as PeerId), a.delivery.peerOf(b.genesis)?.peerId]).toEqual([true, false, b.id])
    expect(a.line).toEqual([])
  })

  it('stays the same until something in it changes', () => {
    const [a] = pair()
    const first = a.delivery.card()
    a.ports.now += 60_000
    expect(a.delivery.card()).toBe(first)
    a.event('x')
    expect(a.delivery.card().head?.seq).toBe(0)
  })

  it.each([undefined, null, 1, 'x', [], {}, { v: 'zeq-m2m/2' }, { v: 'zeq-m2m/1', card: 5 }, { v: 'zeq-m2m/1', card: {}, more: 1 }])('%j is none', (value) => {
    const [a, b] = pair()
    a.delivery.fromRegister(b.id, value)
    expect([a.cards.length, a.drops.length, a.delivery.hasCard(b.id)]).toEqual([0, 1, false])
  })

  it('refreshes name and head of a peer, and an older one does not', () => {
    const [a, b] = pair()
    const old = copy(b.delivery.registerKey())
    a.delivery.fromRegister(b.id, old)
    b.ports.now += 10_000
    b.self.name = 'Robert'
    a.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
    a.delivery.fromRegister(b.id, old)
    expect(kinds(a)).toEqual(['seen', 'refreshed', 'stale'])
    expect(a.delivery.peerOf(b.id)?.card.name).toBe('Robert')
  })

  it('of another machine under a known id is a change, and nothing is taken from it', () => {
    const [a, b] = pair()
    const mallory = wallet('Mallory', 9, a.ports)
    a.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
    a.delivery.fromRegister(b.id, register(cardOf(mallory, { id: b.id })))
    expect(kinds(a)).toEqual(['seen', 'changed'])
    expect(a.delivery.peerOf(b.id)?.genesis).toBe(b.genesis)
    const news = a.cards[1]!.report.news
    if (news.kind !== 'changed') throw new Error('changed')
    a.delivery.adopt(news.presented)
    expect(a.delivery.peerOf(b.id)?.genesis).toBe(mallory.genesis)
    expect(a.delivery.peerOf(b.genesis)).toBeUndefined()
  })

  it('of a known key with another genesis is a change, under whatever id', () => {
    const [a, b] = pair()
    a.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
    a.delivery.fromRegister('other' as PeerId, register(cardOf(b, { id: 'other' as PeerId, genesis_zeqond: '5' as Zeqond, head: null })))
    expect(kinds(a)).toEqual(['seen', 'changed'])
    expect(a.delivery.hasCard('other' as PeerId)).toBe(false)
  })

  it('of a known machine under a new id moves the peer', () => {
    const [a, b] = pair()
    a.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
    a.delivery.fromRegister('new' as PeerId, register(cardOf(b, { id: 'new' as PeerId })))
    expect(a.cards[1]!.report.news).toMatchObject({ kind: 'refreshed', movedFrom: b.id })
    expect([a.delivery.hasCard(b.id), a.delivery.hasCard('new' as PeerId)]).toEqual([false, true])
  })

  it('played back a hundred times is told once', () => {
    const [a, b] = pair()
    const mallory = wallet('Mallory', 9, a.ports)
    const old = copy(b.delivery.registerKey())
    b.ports.now += 10_000
    b.self.name = 'Robert'
    a.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
    const strange = register(cardOf(mallory, { id: b.id }))
    for (let i = 0; i < 100; i += 1) for (const key of [old, strange]) a.delivery.fromRegister(b.id, key)
    expect(kinds(a)).toEqual(['seen', 'stale', 'changed'])
  })

  it('of our own keys is told, and nobody’s', () => {
    const [a] = pair()
    a.delivery.fromRegister('twin' as PeerId, register(cardOf(a, { id: 'twin' as PeerId })))
    expect([kinds(a), a.delivery.hasCard('twin' as PeerId)]).toEqual([['self'], false])
  })

  it('with a head below one that was kept is told', () => {
    const [a, b] = pair()
    introduce(a, b)
    const rows = [b.event('1'), b.event('2')]
    b.write(a, { t: 'seal', rows }, { thread: 't' })
    settle(a, b)
    const head = { ...b.world.ledger.head(b.genesis)! }
    const low = b.world.ledger.row(b.genesis, 0)!
    b.ports.now += 10_000
    const at = b.delivery.card().at
    a.delivery.fromRegister(
      b.id,
      register(
        cardOf(b, {
          at: String(Number(at) + 20) as Zeqond,
          head: { ...head, seq: 0, stateHash: low.stateHash, zeqondNumber: low.zeqondNumber, sig: low.headSig },
        }),
      ),
    )
    expect(a.forks.map((fork) => fork.code)).toEqual(['ROLLBACK'])
  })

  it('that a row overtook is no rollback', () => {
    const [a, b] = pair()
    introduce(a, b)
    b.event('1')
    b.ports.now += 1_000
    const early = copy(b.delivery.registerKey())
    b.ports.now += 1_000
    b.write(a, { t: 'seal', rows: [b.event('2')] }, { thread: 't' })
    settle(a, b)
    a.delivery.fromRegister(b.id, early)
    expect(a.forks).toEqual([])
  })

  it('of a kept peer is there after a restart, of one only seen is not', () => {
    const [a, b] = pair()
    const c = wallet('Carol', 5, a.ports)
    introduce(a, b)
    introduce(a, c)
    a.write(b, ring())
    a.restart()
    expect([a.delivery.hasCard(b.id), a.delivery.hasCard(c.id)]).toEqual([true, false])
  })

  it('from a file is kept, and a bad one is told', () => {
    const [a, b] = pair()
    expect(a.delivery.importCard(copy(b.delivery.card()))?.news.kind).toBe('seen')
    expect(a.delivery.importCard({ ...copy(b.delivery.card()), name: 'X' })).toBeNull()
    expect(a.notes.at(-1)).toContain('signature')
    a.restart()
    expect(a.delivery.hasCard(b.id)).toBe(true)
    a.delivery.forget(b.id)
    expect(a.delivery.hasCard(b.id)).toBe(false)
  })
})

describe('a stranger', () => {
  it('proposes with its card, in the open, and is followed from then on', () => {
    const [a, b] = pair()
    a.delivery.importCard(copy(b.delivery.card()))
    a.write(b, { t: 'propose', rows: [a.event('A0'), a.event('A1')], tokens: [] }, { thread: 't' })
    expect(a.line[0]).not.toHaveProperty('x')
    settle(a, b)
    expect(b.inbox.map((m) => [m.t, m.rows.length])).toEqual([['propose', 2]])
    expect(kinds(b)).toEqual(['seen'])
    b.write(a, ring(), { thread: 't' })
    expect(b.line[0]).toHaveProperty('x', 1)
  })

  it('who writes sealed without being known is asked for its card once a minute, and is understood then', () => {
    const [a, b] = pair()
    a.delivery.importCard(copy(b.delivery.card()))
    a.write(b, ring())
    const line = a.line.splice(0)[0]!
    for (let i = 0; i < 5; i += 1) deliver(b, a, line)
    expect(b.line).toHaveLength(1)
    settle(a, b)
    expect(b.delivery.hasCard(a.id)).toBe(true)
    pass(1_300, a)
    settle(a, b)
    expect(b.inbox).toHaveLength(1)
    b.line.length = 0
    const forged = { ...line, from: 'someone' }
    b.delivery.receive('someone' as PeerId, forged)
    b.ports.now += 59_000
    b.delivery.receive('someone' as PeerId, forged)
    expect(b.line).toHaveLength(1)
    b.ports.now += 1_000
    b.delivery.receive('someone' as PeerId, forged)
    expect(b.line).toHaveLength(2)
  })

  it('is not asked by a wallet that hides', () => {
    const [a, b] = pair()
    b.discoverable = false
    a.delivery.importCard(copy(b.delivery.card()))
    a.write(b, ring())
    settle(a, b)
    expect(b.line).toEqual([])
    expect(a.cards).toHaveLength(1)
  })

  it('cannot pass for somebody else with a card of its own', () => {
    const [a, b] = pair()
    introduce(a, b)
    const mallory = wallet('Mallory', 9, a.ports)
    mallory.self.id = a.id
    mallory.delivery.importCard(copy(b.delivery.card()))
    const rows = [mallory.event('A0')]
    mallory.world.work.run(() => mallory.delivery.send(b.id, { t: 'propose', rows, tokens: [] }, { thread: 't' }))
    for (const payload of mallory.line.splice(0)) b.delivery.receive(a.id, copy(payload))
    expect(b.inbox).toEqual([])
    expect(kinds(b)).toEqual(['seen', 'changed'])
    expect(b.delivery.peerOf(a.id)?.genesis).toBe(a.genesis)
  })
})

describe('what a hostile relay brings', () => {
  const body = (a: Wallet, b: Wallet, over: Record<string, unknown> = {}): Body =>
    ({
      v: 1,
      id: '0c'.repeat(16),
      re: null,
      sg: a.genesis,
      tg: b.genesis,
      at: a.delivery.card().at,
      t: 'ring',
      a1: 'aa'.repeat(32),
      y: 'bb'.repeat(16),
      ...over,
    }) as unknown as Body
  /** Rightly signed by Alice, whatever it says. */
  const said = (a: Wallet, b: Wallet, over: Record<string, unknown> = {}) =>
    boxPayload(b.id, wireOf(encodeBody(body(a, b, over)), false, a.self.signPriv), a.id)

  const known = (): [Wallet, Wallet] => {
    const [a, b] = pair()
    introduce(a, b)
    return [a, b]
  }

  it('is taken when it is right', () => {
    const [a, b] = known()
    b.delivery.receive(a.id, said(a, b))
    expect(b.inbox).toHaveLength(1)
  })

  it.each<[string, (a: Wallet, b: Wallet) => Record<string, unknown>]>([
    ['another sender', (a, b) => said(a, b, { sg: b.genesis })],
    ['another receiver', (a, b) => said(a, b, { tg: a.genesis })],
    ['a broadcast', (a, b) => ({ ...said(a, b), to: null })],
    ['a message to somebody else', (a, b) => ({ ...said(a, b), to: 'carol' })],
    ['a message whose sender is not its line’s', (a, b) => ({ ...said(a, b), from: 'carol' })],
    ['a signature of somebody else', (a, b) => boxPayload(b.id, wireOf(encodeBody(body(a, b)), false, b.self.signPriv), a.id)],
    ['an open body said to be sealed', (a, b) => ({ ...said(a, b), x: 1 })],
    ['a body that is no JSON', (a, b) => boxPayload(b.id, wireOf(new Uint8Array(50), false, a.self.signPriv), a.id)],
    ['nothing', () => ({})],
  ])('with %s is dropped', (_what, make) => {
    const [a, b] = known()
    b.delivery.receive(a.id, make(a, b))
    expect(b.inbox).toEqual([])
    expect(b.drops).toHaveLength(1)
  })

  it('an hour old is taken, an hour ahead is not, 77 ticks ahead is and 78 are not', () => {
    const tick = (a: Wallet, n: number): string => String(Number(a.delivery.card().at) + n)
    const taken = (n: number): number => {
      const [a, b] = known()
      b.delivery.receive(a.id, said(a, b, { at: tick(a, n) }))
      return b.inbox.length
    }
    expect([taken(-4_633), taken(4_633), taken(77), taken(78), taken(-111_196), taken(-111_197)]).toEqual([1, 0, 1, 0, 1, 0])
  })

  it('a card without its signature’s body, or a body without a right card, introduces nobody', () => {
    const [a, b] = pair()
    const card = a.delivery.card()
    const clean = (over: Record<string, unknown>) => {
      const { a1: _a, y: _y, ...rest } = body(a, b, { t: 'card', want: true, ...over }) as unknown as Record<string, unknown>
      return encodeBody(rest as unknown as Body)
    }
    const send = (bytes: Uint8Array, signer: Wallet) => b.delivery.receive(a.id, boxPayload(b.id, wireOf(bytes, false, signer.self.signPriv), a.id))
    send(clean({ card: { ...card, name: 'Eve' } }), a)
    send(clean({ card }), b)
    expect(b.delivery.hasCard(a.id)).toBe(false)
    send(clean({ card }), a)
    expect(b.delivery.hasCard(a.id)).toBe(true)
  })

  it('a thousand strangers who were only seen are bounded', () => {
    const [a] = pair()
    expect(a.delivery.peerOf('nobody' as PeerId)).toBeUndefined()
    a.world.work.run(() => undefined)
    expect(a.world.store.m2mCards.all()).toEqual([])
  })
})
