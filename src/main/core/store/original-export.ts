import Database from 'better-sqlite3'
import type { PeerId } from '../brand.ts'
import { fromHex, toBase64 } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { toStoreFault } from './faults.ts'
import type { Nonces } from './nonces.ts'
import { originalSchema, originalStates, sqlTime } from './original-format.ts'
import { createPrivateFile, onFiles } from './private-file.ts'
import type { ThreadRow } from './rows.ts'

export interface ExportOptions {
  /** True (default): HSAgent_1's columns. False: HSAgent_0's. */
  readonly crypto?: boolean
}

interface Contents extends ExportOptions {
  readonly selfId: string
  readonly threads: readonly ThreadRow[]
  readonly nonces: Nonces
}

/**
 * Writes an original agent's database, peers' ids in the clear as that format has them; mode 0600, built under another
 * name and renamed. A thread in a state of our own goes out at its beginning, with its references.
 * @throws AppFault EXISTS, DISK_FULL, UNREADABLE.
 */
export const exportOriginal = (ports: Ports, path: string, { selfId, threads, nonces, crypto = true }: Contents): void => {
  const { files } = ports
  if (onFiles(() => files.exists(path))) throw new AppFault('EXISTS', 'There is a file of that name already.')
  const partial = `${path}.partial`
  createPrivateFile(files, partial)
  try {
    write(partial, { selfId, threads, nonces, crypto })
    onFiles(() => files.rename(partial, path))
  } catch (error) {
    try {
      files.remove(partial)
    } catch {
      ports.log.warn('an unfinished export could not be removed')
    }
    throw toStoreFault(error)
  }
}

const keyOf = (hex: string | null): string | null => (hex === null ? null : toBase64(fromHex(hex)))

const write = (path: string, { selfId, threads, nonces, crypto }: Contents): void => {
  const database = new Database(path, { fileMustExist: true })
  try {
    database.pragma('synchronous = FULL')
    database.exec('BEGIN IMMEDIATE')
    for (const sql of originalSchema(crypto === true)) database.exec(sql)
    const state = database.prepare(
      `INSERT INTO role_state (self_id, role, peer_id, state, local_nonce, peer_nonce, local_reference, peer_reference, exchange_count, finalize_retry_count, peer_address, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    const keys = crypto
      ? database.prepare('UPDATE role_state SET peer_sign_pub = ?, peer_kx_pub = ?, hs_derived_at = ?, last_secure_at = ? WHERE id = ?')
      : undefined
    for (const row of threads) {
      const known = (originalStates[row.role] as readonly string[]).includes(row.state)
      const time = sqlTime(row.updatedAt)
      const { lastInsertRowid } = state.run(
        selfId,
        row.role,
        row.peerId,
        known ? row.state : originalStates[row.role][0],
        known ? row.localNonce : null,
        known ? row.peerNonce : null,
        row.localReference,
        row.peerReference,
        known ? row.exchangeCount : 0,
        known ? row.finalizeRetryCount : 0,
        row.peerAddress,
        time,
        time,
      )
      keys?.run(keyOf(row.peerSignPub), keyOf(row.peerKxPub), row.hsDerivedAt, row.lastSecureAt, lastInsertRowid)
    }
    const nonce = database.prepare('INSERT INTO nonce_event (self_id, role, peer_id, flow, nonce) VALUES (?, ?, ?, ?, ?)')
    const peers = new Set<PeerId>(threads.map((row) => row.peerId))
    for (const row of nonces.all(peers)) nonce.run(selfId, row.role, row.peerId, row.flow, row.nonce)
    database.exec('COMMIT')
  } finally {
    database.close()
  }
}
