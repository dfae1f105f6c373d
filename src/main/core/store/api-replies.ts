import { z } from 'zod'
import type { Connection } from './connection.ts'
import type { JsonObject } from './rows.ts'
import type { Sealing } from './sealing.ts'

const ApiReplyRow = z.strictObject({
  /** Hash of the request's body, hex: the same key for another request is a mistake of the caller. */
  request: z.string().max(64),
  status: z.int(),
  body: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null, 'an object expected'),
})
export type ApiReplyRow = z.infer<typeof ApiReplyRow>

/** A day: longer than any retry, short enough that the table stays small. */
const KEPT_MS = 86_400_000
const MAX_REPLIES = 10_000

/** `api_reply`: answers kept for repeated requests (Idempotency-Key). */
export interface ApiReplies {
  /** `key` says who asked for what under which key. */
  get(key: string, now: number): ApiReplyRow | undefined
  /** Inside the transaction of the write it answers: both are there, or neither. */
  put(key: string, now: number, reply: ApiReplyRow): void
}

export const createApiReplies = (db: Connection, sealing: Sealing): ApiReplies => ({
  get: (key, now) => {
    const blind = sealing.blind('api', `reply ${key}`)
    const raw = db.get('SELECT at, sealed FROM api_reply WHERE reply_key = ? AND at > ?', blind, now - KEPT_MS) as { at: number; sealed: unknown } | undefined
    return raw === undefined ? undefined : sealing.open('api_reply.sealed', [blind, raw.at], raw.sealed, ApiReplyRow)
  },
  put: (key, now, reply) => {
    const blind = sealing.blind('api', `reply ${key}`)
    db.run('DELETE FROM api_reply WHERE at <= ?', now - KEPT_MS)
    db.run('DELETE FROM api_reply WHERE reply_key IN (SELECT reply_key FROM api_reply ORDER BY at DESC LIMIT -1 OFFSET ?)', MAX_REPLIES - 1)
    db.run(
      'INSERT INTO api_reply (reply_key, at, sealed) VALUES (?, ?, ?) ON CONFLICT (reply_key) DO UPDATE SET at = excluded.at, sealed = excluded.sealed',
      blind,
      now,
      sealing.seal('api_reply.sealed', [blind, now], ApiReplyRow.parse(reply)),
    )
  },
})
