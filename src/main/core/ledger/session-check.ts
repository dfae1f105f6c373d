import { equalBytes, fromHex } from '../crypto/bytes.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { keyConfirm, sessionId } from '../m2m/session.ts'
import { chooseSuite, kemFits, type Step } from '../m2m/statement.ts'
import { otherSide, type RowRef, type Side, type StepName } from './audit-report.ts'
import { type CheckedChain, type CheckedRow, epochAt } from './chain.ts'
import type { FindingCode } from './findings.ts'
import { type Head, headOf, sameHead } from './head.ts'
import { type Made, type Session, sideOf } from './session-steps.ts'
import { DAY, ticks } from './zeqond.ts'

/** What the rules of a session are held against. A missing chain leaves out what only it could show. */
export interface SessionContext {
  readonly chains: Readonly<Partial<Record<Side, CheckedChain>>>
  /** Ticks a host's stamp may lag behind what it acknowledges; 0 for chains whose owners stamp. */
  readonly skew: bigint
  /** Hex key that an exporter showed for this session id. */
  readonly confirmKey: (sessionId: string) => string | undefined
  /** Rows of this side that nobody shows could hold what is missed. */
  readonly gap: Readonly<Record<Side, boolean>>
  /** Rows by their stateHash, whatever they are. */
  readonly rowByHash: (side: Side, stateHash: string) => CheckedRow | undefined
}

export type NoteRows = (code: FindingCode, why: string, rows: readonly RowRef[]) => void

const ref = (chain: Side, row: CheckedRow): RowRef => ({ chain, at: row.at })

const checkRoles = (session: Session, note: NoteRows): void => {
  for (const side of ['a', 'b'] as const) {
    const role = side === session.initiator ? 'initiator' : 'responder'
    const odd = session.steps[side].find(({ step }) => step.role !== role)
    if (odd !== undefined) note('ROLE', 'both parties claim the same role, or one claims two', [ref(side, odd.row)])
  }
}

/** Every step names the other chain: its genesis, slug and the key it used in this session. */
const checkPeers = (session: Session, context: SessionContext, note: NoteRows): void => {
  for (const side of ['a', 'b'] as const) {
    const peer = context.chains[otherSide(side)]
    if (peer === undefined) continue
    const answered = session.steps[otherSide(side)][0]
    const keys = answered === undefined ? peer.state.epochs : [epochAt(peer.state.epochs, answered.row.at)]
    for (const { row, step } of session.steps[side]) {
      const wrong =
        step.peer_genesis !== peer.state.genesis
          ? 'peer_genesis'
          : step.peer_slug !== peer.header.slug
            ? 'peer_slug'
            : keys.some((key) => key.sign_pub === step.peer_pubkey)
              ? null
              : 'peer_pubkey'
      if (wrong !== null) note('PEER_MISMATCH', `${wrong} is not the other chain's`, [ref(side, row)])
    }
    for (const { row, end } of session.ends[side])
      if (end.peer_genesis !== peer.state.genesis) note('PEER_MISMATCH', "peer_genesis is not the other chain's", [ref(side, row)])
  }
}

interface Ack {
  readonly hash: string
  readonly stmtHash: string
  readonly head: Head
}

const ackOf = (step: Step): Ack | null =>
  step.kind === 'accept' || step.kind === 'key'
    ? { hash: step.ack_hash, stmtHash: step.ack_stmt_hash, head: step.peer_head }
    : step.kind === 'activate'
      ? { hash: step.peer_keyed_hash, stmtHash: step.peer_keyed_stmt_hash, head: step.peer_head }
      : null

const ACKS: readonly (readonly [StepName, StepName])[] = [
  ['B1', 'A1'],
  ['B2', 'A1'],
  ['A2', 'B2'],
  ['A3', 'B2'],
  ['B3', 'A2'],
]

const checkAcks = (session: Session, context: SessionContext, note: NoteRows): void => {
  for (const [acker, acked] of ACKS) {
    const made = session.slots[acker]
    const ack = made === undefined ? null : ackOf(made.step)
    if (made === undefined || ack === null) continue
    const [side, peer] = [sideOf(session, acker), sideOf(session, acked)]
    const chain = context.chains[peer]
    if (chain === undefined) continue
    const target: Made<Step> | undefined = session.slots[acked]
    const rows = [ref(side, made.row), ...(target === undefined ? [] : [ref(peer, target.row)])]
    const wrong = (why: string): void => note('ACK_MISMATCH', `${acker} to ${acked}: ${why}`, rows)
    if (target === undefined) {
      const row = context.rowByHash(peer, ack.hash)
      if (row === undefined) wrong('the row it answers is not on the other chain')
      // A withheld row may be the right one.
      else if (row.shown) wrong('the row it answers is not that step')
      continue
    }
    if (ack.hash !== target.row.row.stateHash) wrong('it answers another row')
    if (ack.stmtHash !== target.stmtHash) wrong('it answers another statement')
    if (!sameHead(ack.head, headOf(chain.state.genesis, target.row.row))) wrong('peer_head is not the head at the row it answers')
    if (ticks(made.row.row.zeqondNumber) + context.skew < ticks(target.row.row.zeqondNumber))
      note('CAUSALITY', `${acker} is stamped before ${acked}, which it answers`, rows)
  }
}

const headsOf = (session: Session, side: Side): { readonly row: CheckedRow; readonly head: Head; readonly peer: string }[] => [
  ...session.steps[side].flatMap(({ row, step }) => (step.peer_head === null ? [] : [{ row, head: step.peer_head, peer: step.peer_genesis }])),
  ...session.ends[side].flatMap(({ row, end }) => (end.peer_head === null ? [] : [{ row, head: end.peer_head, peer: end.peer_genesis }])),
]

const checkHeads = (session: Session, context: SessionContext, note: NoteRows): void => {
  for (const side of ['a', 'b'] as const) {
    for (const { row, head, peer } of headsOf(session, side)) {
      if (head.genesis !== peer) note('PEER_MISMATCH', 'peer_head is of another machine', [ref(side, row)])
      if (ticks(row.row.zeqondNumber) + context.skew < ticks(head.zeqondNumber))
        note('CAUSALITY', 'the row is stamped before the head it records', [ref(side, row)])
    }
  }
}

const checkSuite = (session: Session, note: NoteRows): string | null => {
  const { A1, B1, B2, A2 } = session.slots
  if (B1 === undefined) return null
  const suite = B1.step.suite
  const at = (name: StepName, made: { readonly row: CheckedRow }): readonly RowRef[] => [ref(sideOf(session, name), made.row)]
  if (A1 !== undefined && chooseSuite(A1.step.suites, B1.step.suites) !== suite)
    note('SUITE', 'the suite is not the first common one of the two lists', at('B1', B1))
  for (const [name, made] of [
    ['B2', B2],
    ['A2', A2],
  ] as const) {
    if (made !== undefined && !kemFits(suite, made.step.role, made.step.kem)) note('SUITE', `kem of ${name} does not fit the suite`, at(name, made))
  }
  return suite
}

const checkExpiry = (session: Session, note: NoteRows): void => {
  const z = (name: StepName): bigint | null => {
    const made = session.slots[name]
    return made === undefined ? null : ticks(made.row.row.zeqondNumber)
  }
  const at = (name: StepName): readonly RowRef[] => {
    const made = session.slots[name]
    return made === undefined ? [] : [ref(sideOf(session, name), made.row)]
  }
  const { A1, B1 } = session.slots
  if (A1 !== undefined) {
    const expires = ticks(A1.step.expires_zeqond)
    if (expires > ticks(A1.row.row.zeqondNumber) + DAY) note('EXPIRED', 'the proposal gives itself more than 24 h', at('A1'))
    if (B1 !== undefined && ticks(B1.row.row.zeqondNumber) > expires) note('EXPIRED', 'accepted after the proposal had expired', at('B1'))
  }
  for (const [name, before] of [
    ['B2', 'B1'],
    ['A2', 'B2'],
    ['A3', 'A2'],
    ['B3', 'A2'],
  ] as const) {
    const [late, early] = [z(name), z(before)]
    if (late !== null && early !== null && late > early + DAY) note('EXPIRED', `${name} comes more than 24 h after ${before}`, at(name))
  }
}

/** The session id that the rows give; null when one of the four is missing. */
const computeId = (session: Session, context: SessionContext): string | null => {
  const { A1, B1, B2, A2 } = session.slots
  const [chainA, chainB] = [context.chains[session.initiator], context.chains[otherSide(session.initiator)]]
  if (A1 === undefined || B1 === undefined || B2 === undefined || A2 === undefined || chainA === undefined || chainB === undefined) return null
  const party = (
    made: Made<Step>,
    kx: string,
    nonce: string,
    key: Made<Step> & { readonly step: { readonly ecdh_pub: string; readonly kem: string | null } },
  ) => ({
    genesis: made.step.self_genesis,
    sign_pub: made.step.self_pubkey,
    kx_pub: kx,
    nonce,
    eph: key.step.ecdh_pub,
    kem: key.step.kem,
  })
  return sessionId(
    {
      suite: B1.step.suite,
      a: party(A1, A1.step.self_kx_pub, A1.step.session_nonce, A2),
      b: party(B1, B1.step.self_kx_pub, B1.step.responder_nonce, B2),
    },
    { A1: A1.row.row.stateHash, B1: B1.row.row.stateHash, B2: B2.row.row.stateHash, A2: A2.row.row.stateHash },
  )
}

const checkId = (session: Session, context: SessionContext, id: string | null, note: NoteRows): boolean => {
  const key = id === null ? undefined : context.confirmKey(id)
  let confirmed = 0
  for (const name of ['A3', 'B3'] as const) {
    const made = session.slots[name]
    if (made === undefined || id === null) continue
    const at = [ref(sideOf(session, name), made.row)]
    if (made.step.session_id !== id) note('SESSION_ID', `session_id of ${name} does not follow from the rows`, at)
    if (key === undefined) continue
    const right = keyConfirm(SecretBytes.take(fromHex(key)), made.step.role, id)
    if (equalBytes(fromHex(right), fromHex(made.step.key_confirm))) confirmed += 1
    else note('KEY_CONFIRM', `key_confirm of ${name} is not by the key that was shown`, at)
  }
  for (const side of ['a', 'b'] as const) {
    for (const { row, end } of session.ends[side]) {
      if (id !== null && end.session_id !== null && end.session_id !== id)
        note('SESSION_ID', `session_id of the ${end.kind} does not follow from the rows`, [ref(side, row)])
    }
  }
  return confirmed === 2
}

/**
 * The rules of one session over both chains (docs/ledger.md, "Audit"), shared by the auditor and by a party before it acts on a row:
 * what would be found later is refused now.
 */
export const checkSession = (
  session: Session,
  context: SessionContext,
  note: NoteRows,
): { readonly suite: string | null; readonly id: string | null; readonly confirmed: boolean } => {
  checkRoles(session, note)
  checkPeers(session, context, note)
  checkAcks(session, context, note)
  checkHeads(session, context, note)
  const suite = checkSuite(session, note)
  checkExpiry(session, note)
  const id = computeId(session, context)
  return { suite, id, confirmed: checkId(session, context, id, note) }
}
