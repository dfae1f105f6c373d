import { describe, expect, it } from 'vitest'
import type { RowPreview } from '../../../contract/index.ts'
import type { Genesis, PeerId, Zeqond } from '../brand.ts'
import type { Json } from '../crypto/canonical-json.ts'
import { headOf } from '../ledger/head.ts'
import { Row } from '../ledger/row.ts'
import { chainOf, m2m, repeated } from '../ledger/vectors.fixture.ts'
import { plusTicks } from '../ledger/zeqond.ts'
import type { Step } from './statement.ts'
import { draftEnd, draftStep, previewEnd, previewStep, signedEnd, signedStep } from './statements.ts'
import { newInitiator, newResponder, type OwnRow, type Thread } from './thread.ts'

type Fields = Record<string, Json>
const rowsOf = (k: 'a' | 'b'): Row[] => chainOf(m2m.chains[k]).rows.map((raw) => Row.parse(raw))
const [A, B] = [rowsOf('a'), rowsOf('b')]
const inputOf = (row: Row | undefined): Fields => ((row as Row).payload as { input: Fields }).input
const partyOf = (k: 'a' | 'b') => ({ genesis: m2m[k].genesis as Genesis, signPub: m2m[k].sign_pub, kxPub: m2m[k].kx_pub })
const seedOf = (k: 'a' | 'b') => repeated(k === 'a' ? 1 : 3)
const slugOf = (k: 'a' | 'b'): string => String((chainOf(m2m.chains[k]).header as { slug: string }).slug)
const first = inputOf(A[1])

const common = (k: 'a' | 'b') => ({
  id: '01'.repeat(16),
  peerId: 'peer' as PeerId,
  peerGenesis: m2m[k === 'a' ? 'b' : 'a'].genesis as Genesis,
  nonce: m2m.transcript.a.nonce,
  contractId: String(inputOf(k === 'a' ? A[1] : B[1])['contract_id']),
  suites: ['x25519'] as const,
  wordsCommit: String(first['words_commit']),
  now: 1,
})
const lifetime = Number(BigInt(String(first['expires_zeqond'])) - BigInt(A[1]?.zeqondNumber ?? 0))
const after = { sessionId: m2m.session_id }
const a: Thread = { ...newInitiator({ ...common('a'), x: m2m.words.x, lifetime }), ...after, eph: m2m.transcript.a.eph }
const b: Thread = {
  ...newResponder({ ...common('b'), y: m2m.words.y, responderNonce: m2m.transcript.b.nonce, expires: '1' as Zeqond }),
  ...after,
  eph: m2m.transcript.b.eph,
}

const STEPS: readonly (readonly [OwnRow, 'a' | 'b', number, Row | null])[] = [
  ['A1', 'a', 1, null],
  ['B1', 'b', 1, A[1] ?? null],
  ['B2', 'b', 2, A[1] ?? null],
  ['A2', 'a', 2, B[2] ?? null],
  ['A3', 'a', 3, B[2] ?? null],
  ['B3', 'b', 3, A[2] ?? null],
]

const partsOf = (k: 'a' | 'b') => {
  const other = k === 'a' ? 'b' : 'a'
  return { self: partyOf(k), peer: { genesis: m2m[other].genesis as Genesis, signPub: m2m[other].sign_pub, slug: slugOf(other) }, thread: k === 'a' ? a : b }
}

/** Each field of a preview is the row's, but for the stamped ones. */
const fits = (preview: RowPreview, input: Fields): void => {
  expect(preview.fields.filter((f) => f.value === null).map((f) => f.name)).toEqual([
    'seq',
    'prevHash',
    'zeqondNumber',
    ...Object.keys(input)
      .sort()
      .filter((name) => ['decision_hash', 'peer_head', 'sig'].includes(name)),
  ])
  for (const { name, value } of preview.fields)
    if (value !== null && name !== 'expires_zeqond')
      expect([name, value]).toEqual([name, typeof input[name] === 'string' ? input[name] : JSON.stringify(input[name])])
  expect(preview.fields.slice(3).map((f) => f.name)).toEqual(Object.keys(input).sort())
}

describe('statements of the golden handshake', () => {
  it.each(STEPS)('%s: the same bytes, and the preview is the row but for its stamped fields', (name, k, seq, acked) => {
    const row = (k === 'a' ? A : B)[seq]
    const golden = inputOf(row)
    const draft = draftStep(name, { ...partsOf(k), acked, peerSuites: ['x25519'], keyConfirm: (golden['key_confirm'] as string) ?? null })
    const head = acked === null ? ((golden['peer_head'] ?? null) as Step['peer_head']) : headOf(partsOf(k).peer.genesis, acked)
    const made = signedStep(draft, lifetime, { stamp: (row as Row).zeqondNumber, decision: golden['decision_hash'] as string | null, head }, seedOf(k))
    expect(made).toEqual(golden)
    const preview = previewStep({ originId: 'countersign:x', isPublic: true }, draft, lifetime)
    fits(preview, golden)
    expect(preview.type).toBe(`contract ${golden['from']} → ${golden['to']}`)
    if (name === 'A1') {
      expect(preview.fields.find((f) => f.name === 'expires_zeqond')?.value).toBe(`+${lifetime}`)
      expect(golden['expires_zeqond']).toBe(plusTicks((row as Row).zeqondNumber, BigInt(lifetime)))
    }
  })
  it.each(['a', 'b'] as const)('%s4 seal', (k) => {
    const golden = inputOf((k === 'a' ? A : B)[4])
    const active = (k === 'a' ? B : A)[3] as Row
    const draft = draftEnd('seal', partsOf(k), { peerActive: active.stateHash })
    expect(signedEnd(draft, { decision: null, head: headOf(partsOf(k).peer.genesis, active) }, seedOf(k))).toEqual(golden)
  })
  it('a close is shown as it will be, its salt on a private machine too', () => {
    const draft = draftEnd('close', partsOf('a'), { reason: 'user' })
    fits(previewEnd({ originId: 'countersign:x', isPublic: true }, draft), signedEnd(draft, { decision: null, head: null }, seedOf('a')) as Fields)
    expect(previewEnd({ originId: 'countersign:x', isPublic: false }, draft).fields.at(-1)).toEqual({ name: 'salt', value: null })
  })
})
