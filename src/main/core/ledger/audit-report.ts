import type { ChainPlace, FindingCode } from './findings.ts'
import type { Head } from './head.ts'

/** The two chains of an audit. Which is which says nothing about who began. */
export type Side = 'a' | 'b'

export const otherSide = (side: Side): Side => (side === 'a' ? 'b' : 'a')

/** A row of one of the chains, or its header or head. */
export interface RowRef {
  readonly chain: Side
  readonly at: ChainPlace
}

export interface Finding {
  readonly code: FindingCode
  readonly why: string
  /** The rows behind it, the one at fault first. Empty only where no row is at fault. */
  readonly rows: readonly RowRef[]
  /** `session_nonce` of the session it belongs to; absent for the chain as such. */
  readonly session?: string
}

/** How far a session came, by steps that stand up. */
export type SessionStatus = 'NONE' | 'PROPOSED' | 'ACCEPTED' | 'KEYED_ONE' | 'KEYED_BOTH' | 'ACTIVE_ONE' | 'ACTIVE_BOTH' | 'SEALED'

export type StepName = 'A1' | 'B1' | 'B2' | 'A2' | 'A3' | 'B3'

export interface SessionReport {
  readonly session_nonce: string
  readonly initiator: Side
  readonly status: SessionStatus
  readonly suite: string | null
  /** Recomputed from the rows; null when one of the four is not there. */
  readonly session_id: string | null
  /** Both key confirmations were checked with a `confirm` key that somebody showed. */
  readonly confirmed: boolean
  /** Tick of each step's row. */
  readonly when: Readonly<Partial<Record<StepName, string>>>
  readonly ended: readonly { readonly who: Side; readonly kind: 'abort' | 'close'; readonly reason: string; readonly seq: number }[]
}

/** What a verdict cannot show; one sentence each in docs/ledger.md. */
export type Limit = 'COLLUDING_DATES' | 'UNWITNESSED_TAIL' | 'POLICY_STEPS' | 'NOT_PINNED' | 'ONE_SIDED' | 'WITHHELD_ROWS' | 'HOST_CUSTODY' | 'NAMED_SESSIONS'

export interface ChainScope {
  readonly slug: string
  readonly rows: number
  readonly hidden: number
  /** Seq of the first row that breaks the chain, null when none does: what lies before it stands. */
  readonly broken_at: number | null
  /** Highest seq of which the other party holds a good signed head: up to there nothing can be rewritten unseen. */
  readonly witnessed_to: number | null
  /** "host": the keys lie with the machine's host, who could have signed for the owner. */
  readonly custody: 'own' | 'host'
  readonly revoked_at: number | null
}

export interface Scope {
  readonly one_sided: boolean
  /** Are both parties the ones that were expected? Null: nobody said who is expected. */
  readonly pinned: boolean | null
  readonly chains: Readonly<Partial<Record<Side, ChainScope>>>
  /** Sessions with rows at or behind a break of their chain. */
  readonly suspect: readonly string[]
  readonly limits: readonly Limit[]
  /** Findings beyond the number that is listed. */
  readonly more: number
}

export interface AuditReport {
  /** No finding at all. */
  readonly ok: boolean
  /** Of the newest session. */
  readonly status: SessionStatus
  readonly who: Readonly<Record<Side, string | null>>
  /** Generations of keys on each chain. */
  readonly keys: Readonly<Record<Side, number>>
  readonly sessions: readonly SessionReport[]
  /** Rows whose payload is withheld. */
  readonly hidden: number
  readonly findings: readonly Finding[]
  readonly scope: Scope
}

/** Two signed heads that one history cannot have, and whose they are. */
export interface HeadConflict {
  readonly side: Side
  readonly heads: readonly [Head, Head]
}

const MAX_FINDINGS = 1000
const MAX_REFS = 100

/** Collects findings; the same fault on many rows becomes one finding, and a hostile file cannot make the report endless. */
export interface Collector {
  note(code: FindingCode, why: string, rows: readonly RowRef[], session?: string): void
  /** Is some finding's fault this row's? */
  blames(side: Side, at: number): boolean
  findings(): readonly Finding[]
  more(): number
}

export const collector = (): Collector => {
  const found = new Map<string, { code: FindingCode; why: string; rows: RowRef[]; session?: string }>()
  const blamed = new Set<string>()
  let more = 0
  return {
    note: (code, why, rows, session) => {
      const [fault] = rows
      if (fault !== undefined) blamed.add(`${fault.chain}${fault.at}`)
      const key = `${code}\n${why}\n${session ?? ''}`
      const known = found.get(key)
      if (known !== undefined) {
        if (known.rows.length < MAX_REFS) known.rows.push(...rows.filter((r) => !known.rows.some((k) => k.chain === r.chain && k.at === r.at)))
      } else if (found.size < MAX_FINDINGS) found.set(key, { code, why, rows: [...rows], ...(session === undefined ? {} : { session }) })
      else more += 1
    },
    blames: (side, at) => blamed.has(`${side}${at}`),
    findings: () => [...found.values()],
    more: () => more,
  }
}
