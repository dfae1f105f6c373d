import { z } from 'zod'
import { Genesis, Hex16, Hex32, RowHash, Seq, Uuid, Zeqond } from '../ledger/fields.ts'
import { EndReason, Role, Suite } from '../m2m/statement.ts'
import type { Connection } from './connection.ts'
import { PeerIdText } from './rows.ts'
import type { Sealing } from './sealing.ts'

const At = z.int().min(0)
const Mark = z.strictObject({ seq: Seq, hash: RowHash, zeqond: Zeqond, at: At })
const rowNames = ['A1', 'A2', 'A3', 'A4', 'B1', 'B2', 'B3', 'B4', 'ownEnd', 'peerEnd'] as const
const states = ['none', 'i.ask1', 'i.sent', 'i.acc', 'i.ask2', 'i.keyed', 'i.act', 'r.ask1', 'r.acc', 'r.keyed', 'r.ask3', 'r.act'] as const

/** A thread of the m2m profile; what the fields mean is said in m2m/thread.ts. */
export const M2mThreadRow = z.strictObject({
  id: Hex16,
  role: Role,
  peerId: PeerIdText,
  peerGenesis: Genesis,
  state: z.enum([...states, 'open', 'closing', 'closed', 'ended', 'frozen']),
  nonce: Hex32,
  contractId: Uuid,
  responderNonce: Hex32.nullable(),
  suites: z.array(Suite).min(1),
  suite: Suite.nullable(),
  lifetime: z.int().min(0),
  expires: Zeqond.nullable(),
  x: Hex16.nullable(),
  y: Hex16.nullable(),
  wordsCommit: Hex32,
  words: z.strictObject({ words: z.array(z.string()), chip: z.int().min(0).max(7) }).nullable(),
  asking: z.array(z.enum(['propose', 'accept', 'key', 'activate', 'close', 'abort'])),
  rest: z.boolean(),
  eph: Hex32.nullable(),
  sessionId: Hex32.nullable(),
  rows: z.strictObject(Object.fromEntries(rowNames.map((name) => [name, Mark.optional()])) as Record<(typeof rowNames)[number], z.ZodOptional<typeof Mark>>),
  kept: Seq.nullable(),
  end: z.strictObject({ reason: EndReason, by: z.enum(['us', 'them']) }).nullable(),
  // Threads of before it was noted have none.
  owed: z.strictObject({ decision: Hex32.nullable(), tell: z.boolean() }).nullable().default(null),
  frozen: z.string().max(1000).nullable(),
  createdAt: At,
  since: At,
})
export type M2mThreadRow = z.infer<typeof M2mThreadRow>

/** `m2m_thread`: handshakes and the sessions they led to, also the ended ones. */
export interface M2mThreads {
  put(thread: M2mThreadRow): void
  /** Oldest first. */
  all(): M2mThreadRow[]
}

export const createM2mThreads = (db: Connection, sealing: Sealing): M2mThreads => ({
  put: (value) => {
    const thread = M2mThreadRow.parse(value)
    const id = sealing.blind('m2m_thread', thread.id)
    db.run(
      'INSERT INTO m2m_thread (thread_id, sealed) VALUES (?, ?) ON CONFLICT (thread_id) DO UPDATE SET sealed = excluded.sealed',
      id,
      sealing.seal('m2m_thread.sealed', [id], thread),
    )
  },
  all: () => {
    sealing.mustBeUnlocked()
    return db.all('SELECT thread_id, sealed FROM m2m_thread ORDER BY id').map((raw) => {
      const row = raw as { thread_id: string; sealed: unknown }
      return sealing.open('m2m_thread.sealed', [row.thread_id], row.sealed, M2mThreadRow)
    })
  },
})
