import type { Connection } from './connection.ts'

/** `locked_line`: lines that came while the wallet was locked, sealed by the caller to the wallet's own public key. Works while locked. */
export interface LockedLines {
  /** @returns false when the queue is full: the line is dropped, and the caller counts it. */
  put(sealed: Uint8Array): boolean
  /** All of them, oldest first, and empties the queue. Inside a transaction that fails they stay. */
  takeAll(): Uint8Array[]
  count(): number
}

export const lockedLineLimits = { lines: 10_000, bytes: 64 * 1024 * 1024 } as const

export const createLockedLines = (db: Connection): LockedLines => {
  const size = (): { n: number; bytes: number } =>
    db.get('SELECT count(*) AS n, coalesce(sum(length(sealed)), 0) AS bytes FROM locked_line') as { n: number; bytes: number }
  return {
    put: (sealed) =>
      db.transaction(() => {
        const { n, bytes } = size()
        if (n >= lockedLineLimits.lines || bytes + sealed.length > lockedLineLimits.bytes) return false
        db.run('INSERT INTO locked_line (sealed) VALUES (?)', sealed)
        return true
      }),
    takeAll: () =>
      db.transaction(() => {
        const lines = db.all('SELECT sealed FROM locked_line ORDER BY id').map((raw) => Uint8Array.from((raw as { sealed: Uint8Array }).sealed))
        db.run('DELETE FROM locked_line')
        return lines
      }),
    count: () => size().n,
  }
}
