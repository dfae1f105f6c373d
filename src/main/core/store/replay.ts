import { AppFault } from '../fault.ts'
import type { Clock } from '../ports.ts'
import type { Connection } from './connection.ts'
import { ReplayRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** `hs_replay`: signed handshake nonces accepted so far. It outlives the cycle and the process, unlike the original's. */
export interface Replay {
  /** `signPub`: 64 hex digits. */
  seen(signPub: string, nonce: string): boolean
  /**
   * Remembers a nonce until `notAfter` (Unix ms: timestamp + TTL + skew). @returns false when it was there already (the later `notAfter` stays).
   * @throws AppFault STATE when the set, or this key's share of it, is full of entries that are still fresh: forgetting one would let it be replayed.
   */
  add(signPub: string, nonce: string, notAfter: number): boolean
  /** Forgets what is stale at `now` (Unix ms). @returns how many. */
  prune(now: number): number
  count(): number
  all(): ReplayRow[]
  /** Puts back a row of a backup, whatever the limits. */
  restore(row: ReplayRow): void
}

const replayLimits = { total: 20_000, perKey: 2_000 } as const

export const createReplay = (
  db: Connection,
  sealing: Sealing,
  clock: Clock,
  limits: { readonly total: number; readonly perKey: number } = replayLimits,
): Replay => {
  const count = (): number => (db.get('SELECT count(*) AS n FROM hs_replay') as { n: number }).n
  const ofKey = (key: string): number => (db.get('SELECT count(*) AS n FROM hs_replay WHERE sign_pub = ?', key) as { n: number }).n
  const full = (key: string): boolean => count() >= limits.total || ofKey(key) >= limits.perKey
  const prune = (now: number): number => db.run('DELETE FROM hs_replay WHERE not_after < ?', now).changes

  return {
    seen: (signPub, nonce) => db.get('SELECT 1 FROM hs_replay WHERE sign_pub = ? AND nonce = ?', sealing.blind('sign_pub', signPub), nonce) !== undefined,
    add: (signPub, nonce, notAfter) => {
      const row = ReplayRow.parse({ signPub, nonce, notAfter })
      const key = sealing.blind('sign_pub', row.signPub)
      return db.transaction(() => {
        const old = db.get('SELECT not_after FROM hs_replay WHERE sign_pub = ? AND nonce = ?', key, row.nonce) as { not_after: number } | undefined
        if (old !== undefined) {
          if (row.notAfter > old.not_after) write(key, row)
          return false
        }
        // Only when it is full: a wall clock that jumps ahead for a moment must not empty the set.
        if (full(key)) {
          prune(clock.now())
          if (full(key)) throw new AppFault('STATE', 'Too many handshakes in a short time; try again in a minute.')
        }
        write(key, row)
        return true
      })
    },
    prune,
    restore: (row) => write(sealing.blind('sign_pub', row.signPub), row),
    count,
    all: () => {
      sealing.mustBeUnlocked()
      return db.all('SELECT sign_pub, nonce, not_after, sealed FROM hs_replay ORDER BY not_after, sign_pub, nonce').map((raw) => {
        const row = raw as { sign_pub: string; nonce: string; not_after: number; sealed: unknown }
        return sealing.open('hs_replay.sealed', [row.sign_pub, row.nonce, row.not_after], row.sealed, ReplayRow)
      })
    },
  }

  function write(key: string, row: ReplayRow): void {
    const sealed = sealing.seal('hs_replay.sealed', [key, row.nonce, row.notAfter], row)
    db.run(
      'INSERT INTO hs_replay (sign_pub, nonce, not_after, sealed) VALUES (?, ?, ?, ?) ON CONFLICT (sign_pub, nonce) DO UPDATE SET not_after = excluded.not_after, sealed = excluded.sealed',
      key,
      row.nonce,
      row.notAfter,
      sealed,
    )
  }
}
