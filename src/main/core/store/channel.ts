import { z } from 'zod'
import { fromBase64, toBase64 } from '../crypto/bytes.ts'
import type { Connection } from './connection.ts'
import { type JsonObject, PeerIdText, Role } from './rows.ts'
import type { Sealing } from './sealing.ts'

const Count = z.int().min(0)
const Hex32 = z.string().regex(/^[0-9a-f]{64}$/)

export const ChannelRow = z.strictObject({
  sessionId: Hex32,
  peerId: PeerIdText,
  role: Role,
  /** Epoch frames are sent in; Unix ms it began; frames of both directions in it, as of the last write. */
  e: Count,
  since: Count,
  frames: Count,
  /** Number of the next message of our own; all smaller of the peer's have been received. */
  nextOut: Count,
  nextIn: Count,
  /** Number of our own rekey while it has no acknowledgement. */
  rekeyM: Count.nullable(),
  /** Unix ms until which the epoch before is opened; null: nothing of this epoch was opened yet. */
  oldUntil: Count.nullable(),
  /** Reason of our own close. */
  closing: z.string().max(32).nullable(),
  peerClosed: z.boolean(),
})
export type ChannelRow = z.infer<typeof ChannelRow>

const EpochSecret = z.strictObject({ a2b: Hex32, b2a: Hex32, root: Hex32.nullable() })
export type EpochSecret = z.infer<typeof EpochSecret>
const EphemeralSecret = z.strictObject({ priv: Hex32, pub: Hex32 })
export type EphemeralSecret = z.infer<typeof EphemeralSecret>

const StoredMessage = z.strictObject({
  header: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
  body: z.string(),
  message: z.int().min(1).nullable(),
})

export interface ChannelMessage {
  readonly m: number
  readonly header: JsonObject
  readonly body: Uint8Array
  /** Row of the conversation that is delivered with this one. */
  readonly message: number | null
}

export interface ChannelStream {
  readonly e: number
  readonly s: string
}

/** State of encrypted channels. Everything of a session goes with `wipe`. */
export interface ChannelTable {
  put(row: ChannelRow): void
  get(sessionId: string): ChannelRow | undefined
  /** Of every session that has a channel, oldest first. */
  all(): ChannelRow[]
  putEpoch(sessionId: string, e: number, keys: EpochSecret): void
  /** Lowest first. */
  epochs(sessionId: string): (EpochSecret & { readonly e: number })[]
  putEphemeral(sessionId: string, e: number, keys: EphemeralSecret): void
  ephemeral(sessionId: string): (EphemeralSecret & { readonly e: number }) | undefined
  /** Overwrites, then deletes. */
  dropEpoch(sessionId: string, e: number): void
  dropEphemeral(sessionId: string): void
  addMessage(sessionId: string, dir: 'out' | 'in', message: ChannelMessage): void
  /** In the order of their numbers. */
  messages(sessionId: string, dir: 'out' | 'in'): ChannelMessage[]
  /** Overwrites and deletes those with smaller numbers. */
  dropMessages(sessionId: string, dir: 'out' | 'in', before: number): void
  addStream(sessionId: string, stream: ChannelStream): void
  /** In the order they were first opened. */
  streams(sessionId: string): ChannelStream[]
  /** Overwrites and deletes everything of a session. */
  wipe(sessionId: string): void
  /** After the commit of a wipe: the journal would keep the overwritten pages. Outside of a transaction only. */
  truncateJournal(): void
}

export const createChannelTable = (db: Connection, sealing: Sealing): ChannelTable => {
  const key = (sessionId: string): string => sealing.blind('session', sessionId)

  /** `where` names the rows; what lay in them is gone from the file before they are. */
  const erase = (table: string, where: string, ...values: (string | number)[]): void => {
    db.run(`UPDATE ${table} SET sealed = zeroblob(length(sealed)) WHERE ${where}`, ...values)
    db.run(`DELETE FROM ${table} WHERE ${where}`, ...values)
  }

  const putSecret = (sessionId: string, kind: 'epoch' | 'ephemeral', e: number, value: unknown): void => {
    const id = key(sessionId)
    erase('channel_secret', 'session_id = ? AND kind = ? AND e = ?', id, kind, e)
    db.run(
      'INSERT INTO channel_secret (session_id, kind, e, sealed) VALUES (?, ?, ?, ?)',
      id,
      kind,
      e,
      sealing.seal('channel_secret.sealed', [id, kind, e], value),
    )
  }
  const secrets = <S extends z.ZodType>(sessionId: string, kind: 'epoch' | 'ephemeral', schema: S) => {
    const id = key(sessionId)
    return db.all('SELECT e, sealed FROM channel_secret WHERE session_id = ? AND kind = ? ORDER BY e', id, kind).map((raw) => {
      const { e, sealed } = raw as { e: number; sealed: unknown }
      return { e, value: sealing.open('channel_secret.sealed', [id, kind, e], sealed, schema) }
    })
  }

  const read = (raw: unknown): ChannelRow => {
    const row = raw as { session_id: string; sealed: unknown }
    return sealing.open('channel.sealed', [row.session_id], row.sealed, ChannelRow)
  }

  return {
    put: (input) => {
      const row = ChannelRow.parse(input)
      const id = key(row.sessionId)
      db.run(
        'INSERT INTO channel (session_id, sealed) VALUES (?, ?) ON CONFLICT (session_id) DO UPDATE SET sealed = excluded.sealed',
        id,
        sealing.seal('channel.sealed', [id], row),
      )
    },
    get: (sessionId) => {
      const raw = db.get('SELECT session_id, sealed FROM channel WHERE session_id = ?', key(sessionId))
      return raw === undefined ? undefined : read(raw)
    },
    all: () => {
      sealing.mustBeUnlocked()
      return db.all('SELECT session_id, sealed FROM channel ORDER BY rowid').map(read)
    },
    putEpoch: (sessionId, e, keys) => putSecret(sessionId, 'epoch', e, EpochSecret.parse(keys)),
    epochs: (sessionId) => secrets(sessionId, 'epoch', EpochSecret).map(({ e, value }) => ({ e, ...value })),
    putEphemeral: (sessionId, e, keys) => putSecret(sessionId, 'ephemeral', e, EphemeralSecret.parse(keys)),
    ephemeral: (sessionId) => secrets(sessionId, 'ephemeral', EphemeralSecret).map(({ e, value }) => ({ e, ...value }))[0],
    dropEpoch: (sessionId, e) => erase('channel_secret', "session_id = ? AND kind = 'epoch' AND e = ?", key(sessionId), e),
    dropEphemeral: (sessionId) => erase('channel_secret', "session_id = ? AND kind = 'ephemeral'", key(sessionId)),
    addMessage: (sessionId, dir, { m, header, body, message }) => {
      const id = key(sessionId)
      const value = StoredMessage.parse({ header, body: toBase64(body), message })
      db.run(
        'INSERT INTO channel_message (session_id, dir, m, sealed) VALUES (?, ?, ?, ?)',
        id,
        dir,
        m,
        sealing.seal('channel_message.sealed', [id, dir, m], value),
      )
    },
    messages: (sessionId, dir) => {
      const id = key(sessionId)
      return db.all('SELECT m, sealed FROM channel_message WHERE session_id = ? AND dir = ? ORDER BY m', id, dir).map((raw) => {
        const { m, sealed } = raw as { m: number; sealed: unknown }
        const { body, ...held } = sealing.open('channel_message.sealed', [id, dir, m], sealed, StoredMessage)
        return { m, ...held, body: fromBase64(body) }
      })
    },
    dropMessages: (sessionId, dir, before) => erase('channel_message', 'session_id = ? AND dir = ? AND m < ?', key(sessionId), dir, before),
    addStream: (sessionId, { e, s }) => {
      const id = key(sessionId)
      const { n } = db.get('SELECT coalesce(max(position), 0) + 1 AS n FROM channel_stream WHERE session_id = ?', id) as { n: number }
      db.run('INSERT INTO channel_stream (session_id, e, s, position) VALUES (?, ?, ?, ?)', id, e, s, n)
    },
    streams: (sessionId) => db.all('SELECT e, s FROM channel_stream WHERE session_id = ? ORDER BY position', key(sessionId)) as ChannelStream[],
    wipe: (sessionId) => {
      const id = key(sessionId)
      for (const table of ['channel', 'channel_secret', 'channel_message']) erase(table, 'session_id = ?', id)
      db.run('DELETE FROM channel_stream WHERE session_id = ?', id)
    },
    truncateJournal: () => void db.all('PRAGMA wal_checkpoint(TRUNCATE)'),
  }
}
