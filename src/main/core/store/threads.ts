import { z } from 'zod'
import { hex32 } from '../../../contract/index.ts'
import type { PeerId } from '../brand.ts'
import type { Connection } from './connection.ts'
import { corrupt, corruptRow } from './faults.ts'
import { sqlTime } from './original-format.ts'
import { PeerIdText, type Role, ThreadRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** `role_state` and, beside it, `thread_private`: one row each a thread, always written together. */
export interface Threads {
  get(role: Role, peerId: PeerId): ThreadRow | undefined
  /** Writes the whole row, new or not. */
  put(row: ThreadRow): void
  /** In the order in which the threads were first written. */
  all(): ThreadRow[]
  remove(role: Role, peerId: PeerId): void
}

const Private = z.strictObject({ peerId: PeerIdText, extra: ThreadRow.shape.extra, updatedAt: ThreadRow.shape.updatedAt })
const Address = z.string()

type Raw = Readonly<Record<string, unknown>>

const columns = `r.role, r.peer_id, r.state, r.local_nonce, r.peer_nonce, r.local_reference, r.peer_reference, r.exchange_count, r.finalize_retry_count,
  r.peer_address, r.peer_sign_pub, r.peer_kx_pub, r.hs_derived_at, r.last_secure_at, p.sealed`
const joinPrivate = 'FROM role_state r LEFT JOIN thread_private p ON p.role = r.role AND p.peer_id = r.peer_id'
const selectOne = `SELECT ${columns} ${joinPrivate} WHERE r.self_id = ? AND r.role = ? AND r.peer_id = ?`
const selectAll = `SELECT ${columns} ${joinPrivate} WHERE r.self_id = ? ORDER BY r.id`
const upsertState = `INSERT INTO role_state (self_id, role, peer_id, state, local_nonce, peer_nonce, local_reference, peer_reference, exchange_count,
  finalize_retry_count, peer_address, peer_sign_pub, peer_kx_pub, hs_derived_at, last_secure_at, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (self_id, role, peer_id) DO UPDATE SET state = excluded.state, local_nonce = excluded.local_nonce, peer_nonce = excluded.peer_nonce,
  local_reference = excluded.local_reference, peer_reference = excluded.peer_reference, exchange_count = excluded.exchange_count,
  finalize_retry_count = excluded.finalize_retry_count, peer_address = excluded.peer_address, peer_sign_pub = excluded.peer_sign_pub,
  peer_kx_pub = excluded.peer_kx_pub, hs_derived_at = excluded.hs_derived_at, last_secure_at = excluded.last_secure_at, updated_at = excluded.updated_at`
const upsertPrivate = 'INSERT INTO thread_private (role, peer_id, sealed) VALUES (?, ?, ?) ON CONFLICT (role, peer_id) DO UPDATE SET sealed = excluded.sealed'

export const createThreads = (db: Connection, sealing: Sealing, selfId: string): Threads => {
  /**
   * All columns of role_state, sealed ones as they lie there, bound to the sealed part: an older state, a counter or a
   * reference put back into the file by hand, or a key set to NULL, makes the row unreadable instead of believed.
   */
  const binding = (raw: Raw): unknown[] => [
    raw.role,
    raw.peer_id,
    raw.state,
    raw.local_nonce,
    raw.peer_nonce,
    raw.local_reference,
    raw.peer_reference,
    raw.exchange_count,
    raw.finalize_retry_count,
    raw.peer_address,
    raw.peer_sign_pub,
    raw.peer_kx_pub,
    raw.hs_derived_at,
    raw.last_secure_at,
  ]

  const read = (raw: Raw): ThreadRow => {
    const row = [raw.role, raw.peer_id]
    const held = sealing.open('thread_private.sealed', binding(raw), raw.sealed, Private)
    const textOf = <S extends z.ZodType>(column: 'peer_address' | 'peer_sign_pub' | 'peer_kx_pub', schema: S): z.output<S> | null => {
      const value = raw[column]
      return sealing.openText(`role_state.${column}`, row, value === null ? null : String(value), schema)
    }
    const parsed = ThreadRow.safeParse({
      role: raw.role,
      peerId: held.peerId,
      state: raw.state,
      localNonce: raw.local_nonce,
      peerNonce: raw.peer_nonce,
      localReference: raw.local_reference,
      peerReference: raw.peer_reference,
      exchangeCount: raw.exchange_count,
      finalizeRetryCount: raw.finalize_retry_count,
      peerAddress: textOf('peer_address', Address),
      peerSignPub: textOf('peer_sign_pub', hex32),
      peerKxPub: textOf('peer_kx_pub', hex32),
      hsDerivedAt: raw.hs_derived_at,
      lastSecureAt: raw.last_secure_at,
      extra: held.extra,
      updatedAt: held.updatedAt,
    })
    if (!parsed.success) throw corruptRow('role_state', row, parsed.error)
    return parsed.data
  }

  return {
    get: (role, peerId) => {
      const peer = sealing.blind('peer', peerId)
      const raw = db.get(selectOne, selfId, role, peer)
      if (raw !== undefined) return read(raw as Raw)
      if (db.get('SELECT 1 FROM thread_private WHERE role = ? AND peer_id = ?', role, peer) !== undefined) throw corruptRow('role_state', [role, peer])
      return undefined
    },
    put: (row) => {
      const checked = ThreadRow.parse(row)
      const peer = sealing.blind('peer', checked.peerId)
      const key = [checked.role, peer]
      const time = sqlTime(checked.updatedAt)
      const state = {
        role: checked.role,
        peer_id: peer,
        state: checked.state,
        local_nonce: checked.localNonce,
        peer_nonce: checked.peerNonce,
        local_reference: checked.localReference,
        peer_reference: checked.peerReference,
        exchange_count: checked.exchangeCount,
        finalize_retry_count: checked.finalizeRetryCount,
        peer_address: sealing.sealText('role_state.peer_address', key, checked.peerAddress),
        peer_sign_pub: sealing.sealText('role_state.peer_sign_pub', key, checked.peerSignPub),
        peer_kx_pub: sealing.sealText('role_state.peer_kx_pub', key, checked.peerKxPub),
        hs_derived_at: checked.hsDerivedAt,
        last_secure_at: checked.lastSecureAt,
      }
      const sealed = sealing.seal('thread_private.sealed', binding(state), { peerId: checked.peerId, extra: checked.extra, updatedAt: checked.updatedAt })
      db.transaction(() => {
        db.run(upsertState, selfId, ...Object.values(state), time, time)
        db.run(upsertPrivate, checked.role, peer, sealed)
      })
    },
    all: () => {
      sealing.mustBeUnlocked()
      const rows = db.all(selectAll, selfId).map((raw) => read(raw as Raw))
      const { n } = db.get('SELECT count(*) AS n FROM thread_private') as { n: number }
      if (n !== rows.length) throw corrupt('table role_state, rows are missing')
      return rows
    },
    remove: (role, peerId) => {
      const peer = sealing.blind('peer', peerId)
      db.transaction(() => {
        db.run('DELETE FROM role_state WHERE self_id = ? AND role = ? AND peer_id = ?', selfId, role, peer)
        db.run('DELETE FROM thread_private WHERE role = ? AND peer_id = ?', role, peer)
      })
    },
  }
}
