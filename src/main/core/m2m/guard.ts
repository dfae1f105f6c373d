import type { Zeqond } from '../brand.ts'
import type { CheckedChain, CheckedRow } from '../ledger/chain.ts'
import type { FindingCode } from '../ledger/findings.ts'
import type { Head } from '../ledger/head.ts'
import { replay } from '../ledger/replay.ts'
import { checkSession, type SessionContext } from '../ledger/session-check.ts'
import { checkEnds } from '../ledger/session-ends.ts'
import { type Session, sessionOf } from '../ledger/session-steps.ts'
import { judgeHead } from '../ledger/witness.ts'
import { ticks } from '../ledger/zeqond.ts'
import { type Check, CLOCK_TOLERANCE } from './thread.ts'

export interface GuardInput {
  readonly nonce: string
  /** Each chain with its rows of this session, the contract's creation among them. */
  readonly own: CheckedChain
  readonly peer: CheckedChain
  /** Seq of the peer's row that is judged; its later ones do not count yet. */
  readonly upTo: number
  /** The chains with the rows at these places, for heads that were recorded. */
  readonly at: (side: 'own' | 'peer', seqs: readonly number[]) => CheckedChain
  /** The session's `confirm` key, hex, once there is one. */
  readonly confirm: { readonly sessionId: string; readonly key: string } | null
  readonly tick: Zeqond
}

export interface Judged {
  readonly check: Check
  /** The statements of both, A = initiator, as far as they go. Side a is the own one. */
  readonly session: Session
}

interface Found {
  readonly code: FindingCode
  readonly why: string
}

const keysOf = (chain: CheckedChain): readonly string[] => chain.state.epochs.flatMap((e) => [e.sign_pub, e.kx_pub])

/** Heads that each party recorded of the other, held against the chains. */
const witnessed = (session: Session, input: GuardInput, note: (found: Found) => void): string | null => {
  let old: string | null = null
  for (const [recorder, side, chain] of [
    ['a', 'peer', input.peer],
    ['b', 'own', input.own],
  ] as const) {
    const heads: Head[] = [...session.steps[recorder].map(({ step }) => step.peer_head), ...session.ends[recorder].map(({ end }) => end.peer_head)].filter(
      (head): head is Head => head !== null && head.genesis === chain.state.genesis,
    )
    if (heads.length === 0) continue
    const whole = input.at(side, [...new Set(heads.map((head) => head.seq))])
    for (const head of heads) {
      const { code, why } = judgeHead(whole, head)
      if (code === null) continue
      // A head that is signed by our key and not on our chain says that this chain is an old copy, not that the peer lies.
      if (side === 'own' && code !== 'WITNESSED_HEAD_SIG' && code !== 'HISTORY_CHANGED') old = why
      else note({ code, why })
    }
  }
  return old
}

/**
 * Guard W: what the auditor would find in this session, over both chains up to the peer's row (docs/ledger.md, "Audit"). The same
 * code, so that nothing is acted on that an audit finds later; with the `confirm` key also the MAC of the activate rows.
 */
export const judge = (input: GuardInput): Judged => {
  const found: Found[] = []
  const note = (code: FindingCode, why: string): void => void found.push({ code, why })
  const own = input.own
  const peer: CheckedChain = { ...input.peer, rows: input.peer.rows.filter(({ at }) => at <= input.upTo) }
  const [a, b] = [replay(own, note), replay(peer, note)]
  const of = <T>(items: readonly T[], nonceOf: (item: T) => string): readonly T[] => items.filter((item) => nonceOf(item) === input.nonce)
  const session = sessionOf(
    input.nonce,
    { a: of(a.steps, ({ step }) => step.session_nonce), b: of(b.steps, ({ step }) => step.session_nonce) },
    { a: of(a.ends, ({ end }) => end.session_nonce), b: of(b.ends, ({ end }) => end.session_nonce) },
  )
  const chains = { a: own, b: peer }
  const context: SessionContext = {
    chains,
    skew: 0n,
    confirmKey: (id) => (input.confirm?.sessionId === id ? input.confirm.key : undefined),
    // A party that acts has seen every row of the session.
    gap: { a: false, b: false },
    rowByHash: (side, hash) => chains[side].rows.find(({ row }) => row.stateHash === hash),
  }
  if (own.state.genesis === peer.state.genesis || keysOf(own).some((key) => keysOf(peer).includes(key))) note('SELF', 'the two machines share a key or are one')
  checkSession(session, context, note)
  checkEnds(session, context, note)
  const old = witnessed(session, input, (one) => void found.push(one))
  const check = verdict(found, old, peer.rows, input)
  // That nothing is wrong with a row does not make it a statement of this session: only what the replay took for one is acted on.
  const stated = [...session.steps.b, ...session.ends.b].some(({ row }) => row.at === input.upTo)
  if (check.ok && !stated) return { check: { ok: false, kind: 'contradiction', why: 'the row is no statement of this session' }, session }
  return { check, session }
}

const verdict = (found: readonly Found[], old: string | null, rows: readonly CheckedRow[], input: GuardInput): Check => {
  const row = rows.find(({ at }) => at === input.upTo)
  if (row === undefined || !row.shown || !row.sound) return { ok: false, kind: 'contradiction', why: 'the row is not shown' }
  if (ticks(row.row.zeqondNumber) > ticks(input.tick) + CLOCK_TOLERANCE)
    return { ok: false, kind: 'ahead', why: `the row is ${String(ticks(row.row.zeqondNumber) - ticks(input.tick))} ticks ahead of the own clock` }
  if (old !== null) return { ok: false, kind: 'own', why: old }
  const worst = found.find(({ code }) => code !== 'EXPIRED') ?? found[0]
  if (worst === undefined) return { ok: true }
  return { ok: false, kind: worst.code === 'EXPIRED' ? 'late' : 'contradiction', why: `${worst.code}: ${worst.why}` }
}
