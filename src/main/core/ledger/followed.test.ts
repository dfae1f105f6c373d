import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Zeqond } from '../brand.ts'
import { faultOf, removeTempFolders } from '../store/testing.fixture.ts'
import { verifyChain } from './chain.ts'
import { verifyEquivocation } from './equivocation.ts'
import type { Head } from './head.ts'
import { signHead } from './head.ts'
import { type LedgerWorld, ledgerWorld } from './ledger.fixture.ts'
import type { Offered } from './ledger.ts'
import { type Rotate, signKeyStatement } from './rotation.ts'
import type { Row } from './row.ts'
import { Party, story } from './story.fixture.ts'
import { plusTicks } from './zeqond.ts'

afterAll(removeTempFolders)

const PEER = 'bob-on-the-relay'
const zero = '00'.repeat(32)

const bobWith = (count: number): Party => {
  const bob = new Party('bob', 3)
  for (let i = 0; i < count; i += 1) bob.event('note', { i }) // the payload is wrong on purpose below only where a test says so
  return bob
}
/** Callers' events have `payload`, not `input`. */
const noted = (count: number, party = new Party('bob', 3)): Party => {
  for (let i = 0; i < count; i += 1) party.append('event', { type: 'note', payload: { i } })
  return party
}
const skeleton = (row: Row): Row => ({ ...row, payload: null })
const following = (bob: Party, rows = bob.rows): LedgerWorld => {
  const world = ledgerWorld()
  world.ledger.follow(bob.header, PEER)
  if (rows.length > 0) expect(world.ledger.offer(bob.genesis, rows).kind).toBe('extended')
  return world
}
const kindOf = (offered: Offered): string =>
  offered.kind === 'bad' ? `bad ${offered.finding.code}` : offered.kind === 'fork' ? `fork ${offered.code}` : offered.kind

describe('rows of all followed chains', () => {
  it('come once each, in the order in which they were stored, and without our own', () => {
    const [bob, carol] = [noted(3), new Party('carol', 41)]
    for (let i = 0; i < 2; i += 1) carol.append('event', { type: 'note', payload: i })
    const world = following(bob, bob.rows.slice(0, 2))
    world.ledger.append(world.ledger.own().genesis, { type: 'event', payload: { type: 'note', payload: 'ours' } })
    world.ledger.follow(carol.header, 'carol')
    world.ledger.offer(carol.genesis, carol.rows)
    world.ledger.offer(bob.genesis, bob.rows.slice(2))
    const hashes = [bob.rows[0], bob.rows[1], ...carol.rows, bob.rows[2]].map((row) => row?.stateHash)
    expect(world.ledger.followedRows(0, 100).map(({ row }) => row.stateHash)).toEqual(hashes)
    const [first, second] = world.ledger.followedRows(0, 2)
    expect(world.ledger.followedRows(second?.id ?? 0, 100).map(({ row }) => row.stateHash)).toEqual(hashes.slice(2))
    expect(first?.row.stateHash).toBe(hashes[0])
    expect(world.ledger.followedCount()).toBe(2)
  })
})

describe('follow', () => {
  it('takes a header once, and no machine with a key of ours', () => {
    const world = ledgerWorld()
    const bob = noted(0)
    expect(world.ledger.follow(bob.header, PEER)).toMatchObject({ genesis: bob.genesis, nextSeq: 0, head: null, fork: null })
    expect(world.ledger.follow(bob.header, 'another id').peerId).toBe('another id')
    expect([world.ledger.followedCount(), world.ledger.followedByPeer('another id').length, world.ledger.followedByPeer(PEER).length]).toEqual([1, 1, 0])
    expect(faultOf(() => world.ledger.follow(world.ledger.own().header, PEER)).code).toBe('BAD_ARGUMENT')
    expect(faultOf(() => world.ledger.follow({ ...bob.header, sign_pub: world.ledger.own().header.sign_pub }, PEER)).code).toBe('BAD_ARGUMENT')
    expect(faultOf(() => world.ledger.follow({ ...bob.header, slug: 'eve' }, PEER)).code).toBe('FORMAT')
    expect(faultOf(() => world.ledger.follow({ ...bob.header, kx_pub: zero as never }, PEER)).code).toBe('FORMAT')
    expect(faultOf(() => world.ledger.append(bob.genesis, { type: 'event', payload: { type: 'x', payload: 1 } })).code).toBe('NOT_FOUND')
    world.store.close()
  })
})

describe('offer', () => {
  it('stores what follows, asks for what is missing, and knows what it has', () => {
    const bob = noted(8)
    const world = following(bob, [])
    const offer = (...seqs: number[]) =>
      world.ledger.offer(
        bob.genesis,
        seqs.map((seq) => bob.rows[seq]),
      )
    expect(offer(2)).toMatchObject({ kind: 'gap', from: 0, rows: [] })
    expect(offer(0, 1)).toMatchObject({ kind: 'extended', added: [{ at: 0 }, { at: 1 }] })
    expect(offer(1, 0)).toMatchObject({ kind: 'known', rows: [{ at: 0 }, { at: 1 }] })
    expect(offer(3, 1, 2)).toMatchObject({ kind: 'extended', rows: [{ at: 1 }, { at: 2 }, { at: 3 }], added: [{ at: 2 }, { at: 3 }] })
    expect(offer(4, 7)).toMatchObject({ kind: 'gap', from: 5, added: [{ at: 4 }] })
    expect(offer()).toMatchObject({ kind: 'known', rows: [] })
    const later = world.again()
    expect(later.ledger.followed(bob.genesis)).toMatchObject({ nextSeq: 5, head: bob.head(bob.rows[4]) })
    expect(later.ledger.offer(bob.genesis, bob.rows).kind).toBe('extended')
    expect(later.ledger.verify(bob.genesis)).toMatchObject({ valid: true, count: 8 })
    expect(verifyChain(later.ledger.chain(bob.genesis)).findings).toEqual([])
    later.store.close()
  })

  it.each<[string, (row: Row) => unknown, string]>([
    ['a changed payload', (row) => ({ ...row, payload: { type: 'note', payload: 'x' } }), 'bad PAYLOAD_HASH'],
    ['a changed tick', (row) => ({ ...row, zeqondNumber: plusTicks(row.zeqondNumber, 1n) }), 'bad STATE_HASH'],
    ['another signature', (row) => ({ ...row, headSig: 'ab'.repeat(64) }), 'bad HEAD_SIG'],
    ['one field more', (row) => ({ ...row, note: 1 }), 'bad FORMAT'],
    ['null', () => null, 'bad FORMAT'],
    ['a lone surrogate', (row) => ({ ...row, payload: { type: 'note', payload: '\ud800' } }), 'bad FORMAT'],
  ])('stores nothing of an offer with %s in it', (_, change, expected) => {
    const bob = noted(3)
    const world = following(bob, [])
    expect(kindOf(world.ledger.offer(bob.genesis, [bob.rows[0], change(bob.rows[1]!), bob.rows[2]]))).toBe(expected)
    expect([world.ledger.count(bob.genesis), world.ledger.followed(bob.genesis)?.nextSeq]).toEqual([0, 0])
    // The same for a row that is stored already.
    world.ledger.offer(bob.genesis, bob.rows.map(skeleton))
    if (expected !== 'bad HEAD_SIG') expect(kindOf(world.ledger.offer(bob.genesis, [change(bob.rows[1]!)]))).toBe(expected)
    expect(world.ledger.row(bob.genesis, 1)?.payload).toBeNull()
    world.store.close()
  })

  it('fills in a payload that was withheld before', () => {
    const told = story({ until: 'B1' })
    const world = following(told.b, [])
    expect(world.ledger.offer(told.b.genesis, told.b.rows.map(skeleton))).toMatchObject({ kind: 'extended', rows: [{ shown: false }, { shown: false }] })
    expect(world.ledger.sessionRows(told.b.genesis, told.nonce)).toEqual([])
    expect(world.ledger.offer(told.b.genesis, told.b.rows)).toMatchObject({ kind: 'known', rows: [{ shown: true }, { shown: true }] })
    expect(world.ledger.sessionRows(told.b.genesis, told.nonce)).toEqual(told.b.rows)
    expect(world.ledger.verify(told.b.genesis).valid).toBe(true)
    world.store.close()
  })

  it('takes a revocation that shows itself late, and none that rows follow', () => {
    const bob = noted(1)
    bob.event('m2m.revoke', signKeyStatement(bob.seed, { v: 'zeq-m2m/1', kind: 'revoke', self_genesis: bob.genesis, reason: 'retired' }))
    const world = following(bob)
    expect(world.ledger.state(bob.genesis).revokedAt).toBe(1)
    const late = following(bob, bob.rows.map(skeleton))
    expect(late.ledger.state(bob.genesis).revokedAt).toBeNull()
    expect(kindOf(late.ledger.offer(bob.genesis, bob.rows))).toBe('known')
    expect(late.ledger.state(bob.genesis).revokedAt).toBe(1)
    noted(1, bob)
    expect(kindOf(late.ledger.offer(bob.genesis, bob.rows))).toBe('bad AFTER_REVOKE')
    const behind = following(bob, bob.rows.map(skeleton))
    expect(kindOf(behind.ledger.offer(bob.genesis, bob.rows))).toBe('bad AFTER_REVOKE')
    for (const { store } of [world, late, behind]) store.close()
  })

  it('follows a rotation, and refuses one that is withheld', () => {
    const bob = noted(2)
    bob.rotate()
    noted(2, bob)
    const world = following(bob, bob.rows.slice(0, 2))
    expect(kindOf(world.ledger.offer(bob.genesis, [skeleton(bob.rows[2]!)]))).toBe('bad HEAD_SIG')
    expect(kindOf(world.ledger.offer(bob.genesis, bob.rows.slice(2)))).toBe('extended')
    expect(world.ledger.keyInForce(bob.genesis)).toMatchObject({ generation: 1, signPub: Party.keysOf(103).sign_pub })
    expect(world.ledger.rotations(bob.genesis)).toHaveLength(1)
    world.store.close()
  })

  it('takes a hole only as the answer to a request for what is missing', () => {
    const bob = noted(2)
    const gone = noted(3, bob).rows.slice(2, 5)
    noted(2, bob)
    const world = following(bob, bob.rows.slice(0, 2))
    expect(world.ledger.offer(bob.genesis, bob.rows.slice(5))).toMatchObject({ kind: 'gap', from: 2 })
    expect(kindOf(world.ledger.offer(bob.genesis, bob.rows.slice(5), { acceptGap: true }))).toBe('extended')
    expect(world.ledger.followed(bob.genesis)).toMatchObject({ gaps: [[2, 4]], nextSeq: 7 })
    expect(world.ledger.verify(bob.genesis)).toMatchObject({ valid: true, missing: [[2, 4]] })
    // Found again after all: from the upper end down, each held by the row above it.
    expect(kindOf(world.ledger.offer(bob.genesis, gone.slice(0, 1)))).toBe('bad SEQ')
    const twin = bob.fork(4)
    twin.append('event', { type: 'note', payload: 'another' })
    expect(kindOf(world.ledger.offer(bob.genesis, [twin.rows[4]]))).toBe('bad LINK')
    expect(kindOf(world.ledger.offer(bob.genesis, gone.slice(2)))).toBe('extended')
    expect(world.ledger.followed(bob.genesis)).toMatchObject({ gaps: [[2, 3]], nextSeq: 7, head: bob.head() })
    expect(world.ledger.offer(bob.genesis, gone)).toMatchObject({ kind: 'extended', rows: [{ at: 2 }, { at: 3 }, { at: 4 }], added: [{ at: 2 }, { at: 3 }] })
    expect(world.ledger.followed(bob.genesis)?.gaps).toEqual([])
    expect(world.ledger.verify(bob.genesis)).toMatchObject({ valid: true, missing: [], count: 7 })
    world.store.close()
  })

  it('begins a long chain at a head that was seen, and fills in what is before it', () => {
    const bob = noted(12)
    const world = following(bob, [])
    expect(world.ledger.keepHead(bob.head(bob.rows[3]))).toEqual({ kind: 'unknown' })
    expect(kindOf(world.ledger.offer(bob.genesis, bob.rows.slice(9), { acceptGap: true }))).toBe('extended')
    expect(world.ledger.followed(bob.genesis)).toMatchObject({ gaps: [[0, 8]], nextSeq: 12 })
    for (const [from, to] of [
      [6, 9],
      [3, 6],
      [0, 3],
    ] as const)
      expect(kindOf(world.ledger.offer(bob.genesis, bob.rows.slice(from, to).map(skeleton)))).toBe('extended') // prettier-ignore
    expect(world.ledger.keptHeads(bob.genesis)).toEqual([])
    expect(world.ledger.verify(bob.genesis)).toMatchObject({ valid: true, missing: [], count: 12 })
    const again = following(bob, [])
    const twin = bob.fork(3)
    twin.append('event', { type: 'note', payload: 'another' })
    again.ledger.keepHead(twin.head())
    again.ledger.offer(bob.genesis, bob.rows.slice(9), { acceptGap: true })
    expect(kindOf(again.ledger.offer(bob.genesis, bob.rows))).toBe('fork EQUIVOCATION')
    for (const { store } of [world, again]) store.close()
  })

  it('proves a fork with two signed rows, and keeps the first history', () => {
    const bob = noted(5)
    const twin = bob.fork(3)
    twin.append('event', { type: 'note', payload: 'another' })
    const world = following(bob)
    const offered = world.ledger.offer(bob.genesis, [twin.rows[3]])
    expect(kindOf(offered)).toBe('fork EQUIVOCATION')
    expect(verifyEquivocation(offered.kind === 'fork' ? offered.proof : null)).toMatchObject({ holds: true, genesis: bob.genesis })
    expect(world.ledger.row(bob.genesis, 3)).toEqual(bob.rows[3])
    expect(world.ledger.followed(bob.genesis)?.fork).toMatchObject({ code: 'EQUIVOCATION' })
    // What is not signed proves nothing.
    const unsigned = { ...twin.rows[3]!, headSig: 'ab'.repeat(64) }
    expect(world.ledger.offer(bob.genesis, [unsigned])).toMatchObject({ kind: 'fork', code: 'HISTORY_CHANGED', proof: null })
    // Two histories in one offer.
    const fresh = following(bob, [])
    expect(kindOf(fresh.ledger.offer(bob.genesis, [...bob.rows, twin.rows[3]]))).toBe('fork EQUIVOCATION')
    expect(fresh.ledger.count(bob.genesis)).toBe(0)
    world.store.close()
    fresh.store.close()
  })

  it('holds rows against every head that was kept', () => {
    const bob = noted(5)
    const twin = bob.fork(3)
    noted(1, twin)
    twin.append('event', { type: 'note', payload: 'another' })
    const world = following(bob, bob.rows.slice(0, 2))
    expect(world.ledger.keepHead(twin.head())).toEqual({ kind: 'unknown' })
    expect(world.ledger.keptHeads(bob.genesis)).toEqual([twin.head()])
    expect(kindOf(world.ledger.offer(bob.genesis, bob.rows.slice(2, 4)))).toBe('extended')
    const offered = world.ledger.offer(bob.genesis, bob.rows.slice(4))
    expect(kindOf(offered)).toBe('fork EQUIVOCATION')
    expect(verifyEquivocation(offered.kind === 'fork' ? offered.proof : null).holds).toBe(true)
    // The history the head belongs to is not the one that was stored, either.
    expect(kindOf(world.ledger.offer(bob.genesis, twin.rows.slice(3)))).toBe('fork EQUIVOCATION')
    world.store.close()
  })

  it('lets go of a head that a row confirms', () => {
    const bob = noted(4)
    const world = following(bob, bob.rows.slice(0, 1))
    expect(world.ledger.keepHead(bob.head(bob.rows[2]))).toEqual({ kind: 'unknown' })
    world.ledger.offer(bob.genesis, bob.rows)
    expect(world.ledger.keptHeads(bob.genesis)).toEqual([])
    expect(world.ledger.keepHead(bob.head(bob.rows[2]))).toEqual({ kind: 'ok' })
    world.store.close()
  })
})

describe('keepHead', () => {
  const lateHead = (bob: Party, seq: number, tick: Zeqond, hash = zero): Head => {
    const head = { genesis: bob.genesis, seq, stateHash: hash as never, zeqondNumber: tick }
    return { ...head, sig: signHead(bob.seed, head) }
  }

  it('tells apart what nobody signed, rollback, a changed history and two signed ones', () => {
    const bob = noted(4)
    const world = following(bob)
    const keep = (head: Head, options?: Parameters<typeof world.ledger.keepHead>[1]) => {
      const verdict = world.ledger.keepHead(head, options)
      if (verdict.kind === 'contradiction' && verdict.proof !== null) expect(verifyEquivocation(verdict.proof).holds).toBe(true)
      return verdict.kind === 'contradiction' ? `${verdict.code}${verdict.proof === null ? '' : ' proof'}` : verdict.kind
    }
    const tick = bob.tick
    expect(keep({ ...bob.head(), seq: 9 })).toBe('WITNESSED_HEAD_SIG')
    expect(world.ledger.followed(bob.genesis)?.fork).toBeNull()
    expect(keep({ ...bob.head(), sig: 'ab'.repeat(64) })).toBe('WITNESSED_HEAD_SIG')
    expect(keep({ ...bob.head(bob.rows[2]), stateHash: zero as never })).toBe('HISTORY_CHANGED')
    expect([world.ledger.followed(bob.genesis)?.fork, world.ledger.keptHeads(bob.genesis)]).toEqual([null, []])
    expect(keep(bob.head())).toBe('ok')
    expect(keep(bob.head(bob.rows[1]), { newest: true })).toBe('ROLLBACK')
    expect(keep(lateHead(bob, 9, plusTicks(tick, 5n)))).toBe('unknown')
    expect(keep(lateHead(bob, 9, plusTicks(tick, 5n)))).toBe('unknown')
    expect(keep(lateHead(bob, 7, plusTicks(tick, 4n)), { newest: true })).toBe('ROLLBACK')
    expect(keep(lateHead(bob, 9, plusTicks(tick, 6n), '11'.repeat(32)))).toBe('EQUIVOCATION proof')
    expect(keep(lateHead(bob, 8, plusTicks(tick, 9n)))).toBe('EQUIVOCATION proof')
    expect(keep(lateHead(bob, 12, bob.header.genesis_zeqond))).toBe('EQUIVOCATION proof')
    expect(keep(lateHead(bob, 2, tick))).toBe('EQUIVOCATION proof')
    expect(world.ledger.followed(bob.genesis)?.fork).toMatchObject({ code: 'EQUIVOCATION' })
    expect(faultOf(() => world.ledger.keepHead({ ...bob.head(), genesis: zero as never })).code).toBe('NOT_FOUND')
    world.store.close()
  })

  it('believes a key that the copy has not reached only with the rotation that opens the commitment', () => {
    const bob = noted(2)
    bob.rotate()
    noted(1, bob)
    const rotation = (bob.rows[2]!.payload as unknown as { input: Rotate }).input
    const world = following(bob, bob.rows.slice(0, 2))
    expect(world.ledger.keepHead(bob.head())).toMatchObject({ code: 'WITNESSED_HEAD_SIG' })
    expect(world.ledger.keepHead(bob.head(), { rotations: [{ ...rotation, sig: 'ab'.repeat(64) }] })).toMatchObject({ code: 'WITNESSED_HEAD_SIG' })
    expect(world.ledger.keepHead(bob.head(), { rotations: [rotation] })).toEqual({ kind: 'unknown' })
    expect(kindOf(world.ledger.offer(bob.genesis, bob.rows))).toBe('extended')
    // Somebody goes on with the old key.
    const old = { genesis: bob.genesis, seq: 6, stateHash: zero as never, zeqondNumber: plusTicks(bob.tick, 9n) }
    expect(world.ledger.keepHead({ ...old, sig: signHead(Party.keysOf(3).seed, old) })).toMatchObject({ kind: 'contradiction', code: 'SUPERSEDED' })
    world.store.close()
  })

  it('is bounded, and keeps the first', () => {
    const bob = noted(1)
    const world = following(bob)
    world.work.run(() => {
      for (let i = 1; i <= 300; i += 1) world.ledger.keepHead(lateHead(bob, i, plusTicks(bob.tick, BigInt(i)), i.toString(16).padStart(64, '0')))
    })
    const seqs = world.ledger.keptHeads(bob.genesis).map((head) => head.seq)
    expect([seqs.length, seqs[0], seqs[1], seqs.at(-1)]).toEqual([256, 1, 46, 300])
    world.store.close()
  })
})

describe('heads in a peer’s rows', () => {
  it('of our own chain show that this profile is an old copy', () => {
    const world = ledgerWorld()
    const { genesis, header } = world.ledger.own()
    world.ledger.append(genesis, { type: 'event', payload: { type: 'note', payload: 1 } })
    // Our machine elsewhere wrote two rows; Bob acknowledges the second.
    const twin = Object.assign(new Party(header.slug, 1, header.genesis_zeqond), { header })
    twin.state = { ...verifyChain({ header, rows: [], head: null }).chain!.state }
    noted(2, twin)
    const bob = noted(1)
    const seal = {
      v: 'zeq-m2m/1',
      kind: 'close',
      session_nonce: zero,
      self_genesis: bob.genesis,
      peer_genesis: genesis,
      decision_hash: null,
      session_id: zero,
      reason: 'done',
    }
    bob.end({ ...seal, peer_head: { ...twin.head() } })
    world.ledger.follow(bob.header, PEER)
    expect(kindOf(world.ledger.offer(bob.genesis, bob.rows.map(skeleton)))).toBe('extended')
    expect(world.ledger.recovering()).toBeNull()
    expect(kindOf(world.ledger.offer(bob.genesis, bob.rows))).toBe('known')
    expect(world.ledger.recovering()).toMatchObject({ reason: 'foreign_head', head: twin.head() })
    world.store.close()
  })
})

describe('a copy', () => {
  it('is always a true beginning of the chain, whatever comes in whatever order', () => {
    const bob = noted(10)
    bob.rotate()
    noted(4, bob)
    const twin = bob.fork(6)
    noted(3, twin)
    const garbage = [null, 7, {}, { ...bob.rows[0], seq: -1 }, { ...bob.rows[3], headSig: 'ab'.repeat(64), stateHash: zero }, { ...bob.rows[4], seq: 99 }]
    const piece = fc.oneof(
      { weight: 6, arbitrary: fc.nat(bob.rows.length - 1).map((i) => bob.rows[i]) },
      { weight: 2, arbitrary: fc.nat(bob.rows.length - 1).map((i) => (bob.rows[i]!.payload === null || i === 10 ? bob.rows[i] : skeleton(bob.rows[i]!))) },
      { weight: 1, arbitrary: fc.constantFrom(...twin.rows) },
      { weight: 1, arbitrary: fc.constantFrom(...(garbage as (Row | undefined)[])) },
    )
    const run = fc.tuple(fc.nat(bob.rows.length - 1), fc.nat(5)).map(([from, length]) => bob.rows.slice(from, from + length + 1))
    const world = ledgerWorld()
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 3, arbitrary: run }, { weight: 1, arbitrary: fc.array(piece, { maxLength: 6 }) }), { maxLength: 20 }),
        (offers) => {
          // A store is made once; a rollback gives each run an empty one.
          try {
            world.work.run(() => {
              world.ledger.follow(bob.header, PEER)
              for (const offer of offers) world.ledger.offer(bob.genesis, offer)
              const rows = world.ledger.rows(bob.genesis, { limit: 1000 })
              expect(world.ledger.followed(bob.genesis)?.nextSeq).toBe(rows.length)
              const onBob = rows.every((row, i) => row.stateHash === bob.rows[i]?.stateHash)
              const onTwin = rows.every((row, i) => row.stateHash === twin.rows[i]?.stateHash)
              expect(onBob || onTwin).toBe(true)
              expect(world.ledger.verify(bob.genesis)).toMatchObject({ valid: true, count: rows.length })
              // Whatever was refused, the true rows still go in where nothing contradicts them.
              if (onBob) expect(['extended', 'known']).toContain(world.ledger.offer(bob.genesis, bob.rows).kind)
              throw new Error('undo')
            })
          } catch (error) {
            if (!(error instanceof Error) || error.message !== 'undo') throw error
          }
          expect(world.ledger.followed(bob.genesis)).toBeUndefined()
        },
      ),
      { numRuns: 60 },
    )
    world.store.close()
  })

  it('has a hole for whatever is not there, and only true rows around it', () => {
    const bob = noted(14)
    const twin = bob.fork(6)
    noted(6, twin)
    const world = ledgerWorld()
    const piece = fc.tuple(fc.boolean(), fc.nat(12), fc.nat(4), fc.boolean()).map(([straight, from, length, acceptGap]) => ({
      rows: (straight ? bob : twin).rows.slice(from, from + length + 1),
      acceptGap,
    }))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (offers) => {
        try {
          world.work.run(() => {
            world.ledger.follow(bob.header, PEER)
            for (const { rows, acceptGap } of offers) world.ledger.offer(bob.genesis, rows, { acceptGap })
            const rows = world.ledger.rows(bob.genesis, { limit: 1000 })
            const { gaps, nextSeq, head } = world.ledger.followed(bob.genesis)!
            const missing = gaps.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
            expect([...rows.map((row) => row.seq), ...missing].sort((x, y) => x - y)).toEqual(Array.from({ length: nextSeq }, (_, i) => i))
            for (const row of rows) expect([bob.rows[row.seq], twin.rows[row.seq]]).toContainEqual(row)
            for (const row of rows.slice(1)) {
              const before = rows.find((other) => other.seq === row.seq - 1)
              if (before !== undefined) expect(row.prevHash).toBe(before.stateHash)
            }
            expect(head?.seq ?? -1).toBe(nextSeq - 1)
            expect(world.ledger.verify(bob.genesis)).toMatchObject({ valid: true, count: rows.length })
            throw new Error('undo')
          })
        } catch (error) {
          if (!(error instanceof Error) || error.message !== 'undo') throw error
        }
      }),
      { numRuns: 100 },
    )
    world.store.close()
  })

  it('refuses an own kind of event with the wrong field', () => {
    const bob = bobWith(1)
    const world = following(bob, [])
    expect(kindOf(world.ledger.offer(bob.genesis, bob.rows))).toBe('bad FORMAT')
    world.store.close()
  })
})
