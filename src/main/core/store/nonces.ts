import type { PeerId } from '../brand.ts'
import type { Clock } from '../ports.ts'
import type { Connection } from './connection.ts'
import { corruptRow } from './faults.ts'
import { sqlTime } from './original-format.ts'
import { type Flow, NonceRow, type Role } from './rows.ts'
import type { Sealing } from './sealing.ts'

/**
 * `nonce_event`: the nonces of a thread's present cycle, deleted where the original deletes them. Nonces are sent in the
 * clear and lie in the clear; what must outlive the cycle is in the replay set.
 */
export interface Nonces {
  /** Once a nonce, thread and direction. @returns false when it was there already. */
  add(role: Role, peerId: PeerId, flow: Flow, nonce: string): boolean
  received(role: Role, peerId: PeerId, nonce: string): boolean
  /** Forgets the nonces of one thread. */
  clear(role: Role, peerId: PeerId): void
  /** Every nonce, oldest first, of the given peers (the table itself knows only their blind values). */
  all(peers: Iterable<PeerId>): NonceRow[]
}

const exists = 'SELECT 1 FROM nonce_event WHERE self_id = ? AND role = ? AND peer_id = ? AND flow = ? AND nonce = ?'

export const createNonces = (db: Connection, sealing: Sealing, clock: Clock, selfId: string): Nonces => ({
  add: (role, peerId, flow, nonce) => {
    const row = NonceRow.parse({ role, peerId, flow, nonce })
    const peer = sealing.blind('peer', row.peerId)
    return db.transaction(() => {
      if (db.get(exists, selfId, row.role, peer, row.flow, row.nonce) !== undefined) return false
      db.run(
        'INSERT INTO nonce_event (self_id, role, peer_id, flow, nonce, created_at) VALUES (?, ?, ?, ?, ?, ?)',
        selfId,
        row.role,
        peer,
        row.flow,
        row.nonce,
        sqlTime(clock.now()),
      )
      return true
    })
  },
  received: (role, peerId, nonce) => db.get(exists, selfId, role, sealing.blind('peer', peerId), 'received', nonce) !== undefined,
  clear: (role, peerId) => {
    db.run('DELETE FROM nonce_event WHERE self_id = ? AND role = ? AND peer_id = ?', selfId, role, sealing.blind('peer', peerId))
  },
  all: (peers) => {
    sealing.mustBeUnlocked()
    const known = new Map([...peers].map((peerId) => [sealing.blind('peer', peerId), peerId]))
    const rows: NonceRow[] = []
    for (const raw of db.all('SELECT id, role, peer_id, flow, nonce FROM nonce_event WHERE self_id = ? ORDER BY id', selfId)) {
      const { id, peer_id: peer, ...rest } = raw as { id: number; peer_id: unknown }
      const peerId = typeof peer === 'string' ? known.get(peer) : undefined
      if (peerId === undefined) continue
      const parsed = NonceRow.safeParse({ ...rest, peerId })
      if (!parsed.success) throw corruptRow('nonce_event', [id], parsed.error)
      rows.push(parsed.data)
    }
    return rows
  },
})
