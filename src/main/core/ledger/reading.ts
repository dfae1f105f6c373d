import type { Zeqond } from '../brand.ts'
import { AppFault } from '../fault.ts'
import type { ChainRecord, StoredRow } from '../store/ledger-records.ts'
import type { RowQuery } from '../store/ledger-rows.ts'
import { type ChainState, type CheckedChain, type CheckedRow, epochAt, extendChain, type RawChain, startChain } from './chain.ts'
import { type Head, headOf } from './head.ts'
import type { LedgerDeps, VerifyReport } from './ledger-types.ts'
import { ownEventOf } from './payload.ts'
import { Rotate } from './rotation.ts'
import type { Row } from './row.ts'

/** Rows verified between two pauses. */
const PAGE = 500
/** Rows at the end of each own chain that are verified at every start; the rest was verified when it was stored. */
const TAIL = 32

/** A stored row as the chain proves it: it was verified before it was stored. */
export const checkedOf = (state: ChainState, row: Row): CheckedRow => ({
  row,
  at: row.seq,
  shown: row.payload !== null,
  sound: true,
  generation: epochAt(state.epochs, row.seq).generation,
})

/** The chain as it stood before `seq`: what a window is anchored on. */
const stateBefore = (state: ChainState, seq: number, before: Row): ChainState => ({
  ...state,
  nextSeq: before.seq + 1,
  links: [before.stateHash],
  zeqond: before.zeqondNumber,
  epochs: state.epochs.filter((epoch) => epoch.from < seq),
  revokedAt: state.revokedAt !== null && state.revokedAt < seq ? state.revokedAt : null,
})

const inGap = (gaps: readonly (readonly [number, number])[], from: number, to: number): boolean => gaps.some(([first, last]) => first <= from && to <= last)

/** Reading and verifying again, the same for every chain in the store. */
export const createReading = ({ store }: Pick<LedgerDeps, 'store'>) => {
  const find = (genesis: string): ChainRecord => {
    const chain = store.chains.get(genesis)
    if (chain === undefined) throw new AppFault('NOT_FOUND', 'There is no such machine.')
    return chain
  }

  /** The last row; behind a floor there may be none at the end. */
  const lastOf = (chain: ChainRecord): StoredRow | undefined => store.ledgerRows.at(chain.id, chain.state.nextSeq - 1) ?? store.ledgerRows.last(chain.id)

  /** Rows that are here, without counting them: those up to the end, but for the holes. */
  const rowCount = ({ state, info }: ChainRecord): number => info.gaps.reduce((rows, [first, last]) => rows - (last - first + 1), state.nextSeq)

  const headOfChain = (chain: ChainRecord): Head | null => {
    const last = lastOf(chain)
    return last === undefined ? null : headOf(chain.state.genesis, last.row)
  }

  const pages = function* (chain: ChainRecord, query: Omit<RowQuery, 'limit' | 'afterSeq'>): Generator<StoredRow[], void, void> {
    let afterSeq: number | undefined
    for (;;) {
      const page = store.ledgerRows.page(chain.id, { ...query, afterSeq, limit: PAGE })
      if (page.length > 0) yield page
      afterSeq = page.at(-1)?.row.seq
      if (page.length < PAGE || afterSeq === undefined) return
    }
  }

  /** Rows by seq, with those that change keys and the last one: enough for every rule about one row or head. */
  const checkedChain = (chain: ChainRecord, rows: readonly Row[]): CheckedChain => {
    const bySeq = new Map(rows.map((row) => [row.seq, row]))
    for (const { from, generation } of chain.state.epochs) {
      const held = generation === 0 || bySeq.has(from) ? undefined : store.ledgerRows.at(chain.id, from)
      if (held !== undefined) bySeq.set(from, held.row)
    }
    const last = lastOf(chain)
    if (last !== undefined && !bySeq.has(last.row.seq) && !rows.some((row) => row.seq > last.row.seq)) bySeq.set(last.row.seq, last.row)
    const sorted = [...bySeq.values()].sort((a, b) => a.seq - b.seq)
    return {
      header: chain.info.header,
      state: chain.state,
      rows: sorted.map((row) => checkedOf(chain.state, row)),
      brokenAt: null,
      hidden: sorted.filter((row) => row.payload === null).length,
      findings: [],
    }
  }

  const rotationsOf = (chain: ChainRecord): Rotate[] =>
    chain.state.epochs.flatMap(({ generation, from }) => {
      const row = generation === 0 ? undefined : store.ledgerRows.at(chain.id, from)?.row
      const event = row === undefined ? null : ownEventOf(row.transitionType, row.payload)
      return event?.type === 'm2m.rotate' ? [Rotate.parse(event.input)] : []
    })

  /** Verifies stored rows one page a step, from `first` (null: the header) on. */
  const walk = function* (chain: ChainRecord, first: number | null, toZeqond: string | undefined): Generator<number, VerifyReport, void> {
    const before = first === null || first === 0 ? undefined : store.ledgerRows.page(chain.id, { toSeq: first - 1, newestFirst: true, limit: 1 })[0]
    let state = before === undefined ? startChain(chain.info.header) : stateBefore(chain.state, first ?? 0, before.row)
    const missing: (readonly [number, number])[] = []
    let count = 0
    let last: Row | null = null
    const report = (broken: { seq: number; at: Zeqond | null; reason: string } | null): VerifyReport => ({
      valid: broken === null,
      count,
      broken_seq: broken?.seq ?? null,
      broken_at: broken?.at ?? null,
      reason: broken?.reason ?? null,
      missing,
      head: last === null ? null : headOf(chain.state.genesis, last),
    })
    // Rows may be appended between two pages; they are not of this report.
    for (const page of pages(chain, { fromSeq: first ?? 0, toSeq: chain.state.nextSeq - 1, toZeqond })) {
      for (const { row } of page) {
        const due = state.nextSeq
        const step = extendChain(state, row)
        count += 1
        const hole = row.seq > due && step.row?.sound === true && inGap(chain.info.gaps, due, row.seq - 1)
        const finding = step.findings.find((f) => !(hole && f.code === 'SEQ'))
        if (finding !== undefined) return report({ seq: row.seq, at: row.zeqondNumber, reason: `${finding.code}: ${finding.why}` })
        if (hole) missing.push([due, row.seq - 1])
        state = step.state
        last = row
      }
      yield count
    }
    if (toZeqond === undefined && (state.nextSeq !== chain.state.nextSeq || state.links[0] !== chain.state.links[0])) {
      // Behind a floor nothing has been written yet: the hole is at the end.
      if (!inGap(chain.info.gaps, state.nextSeq, chain.state.nextSeq - 1))
        return report({ seq: state.nextSeq, at: null, reason: `SEQ: the chain ends before row ${chain.state.nextSeq - 1}, which was written` })
      missing.push([state.nextSeq, chain.state.nextSeq - 1])
    }
    return report(null)
  }

  const verifying = function* (genesis: string, window: { readonly from?: string | undefined; readonly to?: string | undefined } = {}) {
    const chain = find(genesis)
    if (window.from === undefined) return yield* walk(chain, null, window.to)
    const first = store.ledgerRows.page(chain.id, { fromZeqond: window.from, limit: 1 })[0]
    if (first === undefined) return { valid: true, count: 0, broken_seq: null, broken_at: null, reason: null, missing: [], head: null } satisfies VerifyReport
    return yield* walk(chain, first.row.seq, window.to)
  }

  const finish = <R>(steps: Generator<unknown, R, void>): R => {
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
    }
  }

  return {
    find,
    rowCount,
    headOfChain,
    checkedChain,
    rotationsOf,
    verifying,
    verify: (genesis: string, window?: { readonly from?: string | undefined; readonly to?: string | undefined }): VerifyReport =>
      finish(verifying(genesis, window)),
    /** The end of a chain, at every start. */
    verifyTail: (chain: ChainRecord): VerifyReport => finish(walk(chain, Math.max(0, chain.state.nextSeq - TAIL), undefined)),
    wholeChain: (chain: ChainRecord): Omit<RawChain, 'rows'> & { readonly rows: readonly Row[] } => ({
      header: chain.info.header,
      rows: [...pages(chain, {})].flatMap((page) => page.map(({ row }) => row)),
      head: headOfChain(chain),
    }),
  }
}
export type Reading = ReturnType<typeof createReading>
