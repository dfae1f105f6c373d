import { fromHex, toHex } from '../crypto/bytes.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { hexOf } from '../ledger/fields.ts'
import type { Connection } from './connection.ts'
import type { Sealing } from './sealing.ts'

/** `eph`: the own ephemeral, 32 bytes. `keys`: a2b ‖ b2a ‖ root, 96, until the channel takes them. `confirm`: 32, stays, since an auditor may be shown it. */
export type M2mSecretKind = 'eph' | 'keys' | 'confirm'
const LENGTH: Readonly<Record<M2mSecretKind, number>> = { eph: 32, keys: 96, confirm: 32 }

/** `m2m_secret`: what a handshake must not lose between two messages. */
export interface M2mSecrets {
  /** Bytes stay the caller's to wipe. @throws CORRUPT when there is one already: a second ephemeral would give a second set of keys. */
  put(threadId: string, kind: M2mSecretKind, secret: SecretBytes): void
  /** The caller wipes. @throws CORRUPT when it does not open. */
  get(threadId: string, kind: M2mSecretKind): SecretBytes | undefined
  /** Overwrites, then deletes. */
  wipe(threadId: string, kind: M2mSecretKind): void
  /** Empties the journal, where the old pages of the file may still be. Outside a transaction. */
  checkpoint(): void
}

export const createM2mSecrets = (db: Connection, sealing: Sealing): M2mSecrets => ({
  put: (threadId, kind, secret) => {
    const id = sealing.blind('m2m_thread', threadId)
    db.run('INSERT INTO m2m_secret (thread_id, kind, sealed) VALUES (?, ?, ?)', id, kind, sealing.seal('m2m_secret.sealed', [id, kind], secret.use(toHex)))
  },
  get: (threadId, kind) => {
    const id = sealing.blind('m2m_thread', threadId)
    const row = db.get('SELECT sealed FROM m2m_secret WHERE thread_id = ? AND kind = ?', id, kind) as { sealed: unknown } | undefined
    return row === undefined ? undefined : SecretBytes.take(fromHex(sealing.open('m2m_secret.sealed', [id, kind], row.sealed, hexOf(LENGTH[kind]))))
  },
  wipe: (threadId, kind) => {
    const id = sealing.blind('m2m_thread', threadId)
    // The new value takes the old one's place in the page before the row goes; secure_delete then clears it again.
    db.run('UPDATE m2m_secret SET sealed = zeroblob(length(sealed)) WHERE thread_id = ? AND kind = ?', id, kind)
    db.run('DELETE FROM m2m_secret WHERE thread_id = ? AND kind = ?', id, kind)
  },
  checkpoint: () => {
    db.all('PRAGMA wal_checkpoint(TRUNCATE)')
  },
})
