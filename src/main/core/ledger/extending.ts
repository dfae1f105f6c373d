import { FormatError } from '../crypto/errors.ts'
import { AppFault } from '../fault.ts'
import type { ChainRecord } from '../store/ledger-records.ts'
import { type ChainState, type CheckedRow, epochAt, extendChain } from './chain.ts'
import { type EquivocationProof, equivocationProof } from './equivocation.ts'
import { firstIssue } from './fields.ts'
import type { ChainFinding, FindingCode } from './findings.ts'
import { type Head, headOf } from './head.ts'
import type { LedgerDeps, Offered } from './ledger-types.ts'
import { ownEventOf, payloadFault } from './payload.ts'
import { checkedOf, type Reading } from './reading.ts'
import { checkRevoke } from './rotation.ts'
import { payloadHash, proofDigest, Row, stateHash } from './row.ts'
import { judgeHead, type WitnessVerdict } from './witness.ts'
import { ticks } from './zeqond.ts'

/** Rows that one message or page can bring; a bundle of them is verified in one go. */
const MAX_OFFER = 1000

interface Fork {
  readonly code: FindingCode
  readonly why: string
  readonly proof: EquivocationProof | null
}

/** A stored chain while rows are put behind it, everything still in memory. */
interface Growing {
  state: ChainState
  readonly added: Map<number, CheckedRow>
  /** Rows whose withheld payload is now shown. */
  readonly shown: Row[]
  /** Holes, old and new; first and last seq. */
  gaps: readonly (readonly [number, number])[]
}

export interface Extension {
  readonly offered: Offered
  /** The chain as it is now stored. */
  readonly chain: ChainRecord
  /** Rows whose payload is seen for the first time: new ones and filled-in ones. */
  readonly revealed: readonly CheckedRow[]
}

const bad = (code: FindingCode, why: string, at: number): Offered => ({ kind: 'bad', finding: { code, why, at } satisfies ChainFinding })

/** The added row with the highest seq. */
const newest = (growing: Growing): Row | undefined =>
  [...growing.added.values()].reduce<Row | undefined>((most, { row }) => (most === undefined || row.seq > most.seq ? row : most), undefined)

/** Verifies rows against a stored chain and stores what holds; nothing of an offer that holds a fault. The same for peers' chains and for own rows fetched back. */
export const createExtending = ({ ports, store }: Pick<LedgerDeps, 'ports' | 'store'>, reading: Reading) => {
  const proofOf = (chain: ChainRecord, state: ChainState, conflict: WitnessVerdict['conflict']): EquivocationProof | null =>
    conflict === null ? null : equivocationProof({ ...reading.checkedChain(chain, []), state }, conflict)

  /** Holds a head against the stored chain and the rows just verified. */
  const judge = (chain: ChainRecord, growing: Growing, head: Head): WitnessVerdict => {
    const fresh = growing.added.get(head.seq)
    const held = fresh?.row ?? store.ledgerRows.at(chain.id, head.seq)?.row
    const last = newest(growing)
    const rows = [...(held === undefined ? [] : [held]), ...(last === undefined || last === held ? [] : [last])]
    return judgeHead({ ...reading.checkedChain(chain, rows), state: growing.state }, head)
  }

  /** A row at a seq that is stored already: the same, perhaps with its payload at last, or a fork. */
  const compare = (chain: ChainRecord, growing: Growing, row: Row): CheckedRow | Offered => {
    const held = growing.added.get(row.seq)?.row ?? store.ledgerRows.at(chain.id, row.seq)?.row
    if (held === undefined) return bad('SEQ', 'a row in a part of the chain that was said to be lost', row.seq)
    if (stateHash(row) !== row.stateHash) return bad('STATE_HASH', 'stateHash is not the hash of the row', row.seq)
    if (row.stateHash !== held.stateHash) {
      const verdict = judge(chain, growing, headOf(growing.state.genesis, row))
      return { kind: 'fork', code: verdict.code ?? 'HISTORY_CHANGED', why: verdict.why, proof: proofOf(chain, growing.state, verdict.conflict) }
    }
    if (row.payload !== null && payloadHash(row.payload) !== row.payloadHash)
      return bad('PAYLOAD_HASH', 'the payload shown is not the one that was hashed', row.seq)
    if (row.payload === null || held.payload !== null) return growing.added.get(row.seq) ?? checkedOf(growing.state, held)
    const fault = payloadFault(row.transitionType, row.payload)
    if (fault !== null) return bad('FORMAT', `payload, ${fault}`, row.seq)
    if (proofDigest(row.transitionType, row.zeqondNumber, row.payload) !== row.proofDigest)
      return bad('PROOF', 'proofDigest does not follow from the input', row.seq)
    const event = ownEventOf(row.transitionType, row.payload)
    if (event?.type === 'm2m.rotate' && !growing.state.epochs.some((epoch) => epoch.from === row.seq && epoch.generation > 0))
      return bad('ROTATION', 'the row was accepted without a change of keys', row.seq)
    if (event?.type === 'm2m.revoke' && growing.state.revokedAt === null) {
      const change = checkRevoke(growing.state.genesis, epochAt(growing.state.epochs, row.seq), event.input)
      if (!change.ok) return bad(change.code, change.why, row.seq)
      if (growing.state.nextSeq > row.seq + 1) return bad('AFTER_REVOKE', 'the machine was revoked before rows that it showed', row.seq)
      growing.state = { ...growing.state, revokedAt: row.seq }
    }
    // The signature is the stored row's: that one was verified.
    const whole = { ...held, payload: row.payload }
    growing.shown.push(whole)
    const checked = checkedOf(growing.state, whole)
    if (growing.added.has(row.seq)) growing.added.set(row.seq, checked)
    return checked
  }

  /** The next row. */
  const extend = (growing: Growing, row: Row): CheckedRow | Offered => {
    const due = growing.state.nextSeq
    const step = extendChain(growing.state, row)
    const hole = row.seq > due && step.row?.sound === true
    const finding = step.findings.find((f) => !(hole && f.code === 'SEQ'))
    if (finding !== undefined || step.row === null) return bad(finding?.code ?? 'FORMAT', finding?.why ?? 'not a row', row.seq)
    if (hole) growing.gaps = [...growing.gaps, [due, row.seq - 1]]
    growing.state = step.state
    growing.added.set(row.seq, step.row)
    return step.row
  }

  /**
   * A row of a hole, from its upper end down: there the row above commits to it. One that changes keys cannot have been in it, since the rows
   * above were verified without.
   */
  const fill = (chain: ChainRecord, growing: Growing, row: Row): CheckedRow | Offered => {
    const stored = (seq: number): Row | undefined => growing.added.get(seq)?.row ?? store.ledgerRows.at(chain.id, seq)?.row
    const gap = growing.gaps.find(([, last]) => last === row.seq)
    const above = stored(row.seq + 1)
    const prevHash = above?.prevHash ?? (row.seq + 1 === growing.state.nextSeq ? growing.state.links[0] : undefined)
    if (gap === undefined || prevHash === undefined) return bad('SEQ', 'rows that were missing are taken from the last one down', row.seq)
    const epochs = growing.state.epochs.filter((epoch) => epoch.from <= row.seq)
    const step = extendChain({ ...growing.state, nextSeq: row.seq, links: [], zeqond: chain.info.header.genesis_zeqond, epochs, revokedAt: null }, row)
    const [finding] = step.findings
    if (finding !== undefined || step.row === null) return bad(finding?.code ?? 'FORMAT', finding?.why ?? 'not a row', row.seq)
    if (row.stateHash !== prevHash) return bad('LINK', 'the row above it was written after another one', row.seq)
    if (step.state.epochs.length !== epochs.length || step.state.revokedAt !== null)
      return bad('ROTATION', 'the rows above it were signed as if it were not there', row.seq)
    if (above !== undefined && ticks(above.zeqondNumber) < ticks(row.zeqondNumber))
      return bad('ZEQOND_BACKWARD', 'the row above it has an earlier tick', row.seq)
    if (row.seq === gap[0]) {
      const below = row.seq === 0 ? undefined : stored(row.seq - 1)
      if (row.prevHash !== (below?.stateHash ?? growing.state.genesis)) return bad('LINK', 'prevHash is not the hash of the row before', row.seq)
      if (below !== undefined && ticks(row.zeqondNumber) < ticks(below.zeqondNumber))
        return bad('ZEQOND_BACKWARD', 'an earlier tick than the row before', row.seq)
    }
    growing.gaps = growing.gaps.flatMap((g) => (g === gap ? (row.seq === gap[0] ? [] : [[gap[0], row.seq - 1] as const]) : [g]))
    growing.added.set(row.seq, step.row)
    return step.row
  }

  /** Do the heads that were kept agree with what is there now? Those that a row confirms are named, to be let go. */
  const witness = (chain: ChainRecord, growing: Growing): { readonly fork: Fork | null; readonly confirmed: readonly number[] } => {
    const confirmed: number[] = []
    const last = newest(growing)
    if (last === undefined) return { fork: null, confirmed }
    for (const { id, head } of store.keptHeads.all(chain.id)) {
      const reached = head.seq < growing.state.nextSeq
      if (reached && !growing.added.has(head.seq)) continue
      // Not reached: only a tick that runs backward would show.
      if (!reached && ticks(head.zeqondNumber) >= ticks(last.zeqondNumber)) continue
      const { code, why, conflict } = judge(chain, growing, head)
      if (code === null && growing.added.has(head.seq)) confirmed.push(id)
      else if (code !== null && code !== 'ROLLBACK' && code !== 'WITNESSED_HEAD_SIG')
        return { fork: { code, why, proof: proofOf(chain, growing.state, conflict) }, confirmed }
    }
    return { fork: null, confirmed }
  }

  const save = (chain: ChainRecord, growing: Growing, confirmed: readonly number[]): ChainRecord => {
    for (const { row } of growing.added.values()) store.ledgerRows.add(chain.id, { row, createdAt: ports.clock.now(), extra: {} })
    for (const row of growing.shown) if (!growing.added.has(row.seq)) store.ledgerRows.show(chain.id, row)
    for (const id of confirmed) store.keptHeads.remove(id)
    if (growing.added.size === 0 && growing.state === chain.state) return chain
    const gaps = growing.gaps.map(([first, last]): [number, number] => [first, last])
    const saved: ChainRecord =
      chain.kind === 'followed'
        ? { ...chain, info: { ...chain.info, gaps }, state: growing.state }
        : { ...chain, info: { ...chain.info, gaps }, state: growing.state }
    store.chains.put(saved)
    return saved
  }

  const parse = (raws: readonly unknown[]): { readonly rows: Row[]; readonly fault: string | null } => {
    const rows: Row[] = []
    for (const raw of raws) {
      const parsed = Row.safeParse(raw)
      if (!parsed.success) return { rows, fault: firstIssue(parsed.error) }
      rows.push(parsed.data)
    }
    return { rows: rows.sort((a, b) => a.seq - b.seq), fault: null }
  }

  /** Inside the caller's transaction. */
  const offer = (chain: ChainRecord, raws: readonly unknown[], acceptGap: boolean): Extension => {
    if (raws.length > MAX_OFFER) throw new AppFault('BAD_ARGUMENT', `At most ${MAX_OFFER} rows at a time.`)
    const nothing = (offered: Offered): Extension => ({ offered, chain, revealed: [] })
    const { rows, fault } = parse(raws)
    if (fault !== null) return nothing(bad('FORMAT', fault, chain.state.nextSeq))
    const growing: Growing = { state: chain.state, added: new Map(), shown: [], gaps: chain.info.gaps }
    const out = new Map<number, CheckedRow>()
    let gap: number | null = null
    const inHole = ({ seq }: Row): boolean => chain.info.gaps.some(([first, last]) => first <= seq && seq <= last)
    const late = rows.filter(inHole).reverse()
    for (const row of [...rows.filter((r) => !inHole(r)), ...late]) {
      if (row.seq > growing.state.nextSeq && !acceptGap) {
        gap ??= growing.state.nextSeq
        continue
      }
      let checked: CheckedRow | Offered
      try {
        const missing = late.includes(row) && !growing.added.has(row.seq)
        checked = missing ? fill(chain, growing, row) : row.seq < growing.state.nextSeq ? compare(chain, growing, row) : extend(growing, row)
      } catch (error) {
        // A payload without a canonical form, in a row whose schema let it pass.
        if (error instanceof FormatError) return nothing(bad('FORMAT', 'payload, not canonical JSON', row.seq))
        throw error
      }
      if ('kind' in checked) return nothing(checked)
      out.set(row.seq, checked)
    }
    const { fork, confirmed } = witness(chain, growing)
    if (fork !== null) return nothing({ kind: 'fork', ...fork })
    const saved = save(chain, growing, confirmed)
    const all = [...out.values()].sort((a, b) => a.at - b.at)
    const added = all.filter((row) => growing.added.has(row.at))
    const revealed = all.filter((row) => row.shown && (growing.added.has(row.at) || growing.shown.some((shown) => shown.seq === row.at)))
    const offered: Offered =
      gap !== null ? { kind: 'gap', from: gap, rows: all, added } : added.length > 0 ? { kind: 'extended', rows: all, added } : { kind: 'known', rows: all }
    return { offered, chain: saved, revealed }
  }

  return { offer, proofOf }
}
export type Extending = ReturnType<typeof createExtending>
