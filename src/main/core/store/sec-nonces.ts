import { AppFault } from '../fault.ts'
import type { Connection } from './connection.ts'
import { SecNonceRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** `sec_nonce`: nonces of sealed messages already opened, under a name of the caller's (a session or a peer), until they are stale. */
export interface SecNonces {
  secSeen(session: string, nonce: string): boolean
  /**
   * `nonce` in one spelling (hex, or base64 made again from the bytes): base64 as received has many spellings of the same bytes.
   * `notAfter` (Unix ms): from then on the message could not pass for new. `now`: what is stale is forgotten.
   * @returns false when it was there already. @throws AppFault STATE when too many fresh ones are kept under this name.
   */
  addSec(session: string, nonce: string, notAfter: number, now: number): boolean
  allSec(): SecNonceRow[]
}

const secNonceLimit = 100_000

export const createSecNonces = (db: Connection, sealing: Sealing, limit: number = secNonceLimit): SecNonces => {
  const exists = (session: string, nonce: string): boolean => db.get('SELECT 1 FROM sec_nonce WHERE session_id = ? AND nonce = ?', session, nonce) !== undefined
  return {
    secSeen: (session, nonce) => exists(sealing.blind('session', session), sealing.blind('sec_nonce', nonce)),
    addSec: (session, nonce, notAfter, now) => {
      const row = SecNonceRow.parse({ session, nonce, notAfter })
      const sessionKey = sealing.blind('session', row.session)
      const nonceKey = sealing.blind('sec_nonce', row.nonce)
      return db.transaction(() => {
        if (exists(sessionKey, nonceKey)) return false
        db.run('DELETE FROM sec_nonce WHERE not_after < ?', now)
        // The row that would be one too many, found by offset: no count of the whole session a message.
        if (db.get('SELECT 1 FROM sec_nonce WHERE session_id = ? LIMIT 1 OFFSET ?', sessionKey, limit - 1) !== undefined) {
          throw new AppFault('STATE', 'Too many messages came in too short a time. The last one was dropped.')
        }
        db.run(
          'INSERT INTO sec_nonce (session_id, nonce, not_after, sealed) VALUES (?, ?, ?, ?)',
          sessionKey,
          nonceKey,
          notAfter,
          sealing.seal('sec_nonce.sealed', [sessionKey, nonceKey, notAfter], row),
        )
        return true
      })
    },
    allSec: () => {
      sealing.mustBeUnlocked()
      return db.all('SELECT session_id, nonce, not_after, sealed FROM sec_nonce ORDER BY session_id, nonce').map((raw) => {
        const row = raw as { session_id: string; nonce: string; not_after: number; sealed: unknown }
        return sealing.open('sec_nonce.sealed', [row.session_id, row.nonce, row.not_after], row.sealed, SecNonceRow)
      })
    },
  }
}
