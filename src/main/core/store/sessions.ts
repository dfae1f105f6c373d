import type { PeerId } from '../brand.ts'
import type { Connection } from './connection.ts'
import { SessionRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

export interface Sessions {
  get(id: string): SessionRow | undefined
  put(session: SessionRow): void
  /** Oldest first. */
  byPeer(peerId: PeerId): SessionRow[]
  count(peerId: PeerId): number
  /** Oldest first. */
  all(): SessionRow[]
}

export const createSessions = (db: Connection, sealing: Sealing): Sessions => {
  const read = (raw: unknown): SessionRow => {
    const row = raw as { session_id: string; peer_id: string; sealed: unknown }
    return sealing.open('session.sealed', [row.session_id, row.peer_id], row.sealed, SessionRow)
  }
  return {
    get: (id) => {
      const raw = db.get('SELECT session_id, peer_id, sealed FROM session WHERE session_id = ?', sealing.blind('session', id))
      return raw === undefined ? undefined : read(raw)
    },
    put: (session) => {
      const row = SessionRow.parse(session)
      const key = sealing.blind('session', row.id)
      const peer = sealing.blind('peer', row.peerId)
      db.run(
        'INSERT INTO session (session_id, peer_id, sealed) VALUES (?, ?, ?) ON CONFLICT (session_id) DO UPDATE SET peer_id = excluded.peer_id, sealed = excluded.sealed',
        key,
        peer,
        sealing.seal('session.sealed', [key, peer], row),
      )
    },
    byPeer: (peerId) => db.all('SELECT session_id, peer_id, sealed FROM session WHERE peer_id = ? ORDER BY id', sealing.blind('peer', peerId)).map(read),
    count: (peerId) => (db.get('SELECT count(*) AS n FROM session WHERE peer_id = ?', sealing.blind('peer', peerId)) as { n: number }).n,
    all: () => {
      sealing.mustBeUnlocked()
      return db.all('SELECT session_id, peer_id, sealed FROM session ORDER BY id').map(read)
    },
  }
}
