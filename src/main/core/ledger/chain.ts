import type { Genesis, Zeqond } from '../brand.ts'
import { FormatError } from '../crypto/errors.ts'
import { firstIssue, Hex32, isObject } from './fields.ts'
import type { ChainFinding, ChainPlace, FindingCode } from './findings.ts'
import { ChainHeader, genesisHash, slugFits } from './genesis.ts'
import { Head, headOf, sameHead, verifyHead } from './head.ts'
import { ownEventOf, payloadFault } from './payload.ts'
import { checkRevoke, checkRotate, type MachineKeys, weakKey } from './rotation.ts'
import { payloadHash, proofDigest, Row, stateHash } from './row.ts'
import { ticks } from './zeqond.ts'

/** Keys and the seq of the row from which on they sign. Generation 0 is the genesis's. */
export interface KeyEpoch extends MachineKeys {
  readonly generation: number
  readonly from: number
}

/**
 * A chain verified up to its last row; plain data, so that a wallet keeps it and later verifies only the tail. Verifying all
 * again at each start takes minutes on a long chain.
 */
export interface ChainState {
  readonly genesis: Genesis
  readonly originId: string
  readonly nextSeq: number
  /** What the next row's `prevHash` may be: the last row's hash; after a row that failed, its stated and its true hash. Empty = unknown. */
  readonly links: readonly string[]
  readonly zeqond: Zeqond
  readonly epochs: readonly KeyEpoch[]
  readonly revokedAt: number | null
}

/** A row that could be read, with what the chain proves of it. */
export interface CheckedRow {
  readonly row: Row
  /** Its place in the chain, which its own `seq` may deny. */
  readonly at: number
  /** Its payload is shown and is the one that was hashed and signed. */
  readonly shown: boolean
  /** The chain holds here: place, link, hash, signature. */
  readonly sound: boolean
  readonly generation: number
}

/** A chain before its first row. */
export const startChain = (header: ChainHeader): ChainState => {
  const genesis = genesisHash(header)
  const first: KeyEpoch = { sign_pub: header.sign_pub, kx_pub: header.kx_pub, next: header.next, generation: 0, from: 0 }
  return { genesis, originId: header.origin_id, nextSeq: 0, links: [genesis], zeqond: header.genesis_zeqond, epochs: [first], revokedAt: null }
}

/** The keys in force for the row at `seq`. */
export const epochAt = (epochs: readonly KeyEpoch[], seq: number): KeyEpoch => {
  // By halves: a hostile chain may change its keys with every row.
  let [low, high] = [0, epochs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((epochs[middle] as KeyEpoch).from <= seq) low = middle + 1
    else high = middle
  }
  const epoch = epochs[low - 1]
  if (epoch === undefined) throw new RangeError('a chain has keys from its first row on')
  return epoch
}

const salvageLink = (raw: unknown): string[] => {
  const hash = Hex32.safeParse(isObject(raw) ? raw['stateHash'] : undefined)
  return hash.success ? [hash.data] : []
}

/** H of the payload, or why it has none. */
const hashOfPayload = (row: Row): { readonly hash: string } | { readonly why: string } => {
  try {
    return { hash: payloadHash(row.payload) }
  } catch (error) {
    if (error instanceof FormatError) return { why: error.message }
    throw error
  }
}

const rowHashOf = (row: Row): string | null => {
  try {
    return stateHash(row)
  } catch (error) {
    // A lone surrogate in originId: the row has no canonical form.
    if (error instanceof FormatError) return null
    throw error
  }
}

interface Keys {
  readonly epochs: readonly KeyEpoch[]
  readonly revokes: boolean
}

/** What the row changes about the keys. Its own `headSig` is already by the new key. */
const keyChange = (state: ChainState, row: Row, shown: boolean, at: number, note: (code: FindingCode, why: string) => void): Keys => {
  const unchanged = { epochs: state.epochs, revokes: false }
  const event = shown ? ownEventOf(row.transitionType, row.payload) : null
  const inForce = epochAt(state.epochs, at)
  if (event?.type === 'm2m.rotate') {
    const change = checkRotate(state.genesis, inForce, inForce.generation, event.input)
    if (!change.ok) {
      note(change.code, change.why)
      return unchanged
    }
    const { sign_pub, kx_pub, next, n } = change.statement
    return { epochs: [...state.epochs, { sign_pub, kx_pub, next, generation: n, from: at }], revokes: false }
  }
  if (event?.type === 'm2m.revoke') {
    const change = checkRevoke(state.genesis, inForce, event.input)
    if (!change.ok) {
      note(change.code, change.why)
      return unchanged
    }
    return { epochs: state.epochs, revokes: true }
  }
  return unchanged
}

const contentFindings = (row: Row, note: (code: FindingCode, why: string) => void): void => {
  const fault = payloadFault(row.transitionType, row.payload)
  if (fault !== null) note('FORMAT', `payload, ${fault}`)
  else if (proofDigest(row.transitionType, row.zeqondNumber, row.payload) !== row.proofDigest)
    note('PROOF', row.transitionType === 'contract' ? 'proofDigest does not follow from the input' : 'only a contract step has a proofDigest')
}

/**
 * Verifies one more row. Pure; the state that comes back takes the row as it stands, so that an audit goes on behind a fault
 * and names only what is wrong itself. Whoever acts on rows stops at the first finding.
 */
export const extendChain = (
  state: ChainState,
  raw: unknown,
): { readonly state: ChainState; readonly row: CheckedRow | null; readonly findings: readonly ChainFinding[] } => {
  const findings: ChainFinding[] = []
  const parsed = Row.safeParse(raw)
  if (!parsed.success) {
    findings.push({ code: 'FORMAT', why: firstIssue(parsed.error), at: state.nextSeq })
    return { state: { ...state, nextSeq: state.nextSeq + 1, links: salvageLink(raw) }, row: null, findings }
  }
  const row = parsed.data
  const hash = rowHashOf(row)
  const payload = row.payload === null ? null : hashOfPayload(row)
  const hashHolds = hash === row.stateHash
  const shown = payload !== null && 'hash' in payload && payload.hash === row.payloadHash
  // Rows before it that nobody has any more (a restore that lost them) leave a gap: a later row that is sound in itself.
  const skipped = hashHolds && row.seq > state.nextSeq
  const at = skipped ? row.seq : state.nextSeq
  const broken = new Set<FindingCode>()
  const note = (code: FindingCode, why: string): void => {
    broken.add(code)
    findings.push({ code, why, at })
  }
  const change = keyChange(state, row, shown, at, note)
  const epoch = epochAt(change.epochs, at)
  const signed = verifyHead(epoch.sign_pub, headOf(state.genesis, row))
  const gap = skipped && signed

  if (row.seq !== state.nextSeq) note('SEQ', gap ? `rows ${state.nextSeq} to ${row.seq - 1} are missing` : `seq ${row.seq} where ${state.nextSeq} is due`)
  if (row.originId !== state.originId) note('ORIGIN', 'the row belongs to another machine')
  if (!gap && state.links.length > 0 && !state.links.includes(row.prevHash))
    note('LINK', at === 0 ? 'prevHash is not the genesis of the header' : 'prevHash is not the hash of the row before')
  if (payload !== null && 'why' in payload) note('FORMAT', `payload, ${payload.why}`)
  else if (payload !== null && !shown) note('PAYLOAD_HASH', 'the payload shown is not the one that was hashed')
  if (!hashHolds) note('STATE_HASH', 'stateHash is not the hash of the row')
  if (!signed) note('HEAD_SIG', 'headSig is not by the key in force')
  if (hashHolds && ticks(row.zeqondNumber) < ticks(state.zeqond)) note('ZEQOND_BACKWARD', `tick ${row.zeqondNumber} after ${state.zeqond}`)
  if (state.revokedAt !== null) note('AFTER_REVOKE', 'the machine was revoked before this row')
  if (shown) contentFindings(row, note)
  else if (row.transitionType !== 'contract' && row.proofDigest !== null) note('PROOF', 'only a contract step has a proofDigest')

  // Behind a gap the chain goes on: the row commits to the missing ones, and its owner signed that.
  const placed = row.seq === state.nextSeq || gap
  const sound = placed && !(['ORIGIN', 'LINK', 'STATE_HASH', 'HEAD_SIG', 'ZEQOND_BACKWARD', 'AFTER_REVOKE'] as const).some((code) => broken.has(code))
  return {
    state: {
      ...state,
      nextSeq: gap ? row.seq + 1 : state.nextSeq + 1,
      links: hash === null || hashHolds ? [row.stateHash] : [row.stateHash, hash],
      zeqond: hashHolds && ticks(row.zeqondNumber) > ticks(state.zeqond) ? row.zeqondNumber : state.zeqond,
      epochs: change.epochs,
      revokedAt: state.revokedAt ?? (change.revokes ? at : null),
    },
    row: { row, at: gap ? row.seq : state.nextSeq, shown, sound, generation: epoch.generation },
    findings,
  }
}

/** An exported chain as it came: header fields, rows from 0, and the signed head. Nothing is checked yet. */
export interface RawChain {
  readonly header: unknown
  readonly rows: readonly unknown[]
  readonly head: unknown
}

/** A chain with everything that can be said of it alone. */
export interface CheckedChain {
  readonly header: ChainHeader
  readonly state: ChainState
  readonly rows: readonly CheckedRow[]
  /** Seq of the first row that breaks the chain: sessions with rows from there on are suspect. */
  readonly brokenAt: number | null
  readonly hidden: number
  readonly findings: readonly ChainFinding[]
}

const headFindings = (state: ChainState, rows: readonly CheckedRow[], raw: unknown): ChainFinding[] => {
  const found = (code: FindingCode, why: string): ChainFinding[] => [{ code, why, at: 'head' }]
  const last = rows.at(-1)
  if (raw === null && state.nextSeq === 0) return []
  const parsed = Head.safeParse(raw)
  if (!parsed.success) return found('FORMAT', `head, ${firstIssue(parsed.error)}`)
  if (last === undefined || !sameHead(parsed.data, headOf(state.genesis, last.row))) return found('HEAD', 'the head is not the last row')
  return verifyHead(epochAt(state.epochs, last.at).sign_pub, parsed.data) ? [] : found('HEAD', 'the head is not signed by the key in force')
}

/**
 * Verifies a whole chain: header, each row, head (docs/ledger.md, "Audit"). Never throws for what a peer wrote; a header that cannot be read
 * gives null beside its finding, since without it nothing can be signed.
 */
export const verifyChain = (raw: RawChain): { readonly chain: CheckedChain | null; readonly findings: readonly ChainFinding[] } => {
  const parsed = ChainHeader.safeParse(raw.header)
  if (!parsed.success) return { chain: null, findings: [{ code: 'FORMAT', why: `header, ${firstIssue(parsed.error)}`, at: 'header' }] }
  const header = parsed.data
  const findings: ChainFinding[] = []
  const note = (code: FindingCode, why: string, at: ChainPlace): void => void findings.push({ code, why, at })
  if (!slugFits(header)) note('ORIGIN', 'slug is not the end of origin_id', 'header')
  const weak = weakKey(header)
  if (weak !== null) note('WEAK_KEY', weak, 'header')

  let state = startChain(header)
  let brokenAt: number | null = null
  const rows: CheckedRow[] = []
  for (const rawRow of raw.rows) {
    const due = state.nextSeq
    const step = extendChain(state, rawRow)
    state = step.state
    findings.push(...step.findings)
    if (step.row !== null) rows.push(step.row)
    if (step.row === null || !step.row.sound) brokenAt ??= due
  }
  findings.push(...headFindings(state, rows, raw.head))
  const hidden = rows.filter(({ row }) => row.payload === null).length
  return { chain: { header, state, rows, brokenAt, hidden, findings }, findings }
}

/** The row at a seq; null when it is missing or could not be read. */
export const rowAt = (chain: CheckedChain, seq: number): CheckedRow | null => {
  const direct = chain.rows[seq]
  if (direct?.at === seq) return direct
  // Rows are missing before it: by halves.
  let [low, high] = [0, chain.rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((chain.rows[middle]?.at ?? 0) < seq) low = middle + 1
    else high = middle
  }
  const row = chain.rows[low]
  return row?.at === seq ? row : null
}
