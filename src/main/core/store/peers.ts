import type { PeerId } from '../brand.ts'
import type { Connection } from './connection.ts'
import { corruptRow } from './faults.ts'
import { PeerRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

export interface Peers {
  get(id: PeerId): PeerRow | undefined
  put(peer: PeerRow): void
  /** In the order in which they were first written. */
  all(): PeerRow[]
  remove(id: PeerId): void
  count(): number
}

export const createPeers = (db: Connection, sealing: Sealing): Peers => {
  const read = (raw: unknown): PeerRow => {
    const { peer_id: key, sealed } = raw as { peer_id: string; sealed: unknown }
    const row = sealing.open('peer.sealed', [key], sealed, PeerRow)
    if (sealing.blind('peer', row.id) !== key) throw corruptRow('peer', [key])
    return row
  }
  return {
    get: (id) => {
      const raw = db.get('SELECT peer_id, sealed FROM peer WHERE peer_id = ?', sealing.blind('peer', id))
      return raw === undefined ? undefined : read(raw)
    },
    put: (peer) => {
      const row = PeerRow.parse(peer)
      const key = sealing.blind('peer', row.id)
      db.run(
        'INSERT INTO peer (peer_id, sealed) VALUES (?, ?) ON CONFLICT (peer_id) DO UPDATE SET sealed = excluded.sealed',
        key,
        sealing.seal('peer.sealed', [key], row),
      )
    },
    all: () => {
      sealing.mustBeUnlocked()
      return db.all('SELECT peer_id, sealed FROM peer ORDER BY id').map(read)
    },
    remove: (id) => {
      db.run('DELETE FROM peer WHERE peer_id = ?', sealing.blind('peer', id))
    },
    count: () => (db.get('SELECT count(*) AS n FROM peer') as { n: number }).n,
  }
}
