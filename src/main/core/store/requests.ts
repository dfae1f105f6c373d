import type { Connection } from './connection.ts'
import { RequestRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** `request`: what waits for a decision. Writing one again keeps its place, so that a new request never moves an old one. */
export interface Requests {
  get(id: string): RequestRow | undefined
  put(request: RequestRow): void
  /** In the order in which they came. */
  all(): RequestRow[]
  remove(id: string): void
  /** How many wait; works while locked. */
  count(): number
}

export const createRequests = (db: Connection, sealing: Sealing): Requests => {
  const read = (raw: unknown): RequestRow => {
    const row = raw as { request_id: string; peer_id: string; sealed: unknown }
    return sealing.open('request.sealed', [row.request_id, row.peer_id], row.sealed, RequestRow)
  }
  return {
    get: (id) => {
      const raw = db.get('SELECT request_id, peer_id, sealed FROM request WHERE request_id = ?', sealing.blind('request', id))
      return raw === undefined ? undefined : read(raw)
    },
    put: (request) => {
      const row = RequestRow.parse(request)
      const key = sealing.blind('request', row.id)
      const peer = sealing.blind('peer', row.peerId)
      db.run(
        'INSERT INTO request (request_id, peer_id, sealed) VALUES (?, ?, ?) ON CONFLICT (request_id) DO UPDATE SET peer_id = excluded.peer_id, sealed = excluded.sealed',
        key,
        peer,
        sealing.seal('request.sealed', [key, peer], row),
      )
    },
    all: () => {
      sealing.mustBeUnlocked()
      return db.all('SELECT request_id, peer_id, sealed FROM request ORDER BY position').map(read)
    },
    remove: (id) => {
      db.run('DELETE FROM request WHERE request_id = ?', sealing.blind('request', id))
    },
    count: () => (db.get('SELECT count(*) AS n FROM request') as { n: number }).n,
  }
}
