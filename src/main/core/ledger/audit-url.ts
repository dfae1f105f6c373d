import type { Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { type AuditSource, parseSource } from './audit-source.ts'
import { isObject, Zeqond } from './fields.ts'
import { ChainHeader, genesisHash } from './genesis.ts'
import { stripRow } from './row.ts'

/** An answer of a server, its body not read yet. */
export interface HttpAnswer {
  readonly status: number
  readonly contentType: string | null
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** One GET that follows no redirect and ends with the signal. Rejects when the server cannot be reached. */
export type HttpGet = (url: string, signal: AbortSignal) => Promise<HttpAnswer>

/** What a server may cost us. */
export interface UrlLimits {
  readonly rows: number
  /** Bytes of one answer, and of all. */
  readonly pageBytes: number
  readonly bytes: number
  /** Milliseconds for everything. */
  readonly ms: number
}

const LIMITS: UrlLimits = { rows: 500_000, pageBytes: 33_554_432, bytes: 268_435_456, ms: 300_000 }
const PAGE = 200

const fault = (code: 'UNREADABLE' | 'FORMAT', url: string, why: string): AppFault => new AppFault(code, `${url} ${why}.`)

/** `http(s)://HOST[:PORT]/api/chain/SLUG`, nothing before or after it. @throws AppFault BAD_ARGUMENT */
const addressOf = (text: string): { readonly base: string; readonly slug: string; readonly name: string } => {
  const url = URL.canParse(text) ? new URL(text) : null
  const match = /^\/api\/chain\/([a-z0-9-]{1,64})\/?$/.exec(url?.pathname ?? '')
  const plain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!plain || (url.protocol !== 'http:' && url.protocol !== 'https:') || match?.[1] === undefined)
    throw new AppFault('BAD_ARGUMENT', `${text.slice(0, 200)} is not of the form http://HOST:PORT/api/chain/SLUG.`)
  return { base: `${url.origin}/api/chain`, slug: match[1], name: `${url.origin}/api/chain/${match[1]}` }
}

/** Does this look like an address rather than a file? */
export const isAddress = (text: string): boolean => /^https?:\/\//i.test(text)

type Fields = { readonly [key: string]: Json }

/** Answers of one server within the limits. */
const reader = (get: HttpGet, limits: UrlLimits, signal: AbortSignal) => {
  let total = 0
  const collect = async (url: string, answer: HttpAnswer): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of answer.body) {
      size += part.length
      total += part.length
      // Leaving the loop ends the transfer.
      if (size > limits.pageBytes) throw fault('FORMAT', url, `sends more than ${limits.pageBytes} bytes in one answer`)
      if (total > limits.bytes) throw fault('FORMAT', url, `sends more than ${limits.bytes} bytes`)
      parts.push(part)
    }
    return Buffer.concat(parts)
  }
  return async (url: string): Promise<Fields> => {
    let bytes: Uint8Array
    try {
      const answer = await get(url, signal)
      const { status } = answer
      if (status >= 300 && status < 400) throw fault('FORMAT', url, 'leads elsewhere; name the address it leads to')
      if (status === 401 || status === 403) throw fault('UNREADABLE', url, 'is private: ask its owner for an exported file')
      if (status === 404) throw new AppFault('NOT_FOUND', `${url} does not exist.`)
      if (status === 429) throw fault('UNREADABLE', url, 'is asked too often; try again in a minute')
      if (status !== 200) throw fault('UNREADABLE', url, `answers with status ${status}`)
      const type = (answer.contentType ?? 'none').split(';')[0]?.trim().toLowerCase() ?? ''
      if (type !== 'application/json') throw fault('FORMAT', url, `answers with ${type.slice(0, 60)}, not application/json`)
      bytes = await collect(url, answer)
    } catch (error) {
      if (error instanceof AppFault) throw error
      if (signal.aborted) throw fault('UNREADABLE', url, `took longer than ${limits.ms / 1000} s`)
      throw fault('UNREADABLE', url, 'cannot be reached')
    }
    const { value } = parseSource(url, bytes)
    if (!isObject(value) || value['ok'] !== true) throw fault('FORMAT', url, 'answers something else than was asked')
    return value as Fields
  }
}

const HEADER = ['slug', 'origin_id', 'genesis_zeqond', 'sign_pub', 'kx_pub', 'next']

/** What a next page is asked for with; null at the end. @throws AppFault FORMAT for a cursor that is none, or was there before */
const cursorOf = (url: string, page: Fields, seen: Set<string>): string | null => {
  const next = page['next']
  if (next === null) return null
  const from = isObject(next) ? Zeqond.safeParse(next['from']) : null
  const after = isObject(next) ? Zeqond.safeParse(next['after_id']) : null
  if (from?.success !== true || after?.success !== true) throw fault('FORMAT', url, 'does not say where its next page is')
  const cursor = `&from=${from.data}&after_id=${after.data}`
  if (seen.has(cursor)) throw fault('FORMAT', url, 'repeats the place of its next page')
  seen.add(cursor)
  return cursor
}

/**
 * Reads a whole public ledger from a compatible server, in pages. Nothing the server says is believed: rows and keys go to the
 * audit as they come, a server's own fields are dropped. The head is the last row's.
 * @throws AppFault BAD_ARGUMENT, NOT_FOUND, UNREADABLE (not reached, private, too slow), FORMAT (every answer that is none)
 */
export const readAuditUrl = async (ports: Pick<Ports, 'clock'>, get: HttpGet, text: string, limits: UrlLimits = LIMITS): Promise<AuditSource> => {
  const { base, slug, name } = addressOf(text)
  const stop = new AbortController()
  const cancel = ports.clock.schedule(limits.ms, () => stop.abort())
  const read = reader(get, limits, stop.signal)
  try {
    const { machine } = await read(`${base}/state-machines/${slug}`)
    if (!isObject(machine)) throw fault('FORMAT', name, 'does not describe a ledger')
    const header = Object.fromEntries(HEADER.map((field) => [field, machine[field]]))
    const rows: unknown[] = []
    const seen = new Set<string>()
    for (let cursor: string | null = ''; cursor !== null; ) {
      const url = `${base}/${slug}/explore?limit=${PAGE}${cursor}`
      const page: Fields = await read(url)
      const blocks: unknown = page['blocks']
      if (!Array.isArray(blocks)) throw fault('FORMAT', url, 'has no rows in its answer')
      if (blocks.length === 0) break
      for (const block of blocks) rows.push(stripRow(block))
      if (rows.length > limits.rows) throw fault('FORMAT', name, `has more than ${limits.rows} rows; ask its owner for an exported file`)
      cursor = cursorOf(url, page, seen)
    }
    return { kind: 'chain', name, chain: { header, rows, head: headOf(header, rows.at(-1)) } }
  } finally {
    cancel()
    // A page that was not read to its end is let go.
    stop.abort()
  }
}

/** The signed head that the last row is; null where there is no row, or nothing to make one of. */
const headOf = (header: unknown, last: unknown): unknown => {
  const parsed = ChainHeader.safeParse(header)
  if (!parsed.success || !isObject(last)) return null
  const { seq, stateHash, zeqondNumber, headSig: sig } = last
  return { genesis: genesisHash(parsed.data), seq, stateHash, zeqondNumber, sig }
}
