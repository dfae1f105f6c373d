import type { Report } from './verify.ts'

/** What is compared of a report of the program's own audit. */
export interface CoreReport {
  readonly ok: boolean
  readonly sessions: readonly object[]
  readonly findings: readonly { readonly code: string; readonly rows: readonly { readonly chain: string; readonly at: string | number }[] }[]
}

const place = (code: string, row: { readonly chain?: string; readonly at?: string | number } | undefined) => `${code}@${row?.chain ?? ''}${row?.at ?? ''}`
const told = (session: object) =>
  JSON.stringify(['session_nonce', 'initiator', 'status', 'suite', 'session_id', 'confirmed'].map((key) => session[key as keyof typeof session]))

/**
 * Null when the two verifiers say the same of it: sound or not, every code at the same row, and of every session the same status,
 * suite and id. The core gathers one fault on many rows in one finding and adds the rows it is held against: a row named here has
 * to be one of those; the first row of each of its findings has to be named here.
 */
export const difference = (ours: Report, theirs: CoreReport): string | null => {
  const mine = new Set(ours.findings.map((f) => place(f.code, f)))
  const first = new Set(theirs.findings.map(({ code, rows }) => place(code, rows[0])))
  const any = new Set(theirs.findings.flatMap(({ code, rows }) => (rows.length === 0 ? [place(code, undefined)] : rows.map((row) => place(code, row)))))
  // It stops at a hundred rows.
  const full = theirs.findings.filter(({ rows }) => rows.length >= 100).map(({ code }) => code)
  const apart = [
    ...[...mine].filter((p) => !any.has(p) && !full.some((code) => p.startsWith(code))).map((p) => `only here ${p}`),
    ...[...first].filter((p) => !mine.has(p)).map((p) => `only core ${p}`),
  ]
  if (ours.ok !== theirs.ok) apart.push(`ok ${ours.ok}`)
  const [sessions, others] = [ours.sessions.map(told).join(), theirs.sessions.map(told).join()]
  if (sessions !== others) apart.push(`sessions ${sessions} / core ${others}`)
  return apart.length === 0 ? null : apart.join('; ')
}
