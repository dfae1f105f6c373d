import { z } from 'zod'
import { fromUtf8, utf8 } from '../crypto/bytes.ts'
import { canonicalJson, hashTagged, type Json, parseCanonical } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import { PROFILE } from '../m2m/statement.ts'
import { type Audit, type AuditOptions, audit } from './audit.ts'
import type { CheckedChain, RawChain } from './chain.ts'
import { firstIssue, Genesis, Hex32, isObject, Seq, Signature, Zeqond } from './fields.ts'
import type { ChainHeader } from './genesis.ts'
import { Head } from './head.ts'
import { ownEventOf } from './payload.ts'
import { Row, stripRow } from './row.ts'
import { signTagged, verifyTagged } from './signing.ts'
import { ZEQOND_RULE } from './zeqond.ts'

/** Most bytes a bundle may have: 256 MiB. */
export const MAX_BUNDLE_BYTES = 268_435_456
/** Heads beside the chains; each may cost some signatures to judge. */
const MOST_HEADS = 10_000

const BUNDLE_PROFILE = { chain: 'zeq-chain/1', m2m: PROFILE, zeqond_rule: ZEQOND_RULE } as const

/** How a peer was identified, in the exporter's words; evidence of nothing. */
const Pin = z.strictObject({ genesis: Genesis, name: z.string().max(64), method: z.string().max(32).nullable(), at: Zeqond.nullable() })
/** The signed hs of an HSAgent peer, behind one `hs.step` row of the exporter's chain. */
const LegacyHs = z.strictObject({ row_seq: Seq, hs: z.custom<{ readonly [key: string]: Json }>(isObject, 'an object expected') })

/**
 * Everything but the chains, which are judged row by row: one bad character in a row is a finding at that row, not an unreadable
 * file. The same holds for each of these fields.
 */
const parts = {
  v: z.literal('zeq-bundle/1'),
  made_at: Zeqond,
  exporter: Genesis,
  profile: z.strictObject({
    chain: z.literal(BUNDLE_PROFILE.chain),
    m2m: z.literal(BUNDLE_PROFILE.m2m),
    zeqond_rule: z.literal(BUNDLE_PROFILE.zeqond_rule, 'the chains must state the tick as floor(unix_ms/777)'),
  }),
  // None at all would be a verdict about nothing, and read like one about everything.
  sessions: z.array(Hex32).min(1).nullable(),
  confirm_keys: z.custom<Readonly<Record<string, string>>>(
    (value) => isObject(value) && Object.entries(value).every(([id, key]) => Hex32.safeParse(id).success && Hex32.safeParse(key).success),
    'session ids with keys expected',
  ),
  heads: z.array(Head).max(MOST_HEADS),
  pins: z.array(Pin),
  legacy_hs: z.array(LegacyHs),
  sig: Signature,
}
const FIELDS: readonly string[] = [...Object.keys(parts), 'chains']

export type BundlePin = z.infer<typeof Pin>

/** A chain as a bundle holds it: the header's fields, rows, head. */
export type BundleChain = ChainHeader & { readonly rows: readonly Row[]; readonly head: Head | null }

export interface Bundle {
  readonly v: 'zeq-bundle/1'
  readonly made_at: z.infer<typeof Zeqond>
  readonly exporter: z.infer<typeof Genesis>
  readonly profile: typeof BUNDLE_PROFILE
  readonly chains: readonly BundleChain[]
  /** Nonces of the sessions it is about; null = all between the two. */
  readonly sessions: readonly string[] | null
  readonly confirm_keys: Readonly<Record<string, string>>
  readonly heads: readonly Head[]
  readonly pins: readonly BundlePin[]
  readonly legacy_hs: readonly z.infer<typeof LegacyHs>[]
  readonly sig: string
}

/** Signs a bundle (tag "zeq.bundle.v1", by the exporter's key in force). It says who made the file and nothing about truth. */
export const signBundle = (seed: SecretBytes, content: Omit<Bundle, 'v' | 'profile' | 'sig'>): Bundle => {
  const chains = content.chains.map((chain) => ({ ...chain, rows: chain.rows.map((row) => Row.parse(stripRow(row))) }))
  const unsigned = { ...content, chains, v: 'zeq-bundle/1', profile: BUNDLE_PROFILE } as const
  return { ...unsigned, sig: signTagged(seed, 'zeq.bundle.v1', unsigned as unknown as Json) }
}

/** The file: canonical JSON in UTF-8, one object, a newline at the end. */
export const writeBundle = (bundle: Bundle): Uint8Array => utf8(`${canonicalJson(bundle as unknown as Json)}\n`)

/** What a bundle file says, its chains still unjudged. */
export interface ReadBundle {
  readonly value: { readonly [key: string]: Json }
  readonly chains: readonly RawChain[]
  /** "field: what is wrong with it", for fields outside the chains. */
  readonly faults: readonly string[]
  readonly exporter: string | null
  readonly sessions: readonly string[] | null
  readonly confirmKeys: Readonly<Record<string, string>>
  readonly heads: readonly Head[]
  readonly pins: readonly BundlePin[]
  readonly legacyHs: readonly z.infer<typeof LegacyHs>[]
}

const unreadable = (why: string): never => {
  throw new AppFault('FORMAT', `This is not a bundle: ${why}.`)
}

const rawChain = (value: Json): RawChain => {
  if (!isObject(value)) return { header: value, rows: [], head: null }
  const { rows, head, ...header } = value as { readonly [key: string]: Json }
  return { header, rows: Array.isArray(rows) ? rows : [], head: Array.isArray(rows) ? (head ?? null) : rows }
}

/**
 * Reads a bundle file. A field that is not as it should be is a fault for the report and left out; the chains are judged anyway.
 * @throws AppFault FORMAT for what is not canonical JSON of an object with one or two chains, TRUNCATED without the final newline.
 */
export const readBundle = (bytes: Uint8Array): ReadBundle => {
  if (bytes.length > MAX_BUNDLE_BYTES) unreadable('more than 256 MiB')
  if (bytes.at(-1) !== 0x0a) throw new AppFault('TRUNCATED', 'The bundle ends before its end.')
  let value: Json
  try {
    value = parseCanonical(fromUtf8(bytes.subarray(0, -1)))
  } catch (error) {
    if (error instanceof FormatError) return unreadable(error.message)
    throw error
  }
  return openBundle(value)
}

/** As `readBundle`, from the parsed value. @throws AppFault FORMAT */
export const openBundle = (value: Json): ReadBundle => {
  if (!isObject(value)) return unreadable('no object')
  const chains = value['chains']
  if (!Array.isArray(chains) || chains.length < 1 || chains.length > 2) return unreadable('no chains')
  const faults: string[] = Object.keys(value)
    .filter((key) => !FIELDS.includes(key))
    .map((key) => `${key.slice(0, 64)}: no such field is defined`)
  const read = <K extends keyof typeof parts>(key: K): z.infer<(typeof parts)[K]> | null => {
    const parsed = parts[key].safeParse(value[key])
    if (parsed.success) return parsed.data as z.infer<(typeof parts)[K]>
    faults.push(`${key}.${firstIssue(parsed.error)}`)
    return null
  }
  for (const key of ['v', 'made_at', 'profile', 'sig'] as const) read(key)
  return {
    value: value as { readonly [key: string]: Json },
    chains: chains.map(rawChain),
    exporter: read('exporter'),
    sessions: read('sessions'),
    confirmKeys: read('confirm_keys') ?? {},
    heads: read('heads') ?? [],
    pins: read('pins') ?? [],
    legacyHs: read('legacy_hs') ?? [],
    faults,
  }
}

/** Is the bundle signed by its exporter, whose chain is in it? Null, or why not. */
const signatureFault = (bundle: ReadBundle, chains: readonly CheckedChain[]): string | null => {
  const exporter = chains.find((chain) => chain.state.genesis === bundle.exporter)
  if (exporter === undefined) return 'the exporter is neither of the two parties, so its signature cannot be checked'
  const { sig, ...unsigned } = bundle.value
  const key = exporter.state.epochs.at(-1)
  return key !== undefined && typeof sig === 'string' && verifyTagged(key.sign_pub, 'zeq.bundle.v1', unsigned, sig)
    ? null
    : 'the bundle is not signed by its exporter'
}

const legacyFaults = (bundle: ReadBundle, chain: CheckedChain | undefined): number[] => {
  // By place: a file may name each of its rows as often as it likes.
  const rows = new Map(bundle.legacyHs.length === 0 ? [] : chain?.rows.map((row) => [row.at, row]))
  return bundle.legacyHs.flatMap(({ row_seq, hs }) => {
    const checked = rows.get(row_seq)
    const event = checked?.shown === true ? ownEventOf(checked.row.transitionType, checked.row.payload) : null
    return event?.type === 'hs.step' && event.input['hs_hash'] === hashTagged('zeq.hs.v1', hs) ? [] : [row_seq]
  })
}

/**
 * Audits a bundle: its chains as any others, plus what the file itself claims. Who the parties are has to come from outside
 * (`options.expect`); the pins inside are the exporter's word.
 */
export const auditBundle = (bundle: ReadBundle, options: Omit<AuditOptions, 'confirmKeys' | 'heads'> = {}): Audit => {
  const [a, b] = bundle.chains
  if (a === undefined) return unreadable('no chains')
  const named = options.sessions ?? bundle.sessions
  const judged = audit(
    { a, b: b ?? null },
    { ...options, confirmKeys: bundle.confirmKeys, heads: bundle.heads, ...(named === null ? {} : { sessions: named }) },
  )
  const there = new Set(judged.report.sessions.map((session) => session.session_nonce))
  const absent = (named ?? []).filter((nonce) => !there.has(nonce))
  const checked = Object.values(judged.chains)
  const signature = signatureFault(bundle, checked)
  const side = judged.chains.a?.state.genesis === bundle.exporter ? 'a' : 'b'
  const findings = [
    ...bundle.faults.map((why) => ({ code: 'FORMAT' as const, why: `bundle, ${why}`, rows: [] })),
    ...absent.map((nonce) => ({ code: 'FORMAT' as const, why: 'bundle, sessions: a named session is on neither chain', rows: [], session: nonce })),
    ...(signature === null ? [] : [{ code: 'BUNDLE_SIG' as const, why: signature, rows: [] }]),
    ...legacyFaults(bundle, judged.chains[side]).map((at) => ({
      code: 'PAYLOAD_HASH' as const,
      why: 'the hs shown is not the one the row recorded',
      rows: [{ chain: side, at } as const],
    })),
    ...judged.report.findings,
  ]
  return { ...judged, report: { ...judged.report, ok: judged.report.ok && findings.length === 0, findings } }
}
