import { type CheckedChain, epochAt, rowAt } from './chain.ts'
import type { FindingCode } from './findings.ts'
import { type Head, headOf, sameHead, verifyHead } from './head.ts'
import { ticks } from './zeqond.ts'

/** What a head that somebody kept says of the chain as it is shown now. */
export interface WitnessVerdict {
  /** Null: the chain still has this head. */
  readonly code: FindingCode | null
  readonly why: string
  /** Seq of the chain's row that it is about, null when the chain has none. */
  readonly at: number | null
  /** Both heads, where together they prove what the owner did. */
  readonly conflict: readonly [Head, Head] | null
}

/** Keys given up that are tried for a head that the key in force did not sign: a chain that changes them with each row must not cost a signature each. */
const MOST_GIVEN_UP = 32

const says = (code: FindingCode | null, why: string, at: number | null, conflict: WitnessVerdict['conflict'] = null): WitnessVerdict => ({
  code,
  why,
  at,
  conflict,
})

/**
 * Holds a witnessed head against the chain (docs/ledger.md, "Audit"). `head.genesis` is the chain's. Told apart: a head nobody proved, a chain
 * cut short, a history changed by someone, and one that its owner provably signed twice.
 */
export const judgeHead = (chain: CheckedChain, head: Head): WitnessVerdict => {
  const { epochs, genesis } = chain.state
  const inForce = epochAt(epochs, head.seq)
  const row = rowAt(chain, head.seq)
  const at = row?.at ?? null
  // The usual case costs nothing: the very head whose signature was verified with its row.
  if (row?.sound === true && sameHead(headOf(genesis, row.row), head) && row.row.headSig === head.sig) return says(null, '', at)
  const signed = verifyHead(inForce.sign_pub, head)
  const givenUp = (): boolean => {
    const to = epochs.indexOf(inForce)
    return epochs.slice(Math.max(0, to - MOST_GIVEN_UP), to).some((e) => verifyHead(e.sign_pub, head))
  }
  if (!signed && givenUp()) {
    return says('SUPERSEDED', `a head at ${head.seq} is signed by a key that was rotated away before it`, at)
  }
  if (row === null) {
    if (head.seq < chain.state.nextSeq)
      return signed ? says(null, '', null) : says('WITNESSED_HEAD_SIG', `a recorded head at ${head.seq} is not signed by the key in force`, null)
    if (!signed) return says('WITNESSED_HEAD_SIG', `a recorded head at ${head.seq}, behind the end of the chain, is not signed by the key in force`, null)
    const last = chain.rows.at(-1)
    const lastHead = last === undefined ? null : headOf(genesis, last.row)
    if (lastHead !== null && last?.sound === true && ticks(lastHead.zeqondNumber) > ticks(head.zeqondNumber)) {
      return says('EQUIVOCATION', `a signed head at ${head.seq} is gone, and row ${lastHead.seq} was written later than it`, last.at, [lastHead, head])
    }
    return says('ROLLBACK', `a signed head at ${head.seq} was witnessed, the chain ends before it`, null)
  }
  const own = headOf(genesis, row.row)
  if (own.stateHash === head.stateHash && own.zeqondNumber === head.zeqondNumber) {
    return signed ? says(null, '', at) : says('WITNESSED_HEAD_SIG', `a recorded head at ${head.seq} is not signed by the key in force`, at)
  }
  if (signed && own.stateHash !== head.stateHash && own.seq === head.seq && verifyHead(inForce.sign_pub, own)) {
    return says('EQUIVOCATION', `two signed heads at ${head.seq}`, at, [own, head])
  }
  return says('HISTORY_CHANGED', `the row at ${head.seq} is not the one that was witnessed`, at)
}
