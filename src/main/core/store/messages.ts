import type { PeerId } from '../brand.ts'
import { AppFault } from '../fault.ts'
import type { Connection } from './connection.ts'
import { nextId } from './row-ids.ts'
import { MessageRow, type MessageState, NewMessage } from './rows.ts'
import type { Sealing } from './sealing.ts'

export interface MessagePage {
  /** Oldest first. */
  readonly messages: MessageRow[]
  /** Whether there are older ones. */
  readonly more: boolean
}

export interface Messages {
  /** @returns the new id; ids grow and are never used again. */
  add(message: NewMessage): number
  get(id: number): MessageRow | undefined
  /** The newest `limit` (1 to 1000) messages with a peer, over all sessions, that are older than `beforeId`. */
  page(peerId: PeerId, beforeId: number | null, limit: number): MessagePage
  /** @throws AppFault NOT_FOUND. */
  setState(id: number, state: MessageState): void
  /** Ours that still wait for a round, oldest first. */
  queued(session: string): MessageRow[]
  /** Everything, oldest first, `limit` a call. */
  after(id: number, limit: number): MessageRow[]
  /** Puts back a row of a backup under its own id. */
  restore(message: MessageRow): void
}

const columns = 'id, session_id, peer_id, direction, state, sealed'
const Sealed = NewMessage.omit({ direction: true, state: true })

export const createMessages = (db: Connection, sealing: Sealing): Messages => {
  const read = (raw: unknown): MessageRow => {
    const row = raw as { id: number; session_id: string; peer_id: string; direction: MessageRow['direction']; state: MessageState; sealed: unknown }
    const held = sealing.open('message.sealed', [row.id, row.session_id, row.peer_id, row.direction, row.state], row.sealed, Sealed)
    return { id: row.id, ...held, direction: row.direction, state: row.state }
  }

  const write = (message: MessageRow): void => {
    const { id, direction, state, ...held } = message
    const session = sealing.blind('session', held.session)
    const peer = sealing.blind('peer', held.peer)
    db.run(
      'INSERT INTO message (id, session_id, peer_id, direction, state, sealed) VALUES (?, ?, ?, ?, ?, ?)',
      id,
      session,
      peer,
      direction,
      state,
      sealing.seal('message.sealed', [id, session, peer, direction, state], held),
    )
  }

  const get = (id: number): MessageRow | undefined => {
    const raw = db.get(`SELECT ${columns} FROM message WHERE id = ?`, id)
    return raw === undefined ? undefined : read(raw)
  }

  return {
    add: (message) => {
      const row = NewMessage.parse(message)
      return db.transaction(() => {
        const id = nextId(db, 'message')
        write({ id, ...row })
        return id
      })
    },
    get,
    page: (peerId, beforeId, limit) => {
      const bounded = Math.min(Math.max(1, Math.trunc(limit)), 1000)
      const rows = db.all(
        `SELECT ${columns} FROM message WHERE peer_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
        sealing.blind('peer', peerId),
        beforeId ?? Number.MAX_SAFE_INTEGER,
        bounded + 1,
      )
      return { messages: rows.slice(0, bounded).map(read).reverse(), more: rows.length > bounded }
    },
    setState: (id, state) => {
      db.transaction(() => {
        const message = get(id)
        if (message === undefined) throw new AppFault('NOT_FOUND', 'There is no such message.')
        const { direction, state: before, ...held } = message
        if (before === state) return
        const session = sealing.blind('session', held.session)
        const peer = sealing.blind('peer', held.peer)
        const { id: _, ...content } = held
        db.run(
          'UPDATE message SET state = ?, sealed = ? WHERE id = ?',
          state,
          sealing.seal('message.sealed', [id, session, peer, direction, state], content),
          id,
        )
      })
    },
    queued: (session) =>
      db
        .all(`SELECT ${columns} FROM message WHERE session_id = ? AND direction = 'ours' AND state = 'queued' ORDER BY id`, sealing.blind('session', session))
        .map(read),
    after: (id, limit) => db.all(`SELECT ${columns} FROM message WHERE id > ? ORDER BY id LIMIT ?`, id, limit).map(read),
    restore: (message) => write(MessageRow.parse(message)),
  }
}
