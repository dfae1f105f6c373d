import { fromUtf8 } from '../crypto/bytes.ts'
import { canonicalJson, type Json, parseRestrictedJson } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import { AppFault } from '../fault.ts'
import type { Files } from '../ports.ts'
import { type Audit, type AuditOptions, audit } from './audit.ts'
import { auditBundle, MAX_BUNDLE_BYTES, openBundle, type ReadBundle } from './bundle.ts'
import type { RawChain } from './chain.ts'
import { type ProofVerdict, verifyEquivocation } from './equivocation.ts'
import { isObject } from './fields.ts'
import { stripRow } from './row.ts'

/** Something to be judged. `name` is the file's or the address, for people. */
export type AuditSource =
  | { readonly kind: 'bundle'; readonly name: string; readonly bundle: ReadBundle }
  | { readonly kind: 'chain'; readonly name: string; readonly chain: RawChain }
  | { readonly kind: 'proof'; readonly name: string; readonly value: Json }

const unreadable = (name: string, why: string): never => {
  throw new AppFault('FORMAT', `${name} cannot be read: ${why}.`)
}

/**
 * JSON within the limits of the ledger (no duplicate key, float, `__proto__`, lone surrogate, depth over 16).
 * @throws AppFault FORMAT, naming the source.
 */
export const parseSource = (name: string, bytes: Uint8Array): { readonly value: Json; readonly text: string } => {
  try {
    const text = fromUtf8(bytes)
    return { value: parseRestrictedJson(text), text }
  } catch (error) {
    if (error instanceof FormatError) return unreadable(name, error.message)
    throw error
  }
}

/** An exported chain as it came, from header fields, rows and head in one object. A host's fields outside the hash are stripped. */
const chainOf = (value: { readonly [key: string]: Json }): RawChain => {
  const { rows, head, ...header } = value
  return { header, rows: Array.isArray(rows) ? rows.map(stripRow) : [], head: head ?? null }
}

/**
 * What a file is: a bundle, an exported chain or a proof of equivocation. Only what cannot be read at all is refused; a fault
 * inside is for the audit to find. A bundle has to be in its canonical spelling, since its signature is over that.
 * @throws AppFault FORMAT, TRUNCATED
 */
export const sourceOf = (name: string, bytes: Uint8Array): AuditSource => {
  if (bytes.length > MAX_BUNDLE_BYTES) return unreadable(name, 'more than 256 MiB')
  const { value, text } = parseSource(name, bytes)
  if (!isObject(value)) return unreadable(name, 'neither a bundle, a ledger nor a proof')
  const parts = value as { readonly [key: string]: Json }
  if (Object.hasOwn(parts, 'chains')) {
    if (!text.endsWith('\n')) throw new AppFault('TRUNCATED', `${name} ends before its end.`)
    if (`${canonicalJson(parts)}\n` !== text) return unreadable(name, 'not in the canonical spelling')
    return { kind: 'bundle', name, bundle: openBundle(parts) }
  }
  if (Object.hasOwn(parts, 'rows')) return { kind: 'chain', name, chain: chainOf(parts) }
  if (Object.hasOwn(parts, 'heads')) return { kind: 'proof', name, value: parts }
  return unreadable(name, 'neither a bundle, a ledger nor a proof')
}

/** Reads a file; its size is looked at before. @throws AppFault UNREADABLE, FORMAT, TRUNCATED */
export const readAuditFile = (files: Files, path: string, name: string = path): AuditSource => {
  let bytes: Uint8Array
  try {
    const handle = files.openRead(path)
    try {
      const { size } = files.info(handle)
      if (size > MAX_BUNDLE_BYTES) return unreadable(name, 'more than 256 MiB')
      bytes = files.readAt(handle, 0, size)
    } finally {
      files.close(handle)
    }
  } catch (error) {
    if (error instanceof AppFault) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    throw new AppFault('UNREADABLE', `${name} cannot be read (${code}).`)
  }
  return sourceOf(name, bytes)
}

/** What to judge, and by whose standard. */
export interface JudgeOptions {
  /** Geneses of the parties that are expected, from outside. */
  readonly expect?: readonly string[] | undefined
  /** Only this session (`session_nonce`). */
  readonly session?: string | undefined
}

export type Judged =
  | { readonly kind: 'audit'; readonly source: string; readonly judged: Audit }
  | { readonly kind: 'proof'; readonly source: string; readonly verdict: ProofVerdict }

/** A host stamps rows by its own clock, also those that answer another host's (docs/ledger.md). */
const HOST_SKEW = 4n

/** Ticks of tolerance only where a ledger itself says that its host stamps it; the report then has the limit HOST_CUSTODY. */
const withSkew = (run: (options: AuditOptions) => Audit, options: AuditOptions): Audit => {
  const judged = run(options)
  const hosted = Object.values(judged.report.scope.chains).some(({ custody }) => custody === 'host')
  return hosted && judged.report.findings.some(({ code }) => code === 'CAUSALITY') ? run({ ...options, skew: HOST_SKEW }) : judged
}

/**
 * Judges one bundle, one proof, or one or two chains. With a session that none of them has, there is nothing to judge.
 * @throws AppFault BAD_ARGUMENT for another mixture, NOT_FOUND for an unknown session
 */
export const judgeSources = (sources: readonly AuditSource[], options: JudgeOptions = {}): Judged => {
  const [first, second, ...rest] = sources
  const auditing = { ...(options.expect && { expect: options.expect }), ...(options.session && { sessions: [options.session] }) }
  if (first === undefined || rest.length > 0) throw new AppFault('BAD_ARGUMENT', 'Name one or two files or addresses.')
  const source = sources.map(({ name }) => name).join(' and ')
  if (first.kind === 'chain' && (second === undefined || second.kind === 'chain')) {
    const judged = withSkew((o) => audit({ a: first.chain, b: second?.chain ?? null }, o), auditing)
    if (options.session !== undefined && judged.report.sessions.length === 0)
      throw new AppFault('NOT_FOUND', `There is no session ${options.session} in ${source}.`)
    return { kind: 'audit', source, judged }
  }
  if (second !== undefined) throw new AppFault('BAD_ARGUMENT', 'A bundle or a proof is judged alone; two ledgers are judged together.')
  if (first.kind === 'bundle') return { kind: 'audit', source, judged: withSkew((o) => auditBundle(first.bundle, o), auditing) }
  if (first.kind === 'proof') return { kind: 'proof', source, verdict: verifyEquivocation(first.value) }
  throw new AppFault('BAD_ARGUMENT', 'Name one or two files or addresses.')
}
