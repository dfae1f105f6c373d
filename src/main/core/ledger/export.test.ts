import { afterAll, describe, expect, it } from 'vitest'
import type { Json } from '../crypto/canonical-json.ts'
import { hashTagged } from '../crypto/canonical-json.ts'
import { faultOf, removeTempFolders } from '../store/testing.fixture.ts'
import { auditBundle, readBundle, writeBundle } from './bundle.ts'
import { ledgerWorld, ownParty } from './ledger.fixture.ts'
import { Party, story } from './story.fixture.ts'

afterAll(removeTempFolders)

const other = { nonce: '17'.repeat(32), responderNonce: '18'.repeat(32) }

/** Two sessions with Bob, one with Carol, a note and an hs step between them. */
const busy = () => {
  const world = ledgerWorld()
  const alice = ownParty(world)
  const bob = new Party('bob', 3)
  const first = story({}, alice, bob)
  alice.append('event', { type: 'note', payload: { text: 'The heron lands at dawn' } })
  const hs = { step: 'hello', text: 'signed' }
  const hsRow = alice.event('hs.step', {
    role: 'initiator',
    step: 'init_hello',
    peer_sign_pub: '00'.repeat(32),
    hs_hash: hashTagged('zeq.hs.v1', hs),
    decision_hash: null,
  })
  story({ nonce: '27'.repeat(32), responderNonce: '28'.repeat(32) }, alice, new Party('carol', 11))
  const second = story(other, alice, bob)
  alice.write()
  world.ledger.follow(bob.header, 'bob')
  expect(world.ledger.offer(bob.genesis, bob.rows).kind).toBe('extended')
  return { world, alice, bob, first, second, hs, hsRow }
}

describe('a bundle', () => {
  it('of one session shows that session and nothing else, and is judged sound', () => {
    const { world, alice, bob, first } = busy()
    const bundle = world.ledger.exportBundle({
      peer: bob.genesis,
      sessions: [first.nonce],
      confirmKeys: { [first.id]: first.confirm },
      pins: [{ genesis: bob.genesis, name: 'Bob', method: 'words', at: bob.tick }],
    })
    const bytes = writeBundle(bundle)
    const { report } = auditBundle(readBundle(bytes), { expect: [alice.genesis, bob.genesis] })
    expect([report.ok, report.findings, report.status]).toEqual([true, [], 'SEALED'])
    expect(report.sessions).toHaveLength(1)
    expect(bundle.chains.map((chain) => chain.rows.filter((row) => row.payload !== null).length)).toEqual([5, 5])
    const text = Buffer.from(bytes).toString()
    for (const secret of ['heron', '"27272727', other.nonce, 'carol', 'hs.step']) expect([secret, text.includes(secret)]).toEqual([secret, false])
    world.store.close()
  })

  it('of all sessions leaves out those with others', () => {
    const { world, alice, bob, second } = busy()
    const bundle = world.ledger.exportBundle({ peer: bob.genesis, sessions: null, confirmKeys: { [second.id]: second.confirm } })
    const { report } = auditBundle(readBundle(writeBundle(bundle)), { expect: [alice.genesis, bob.genesis] })
    expect([report.ok, report.findings]).toEqual([true, []])
    expect(report.sessions.map((session) => [session.session_nonce, session.status])).toEqual([
      ['07'.repeat(32), 'SEALED'],
      [other.nonce, 'SEALED'],
    ])
    expect(JSON.stringify(bundle)).not.toContain('carol')
    world.store.close()
  })

  it('with an hs peer is one-sided and shows the hs behind its row', () => {
    const { world, hs, hsRow } = busy()
    const bundle = world.ledger.exportBundle({ peer: null, sessions: null, legacyHs: [{ row_seq: hsRow.seq, hs: hs as { readonly [key: string]: Json } }] })
    const { report } = auditBundle(readBundle(writeBundle(bundle)))
    expect(report.findings).toEqual([])
    expect(bundle.chains.map((chain) => chain.rows.filter((row) => row.payload !== null).map((row) => row.seq))).toEqual([[hsRow.seq]])
    world.store.close()
  })

  it('carries the heads that convict a peer', () => {
    const { world, bob } = busy()
    const twin = bob.fork(bob.rows.length - 1)
    twin.append('event', { type: 'note', payload: 'another' })
    expect(world.ledger.keepHead(twin.head())).toMatchObject({ code: 'EQUIVOCATION' })
    const bundle = world.ledger.exportBundle({ peer: bob.genesis, sessions: null })
    const judged = auditBundle(readBundle(writeBundle(bundle)))
    expect(judged.report.findings.map((finding) => finding.code)).toContain('EQUIVOCATION')
    expect(judged.proofs).toHaveLength(1)
    world.store.close()
  })

  it('says what is not there', () => {
    const { world, bob } = busy()
    expect(faultOf(() => world.ledger.exportBundle({ peer: '00'.repeat(32), sessions: null })).code).toBe('NOT_FOUND')
    expect(faultOf(() => world.ledger.exportBundle({ peer: world.ledger.own().genesis, sessions: null })).code).toBe('NOT_FOUND')
    expect(faultOf(() => world.ledger.exportBundle({ peer: bob.genesis, sessions: ['27'.repeat(32)] })).code).toBe('NOT_FOUND')
    expect(world.ledger.chainOf(bob.genesis)).toEqual({ ...bob.header, rows: bob.rows, head: bob.head() })
    world.store.close()
  })
})
