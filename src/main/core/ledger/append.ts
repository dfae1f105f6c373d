import type { Zeqond } from '../brand.ts'
import type { Json } from '../crypto/canonical-json.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import { type ChainState, extendChain } from './chain.ts'
import { signHead } from './head.ts'
import type { TransitionType } from './payload.ts'
import { payloadHash, proofDigest, type Row, stateHash } from './row.ts'
import { latest } from './zeqond.ts'

/** What a new row says; place, link, hashes and signature follow from the chain. */
export interface RowDraft {
  readonly transitionType: TransitionType
  /** Lower-case UUID. */
  readonly transitionId: string
  readonly payload: Json
  /** From `stampFor`: it may also stand inside the payload, so it is settled before. */
  readonly zeqondNumber: Zeqond
}

/** The tick of the next row: max(own clock, own last row, the rows it acknowledges). So z(acker) ≥ z(acked), exactly. */
export const stampFor = (state: ChainState, now: Zeqond, ...acked: readonly Zeqond[]): Zeqond => latest(now, state.zeqond, ...acked)

/**
 * The next row of the own chain, and the chain with it. `seed` is the key in force (for a rotate row: the new one).
 * The finished row goes through the same check as a peer's before it leaves: one flipped bit under a signature cannot be taken back.
 * @throws AppFault STATE when the row would not verify: wrong key, tick in the past, revoked machine, malformed payload.
 */
export const appendRow = (state: ChainState, draft: RowDraft, seed: SecretBytes): { readonly row: Row; readonly state: ChainState } => {
  const [prevHash] = state.links
  if (prevHash === undefined || state.links.length !== 1) throw new AppFault('STATE', 'The chain is broken at its end; nothing is appended to it.')
  const content = {
    originId: state.originId,
    seq: state.nextSeq,
    zeqondNumber: draft.zeqondNumber,
    prevHash,
    transitionType: draft.transitionType,
    transitionId: draft.transitionId,
    payloadHash: payloadHash(draft.payload),
    proofDigest: proofDigest(draft.transitionType, draft.zeqondNumber, draft.payload),
  }
  const hash = stateHash(content)
  const headSig = signHead(seed, { genesis: state.genesis, seq: content.seq, stateHash: hash, zeqondNumber: content.zeqondNumber })
  const row: Row = { ...content, payload: draft.payload, stateHash: hash, headSig }
  const next = extendChain(state, row)
  const [finding] = next.findings
  if (finding !== undefined) throw new AppFault('STATE', `The row would not verify (${finding.code}): ${finding.why}.`)
  return { row, state: next.state }
}
