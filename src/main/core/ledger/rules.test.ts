import { describe, expect, it } from 'vitest'
import type { Json } from '../crypto/canonical-json.ts'
import { type AuditOptions, audit } from './audit.ts'
import { verifyChain } from './chain.ts'
import { SignPub } from './fields.ts'
import { nextCommitment } from './genesis.ts'
import { Head } from './head.ts'
import { checkRotate, signKeyStatement } from './rotation.ts'
import { endOf, Party, type Story, story } from './story.fixture.ts'
import { plusTicks } from './zeqond.ts'

/** Rules that other rules would cover up: told so that only one of them can speak. */

const found = (a: Party, b: Party, options: AuditOptions = {}): string[] =>
  audit({ a: a.raw(), b: b.raw() }, options).report.findings.map((f) => `${f.code} ${f.rows.slice(0, 1).map((r) => `${r.chain}${r.at}`)}: ${f.why}`)
const told = (s: Story, options: AuditOptions = {}) => found(s.a, s.b, options)
const set = (over: Record<string, Json>) => (input: Record<string, Json>) => ({ ...input, ...over })
const zero = '00'.repeat(32)
/** The identity point: on the curve, of order 1. */
const weak = `01${'00'.repeat(31)}`

describe('chains', () => {
  it('a withheld row may have no proof where none belongs', () => {
    const a = new Party('alice', 1)
    a.append('event', { type: 'note', payload: 1 }, { proofDigest: zero })
    const raw = a.raw()
    raw.rows[0] = { ...raw.rows[0]!, payload: null }
    expect(verifyChain(raw).findings.map((f) => f.code)).toEqual(['PROOF'])
  })
  it.each(['sign_pub', 'kx_pub'])('a header with a weak %s', (key) => {
    const a = new Party('alice', 1)
    expect(verifyChain({ header: { ...a.header, [key]: weak }, rows: [], head: null }).findings).toMatchObject([{ code: 'WEAK_KEY', at: 'header' }])
  })
  it('a contract of no known form', () => {
    const a = new Party('alice', 1)
    a.append('contract_created', { contract_id: a.uuid(), definition: { name: 'x' } })
    expect(found(a, new Party('bob', 3))).toEqual(['FORMAT a0: definition, version: 1 to 64 characters expected'])
  })
  it("a contract with conditions is another machine's business", () => {
    const a = new Party('alice', 1)
    const transitions = [{ from: 'x', to: 'y', operator: 'QM1', proof_required: true, auto: false, condition: 'input.ok' }]
    a.append('contract_created', {
      contract_id: a.uuid(),
      definition: { name: 'x', version: '1', states: { x: { initial: true }, y: {} }, transitions, observers: [], audit_clock: true, zeqond_tick_rate: 1 },
    })
    expect(found(a, new Party('bob', 3))).toEqual([])
  })
  it.each<[string, Record<string, Json>, string]>([
    ['with a field too many', { note: 1 }, 'FORMAT a0: rotation, note: no such field is defined'],
    ['of another machine', { self_genesis: zero }, 'ROTATION a0: the rotation names another machine'],
    ['with another number', { n: 2 }, 'ROTATION a0: the rotation is number 2, expected 1'],
  ])('a rotation %s', (_, over, expected) => {
    const a = new Party('alice', 1)
    a.rotate(over)
    expect(found(a, new Party('bob', 3))).toContain(expected)
  })
  it('a revocation with a field too many', () => {
    const a = new Party('alice', 1)
    a.event('m2m.revoke', signKeyStatement(a.seed, { v: 'zeq-m2m/1', kind: 'revoke', self_genesis: a.genesis, reason: 'retired', note: 1 }))
    expect(found(a, new Party('bob', 3))).toEqual(['FORMAT a0: revocation, note: no such field is defined'])
  })
  it('a rotation to a weak key, though it was committed to', () => {
    const a = new Party('alice', 1)
    const keys = { sign_pub: SignPub.parse(weak), kx_pub: a.header.kx_pub }
    const rotate = { v: 'zeq-m2m/1', kind: 'rotate', self_genesis: a.genesis, n: 1, ...keys, next: null, reason: 'planned', sig: '00'.repeat(64) }
    expect(checkRotate(a.genesis, { ...a.header, next: nextCommitment(keys) }, 0, rotate)).toMatchObject({ ok: false, code: 'WEAK_KEY' })
  })
  it('keys that can never be replaced are not', () => {
    const a = new Party('alice', 1)
    a.rotate()
    a.rotate({ n: 2 })
    expect(found(a, new Party('bob', 3))).toContain('ROTATION a1: the keys in force can never be replaced')
  })
})

describe('steps', () => {
  it.each<[string, Record<string, Json>, string]>([
    [
      'a key that is not in force',
      { self_pubkey: new Party('x', 33).keys.sign_pub },
      'STATEMENT_BINDING a1: self_pubkey does not fit the row, its contract or its chain',
    ],
    ['a state the row does not leave', { from: 'keyed' }, 'STATEMENT_BINDING a1: from does not fit the row, its contract or its chain'],
    ['a peer with a weak key', { peer_pubkey: weak }, 'WEAK_KEY a1: peer_pubkey is not an acceptable Ed25519 key'],
  ])('%s', (_, over, expected) => expect(told(story({ change: { A1: set(over) }, until: 'A1' }))).toContain(expected))
  it.each<[string, Record<string, Json>, string]>([
    ['its role', { role: 'responder' }, 'ROLE a2: the contract changes its role'],
    ['its peer', { peer_slug: 'bobby' }, 'PEER_MISMATCH a2: the contract changes its peer'],
  ])('a contract that changes %s, also when the peer is not there', (_, over, expected) => {
    const s = story({ change: { A2: set(over) }, until: 'A2' })
    expect(found(s.a, new Party('carol', 11))).toEqual([expected])
  })
  it('an ack of a row that is no step', () => {
    const s = story({ until: 'B1', change: { B1: (input) => ({ ...input, ack_hash: s0.rows[0]!.stateHash }) } }, ...pair())
    const raw = s.a.raw(s.a.rows.slice(0, 1))
    const { findings } = audit({ a: raw, b: s.b.raw() }).report
    expect(findings.map((f) => f.why)).toContain('B1 to A1: the row it answers is not that step')
  })
  it('an ack of a row that is not there', () => {
    const s = story({ until: 'B1' })
    const { findings } = audit({ a: s.a.raw(s.a.rows.slice(0, 1)), b: s.b.raw() }).report
    expect(findings.map((f) => f.why)).toContain('B1 to A1: the row it answers is not on the other chain')
  })
  it('a head of another machine', () => {
    const head = { ...new Party('carol', 11), genesis: zero }
    const s = story({
      until: 'A1',
      change: { A1: set({ peer_head: { genesis: head.genesis, seq: 0, stateHash: zero, zeqondNumber: '1', sig: '00'.repeat(64) } }) },
    })
    expect(told(s)).toEqual(['PEER_MISMATCH a1: peer_head is of another machine'])
  })
  it('a row stamped before the head it records', () => {
    const [a, b] = pair()
    const row = b.append('event', { type: 'note', payload: 1 }, { tick: plusTicks(b.tick, 50n) })
    const s = story({ until: 'A1', tick: { A1: (party) => plusTicks(party.tick, 1n) }, change: { A1: set({ peer_head: { ...b.head(row) } }) } }, a, b)
    expect(told(s)).toEqual(['CAUSALITY a1: the row is stamped before the head it records'])
  })
  it('rows without their contract are not blamed for what is withheld', () => {
    const s = story()
    const raw = s.a.raw()
    raw.rows[0] = { ...raw.rows[0]!, payload: null }
    expect(audit({ a: raw, b: s.b.raw() }).report).toMatchObject({ ok: true, status: 'SEALED', hidden: 1 })
    raw.rows[2] = { ...raw.rows[2]!, payload: null }
    expect(audit({ a: raw, b: s.b.raw() }).report).toMatchObject({ ok: true, status: 'KEYED_ONE', hidden: 2 })
  })
})

describe('ends', () => {
  it('one that names itself, one that names a stranger', () => {
    const [s, t] = [story(), story()]
    s.a.end(endOf(s, s.a, 'close', { peer_genesis: s.a.genesis }))
    expect(told(s)).toContain('SELF a5: the party names itself as its peer')
    t.a.end(endOf(t, t.a, 'close', { peer_genesis: zero }))
    expect(told(t)).toEqual(["PEER_MISMATCH a5: peer_genesis is not the other chain's"])
  })
  it('an abort of a session it never had', () => {
    const s = story({ until: 'A1' })
    s.b.append('event', { type: 'note', payload: 1 })
    s.b.end(endOf(s, s.b, 'abort', { session_id: null }))
    expect(told(s)).toEqual(['END b1: abort of a session this chain has no step of'])
  })
  const seal = (s: Story, self: Party, of: Party, row: number) => {
    const { reason: _, ...fields } = endOf(s, self, 'seal', { peer_active_hash: of.rows[row]!.stateHash, peer_head: { ...of.head(of.rows[row]) } })
    return self.end(fields)
  }
  it('a seal before the own activate step', () => {
    const s = story({ until: 'A3' })
    seal(s, s.b, s.a, 3)
    expect(told(s)).toEqual(['SEAL b3: a seal before the own activate step'])
  })
  it('a seal of a row that is no activate step', () => {
    const s = story({ until: 'A3' })
    seal(s, s.a, s.b, 2)
    expect(told(s)).toEqual(['SEAL a4: the row it seals is not the activate step of the other chain'])
  })
  it('a seal with the head of another row', () => {
    const s = story({ until: 'B3' })
    const { reason: _, ...fields } = endOf(s, s.a, 'seal', { peer_active_hash: s.b.rows[3]!.stateHash, peer_head: { ...s.b.head(s.b.rows[2]) } })
    s.a.end(fields)
    expect(told(s)).toEqual(['SEAL a4: peer_head is not the head at the row it seals'])
  })
  it('a seal stamped before the row it seals', () => {
    const s = story({ until: 'B3', tick: { B3: (party) => plusTicks(party.tick, 40n) } })
    seal(s, s.a, s.b, 3)
    expect(told(s)).toContain('CAUSALITY a4: the seal is stamped before the row it seals')
  })
})

describe('heads from outside', () => {
  it('one behind the end that nobody signed is no rollback', () => {
    const s = story()
    const head = Head.parse({ ...s.a.head(), seq: 9, sig: '00'.repeat(64) })
    expect(told(s, { heads: [head] })).toEqual([
      'WITNESSED_HEAD_SIG ahead: a recorded head at 9, behind the end of the chain, is not signed by the key in force',
    ])
  })
  it('one of a stranger is passed over', () => {
    const s = story()
    const c = new Party('carol', 11)
    c.append('event', { type: 'note', payload: 1 })
    expect(told(s, { heads: [Head.parse(c.head())] })).toEqual([])
  })
})

const pair = (): [Party, Party] => [new Party('alice', 1), new Party('bob', 3)]
/** Row 0 of the first party is the same in every story. */
const s0 = story({ until: 'A1' }).a
