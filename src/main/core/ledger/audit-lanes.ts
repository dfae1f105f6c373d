import type { AuditDto } from '../../../contract/index.ts'
import type { Audit } from './audit.ts'
import { type Finding, otherSide, type SessionReport, type Side, type StepName } from './audit-report.ts'
import { findingMeaning, limitText, type Names, namesOf, proofText, statusText, verdictText } from './audit-text.ts'
import type { CheckedChain, CheckedRow } from './chain.ts'
import type { ProofVerdict } from './equivocation.ts'
import { isObject } from './fields.ts'
import { aboutRow, rowTitle } from './row-title.ts'
import { unixOf } from './zeqond.ts'

type Lane = AuditDto['lanes'][number]
type Link = AuditDto['links'][number]

/** Rows a lane draws at most; a file may hold findings on very many. */
const MOST_ROWS = 5_000

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** Session and place in it, for each row that has one: statements, and the contracts they are steps of. */
const placesOf = (chain: CheckedChain, side: Side, sessions: ReadonlyMap<string, SessionReport>) => {
  const letter = (session: SessionReport): string => (session.initiator === side ? 'A' : 'B')
  const number: Readonly<Record<string, string>> = { propose: '1', accept: '1', key: '2', activate: '3', seal: '4' }
  const places = new Map<number, { session: string; step: string | null }>()
  const contracts = new Map<string, SessionReport>()
  for (const { row, at, shown } of chain.rows) {
    const nonce = shown ? aboutRow(row)?.nonce : null
    const session = nonce === null || nonce === undefined ? undefined : sessions.get(nonce)
    if (session === undefined) continue
    const kind = aboutRow(row)?.kind ?? ''
    places.set(at, { session: session.session_nonce, step: Object.hasOwn(number, kind) ? `${letter(session)}${number[kind]}` : null })
    const id = isObject(row.payload) ? text(row.payload['contract_id']) : null
    if (id !== null) contracts.set(id, session)
  }
  for (const { row, at, shown } of chain.rows) {
    const id = shown && row.transitionType === 'contract_created' && isObject(row.payload) ? text(row.payload['contract_id']) : null
    const session = id === null ? undefined : contracts.get(id)
    if (session !== undefined) places.set(at, { session: session.session_nonce, step: `${letter(session)}0` })
  }
  return places
}

const blamed = (findings: readonly Finding[], side: Side, at: number): Finding[] => findings.filter(({ rows: [row] }) => row?.chain === side && row.at === at)

/** What can be wrong with a link, by what it is. */
const BROKEN: Readonly<Record<Link['kind'], readonly string[]>> = {
  ack: ['ACK_MISMATCH', 'CAUSALITY'],
  seal: ['SEAL', 'CAUSALITY'],
  head: ['CAUSALITY', 'PEER_MISMATCH'],
}
const WITNESS = ['SUPERSEDED', 'WITNESSED_HEAD_SIG', 'ROLLBACK', 'HISTORY_CHANGED', 'EQUIVOCATION']
const HOLDS: Readonly<Record<Link['kind'], string>> = {
  ack: 'answers this row',
  seal: 'seals this row',
  head: 'records the other ledger up to this row',
}

/** What one row says of the other ledger: an answer, a seal, or a head it keeps. */
const linkOf = (checked: CheckedRow, side: Side, peer: CheckedChain, findings: readonly Finding[]): Link | null => {
  const { row, at, shown } = checked
  const payload = shown && isObject(row.payload) ? row.payload : null
  const input = payload === null ? null : payload['input']
  const head = isObject(input) ? input['peer_head'] : null
  if (!isObject(head) || head['genesis'] !== peer.state.genesis || !Number.isSafeInteger(head['seq']) || Number(head['seq']) < 0) return null
  const about = aboutRow(row)
  const kind: Link['kind'] = about?.kind === 'seal' ? 'seal' : about?.acks ? 'ack' : 'head'
  // A witness finding blames the chain it is about; the row that kept the head is behind it.
  const wrong = findings.find(
    ({ code, rows }) =>
      (BROKEN[kind].includes(code) && rows[0]?.chain === side && rows[0].at === at) ||
      (WITNESS.includes(code) && rows.some((r) => r.chain === side && r.at === at)),
  )
  return { from: { side, seq: at }, to: { side: otherSide(side), seq: Number(head['seq']) }, kind, ok: wrong === undefined, why: wrong?.why ?? HOLDS[kind] }
}

/**
 * What the audit page draws: a lane for each ledger that could be read, with the rows of the audited sessions and those with
 * findings, and the links between the lanes, each whole or broken with the reason. Pure; never throws, whatever a file said.
 */
export const auditLanes = (judged: Audit, names: Names = namesOf(judged.report), own: string | null = null): Pick<AuditDto, 'lanes' | 'links'> => {
  const { report, chains } = judged
  const sessions = new Map(report.sessions.map((session) => [session.session_nonce, session]))
  const links: Link[] = []
  const lanes = (['a', 'b'] as const).flatMap((side): Lane[] => {
    const [chain, scope, peer] = [chains[side], report.scope.chains[side], chains[otherSide(side)]]
    if (chain === undefined || scope === undefined) return []
    const places = placesOf(chain, side, sessions)
    const withFindings = new Set(report.findings.flatMap(({ rows }) => rows.filter((row) => row.chain === side).map(({ at }) => at)))
    const nameOf = (genesis: string): string => (genesis === peer?.state.genesis ? names[otherSide(side)] : 'somebody else')
    const drawn = chain.rows.filter(({ at }) => places.has(at) || withFindings.has(at)).slice(0, MOST_ROWS)
    if (peer !== undefined) for (const row of drawn) links.push(...[linkOf(row, side, peer, report.findings)].filter((link) => link !== null))
    const rows = drawn.map(({ row, at, shown }) => ({
      seq: at,
      title: rowTitle(shown ? row : { ...row, payload: null }, nameOf),
      zeqond: row.zeqondNumber,
      at: unixOf(row.zeqondNumber),
      session: places.get(at)?.session ?? null,
      step: places.get(at)?.step ?? null,
      hash: row.stateHash,
      findings: [...new Set(blamed(report.findings, side, at).map(({ code }) => code))],
    }))
    const { genesis } = chain.state
    const facts = { custody: scope.custody, rowCount: scope.rows, hidden: scope.hidden, brokenAt: scope.broken_at, witnessedTo: scope.witnessed_to }
    return [{ side, label: names[side], slug: scope.slug, genesis, own: genesis === own, ...facts, rows }]
  })
  return { lanes, links }
}

const STEP_TITLES: Readonly<Record<StepName, string>> = {
  A1: 'proposed',
  B1: 'accepted',
  B2: 'showed its key',
  A2: 'showed its key',
  A3: 'recorded the session as active',
  B3: 'recorded the session as active',
}
const STEPS: readonly StepName[] = ['A1', 'B1', 'B2', 'A2', 'A3', 'B3']

/** Where an audit came from and how its parties are called. `at`: Unix ms. `own`: genesis of the own machine. */
export interface AuditAbout {
  readonly source: string
  readonly at: number
  readonly names?: Names
  readonly own?: string
}

/** Everything of an audit that people are shown: the window and the command say the same. */
export const auditDto = (judged: Audit, about: AuditAbout): AuditDto => {
  const { report } = judged
  const names = about.names ?? namesOf(report)
  const { scope } = report
  return {
    ok: report.ok,
    verdict: verdictText(report, names),
    source: about.source,
    at: about.at,
    status: report.status,
    pinned: scope.pinned,
    ...auditLanes(judged, names, about.own ?? null),
    sessions: report.sessions.map((session) => ({
      nonce: session.session_nonce,
      initiator: session.initiator,
      status: session.status,
      meaning: statusText[session.status],
      suite: session.suite,
      sessionId: session.session_id,
      confirmed: session.confirmed,
      suspect: scope.suspect.includes(session.session_nonce),
      steps: STEPS.flatMap((name) => {
        const zeqond = session.when[name]
        const side = name.startsWith('A') ? session.initiator : otherSide(session.initiator)
        return zeqond === undefined ? [] : [{ name, title: `${names[side]} ${STEP_TITLES[name]}`, side, zeqond, at: unixOf(zeqond) }]
      }),
      ended: session.ended.map(({ who, kind, reason }) => ({ who, kind, reason })),
    })),
    findings: report.findings.map(({ code, why, rows, session }) => ({
      code,
      meaning: findingMeaning[code],
      why,
      rows: rows.map(({ chain, at }) => ({ side: chain, at })),
      session: session ?? null,
    })),
    limits: scope.limits.map((limit) => limitText[limit]),
    proof: judged.proofs.length > 0,
  }
}

/** A proof file as the audit page shows it: it has no lanes, and if it holds, the one finding that it proves. Never sound. */
export const proofDto = (verdict: ProofVerdict, about: Pick<AuditAbout, 'source' | 'at'>): AuditDto => ({
  ok: false,
  verdict: proofText(verdict),
  source: about.source,
  at: about.at,
  status: 'NONE',
  pinned: null,
  lanes: [],
  links: [],
  sessions: [],
  findings: verdict.holds ? [{ code: 'EQUIVOCATION', meaning: findingMeaning.EQUIVOCATION, why: verdict.why, rows: [], session: null }] : [],
  limits: [limitText.NOT_PINNED],
  proof: false,
})
