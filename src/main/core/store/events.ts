import type { Clock } from '../ports.ts'
import type { Connection } from './connection.ts'
import { nextId } from './row-ids.ts'
import { EventBody, type EventRow, type JsonValue } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** `event`: the newest domain events, numbered without a gap over the life of the profile. */
export interface Events {
  /** @returns its number, from 1. */
  append(name: string, data: JsonValue): number
  /** Those after `seq` that are still kept, oldest first. */
  since(seq: number): EventRow[]
  /** The last number given, 0 for none; works while locked. */
  last(): number
}

export const eventLimit = 10_000

export const createEvents = (db: Connection, sealing: Sealing, clock: Clock): Events => ({
  append: (name, data) => {
    const body = EventBody.parse({ name, data })
    const at = clock.now()
    return db.transaction(() => {
      const seq = nextId(db, 'event')
      db.run('INSERT INTO event (seq, at, sealed) VALUES (?, ?, ?)', seq, at, sealing.seal('event.sealed', [seq, at], body))
      db.run('DELETE FROM event WHERE seq <= ?', seq - eventLimit)
      return seq
    })
  },
  since: (seq) => {
    sealing.mustBeUnlocked()
    return db.all('SELECT seq, at, sealed FROM event WHERE seq > ? ORDER BY seq', seq).map((raw) => {
      const row = raw as { seq: number; at: number; sealed: unknown }
      return { seq: row.seq, at: row.at, ...sealing.open('event.sealed', [row.seq, row.at], row.sealed, EventBody) }
    })
  },
  last: () => nextId(db, 'event') - 1,
})
