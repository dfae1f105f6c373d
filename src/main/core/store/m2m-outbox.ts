import { z } from 'zod'
import type { Genesis } from '../brand.ts'
import { Genesis as GenesisField, Hex16, Seq } from '../ledger/fields.ts'
import type { Connection } from './connection.ts'
import { PeerIdText } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** A message of ours until it is answered. `body` is kept beside the signed bytes, so that a change of keys can sign it anew. */
export const M2mOutboxEntry = z.strictObject({
  messageId: Hex16,
  /** The receiver. */
  genesis: GenesisField,
  peerId: PeerIdText,
  /** Whose message it is: told when it is given up. */
  thread: z.string().max(256).nullable(),
  t: z.string().max(16),
  /** JSON of the body. */
  body: z.string().max(24_000),
  wire: z.strictObject({ b: z.string(), s: z.string(), x: z.literal(1).exactOptional() }),
  /** The highest seq of the own chain that its receiver has seen once it answers. */
  shows: Seq.nullable(),
  giveUpAt: z.int().min(0),
})
export type M2mOutboxEntry = z.infer<typeof M2mOutboxEntry>

/** What a sender looks at before it opens anything. Times: Unix ms. */
export interface M2mOutboxDue {
  readonly id: number
  /** Blind: rows of one peer have the same, except requests for rows, which have another. */
  readonly peer: string
  readonly dueAt: number
  readonly giveUpAt: number
  readonly tries: number
}

/** `m2m_outbox`: written in the transaction that makes the message, gone with its answer or when it is given up. */
export interface M2mOutbox {
  put(entry: M2mOutboxEntry, dueAt: number): void
  /**
   * The first `inFlight` of each peer, in the order in which they were put: only these may leave. Of a thread only the first that carries
   * rows: rows can be fetched in another way, and the later message would then be taken before the earlier one.
   */
  window(inFlight: number): M2mOutboxDue[]
  open(id: number): M2mOutboxEntry | undefined
  byMessage(messageId: string): M2mOutboxEntry | undefined
  /** @returns the entries whose time is up, oldest first, at most `limit`. */
  expired(now: number, limit: number): M2mOutboxEntry[]
  sent(id: number, dueAt: number): void
  /** Due again at `dueAt`, as if it had been sent `tries` times. */
  retime(messageId: string, dueAt: number, tries: number): void
  /** What was sent to the peer before and is unanswered is due at `now` again, from the first pause on. @returns how many. */
  hurry(genesis: Genesis, now: number): number
  /** @returns false when there was none. */
  done(messageId: string): boolean
  drop(thread: string): number
  dropPeer(genesis: Genesis): void
  has(thread: string): boolean
  all(): M2mOutboxEntry[]
  /** Earliest time anything is given up; null for none. */
  nextGiveUp(): number | null
  count(): number
}

const columns = 'id, message_id, peer, thread, ordered, give_up_at, due_at, tries, sealed'
interface Raw {
  readonly id: number
  readonly message_id: string
  readonly peer: string
  readonly thread: string
  readonly ordered: number
  readonly give_up_at: number
  readonly due_at: number
  readonly tries: number
  readonly sealed: unknown
}

export const createM2mOutbox = (db: Connection, sealing: Sealing): M2mOutbox => {
  // Requests for rows are a line of their own: eight messages that wait for rows must not hold up the request for them.
  const laneOf = (genesis: Genesis, t: string): string => sealing.blind('m2m_peer', t === 'sync' ? `sync ${genesis}` : genesis)
  const lanes = (genesis: Genesis): string[] => [laneOf(genesis, ''), laneOf(genesis, 'sync')]
  // Messages of nobody in particular have a name of their own, which no thread has.
  const threadKey = (thread: string | null): string => sealing.blind('m2m_thread', JSON.stringify(thread))
  const read = (found: unknown): M2mOutboxEntry => {
    const raw = found as Raw
    return sealing.open('m2m_outbox.sealed', [raw.message_id, raw.peer, raw.thread, raw.ordered, raw.give_up_at], raw.sealed, M2mOutboxEntry)
  }
  const one = (where: string, value: number | string): M2mOutboxEntry | undefined => {
    const raw = db.get(`SELECT ${columns} FROM m2m_outbox WHERE ${where} = ?`, value)
    return raw === undefined ? undefined : read(raw)
  }
  return {
    put: (value, dueAt) => {
      const entry = M2mOutboxEntry.parse(value)
      const [peer, thread] = [laneOf(entry.genesis, entry.t), threadKey(entry.thread)]
      const ordered = entry.thread !== null && entry.shows !== null ? 1 : 0
      db.run(
        'INSERT INTO m2m_outbox (message_id, peer, thread, ordered, give_up_at, due_at, tries, sealed) VALUES (?, ?, ?, ?, ?, ?, 0, ?)',
        entry.messageId,
        peer,
        thread,
        ordered,
        entry.giveUpAt,
        dueAt,
        sealing.seal('m2m_outbox.sealed', [entry.messageId, peer, thread, ordered, entry.giveUpAt], entry),
      )
    },
    window: (inFlight) => {
      const waiting = new Set<string>()
      return db
        .all(
          `SELECT id, peer, thread, ordered, due_at, give_up_at, tries FROM
             (SELECT id, peer, thread, ordered, due_at, give_up_at, tries, row_number() OVER (PARTITION BY peer ORDER BY id) AS place FROM m2m_outbox)
           WHERE place <= ? ORDER BY id`,
          inFlight,
        )
        .flatMap((found) => {
          const raw = found as Raw
          const line = `${raw.peer} ${raw.thread}`
          if (raw.ordered === 1 && waiting.has(line)) return []
          if (raw.ordered === 1) waiting.add(line)
          return [{ id: raw.id, peer: raw.peer, dueAt: raw.due_at, giveUpAt: raw.give_up_at, tries: raw.tries }]
        })
    },
    open: (id) => one('id', id),
    byMessage: (messageId) => one('message_id', messageId),
    expired: (now, limit) => db.all(`SELECT ${columns} FROM m2m_outbox WHERE give_up_at <= ? ORDER BY id LIMIT ?`, now, limit).map(read),
    sent: (id, dueAt) => {
      db.run('UPDATE m2m_outbox SET due_at = ?, tries = tries + 1 WHERE id = ?', dueAt, id)
    },
    retime: (messageId, dueAt, tries) => {
      db.run('UPDATE m2m_outbox SET due_at = ?, tries = ? WHERE message_id = ?', dueAt, tries, messageId)
    },
    hurry: (genesis, now) =>
      lanes(genesis)
        .map((peer) => db.run('UPDATE m2m_outbox SET due_at = ?, tries = 0 WHERE peer = ? AND tries > 0 AND due_at > ?', now, peer, now).changes)
        .reduce((sum, changes) => sum + changes, 0),
    done: (messageId) => db.run('DELETE FROM m2m_outbox WHERE message_id = ?', messageId).changes > 0,
    drop: (thread) => db.run('DELETE FROM m2m_outbox WHERE thread = ?', threadKey(thread)).changes,
    dropPeer: (genesis) => {
      for (const peer of lanes(genesis)) db.run('DELETE FROM m2m_outbox WHERE peer = ?', peer)
    },
    has: (thread) => db.get('SELECT 1 FROM m2m_outbox WHERE thread = ? LIMIT 1', threadKey(thread)) !== undefined,
    all: () => {
      sealing.mustBeUnlocked()
      return db.all(`SELECT ${columns} FROM m2m_outbox ORDER BY id`).map(read)
    },
    nextGiveUp: () => (db.get('SELECT min(give_up_at) AS at FROM m2m_outbox') as { at: number | null }).at,
    count: () => (db.get('SELECT count(*) AS n FROM m2m_outbox') as { n: number }).n,
  }
}
