import { z } from 'zod'
import type { Genesis } from '../brand.ts'
import { Genesis as GenesisField, Hex16 } from '../ledger/fields.ts'
import type { Connection } from './connection.ts'
import { PeerIdText } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** A message that came: what a repeat of it is answered with, or, while it is parked, the message itself. */
export const M2mInboxEntry = z.strictObject({
  /** The sender. */
  genesis: GenesisField,
  messageId: Hex16,
  /** Unix ms; from here on it is kept. */
  at: z.int().min(0),
  from: PeerIdText,
  /** JSON of the body while it is parked. */
  parked: z.string().max(24_000).nullable(),
  answer: z.strictObject({ b: z.string(), s: z.string(), x: z.literal(1).exactOptional() }).nullable(),
})
export type M2mInboxEntry = z.infer<typeof M2mInboxEntry>

/** `m2m_inbox`: what makes a repeat have no effect, and what waits for rows. */
export interface M2mInbox {
  get(genesis: Genesis, messageId: string): M2mInboxEntry | undefined
  /** Replaces one of the same sender and id; a sender's oldest beyond the limit are forgotten. */
  put(entry: M2mInboxEntry): void
  remove(genesis: Genesis, messageId: string): void
  /** Parked ones of a sender, in the order in which they came. */
  parked(genesis: Genesis): M2mInboxEntry[]
  parkedCount(genesis: Genesis | null): number
  /** Forgets what came before `at` (Unix ms). */
  prune(at: number): void
  count(): number
}

export const m2mInboxLimits = { perSender: 10_000, all: 100_000 } as const

const columns = 'sender, message_id, at, parked, sealed'
interface Raw {
  readonly sender: string
  readonly message_id: string
  readonly at: number
  readonly parked: number
  readonly sealed: unknown
}

export const createM2mInbox = (db: Connection, sealing: Sealing, limits: { readonly perSender: number; readonly all: number } = m2mInboxLimits): M2mInbox => {
  const senderKey = (genesis: Genesis): string => sealing.blind('m2m_peer', genesis)
  const read = (found: unknown): M2mInboxEntry => {
    const raw = found as Raw
    return sealing.open('m2m_inbox.sealed', [raw.sender, raw.message_id, raw.at, raw.parked], raw.sealed, M2mInboxEntry)
  }
  /** The oldest that is one too many, found by offset: no count of the whole table a message. */
  const shorten = (where: string, values: readonly string[], limit: number): void => {
    const found = db.get(`SELECT id FROM m2m_inbox ${where} ORDER BY id DESC LIMIT 1 OFFSET ?`, ...values, limit) as { id: number } | undefined
    if (found !== undefined) db.run(`DELETE FROM m2m_inbox ${where === '' ? 'WHERE' : `${where} AND`} id <= ?`, ...values, found.id)
  }
  return {
    get: (genesis, messageId) => {
      const raw = db.get(`SELECT ${columns} FROM m2m_inbox WHERE sender = ? AND message_id = ?`, senderKey(genesis), messageId)
      return raw === undefined ? undefined : read(raw)
    },
    put: (value) => {
      const entry = M2mInboxEntry.parse(value)
      const sender = senderKey(entry.genesis)
      const parked = entry.parked === null ? 0 : 1
      db.run(
        `INSERT INTO m2m_inbox (${columns}) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (sender, message_id) DO UPDATE SET at = excluded.at, parked = excluded.parked, sealed = excluded.sealed`,
        sender,
        entry.messageId,
        entry.at,
        parked,
        sealing.seal('m2m_inbox.sealed', [sender, entry.messageId, entry.at, parked], entry),
      )
      shorten('WHERE sender = ? AND parked = 0', [sender], limits.perSender)
      shorten('', [], limits.all)
    },
    remove: (genesis, messageId) => {
      db.run('DELETE FROM m2m_inbox WHERE sender = ? AND message_id = ?', senderKey(genesis), messageId)
    },
    parked: (genesis) => db.all(`SELECT ${columns} FROM m2m_inbox WHERE sender = ? AND parked = 1 ORDER BY id`, senderKey(genesis)).map(read),
    parkedCount: (genesis) =>
      (
        (genesis === null
          ? db.get('SELECT count(*) AS n FROM m2m_inbox WHERE parked = 1')
          : db.get('SELECT count(*) AS n FROM m2m_inbox WHERE sender = ? AND parked = 1', senderKey(genesis))) as { n: number }
      ).n,
    prune: (at) => {
      db.run('DELETE FROM m2m_inbox WHERE at < ?', at)
    },
    count: () => (db.get('SELECT count(*) AS n FROM m2m_inbox') as { n: number }).n,
  }
}
