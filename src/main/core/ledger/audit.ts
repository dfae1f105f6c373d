import { z } from 'zod'
import {
  type AuditReport,
  type Collector,
  collector,
  type HeadConflict,
  type Limit,
  otherSide,
  type RowRef,
  type SessionReport,
  type Side,
} from './audit-report.ts'
import { type CheckedChain, type CheckedRow, type RawChain, verifyChain } from './chain.ts'
import { type EquivocationProof, equivocationProof } from './equivocation.ts'
import type { Head } from './head.ts'
import { type Replay, replay } from './replay.ts'
import { checkSession, type SessionContext } from './session-check.ts'
import { checkEnds } from './session-ends.ts'
import { type Session, sessionOf, statusOf } from './session-steps.ts'
import { judgeHead } from './witness.ts'
import { ticks } from './zeqond.ts'

/** What an audit is given; everything of it may be a stranger's. */
export interface AuditInput {
  readonly a: RawChain
  /** Null: only one party has a chain. */
  readonly b: RawChain | null
}

export interface AuditOptions {
  /** `confirm` keys somebody showed, hex by session id. */
  readonly confirmKeys?: Readonly<Record<string, string>>
  /** Signed heads somebody kept, of either chain; others are passed over. */
  readonly heads?: readonly Head[]
  /** Who is expected, geneses. Without it the verdict is about two keys, not two parties. */
  readonly expect?: readonly string[]
  /** Only these sessions (`session_nonce`). */
  readonly sessions?: readonly string[]
  /** Ticks a host's stamp may lag: 4 for chains stamped by a host, else 0. */
  readonly skew?: bigint
}

export interface Audit {
  readonly report: AuditReport
  /** Each proves by itself, to anybody, that an owner signed two histories. */
  readonly proofs: readonly EquivocationProof[]
  /** The chains as they were read, for who draws them. */
  readonly chains: Readonly<Partial<Record<Side, CheckedChain>>>
}

const SIDES = ['a', 'b'] as const
const NO_REPLAY: Replay = { steps: [], ends: [], custody: 'own' }
const HexKey = z.string().regex(/^[0-9a-f]{64}$/)

const readChains = (input: AuditInput, found: Collector): Partial<Record<Side, CheckedChain>> => {
  const chains: Partial<Record<Side, CheckedChain>> = {}
  for (const side of SIDES) {
    const raw = input[side]
    if (raw === null) continue
    const { chain, findings } = verifyChain(raw)
    for (const { code, why, at } of findings) found.note(code, why, [{ chain: side, at }])
    if (chain !== null) chains[side] = chain
  }
  const [a, b] = [chains.a, chains.b]
  if (a === undefined || b === undefined) return chains
  const keysOf = (chain: CheckedChain) => chain.state.epochs.flatMap((e) => [e.sign_pub, e.kx_pub] as string[])
  const theirs = new Set(keysOf(b))
  const shared = a.state.genesis === b.state.genesis || keysOf(a).some((key) => theirs.has(key))
  if (shared)
    found.note('SELF', 'the two chains share a key or are one', [
      { chain: 'a', at: 'header' },
      { chain: 'b', at: 'header' },
    ])
  return chains
}

/** Every session between the two: nonces under which one of them names the other. With one chain: all of its own. */
const sessionsOf = (chains: Partial<Record<Side, CheckedChain>>, replays: Readonly<Record<Side, Replay>>): Session[] => {
  const nonces = new Set<string>()
  for (const side of SIDES) {
    const peer = chains[otherSide(side)]
    const keys = peer === undefined ? undefined : new Set<string>(peer.state.epochs.map((e) => e.sign_pub))
    for (const { step } of replays[side].steps) {
      if (peer === undefined || step.peer_genesis === peer.state.genesis || keys?.has(step.peer_pubkey)) nonces.add(step.session_nonce)
    }
    for (const { end } of replays[side].ends) if (peer === undefined || end.peer_genesis === peer.state.genesis) nonces.add(end.session_nonce)
  }
  const byNonce = <T>(items: readonly T[], nonceOf: (item: T) => string): Map<string, T[]> => {
    const map = new Map<string, T[]>()
    for (const item of items) {
      const known = map.get(nonceOf(item))
      if (known === undefined) map.set(nonceOf(item), [item])
      else known.push(item)
    }
    return map
  }
  const steps = { a: byNonce(replays.a.steps, (s) => s.step.session_nonce), b: byNonce(replays.b.steps, (s) => s.step.session_nonce) }
  const ends = { a: byNonce(replays.a.ends, (e) => e.end.session_nonce), b: byNonce(replays.b.ends, (e) => e.end.session_nonce) }
  const sessions = [...nonces].map((nonce) =>
    sessionOf(nonce, { a: steps.a.get(nonce) ?? [], b: steps.b.get(nonce) ?? [] }, { a: ends.a.get(nonce) ?? [], b: ends.b.get(nonce) ?? [] }),
  )
  const began = (session: Session): bigint => {
    const rows = SIDES.flatMap((side) => [...session.steps[side], ...session.ends[side]].map(({ row }) => ticks(row.row.zeqondNumber)))
    return rows.reduce((least, tick) => (tick < least ? tick : least), rows[0] ?? 0n)
  }
  return sessions.sort((x, y) => Number(began(x) - began(y)) || (x.nonce < y.nonce ? -1 : 1))
}

/** Holds every head that one chain recorded of the other, and those handed in, against the chain. */
const witness = (chains: Partial<Record<Side, CheckedChain>>, replays: Readonly<Record<Side, Replay>>, heads: readonly Head[], found: Collector) => {
  const conflicts: HeadConflict[] = []
  const witnessed: Record<Side, number | null> = { a: null, b: null }
  const judge = (side: Side, head: Head, by: readonly RowRef[], session?: string): void => {
    const chain = chains[side]
    if (chain === undefined || head.genesis !== chain.state.genesis) return
    const { code, why, at, conflict } = judgeHead(chain, head)
    if (code === null) {
      if (head.seq < chain.state.nextSeq) witnessed[side] = Math.max(witnessed[side] ?? 0, head.seq)
      return
    }
    // A bad signature is the recorder's row; everything else is the fault of the chain it is about.
    const own: readonly RowRef[] = [{ chain: side, at: at ?? 'head' }]
    found.note(code, why, code === 'WITNESSED_HEAD_SIG' ? [...by, ...own] : [...own, ...by], session)
    if (conflict !== null) conflicts.push({ side, heads: conflict })
  }
  for (const side of SIDES) {
    for (const { row, step } of replays[side].steps)
      if (step.peer_head !== null) judge(otherSide(side), step.peer_head, [{ chain: side, at: row.at }], step.session_nonce)
    for (const { row, end } of replays[side].ends)
      if (end.peer_head !== null) judge(otherSide(side), end.peer_head, [{ chain: side, at: row.at }], end.session_nonce)
  }
  for (const head of heads) for (const side of SIDES) judge(side, head, [])
  return { conflicts, witnessed }
}

const limitsOf = (report: {
  readonly oneSided: boolean
  readonly pinned: boolean | null
  readonly hidden: number
  readonly hosted: boolean
  readonly named: boolean
}): Limit[] => [
  'COLLUDING_DATES',
  'UNWITNESSED_TAIL',
  'POLICY_STEPS',
  ...(report.pinned === true ? [] : (['NOT_PINNED'] as const)),
  ...(report.oneSided ? (['ONE_SIDED'] as const) : []),
  ...(report.hidden > 0 ? (['WITHHELD_ROWS'] as const) : []),
  ...(report.hosted ? (['HOST_CUSTODY'] as const) : []),
  ...(report.named ? (['NAMED_SESSIONS'] as const) : []),
]

const pin = (chains: Partial<Record<Side, CheckedChain>>, expect: readonly string[] | undefined, found: Collector): boolean | null => {
  if (expect === undefined) return null
  const strangers = SIDES.filter((side) => {
    const chain = chains[side]
    return chain !== undefined && !expect.includes(chain.state.genesis)
  })
  for (const chain of strangers) found.note('PEER_MISMATCH', 'the chain is not of a party that was expected', [{ chain, at: 'header' }])
  return strangers.length === 0 && expect.every((genesis) => SIDES.some((side) => chains[side]?.state.genesis === genesis))
}

const reportSession = (session: Session, context: SessionContext, oneSided: boolean, found: Collector): (() => SessionReport) => {
  const note = (code: Parameters<Collector['note']>[0], why: string, rows: readonly RowRef[]) => found.note(code, why, rows, session.nonce)
  const { suite, id, confirmed } = checkSession(session, context, note)
  checkEnds(session, context, note)
  const names = ['A1', 'B1', 'B2', 'A2', 'A3', 'B3'] as const
  const when = Object.fromEntries(names.flatMap((name) => (session.slots[name] === undefined ? [] : [[name, session.slots[name].row.row.zeqondNumber]])))
  const ended = SIDES.flatMap((who) =>
    session.ends[who].flatMap(({ row, end }) => (end.kind === 'seal' ? [] : [{ who, kind: end.kind, reason: end.reason, seq: row.at }])),
  )
  // Only when every finding is known is it clear which steps stand.
  return () => ({
    session_nonce: session.nonce,
    initiator: session.initiator,
    status: statusOf(session, oneSided, (side, row) => !found.blames(side, row.at)),
    suite,
    session_id: id,
    confirmed,
    when,
    ended,
  })
}

const isSuspect = (session: Session, chains: Partial<Record<Side, CheckedChain>>): boolean =>
  SIDES.some((side) => {
    const brokenAt = chains[side]?.brokenAt ?? null
    return brokenAt !== null && [...session.steps[side], ...session.ends[side]].some(({ row }) => row.at >= brokenAt)
  })

/**
 * The audit (docs/ledger.md, "Audit"): two chains, or one, and nothing else that has to be believed. Never throws for what a chain says. A report,
 * never a bare boolean: what was found, on which row, how far each session came, and what no audit of chains can show.
 */
export const audit = (input: AuditInput, options: AuditOptions = {}): Audit => {
  const found = collector()
  const chains = readChains(input, found)
  const oneSided = chains.a === undefined || chains.b === undefined
  const replayed = (side: Side): Replay => {
    const chain = chains[side]
    return chain === undefined ? NO_REPLAY : replay(chain, (code, why, at, session) => found.note(code, why, [{ chain: side, at }], session))
  }
  const replays = { a: replayed('a'), b: replayed('b') }
  const byHash = { a: hashIndex(chains.a), b: hashIndex(chains.b) }
  const context: SessionContext = {
    chains,
    skew: options.skew ?? 0n,
    confirmKey: (id) => {
      const key = options.confirmKeys !== undefined && Object.hasOwn(options.confirmKeys, id) ? options.confirmKeys[id] : undefined
      return HexKey.safeParse(key).success ? key : undefined
    },
    gap: { a: hasGap(chains.a), b: hasGap(chains.b) },
    rowByHash: (side, hash) => byHash[side].get(hash),
  }
  const pinned = pin(chains, options.expect, found)
  const all = sessionsOf(chains, replays)
  const named = options.sessions === undefined ? undefined : new Set(options.sessions)
  const wanted = (nonce: string): boolean => named === undefined || named.has(nonce)
  const sessions = all.filter(({ nonce }) => wanted(nonce))
  const reports = sessions.map((session) => reportSession(session, context, oneSided, found))
  const { conflicts, witnessed } = witness(chains, replays, options.heads ?? [], found)

  const findings = found.findings().filter(({ session }) => session === undefined || wanted(session))
  const hidden = SIDES.reduce((sum, side) => sum + (chains[side]?.hidden ?? 0), 0)
  const done = reports.map((report) => report())
  const scopeOf = (side: Side) => {
    const chain = chains[side]
    if (chain === undefined) return {}
    const { header, state, rows } = chain
    return {
      [side]: {
        slug: header.slug,
        rows: rows.length,
        hidden: chain.hidden,
        broken_at: chain.brokenAt,
        witnessed_to: witnessed[side],
        custody: replays[side].custody,
        revoked_at: state.revokedAt,
      },
    }
  }
  const hosted = SIDES.some((side) => replays[side].custody === 'host')
  const report: AuditReport = {
    ok: findings.length === 0 && found.more() === 0,
    status: done.at(-1)?.status ?? 'NONE',
    who: { a: chains.a?.state.genesis ?? null, b: chains.b?.state.genesis ?? null },
    keys: { a: chains.a?.state.epochs.length ?? 0, b: chains.b?.state.epochs.length ?? 0 },
    sessions: done,
    hidden,
    findings,
    scope: {
      one_sided: oneSided,
      pinned,
      chains: { ...scopeOf('a'), ...scopeOf('b') },
      suspect: sessions.filter((session) => isSuspect(session, chains)).map(({ nonce }) => nonce),
      limits: limitsOf({ oneSided, pinned, hidden, hosted, named: sessions.length < all.length }),
      more: found.more(),
    },
  }
  const proofs = conflicts.flatMap(({ side, heads }) => {
    const chain = chains[side]
    return chain === undefined ? [] : [equivocationProof(chain, heads)]
  })
  return { report, proofs, chains }
}

const hashIndex = (chain: CheckedChain | undefined): ReadonlyMap<string, CheckedRow> => new Map(chain?.rows.map((row) => [row.row.stateHash, row]))

const hasGap = (chain: CheckedChain | undefined): boolean =>
  chain === undefined || chain.rows.length < chain.state.nextSeq || chain.rows.some((row) => !row.shown)
