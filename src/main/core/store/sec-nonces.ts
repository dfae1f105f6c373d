import { AppFault } from '../fault.ts'
import type { Connection } from './connection.ts'
import { SecNonceRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** `sec_nonce`: nonces of sealed messages already opened in a session. */
export interface SecNonces {
  secSeen(session: string, nonce: string): boolean
  /**
   * `nonce` in one spelling (hex, or base64 made again from the bytes): base64 as received has many spellings of the same bytes.
   * @returns false when it was there already. @throws AppFault STATE when the session has used up its share.
   */
  addSec(session: string, nonce: string): boolean
  allSec(): SecNonceRow[]
}

const secNonceLimit = 100_000

export const createSecNonces = (db: Connection, sealing: Sealing, limit: number = secNonceLimit): SecNonces => {
  const exists = (session: string, nonce: string): boolean => db.get('SELECT 1 FROM sec_nonce WHERE session_id = ? AND nonce = ?', session, nonce) !== undefined
  return {
    secSeen: (session, nonce) => exists(sealing.blind('session', session), sealing.blind('sec_nonce', nonce)),
    addSec: (session, nonce) => {
      const row = SecNonceRow.parse({ session, nonce })
      const sessionKey = sealing.blind('session', row.session)
      const nonceKey = sealing.blind('sec_nonce', row.nonce)
      return db.transaction(() => {
        if (exists(sessionKey, nonceKey)) return false
        // The row that would be one too many, found by offset: no count of the whole session a message.
        if (db.get('SELECT 1 FROM sec_nonce WHERE session_id = ? LIMIT 1 OFFSET ?', sessionKey, limit - 1) !== undefined) {
          throw new AppFault('STATE', 'This session has carried as many messages as it may. Close it and open a new one.')
        }
        db.run(
          'INSERT INTO sec_nonce (session_id, nonce, sealed) VALUES (?, ?, ?)',
          sessionKey,
          nonceKey,
          sealing.seal('sec_nonce.sealed', [sessionKey, nonceKey], row),
        )
        return true
      })
    },
    allSec: () => {
      sealing.mustBeUnlocked()
      return db.all('SELECT session_id, nonce, sealed FROM sec_nonce ORDER BY session_id, nonce').map((raw) => {
        const row = raw as { session_id: string; nonce: string; sealed: unknown }
        return sealing.open('sec_nonce.sealed', [row.session_id, row.nonce], row.sealed, SecNonceRow)
      })
    },
  }
}
