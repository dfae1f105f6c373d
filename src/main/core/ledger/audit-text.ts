import type { AuditDto } from '../../../contract/index.ts'
import type { AuditReport, Finding, Limit, SessionStatus, Side } from './audit-report.ts'
import type { ProofVerdict } from './equivocation.ts'
import type { FindingCode } from './findings.ts'

/** What a finding means for whoever relies on the ledger. One sentence a code. */
export const findingMeaning: Readonly<Record<FindingCode, string>> = {
  FORMAT: 'Something is not in its exact form; what cannot be read counts for nothing.',
  SEQ: 'Rows are missing, doubled or out of place.',
  ORIGIN: 'The row, or the name, belongs to another ledger.',
  LINK: 'The row does not continue the one before it: something was taken out, put in or changed.',
  PAYLOAD_HASH: 'The content shown is not the content that was recorded; it counts as not shown.',
  STATE_HASH: 'The row was changed after it was recorded, or recorded wrongly.',
  HEAD_SIG: 'The owner did not sign this row: somebody else wrote or changed it.',
  HEAD: 'The end of the file is not the end of the ledger, or not signed by its owner.',
  ZEQOND_BACKWARD: 'The clock of the ledger was turned back.',
  PEER_MISMATCH: 'The other ledger is not the party that was meant.',
  SELF: 'One party stands on both sides, so nothing is agreed between two.',
  WEAK_KEY: 'A key is of a kind with which anybody could sign or read.',
  DEFINITION_MISMATCH: 'The steps follow other rules than those of the handshake.',
  DUPLICATE_CONTRACT: 'One contract was begun twice; which one a step belongs to cannot be said.',
  ILLEGAL_TRANSITION: 'The contract has no such step at that point.',
  STEP_SIG: 'The party did not sign this step; somebody else may have written it.',
  UNSIGNED: 'Nobody signed this step; whoever can write to the ledger could have written it.',
  STATEMENT_BINDING: 'The signed words belong to another row, ledger or session than the one they stand in.',
  PROOF: 'The digest beside the step is not the digest of the step.',
  NONCE_REUSE: 'A number that may be used once was used again: the step may be a replay.',
  ROLE: 'A party acts in a role it does not have in this session.',
  ACK_MISMATCH: 'The party answered something else than what the other side shows.',
  SUITE: 'The two did not use the best way of agreeing on a key that both had.',
  EXPIRED: 'The step came after its time, so it may not have been wanted any more.',
  CAUSALITY: 'The step is dated before what it answers.',
  SESSION_ID: 'The session named is not the one that these rows make.',
  KEY_CONFIRM: 'The parties did not show that they hold the same key.',
  SEAL: 'The seal does not cover what the other party recorded.',
  END: 'The session was ended in a way its state does not allow, or went on after its end.',
  END_SIG: 'The party did not sign the end of the session.',
  ROTATION: 'New keys came in that nobody had committed to, or keys changed within a session.',
  AFTER_REVOKE: 'The ledger was ended by its owner before this row.',
  SUPERSEDED: 'A second history was signed with a key that had been given up: by a thief of it, or by the owner.',
  WITNESSED_HEAD_SIG: 'A record of the other ledger is not signed by its owner, so it shows nothing.',
  ROLLBACK: 'Rows that were there, and were witnessed, are gone.',
  HISTORY_CHANGED: 'A row that was witnessed is now another one; it is not proven who changed it.',
  EQUIVOCATION: 'The owner signed two histories. That is proven, and can be shown to anybody.',
  BUNDLE_SIG: 'It is not certain who made this file. The ledgers in it are judged all the same.',
}

/** What no audit of chains can show. One sentence a limit. */
export const limitText: Readonly<Record<Limit, string>> = {
  COLLUDING_DATES: 'Two parties who work together can choose any dates.',
  UNWITNESSED_TAIL: 'Rows after the last one the other party recorded could be missing without a trace.',
  POLICY_STEPS: 'Which steps a person approved, and which a policy did, is in each party’s own log only.',
  NOT_PINNED: 'This is about two keys. Whose they are has to be known from elsewhere.',
  ONE_SIDED: 'Only one party’s ledger was there; what the other one recorded is not known.',
  WITHHELD_ROWS: 'Some rows do not show their content; they count for the order of the ledger only.',
  HOST_CUSTODY: 'The keys of a ledger are with its host, who could have signed for the owner.',
  NAMED_SESSIONS: 'Only the sessions that were named were judged. There are others, of which this says nothing.',
}

/** How far a session came. One sentence a status. */
export const statusText: Readonly<Record<SessionStatus, string>> = {
  NONE: 'No step of it stands.',
  PROPOSED: 'Proposed, and not accepted.',
  ACCEPTED: 'Accepted, before either party showed a key.',
  KEYED_ONE: 'One party showed its key for the session, the other did not.',
  KEYED_BOTH: 'Both parties showed their keys; neither recorded the session as active.',
  ACTIVE_ONE: 'One party recorded the session as active.',
  ACTIVE_BOTH: 'Both parties recorded the session as active.',
  SEALED: 'Both parties recorded the session as active, and each sealed the other’s record.',
}

/** What to call the two parties. */
export type Names = Readonly<Record<Side, string>>

/** Names from the ledgers themselves: a slug, told apart by the genesis where both have the same. */
export const namesOf = (report: AuditReport): Names => {
  const { a, b } = report.scope.chains
  const name = (side: Side, slug: string | undefined): string => {
    if (slug === undefined) return side === 'a' ? 'the first ledger' : 'the second ledger'
    return a?.slug === b?.slug ? `${slug} (${report.who[side]?.slice(0, 8) ?? side})` : slug
  }
  return { a: name('a', a?.slug), b: name('b', b?.slug) }
}

// The gravest first: what was done to history, then what the ledgers are, then the session.
const HISTORY: readonly FindingCode[] = ['ROLLBACK', 'HISTORY_CHANGED', 'SUPERSEDED']
const CHAIN: readonly FindingCode[] = ['FORMAT', 'SEQ', 'ORIGIN', 'LINK', 'STATE_HASH', 'HEAD_SIG', 'HEAD', 'ZEQOND_BACKWARD', 'AFTER_REVOKE', 'WEAK_KEY']

const failed = (report: AuditReport, names: Names): string => {
  const { findings } = report
  const first = (test: (finding: Finding) => boolean): { readonly finding: Finding; readonly who: string } | null => {
    const finding = findings.find(test)
    if (finding === undefined) return null
    const side = finding.rows[0]?.chain
    return { finding, who: side === undefined ? 'The file' : names[side] }
  }
  const twice = first(({ code }) => code === 'EQUIVOCATION')
  if (twice) return `${twice.who} signed two different histories, and that is proven.`
  const history = first(({ code }) => HISTORY.includes(code))
  if (history) return `The history of ${history.who} is not the one that was witnessed.`
  const stranger = first(({ code, rows }) => code === 'PEER_MISMATCH' && rows[0]?.at === 'header')
  if (stranger) return `${stranger.who} is not a party you expect.`
  const self = first(({ code }) => code === 'SELF')
  if (self) return 'The two sides are not two parties.'
  const chain = first(({ code, rows, session }) => CHAIN.includes(code) && rows.length > 0 && session === undefined)
  if (chain) {
    const at = chain.finding.rows[0]?.at
    return `The ledger of ${chain.who} does not hold${typeof at === 'number' ? ` at row ${at}; what lies before it stands` : ''}.`
  }
  if (findings.every(({ rows }) => rows.length === 0)) return 'The ledgers hold; the file around them does not.'
  const count = findings.length + report.scope.more
  return `The ledgers hold, the handshake does not: ${count === 1 ? 'one finding' : `${count} findings`}.`
}

/** The verdict of an audit in one sentence. It never says more than the audit shows. */
export const verdictText = (report: AuditReport, names: Names = namesOf(report)): string => {
  if (!report.ok) return `Not sound. ${failed(report, names)}`
  const pinned = report.scope.pinned === true ? '' : ' Whose keys these are was not checked.'
  const last = report.sessions.at(-1)
  const alone = report.scope.one_sided ? ' Only one side was there.' : ''
  if (last === undefined) return `Sound. There is no session ${report.scope.one_sided ? 'on this ledger' : 'between the two'}.${alone}${pinned}`
  const ended = last.ended.length > 0 ? ' It has ended.' : ''
  const which = report.sessions.length > 1 ? ` The newest of ${report.sessions.length} sessions:` : ''
  return `Sound.${which} ${statusText[report.status]}${ended}${alone}${pinned}`
}

/** What a proof file shows, in one sentence. A proof that holds is a finding. */
export const proofText = (verdict: ProofVerdict): string =>
  printable(
    verdict.holds
      ? `The proof holds: the owner of ${verdict.genesis} signed two histories (${verdict.why}).`
      : `The proof does not hold, and shows nothing: ${verdict.why}.`,
  )

/** Text of a stranger, safe to print: no control or direction characters. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)

const when = (zeqond: string, at: number): string =>
  `tick ${zeqond}  ${new Date(at)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')}`

const STEPS: readonly (readonly [name: string, what: string])[] = [
  ['A1', 'proposal'],
  ['B1', 'acceptance'],
  ['B2', 'key'],
  ['A2', 'key'],
  ['A3', 'activation'],
  ['B3', 'activation'],
  ['A4', 'seal'],
  ['B4', 'seal'],
]

/** One step a line: ✓ there and nothing wrong with it, ✗ with what is wrong, – not there. */
const timeline = (dto: AuditDto, session: AuditDto['sessions'][number]): string[] =>
  STEPS.flatMap(([name, what]) => {
    const side = name.startsWith('A') === (session.initiator === 'a') ? 'a' : 'b'
    const lane = dto.lanes.find((l) => l.side === side)
    if (lane === undefined) return []
    const row = lane.rows.find((r) => r.session === session.nonce && r.step === name)
    const title = `${name} ${what.padEnd(10)} ${lane.label}`
    if (row === undefined) return name.endsWith('4') ? [] : [`  – ${title}: not there`]
    const wrong = row.findings.length > 0 ? `  ${row.findings.join(' ')}` : ''
    return [`  ${wrong === '' ? '✓' : '✗'} ${title}, row ${row.seq}  ${when(row.zeqond, row.at)}${wrong}`]
  })

const sessionLines = (dto: AuditDto, session: AuditDto['sessions'][number]): string[] => {
  const label = (side: Side): string => dto.lanes.find((l) => l.side === side)?.label ?? 'the other party'
  const keys = session.confirmed ? 'both confirmed the same key' : 'the confirmation of the key was not checked'
  return [
    `Session ${session.nonce}`,
    `  ${session.status}: ${session.meaning}${session.suspect ? ' Its rows lie where a ledger does not hold.' : ''}`,
    ...timeline(dto, session),
    ...session.ended.map(({ who, kind, reason }) => `  · ${kind === 'close' ? 'closed' : 'aborted'} by ${label(who)} (${reason})`),
    ...(session.sessionId === null ? [] : [`  session id ${session.sessionId}, suite ${session.suite ?? 'unknown'}; ${keys}`]),
    '',
  ]
}

const laneLine = (lane: AuditDto['lanes'][number]): string =>
  [
    `${lane.label}: ${lane.genesis}`,
    `${lane.rowCount} rows${lane.hidden > 0 ? `, ${lane.hidden} not shown` : ''}`,
    lane.custody === 'host' ? 'keys with its host' : 'own keys',
    lane.witnessedTo === null ? 'no row witnessed' : `witnessed up to row ${lane.witnessedTo}`,
    ...(lane.brokenAt === null ? [] : [`broken at row ${lane.brokenAt}`]),
  ].join(', ')

const findingLines = (dto: AuditDto, finding: AuditDto['findings'][number]): string[] => {
  const at = finding.rows.slice(0, 8).map((row) => {
    const label = dto.lanes.find((l) => l.side === row.side)?.label ?? (row.side === 'a' ? 'the first ledger' : 'the second ledger')
    return `${label} ${typeof row.at === 'number' ? `row ${row.at}` : row.at}`
  })
  const more = finding.rows.length > 8 ? [`and ${finding.rows.length - 8} more`] : []
  return [`  ${finding.code}  ${[...at, ...more].join(', ') || 'the file'}: ${finding.why}`, `    ${finding.meaning}`]
}

/** Findings in full before it says how many more there are. */
const LISTED = 50

/** An audit as text: verdict first, the ledgers, each session step by step, findings, and what a verdict cannot show. */
export const auditLines = (dto: AuditDto): string[] => {
  const findings = dto.findings.slice(0, LISTED)
  const more = dto.findings.length - findings.length
  return [
    dto.verdict,
    '',
    ...dto.lanes.map(laneLine),
    '',
    ...dto.sessions.flatMap((session) => sessionLines(dto, session)),
    ...(findings.length > 0 ? ['Findings', ...findings.flatMap((finding) => findingLines(dto, finding)), ...(more > 0 ? [`  and ${more} more`] : []), ''] : []),
    'What this cannot show',
    ...dto.limits.map((limit) => `  · ${limit}`),
  ].map(printable)
}
