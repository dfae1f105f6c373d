import { z } from 'zod'
import { hex32 } from '../../../contract/index.ts'
import { toHex } from '../crypto/bytes.ts'
import { hashTagged } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import type { Random } from '../ports.ts'
import type { Connection } from './connection.ts'
import { corrupt } from './faults.ts'
import { DecisionEntry, type NewDecision } from './rows.ts'
import type { Sealing } from './sealing.ts'

export type ChainReport =
  | { readonly holds: true; readonly count: number /** Hash of the last entry. */; readonly head: string }
  | { readonly holds: false; readonly seq: number; readonly reason: string }

/** `decision` and `decision_head`: the private, hash-chained log of what was decided (docs/approvals.md). Entries are only ever added. */
export interface Decisions {
  /** Adds `seq`, `prev` and, unless given, `salt`. @throws AppFault CORRUPT when the log has lost its end. */
  append(decision: NewDecision): DecisionEntry
  /** Newest first, `limit` (1 to 1000) of those before `beforeSeq`. */
  page(beforeSeq: number | null, limit: number): DecisionEntry[]
  /** Whether every entry is there, in order and unchanged; says where not. Never throws CORRUPT. */
  verifyChain(): ChainReport
  count(): number
  /** Oldest first. @throws AppFault CORRUPT when the chain does not hold. */
  all(): DecisionEntry[]
  /** Puts the log of a backup into an empty one. @throws AppFault FORMAT when that chain does not hold, STATE when there are entries. */
  restore(entries: readonly DecisionEntry[]): void
}

/** `H("zeq.decision.v1", entry)`, 64 hex digits: what a public row may carry of a decision. */
export const hashDecision = ({ policy_id, reason, ...rest }: DecisionEntry): string =>
  // Absent and undefined are one thing here; canonical JSON knows only absent.
  hashTagged('zeq.decision.v1', { ...rest, ...(policy_id === undefined ? {} : { policy_id }), ...(reason === undefined ? {} : { reason }) })

const firstPrev = '0'.repeat(64)
const Head = z.strictObject({ count: z.int().min(0), hash: hex32 })
type Head = z.infer<typeof Head>

/** Why `entry` cannot follow `head`, or null. */
const breakOf = (entry: DecisionEntry, head: Head): string | null => {
  if (entry.seq !== head.count + 1) return `entry ${head.count + 1} is missing`
  return entry.prev === head.hash ? null : `entry ${entry.seq} does not follow the one before`
}

export const createDecisions = (db: Connection, sealing: Sealing, random: Random): Decisions => {
  const readHead = (): Head => {
    const raw = db.get('SELECT sealed FROM decision_head WHERE id = 1') as { sealed: unknown } | undefined
    return raw === undefined ? { count: 0, hash: firstPrev } : sealing.open('decision_head.sealed', [1], raw.sealed, Head)
  }
  const last = (): number => (db.get('SELECT max(seq) AS seq FROM decision') as { seq: number | null }).seq ?? 0
  const read = (raw: unknown): DecisionEntry => {
    const row = raw as { seq: number; sealed: unknown }
    return sealing.open('decision.sealed', [row.seq], row.sealed, DecisionEntry)
  }
  const write = (entry: DecisionEntry): void => {
    db.run('INSERT INTO decision (seq, sealed) VALUES (?, ?)', entry.seq, sealing.seal('decision.sealed', [entry.seq], entry))
    const sealed = sealing.seal('decision_head.sealed', [1], { count: entry.seq, hash: hashDecision(entry) } satisfies Head)
    db.run('INSERT INTO decision_head (id, sealed) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed', sealed)
  }

  const verifyChain = (): ChainReport => {
    sealing.mustBeUnlocked()
    let head: Head = { count: 0, hash: firstPrev }
    for (const raw of db.all('SELECT seq, sealed FROM decision ORDER BY seq')) {
      const { seq } = raw as { seq: number }
      let entry: DecisionEntry
      try {
        entry = read(raw)
      } catch (error) {
        if (error instanceof AppFault && error.code === 'CORRUPT') return { holds: false, seq, reason: `entry ${seq} was changed or moved` }
        throw error
      }
      const reason = seq === entry.seq ? breakOf(entry, head) : `entry ${seq} was moved`
      if (reason !== null) return { holds: false, seq: head.count + 1, reason }
      head = { count: entry.seq, hash: hashDecision(entry) }
    }
    let noted: Head
    try {
      noted = readHead()
    } catch (error) {
      if (error instanceof AppFault && error.code === 'CORRUPT') return { holds: false, seq: head.count, reason: 'the note of the log’s length was changed' }
      throw error
    }
    if (noted.count !== head.count || noted.hash !== head.hash)
      return { holds: false, seq: head.count + 1, reason: `the log ends at entry ${head.count}, but ${noted.count} were written` }
    return { holds: true, count: head.count, head: head.hash }
  }

  return {
    append: (decision) =>
      db.transaction(() => {
        const head = readHead()
        if (last() !== head.count) throw corrupt('the decision log has lost its end')
        const entry = DecisionEntry.parse({ ...decision, seq: head.count + 1, prev: head.hash, salt: decision.salt ?? toHex(random.bytes(16)) })
        write(entry)
        return entry
      }),
    page: (beforeSeq, limit) => {
      sealing.mustBeUnlocked()
      return db
        .all(
          'SELECT seq, sealed FROM decision WHERE seq < ? ORDER BY seq DESC LIMIT ?',
          beforeSeq ?? Number.MAX_SAFE_INTEGER,
          Math.min(Math.max(1, Math.trunc(limit)), 1000),
        )
        .map(read)
    },
    verifyChain,
    count: last,
    all: () => {
      const report = verifyChain()
      if (!report.holds) throw corrupt(`the decision log: ${report.reason}`)
      return db.all('SELECT seq, sealed FROM decision ORDER BY seq').map(read)
    },
    restore: (entries) =>
      db.transaction(() => {
        if (last() !== 0) throw new AppFault('STATE', 'This profile has decisions of its own already.')
        let head: Head = { count: 0, hash: firstPrev }
        for (const candidate of entries) {
          const entry = DecisionEntry.parse(candidate)
          const reason = breakOf(entry, head)
          if (reason !== null) throw new AppFault('FORMAT', `The decision log in the file is not whole: ${reason}.`)
          write(entry)
          head = { count: entry.seq, hash: hashDecision(entry) }
        }
      }),
  }
}
