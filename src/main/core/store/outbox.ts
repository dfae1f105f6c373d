import type { PeerId } from '../brand.ts'
import type { Connection } from './connection.ts'
import { nextId } from './row-ids.ts'
import { NewOutboxRow, type OutboxRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** `outbox`: what is to be sent. Written in the transaction that wants it, sent after the commit, removed when sent or overtaken. */
export interface Outbox {
  /** Replaces an unsent one of the same peer and slot, under a new id: a sender that still holds the old id removes nothing. @returns the id. */
  put(row: NewOutboxRow): number
  /** Due at `now` (Unix ms), earliest first, at most `limit`. */
  due(now: number, limit?: number): OutboxRow[]
  /** Sent: removes it. @returns false when it was replaced or dropped in the meantime. */
  done(id: number): boolean
  /** Removes what waits for a peer in slots that begin so; '' for all. @returns how many. */
  drop(peerId: PeerId | null, slotPrefix: string): number
  /** Unix ms of the earliest, due or not; null for none. */
  nextDue(): number | null
  count(): number
}

const columns = 'id, peer_id, slot, due_at, sealed'
const Sealed = NewOutboxRow.omit({ dueAt: true })

export const createOutbox = (db: Connection, sealing: Sealing): Outbox => {
  const read = (raw: unknown): OutboxRow => {
    const row = raw as { id: number; peer_id: string; slot: string; due_at: number; sealed: unknown }
    const held = sealing.open('outbox.sealed', [row.id, row.peer_id, row.slot, row.due_at], row.sealed, Sealed)
    return { id: row.id, ...held, dueAt: row.due_at }
  }
  const peerKey = (peerId: PeerId | null): string => sealing.blind('peer', peerId ?? '')
  return {
    put: (entry) => {
      const { dueAt, ...held } = NewOutboxRow.parse(entry)
      const peer = peerKey(held.peerId)
      const slot = sealing.blind('slot', JSON.stringify([held.peerId, held.slot]))
      return db.transaction(() => {
        const id = nextId(db, 'outbox')
        db.run('DELETE FROM outbox WHERE slot = ?', slot)
        db.run(
          'INSERT INTO outbox (id, peer_id, slot, due_at, sealed) VALUES (?, ?, ?, ?, ?)',
          id,
          peer,
          slot,
          dueAt,
          sealing.seal('outbox.sealed', [id, peer, slot, dueAt], held),
        )
        return id
      })
    },
    due: (now, limit = 1000) => {
      sealing.mustBeUnlocked()
      return db.all(`SELECT ${columns} FROM outbox WHERE due_at <= ? ORDER BY due_at, id LIMIT ?`, now, limit).map(read)
    },
    done: (id) => db.run('DELETE FROM outbox WHERE id = ?', id).changes > 0,
    drop: (peerId, slotPrefix) =>
      db.transaction(() => {
        const rows = db.all(`SELECT ${columns} FROM outbox WHERE peer_id = ?`, peerKey(peerId)).map(read)
        const gone = rows.filter((row) => row.slot.startsWith(slotPrefix))
        for (const row of gone) db.run('DELETE FROM outbox WHERE id = ?', row.id)
        return gone.length
      }),
    nextDue: () => (db.get('SELECT min(due_at) AS at FROM outbox') as { at: number | null }).at,
    count: () => (db.get('SELECT count(*) AS n FROM outbox') as { n: number }).n,
  }
}
