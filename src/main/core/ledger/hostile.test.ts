import { describe, expect, it } from 'vitest'
import type { Json } from '../crypto/canonical-json.ts'
import { type AuditOptions, audit } from './audit.ts'
import type { SessionStatus } from './audit-report.ts'
import { Zeqond } from './fields.ts'
import { HANDSHAKE } from './handshake-contract.ts'
import { signKeyStatement } from './rotation.ts'
import { endOf, Party, type Story, type StoryOptions, story } from './story.fixture.ts'
import { DAY, plusTicks } from './zeqond.ts'

const judge = (told: Pick<Story, 'a' | 'b'>, options: AuditOptions = {}) => audit({ a: told.a.raw(), b: told.b.raw() }, options)
const codes = (told: Pick<Story, 'a' | 'b'>, options: AuditOptions = {}): string[] =>
  judge(told, options).report.findings.map((f) => `${f.code} ${f.rows.slice(0, 1).map((r) => `${r.chain}${r.at}`)}`)
const zero = '00'.repeat(32)
const tick = (text: string) => Zeqond.parse(text)

describe('a true story', () => {
  it('has nothing to be found', () => {
    const told = story()
    expect(codes(told)).toEqual([])
    expect(judge(told).report).toMatchObject({ ok: true, status: 'SEALED' })
  })
  it('either order of the chains, the same verdict', () => {
    const told = story()
    const { report } = audit({ a: told.b.raw(), b: told.a.raw() })
    expect(report).toMatchObject({ ok: true, status: 'SEALED', sessions: [{ initiator: 'b', session_id: told.id }] })
  })
  it.each<[StoryOptions['until'], SessionStatus]>([
    ['A1', 'PROPOSED'],
    ['B1', 'ACCEPTED'],
    ['B2', 'KEYED_ONE'],
    ['A2', 'KEYED_BOTH'],
    ['A3', 'ACTIVE_ONE'],
    ['B3', 'ACTIVE_BOTH'],
  ])('told until %s is %s', (until, status) => {
    expect(judge(story({ until: until! })).report).toMatchObject({ ok: true, status, findings: [] })
  })
  it('the confirm key confirms', () => {
    const told = story()
    expect(judge(told, { confirmKeys: { [told.id]: told.confirm } }).report.sessions[0]).toMatchObject({ confirmed: true })
  })
  it('closed and aborted sessions say so', () => {
    const told = story()
    told.a.end(endOf(told, told.a, 'close'))
    told.b.end(endOf(told, told.b, 'close', { peer_head: { ...told.a.head() } }))
    const { report } = judge(told)
    expect(report).toMatchObject({
      ok: true,
      sessions: [
        {
          ended: [
            { who: 'a', kind: 'close', reason: 'done' },
            { who: 'b', kind: 'close' },
          ],
        },
      ],
    })
    const early = story({ until: 'B1' })
    early.a.end(endOf(early, early.a, 'abort', { reason: 'user' }))
    expect(judge(early).report).toMatchObject({ ok: true, status: 'ACCEPTED', sessions: [{ ended: [{ who: 'a', kind: 'abort', reason: 'user' }] }] })
  })
  it('several sessions, interleaved with one more peer', () => {
    const [a, b, c] = [new Party('alice', 1), new Party('bob', 3), new Party('carol', 11)]
    story(
      {
        nonce: '11'.repeat(32),
        responderNonce: '12'.repeat(32),
        before: { A2: () => void story({ nonce: '21'.repeat(32), responderNonce: '22'.repeat(32), until: 'B3' }, a, c) },
      },
      a,
      b,
    )
    story({ nonce: '31'.repeat(32), responderNonce: '32'.repeat(32) }, b, a)
    const { report } = judge({ a, b })
    expect(report.findings).toEqual([])
    expect(report.sessions.map((s) => [s.session_nonce.slice(0, 2), s.initiator, s.status])).toEqual([
      ['11', 'a', 'SEALED'],
      ['31', 'b', 'SEALED'],
    ])
    expect(audit({ a: a.raw(), b: c.raw() }).report).toMatchObject({ ok: true, status: 'ACTIVE_BOTH', sessions: [{ session_nonce: '21'.repeat(32) }] })
    const named = judge({ a, b }, { sessions: ['11'.repeat(32)] }).report
    expect(named.sessions).toHaveLength(1)
    // A verdict about some must not read as one about all.
    expect([named, report].map(({ scope }) => scope.limits.includes('NAMED_SESSIONS'))).toEqual([true, false])
  })
  it('a session under rotated keys', () => {
    const [a, b] = [new Party('alice', 1), new Party('bob', 3)]
    story({ nonce: '11'.repeat(32), responderNonce: '12'.repeat(32) }, a, b)
    a.rotate()
    story({ nonce: '21'.repeat(32), responderNonce: '22'.repeat(32) }, a, b)
    expect(judge({ a, b }).report).toMatchObject({ ok: true, keys: { a: 2, b: 1 }, status: 'SEALED' })
  })
  it('rows of others may be skeletons', () => {
    const told = story()
    told.a.append('event', { type: 'note', payload: { x: 1 } })
    const raw = told.a.raw()
    raw.rows[raw.rows.length - 1] = { ...raw.rows.at(-1)!, payload: null }
    const { report } = audit({ a: raw, b: told.b.raw() })
    expect(report).toMatchObject({ ok: true, hidden: 1, status: 'SEALED' })
    expect(report.scope.limits).toContain('WITHHELD_ROWS')
  })
  it('withheld steps prove nothing, and blame nobody', () => {
    const told = story()
    const raw = { ...told.a.raw(), rows: told.a.rows.map((row) => ({ ...row, payload: null })) }
    expect(audit({ a: raw, b: told.b.raw() }).report).toMatchObject({ ok: true, status: 'NONE', hidden: told.a.rows.length, findings: [] })
  })
  it('keys that lie with a host are named', () => {
    const a = new Party('alice', 1)
    a.event('machine.custody', { custody: 'host' })
    const { report } = judge(story({}, a))
    expect(report).toMatchObject({ ok: true, scope: { chains: { a: { custody: 'host' }, b: { custody: 'own' } } } })
    expect(report.scope.limits).toContain('HOST_CUSTODY')
  })
})

describe('an owner who lies on its own chain', () => {
  const set = (over: Record<string, Json>) => (input: Record<string, Json>) => ({ ...input, ...over })
  const two = () => {
    const [a, b] = [new Party('alice', 1), new Party('bob', 3)]
    story({ nonce: '11'.repeat(32), responderNonce: '12'.repeat(32), until: 'B3' }, a, b)
    return { a, b }
  }
  it.each<[string, () => Pick<Story, 'a' | 'b'>, string]>([
    ['signed by another key', () => story({ forge: { A1: 'other' } }), 'STEP_SIG a1'],
    ['not signed at all', () => story({ forge: { B2: 'unsigned' }, until: 'B2' }), 'UNSIGNED b2'],
    ['a field too many in a statement', () => story({ change: { A1: set({ note: 'x' }) }, until: 'A1' }), 'FORMAT a1'],
    ['another machine as itself', () => story({ change: { A1: set({ self_genesis: zero }) }, until: 'A1' }), 'STATEMENT_BINDING a1'],
    [
      'a kx key that is not its own',
      () => story({ change: { B1: set({ self_kx_pub: new Party('x', 33).keys.kx_pub }) }, until: 'B1' }),
      'STATEMENT_BINDING b1',
    ],
    ['another contract id', () => story({ change: { A1: set({ contract_id: '00000000-0000-4000-8000-000000000099' }) }, until: 'A1' }), 'STATEMENT_BINDING a1'],
    ['another definition hash', () => story({ change: { A1: set({ definition_hash: zero }) }, until: 'A1' }), 'STATEMENT_BINDING a1'],
    ['a move the row does not make', () => story({ change: { A1: set({ to: 'keyed' }) }, until: 'A1' }), 'STATEMENT_BINDING a1'],
    ['a responder who proposes', () => story({ change: { A1: set({ role: 'responder' }) }, until: 'A1' }), 'ROLE a1'],
    ['a contract that changes its nonce', () => story({ change: { A2: set({ session_nonce: '99'.repeat(32) }) }, until: 'A2' }), 'STATEMENT_BINDING a2'],
    ['another peer slug', () => story({ change: { A1: set({ peer_slug: 'bobby' }) }, until: 'A1' }), 'PEER_MISMATCH a1'],
    ['another peer key', () => story({ change: { B1: set({ peer_pubkey: new Party('x', 33).keys.sign_pub }) }, until: 'B1' }), 'PEER_MISMATCH b1'],
    ['another peer genesis', () => story({ change: { A1: set({ peer_genesis: zero }) }, until: 'A1' }), 'PEER_MISMATCH a1'],
    ['itself as peer', () => story({ change: { A1: (i) => ({ ...i, peer_genesis: i['self_genesis']! }) }, until: 'A1' }), 'SELF a1'],
    ['a weak ephemeral', () => story({ change: { B2: set({ ecdh_pub: zero }) }, until: 'B2' }), 'WEAK_KEY b2'],
    ['a proof digest of nothing', () => story({ proof: { A1: zero }, until: 'A1' }), 'PROOF a1'],
    ['no proof digest', () => story({ proof: { A1: null }, until: 'A1' }), 'PROOF a1'],
    [
      'another definition by the same name',
      () => story({ definition: { ...HANDSHAKE, version: '1.1' } as unknown as Json, until: 'A1' }),
      'DEFINITION_MISMATCH a0',
    ],
    ['a step in a contract of its own', () => story({ definition: { ...HANDSHAKE, name: 'other' } as unknown as Json, until: 'A1' }), 'DEFINITION_MISMATCH a1'],
    ['a step skipped', () => story({ payload: { A1: (p) => ({ ...p, from: 'accepted_pending', to: 'keyed' }) }, until: 'A1' }), 'ILLEGAL_TRANSITION a1'],
    ['an operator the definition does not have', () => story({ payload: { A1: (p) => ({ ...p, operator: 'QM1' }) }, until: 'A1' }), 'ILLEGAL_TRANSITION a1'],
    [
      'a contract that was never made',
      () => story({ payload: { A1: (p) => ({ ...p, contract_id: '00000000-0000-4000-8000-000000000099' }) }, until: 'A1' }),
      'ILLEGAL_TRANSITION a1',
    ],
    ['an ack of another row', () => story({ change: { B1: set({ ack_hash: zero }) }, until: 'B1' }), 'ACK_MISMATCH b1'],
    ['an ack of another statement', () => story({ change: { A2: set({ ack_stmt_hash: zero }) }, until: 'A2' }), 'ACK_MISMATCH a2'],
    [
      'a head of another row',
      () => story({ change: { B2: (i) => ({ ...i, peer_head: { ...(i['peer_head'] as object), seq: 0 } as Json }) }, until: 'B2' }),
      'ACK_MISMATCH b2',
    ],
    [
      'a head with a bad signature',
      () => story({ change: { B1: (i) => ({ ...i, peer_head: { ...(i['peer_head'] as object), sig: '00'.repeat(64) } as Json }) }, until: 'B1' }),
      'WITNESSED_HEAD_SIG b1',
    ],
    [
      'a suite that is not the first common one',
      () => story({ change: { A1: set({ suites: ['x25519mlkem768', 'x25519'] }), B1: set({ suites: ['x25519', 'x25519mlkem768'] }) }, until: 'B1' }),
      'SUITE b1',
    ],
    ['a suite nobody offered', () => story({ change: { B1: set({ suite: 'x25519mlkem768' }) }, until: 'B1' }), 'SUITE b1'],
    ['a KEM under x25519', () => story({ change: { B2: set({ kem: '00'.repeat(1184) }) }, until: 'B2' }), 'SUITE b2'],
    ['accepted too late', () => story({ tick: { B1: (p) => plusTicks(p.tick, 400n) }, until: 'B1' }), 'EXPIRED b1'],
    [
      'a proposal for more than a day',
      () => story({ change: { A1: (i) => ({ ...i, expires_zeqond: plusTicks(tick('2310560602'), DAY + 1n) }) }, until: 'A1' }),
      'EXPIRED a1',
    ],
    ['keyed a day later', () => story({ tick: { B2: (p) => plusTicks(p.tick, DAY + 1n) }, until: 'B2' }), 'EXPIRED b2'],
    ['activated a day later', () => story({ tick: { B3: (p) => plusTicks(p.tick, DAY + 5n) }, until: 'B3' }), 'EXPIRED b3'],
    ['stamped before what it answers', () => story({ tick: { A1: () => tick('2310560700'), B1: () => tick('2310560650') }, until: 'B1' }), 'CAUSALITY b1'],
    ['another session id', () => story({ change: { A3: set({ session_id: zero }) }, until: 'A3' }), 'SESSION_ID a3'],
    ['a seal of another session id', () => story({ change: { B4: set({ session_id: zero }) } }), 'SESSION_ID b4'],
    ['a seal of another row', () => story({ change: { A4: set({ peer_active_hash: zero }) } }), 'SEAL a4'],
    [
      'a nonce twice',
      () => story({ nonce: '11'.repeat(32), responderNonce: '13'.repeat(32), until: 'A1' }, ...(Object.values(two()) as [Party, Party])),
      'NONCE_REUSE a5',
    ],
    [
      'an answer nonce twice',
      () => story({ nonce: '21'.repeat(32), responderNonce: '12'.repeat(32), until: 'B1' }, ...(Object.values(two()) as [Party, Party])),
      'NONCE_REUSE b5',
    ],
    [
      'both as initiator',
      () => {
        const told = two()
        story({ nonce: '11'.repeat(32), until: 'A1' }, told.b, told.a)
        return told
      },
      'ROLE b5',
    ],
    [
      'keys rotated within a session',
      () => {
        const [a, b] = [new Party('alice', 1), new Party('bob', 3)]
        return story({ before: { A2: () => void a.rotate() }, until: 'A2' }, a, b)
      },
      'ROTATION a3',
    ],
    [
      'a rotation nobody committed to',
      () => {
        const told = two()
        told.a.rotate({ kx_pub: new Party('x', 33).keys.kx_pub })
        return told
      },
      'ROTATION a4',
    ],
    [
      'a revocation by another key',
      () => {
        const told = two()
        told.a.event('m2m.revoke', signKeyStatement(told.b.seed, { v: 'zeq-m2m/1', kind: 'revoke', self_genesis: told.a.genesis, reason: 'retired' }))
        return told
      },
      'ROTATION a4',
    ],
    [
      'a revocation of another machine',
      () => {
        const told = two()
        told.a.event('m2m.revoke', signKeyStatement(told.a.seed, { v: 'zeq-m2m/1', kind: 'revoke', self_genesis: told.b.genesis, reason: 'retired' }))
        return told
      },
      'ROTATION a4',
    ],
    [
      'a row after the revocation',
      () => {
        const told = two()
        told.a.event('m2m.revoke', signKeyStatement(told.a.seed, { v: 'zeq-m2m/1', kind: 'revoke', self_genesis: told.a.genesis, reason: 'retired' }))
        told.a.append('event', { type: 'note', payload: 1 })
        return told
      },
      'AFTER_REVOKE a5',
    ],
    [
      'the same contract twice',
      () => {
        const told = two()
        told.a.append('contract_created', told.a.rows[0]!.payload)
        return told
      },
      'DUPLICATE_CONTRACT a4',
    ],
    [
      'the clock turned back',
      () => {
        const told = two()
        told.a.append('event', { type: 'note', payload: 1 }, { tick: told.a.header.genesis_zeqond })
        return told
      },
      'ZEQOND_BACKWARD a4',
    ],
    ['two parties who are one', () => ({ a: new Party('alice', 1), b: new Party('bob', 1) }), 'SELF aheader'],
  ])('%s', (_, tell, expected) => {
    const told = tell()
    expect(codes(told)).toContain(expected)
    expect(judge(told).report.ok).toBe(false)
  })
  it.each<[string, (told: Story) => void, string]>([
    ['a close by another key', (t) => t.a.end(endOf(t, t.a, 'close'), 'zeq.head.v1'), 'END_SIG a5'],
    ['an abort after activation', (t) => t.a.end(endOf(t, t.a, 'abort')), 'END a5'],
    ['two closes', (t) => [t.a.end(endOf(t, t.a, 'close')), t.a.end(endOf(t, t.a, 'close'))], 'END a6'],
    ['a close of another session id', (t) => t.a.end(endOf(t, t.a, 'close', { session_id: zero })), 'SESSION_ID a5'],
    ['a close for another machine', (t) => t.a.end(endOf(t, t.a, 'close', { self_genesis: zero })), 'STATEMENT_BINDING a5'],
    ['a close of a session it never had', (t) => t.a.end(endOf(t, t.a, 'close', { session_nonce: zero })), 'END a5'],
    ['a reason of its own', (t) => t.a.end(endOf(t, t.a, 'close', { reason: 'bored' })), 'FORMAT a5'],
    ['an event of no known type', (t) => t.a.event('m2m.cancel', {}), 'FORMAT a5'],
    ['a second seal', (t) => t.a.append('event', t.rows.A4!.payload), 'SEAL a5'],
  ])('%s', (_, tell, expected) => {
    const told = story()
    tell(told)
    expect(codes(told)).toContain(expected)
  })
  it('a close before activation, an abort without the id it knew', () => {
    const told = story({ until: 'A2' })
    told.b.end(endOf(told, told.b, 'close'))
    told.a.end(endOf(told, told.a, 'abort', { session_id: null }))
    expect(codes(told)).toEqual(['END a3', 'END b3'])
  })
  it('a wrong confirm key', () => {
    const told = story()
    expect(codes(told, { confirmKeys: { [told.id]: zero } })).toEqual(['KEY_CONFIRM a3', 'KEY_CONFIRM b3'])
  })
  it('a host may lag by the skew that is granted, not by more', () => {
    const told = story({ tick: { A1: () => tick('2310560700'), B1: () => tick('2310560697') }, until: 'B1' })
    expect(codes(told, { skew: 4n })).toEqual([])
    expect(codes(told, { skew: 2n })).not.toEqual([])
  })
  it('a step with a finding does not count for the status', () => {
    const { report } = judge(story({ forge: { B3: 'other' }, until: 'B3' }))
    expect(report).toMatchObject({ ok: false, status: 'ACTIVE_ONE' })
  })
})
