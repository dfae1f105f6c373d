import Database from 'better-sqlite3'
import { z } from 'zod'
import { fromBase64Lenient, toHex } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import type { Connection } from './connection.ts'
import type { Nonces } from './nonces.ts'
import { cryptoColumns, fromSqlTime, originalStates } from './original-format.ts'
import { NonceRow, ThreadRow } from './rows.ts'
import type { Threads } from './threads.ts'

/** A row that was left out; `row` is its number in the file. */
export interface SkippedRow {
  readonly table: 'role_state' | 'nonce_event'
  readonly row: number
  readonly reason: string
}

interface OriginalContents {
  readonly threads: ThreadRow[]
  readonly nonces: NonceRow[]
  /** At most 100 are named; `skippedCount` counts all. */
  readonly skipped: SkippedRow[]
  readonly skippedCount: number
}

export interface ImportReport {
  readonly threads: number
  readonly nonces: number
  /** Threads the profile had already; its own were kept. */
  readonly kept: number
  readonly skipped: readonly SkippedRow[]
  readonly skippedCount: number
}

/** An agent that has met ten thousand others has a file of a few MB. */
const originalLimits = { bytes: 64 * 1024 * 1024, threads: 20_000, nonces: 200_000 } as const

const threadColumns = [
  'self_id',
  'role',
  'peer_id',
  'state',
  'local_nonce',
  'peer_nonce',
  'local_reference',
  'peer_reference',
  'exchange_count',
  'finalize_retry_count',
  'peer_address',
  'updated_at',
] as const
const nonceColumns = ['self_id', 'role', 'peer_id', 'flow', 'nonce'] as const

/**
 * Reads an original agent's database (HSAgent_0 or HSAgent_1) as a file from a stranger: opened read-only, no views,
 * virtual or generated columns, bounded in size and rows, every value checked. Rows of another agent, and rows that do
 * not fit, are left out and named; unknown columns and tables are not looked at.
 * @throws AppFault FORMAT when it is not such a database, UNREADABLE.
 */
const readOriginal = (path: string, selfId: string, now: number): OriginalContents => {
  let database: Database.Database | undefined
  try {
    database = new Database(path, { readonly: true, fileMustExist: true, timeout: 1_000 })
    return readAll(database, selfId, now)
  } catch (error) {
    throw toImportFault(error)
  } finally {
    database?.close()
  }
}

/** Reads the file and takes over, in one transaction, every thread the profile does not have, with its nonces. */
export const importOriginal = (
  path: string,
  store: { readonly selfId: string; readonly now: number; readonly threads: Threads; readonly nonces: Nonces; readonly transaction: Connection['transaction'] },
): ImportReport => {
  const contents = readOriginal(path, store.selfId, store.now)
  return store.transaction(() => {
    const taken = new Set<string>()
    let nonces = 0
    for (const row of contents.threads) {
      if (store.threads.get(row.role, row.peerId) !== undefined) continue
      store.threads.put(row)
      taken.add(threadKey(row))
    }
    for (const row of contents.nonces) {
      // Nonces of a thread without a row guard nothing: the original begins such a thread anew.
      if (taken.has(threadKey(row)) && store.nonces.add(row.role, row.peerId, row.flow, row.nonce)) nonces += 1
    }
    return { threads: taken.size, nonces, kept: contents.threads.length - taken.size, skipped: contents.skipped, skippedCount: contents.skippedCount }
  })
}

const threadKey = (row: { readonly role: string; readonly peerId: string }): string => JSON.stringify([row.role, row.peerId])

const refused = (why: string, cause?: unknown): AppFault =>
  new AppFault('FORMAT', `This is not the database of an original agent: ${why}.`, cause === undefined ? {} : { cause })

const toImportFault = (error: unknown): unknown => {
  if (error instanceof AppFault) return error
  if (error instanceof TypeError && error.message.includes('directory does not exist'))
    return new AppFault('UNREADABLE', 'There is no such file.', { cause: error })
  if (!(error instanceof Database.SqliteError)) return error
  if (/^SQLITE_(BUSY|LOCKED|READONLY)/.test(error.code)) {
    return new AppFault(
      'UNREADABLE',
      'The agent that owns this file is running or was stopped in the middle of a step. Start and stop it once more, then import.',
      { cause: error },
    )
  }
  if (/^SQLITE_(CANTOPEN|PERM|AUTH|IOERR)/.test(error.code)) return new AppFault('UNREADABLE', 'The file could not be read.', { cause: error })
  return refused('SQLite cannot read it', error)
}

const readAll = (database: Database.Database, selfId: string, now: number): OriginalContents => {
  // Nothing in the file may run: no functions from its schema, no CHECK of its own.
  database.pragma('trusted_schema = OFF')
  database.pragma('cell_size_check = ON')
  database.pragma('ignore_check_constraints = ON')
  database.pragma('query_only = ON')
  const size = Number(database.pragma('page_count', { simple: true })) * Number(database.pragma('page_size', { simple: true }))
  if (size > originalLimits.bytes) throw refused('it is larger than 64 MB')
  const threadNames = columnsOf(database, 'role_state', threadColumns)
  columnsOf(database, 'nonce_event', nonceColumns)
  if (database.pragma('quick_check(1)', { simple: true }) !== 'ok') throw refused('it is damaged')

  const skipped: SkippedRow[] = []
  let skippedCount = 0
  const collect = <T>(
    table: 'role_state' | 'nonce_event',
    columns: readonly string[],
    limit: number,
    read: (raw: Readonly<Record<string, unknown>>) => T | string,
  ): T[] => {
    const rows: T[] = []
    const raws = database.prepare(`SELECT rowid AS row, ${columns.join(', ')} FROM main.${table} NOT INDEXED ORDER BY rowid LIMIT ?`).all(limit + 1)
    if (raws.length > limit) throw refused(`it has more than ${limit} rows in ${table}`)
    for (const raw of raws as Readonly<Record<string, unknown>>[]) {
      const row = read(raw)
      if (typeof row !== 'string') rows.push(row)
      else {
        skippedCount += 1
        if (skipped.length < 100) skipped.push({ table, row: Number(raw.row), reason: row })
      }
    }
    return rows
  }

  const seen = new Set<string>()
  const threads = collect('role_state', threadNames, originalLimits.threads, (raw) => {
    const row = threadOf(raw, selfId, now)
    if (typeof row === 'string') return row
    if (seen.has(threadKey(row))) return 'a second row of the same thread'
    seen.add(threadKey(row))
    return row
  })
  const nonces = collect('nonce_event', nonceColumns, originalLimits.nonces, (raw) => nonceOf(raw, selfId))
  return { threads, nonces, skipped, skippedCount }
}

/** The columns to read: the wanted ones must be plain columns of a plain table; those of HSAgent_1 are added where there are. */
const columnsOf = (database: Database.Database, table: 'role_state' | 'nonce_event', wanted: readonly string[]): readonly string[] => {
  const entry = database
    .prepare("SELECT type, substr(sql, 1, 20) AS sql FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')")
    .get(table)
  const { type, sql } = (entry ?? {}) as { type?: unknown; sql?: unknown }
  if (type !== 'table' || typeof sql !== 'string' || !/^create\s+table\b/i.test(sql)) throw refused(`it has no table ${table}`)
  // hidden: 0 for a plain column; generated ones would run the file's own expressions.
  const info = database.prepare("SELECT lower(name) AS name, hidden FROM pragma_table_xinfo(?, 'main') LIMIT 500").all(table) as {
    name: string
    hidden: number
  }[]
  const plain = new Set(info.filter((column) => column.hidden === 0).map((column) => column.name))
  const missing = wanted.find((name) => !plain.has(name))
  if (missing !== undefined) throw refused(`table ${table} has no plain column ${missing}`)
  return table === 'role_state' ? [...wanted, ...cryptoColumns.filter((name) => plain.has(name))] : wanted
}

const Text = z.string().nullish()

const threadOf = (raw: Readonly<Record<string, unknown>>, selfId: string, now: number): ThreadRow | string => {
  if (raw.self_id !== selfId) return 'it belongs to another agent'
  if (raw.role !== 'initiator' && raw.role !== 'responder') return 'it has no known role'
  // An original of an older version, or one stopped before its first step, leaves NULL or '': it treats both as the first state.
  const state = raw.state === null || raw.state === '' ? originalStates[raw.role][0] : raw.state
  if (!(originalStates[raw.role] as readonly unknown[]).includes(state)) return 'it is in no state of the original'
  if (raw.peer_id === selfId) return 'it is a thread with itself'
  const updated = typeof raw.updated_at === 'string' ? fromSqlTime(raw.updated_at) : undefined
  const signPub = keyOf(raw.peer_sign_pub)
  const kxPub = keyOf(raw.peer_kx_pub)
  if (signPub === undefined || kxPub === undefined) return 'a key in it is not a key'
  const parsed = ThreadRow.safeParse({
    role: raw.role,
    peerId: raw.peer_id,
    state,
    localNonce: raw.local_nonce,
    peerNonce: raw.peer_nonce,
    localReference: raw.local_reference,
    peerReference: raw.peer_reference,
    exchangeCount: raw.exchange_count,
    finalizeRetryCount: raw.finalize_retry_count,
    peerAddress: raw.peer_address,
    peerSignPub: signPub,
    peerKxPub: kxPub,
    hsDerivedAt: raw.hs_derived_at ?? null,
    lastSecureAt: raw.last_secure_at ?? null,
    extra: {},
    updatedAt: updated ?? now,
  })
  return parsed.success ? parsed.data : `its ${String(parsed.error.issues[0]?.path[0] ?? 'value')} does not fit`
}

/** Base64 of 32 bytes to hex; null stays null; undefined for anything else. */
const keyOf = (value: unknown): string | null | undefined => {
  const text = Text.safeParse(value)
  if (!text.success) return undefined
  if (text.data === null || text.data === undefined) return null
  if (text.data.length > 128) return undefined
  try {
    const bytes = fromBase64Lenient(text.data)
    return bytes.length === 32 ? toHex(bytes) : undefined
  } catch {
    return undefined
  }
}

const nonceOf = (raw: Readonly<Record<string, unknown>>, selfId: string): NonceRow | string => {
  if (raw.self_id !== selfId) return 'it belongs to another agent'
  const parsed = NonceRow.safeParse({ role: raw.role, peerId: raw.peer_id, flow: raw.flow, nonce: raw.nonce })
  return parsed.success ? parsed.data : `its ${String(parsed.error.issues[0]?.path[0] ?? 'value')} does not fit`
}
