import { AppFault } from '../fault.ts'
import { isObject } from '../ledger/fields.ts'
import type { Row } from '../ledger/row.ts'
import type { Connection, SqlValue } from './connection.ts'
import { corruptRow } from './faults.ts'
import { RowBody, type StoredRow } from './ledger-records.ts'
import { nextId } from './row-ids.ts'
import type { Sealing } from './sealing.ts'

/** Which rows; bounds are inclusive, ticks as decimal text. */
export interface RowQuery {
  readonly fromZeqond?: string | undefined
  readonly toZeqond?: string | undefined
  readonly fromSeq?: number | undefined
  readonly toSeq?: number | undefined
  /** Exclusive. */
  readonly afterSeq?: number | undefined
  /** 1 to 1000. */
  readonly limit: number
  readonly newestFirst?: boolean | undefined
}

/** `chain_row`: the rows of every chain, own, hosted and followed, by the chain's number. Rows are only ever added; a withheld payload may be filled in. */
export interface LedgerRows {
  /** @throws CORRUPT when the chain has a row at this seq or with this hash already. @returns the row's id. */
  add(chain: number, body: RowBody): number
  /** Puts the payload in the place of a withheld one. */
  show(chain: number, row: Row): void
  at(chain: number, seq: number): StoredRow | undefined
  byHash(chain: number, stateHash: string): StoredRow | undefined
  page(chain: number, query: RowQuery): StoredRow[]
  count(chain: number, query?: Omit<RowQuery, 'limit'>): number
  /** Rows that name the session, and the rows of their contracts; in order. */
  session(chain: number, nonce: string): StoredRow[]
  /** Rows of a contract, newest first. */
  contract(chain: number, contractId: string, limit: number): StoredRow[]
  last(chain: number): StoredRow | undefined
  /** Rows of followed chains that were added after the row with this id, in the order in which they came. */
  followed(afterId: number, limit: number): StoredRow[]
}

const columns = 'id, chain, seq, CAST(zeqond AS TEXT) AS zeqond, hash, session, contract, sealed'

const textOf = (value: unknown): string | null => (typeof value === 'string' && value.length <= 128 ? value : null)

/** The session and the contract that a row is about, where its payload shows them. */
const aboutOf = (row: Row): { readonly session: string | null; readonly contract: string | null } => {
  const payload = isObject(row.payload) ? row.payload : {}
  const input = isObject(payload['input']) ? payload['input'] : {}
  const ofContract = row.transitionType === 'contract' || row.transitionType === 'contract_created'
  const ofSession = row.transitionType === 'contract' || (row.transitionType === 'event' && textOf(payload['type'])?.startsWith('m2m.') === true)
  return { contract: ofContract ? textOf(payload['contract_id']) : null, session: ofSession ? textOf(input['session_nonce']) : null }
}

const tick = (text: string): bigint => {
  if (!/^[0-9]{1,18}$/.test(text)) throw new AppFault('BAD_ARGUMENT', 'A tick is at most 18 digits.')
  return BigInt(text)
}

const where = (chain: number, query: Omit<RowQuery, 'limit'>): { readonly sql: string; readonly values: SqlValue[] } => {
  const parts: [string, SqlValue][] = [['chain = ?', chain]]
  if (query.fromZeqond !== undefined) parts.push(['zeqond >= ?', tick(query.fromZeqond)])
  if (query.toZeqond !== undefined) parts.push(['zeqond <= ?', tick(query.toZeqond)])
  if (query.fromSeq !== undefined) parts.push(['seq >= ?', query.fromSeq])
  if (query.afterSeq !== undefined) parts.push(['seq > ?', query.afterSeq])
  if (query.toSeq !== undefined) parts.push(['seq <= ?', query.toSeq])
  return { sql: parts.map(([sql]) => sql).join(' AND '), values: parts.map(([, value]) => value) }
}

export const createLedgerRows = (db: Connection, sealing: Sealing): LedgerRows => {
  const blindOf = (chain: number, kind: 'hash' | 'session' | 'contract', value: string | null): string | null =>
    value === null ? null : sealing.blind('chain_row', `${chain}|${kind}|${value}`)

  const readBy = (open: Sealing['open'], raw: unknown): StoredRow => {
    const r = raw as { id: number; chain: number; seq: number; zeqond: string; hash: string; session: string | null; contract: string | null; sealed: unknown }
    const key = [r.chain, r.seq, r.id, r.zeqond, r.hash, r.session, r.contract]
    const body = open('chain_row.sealed', key, r.sealed, RowBody)
    if (body.row.seq !== r.seq || body.row.zeqondNumber !== r.zeqond) throw corruptRow('chain_row', key)
    return { id: r.id, ...body }
  }

  const columnsOf = (chain: number, row: Row) => {
    const about = aboutOf(row)
    return {
      hash: blindOf(chain, 'hash', row.stateHash) ?? '',
      session: blindOf(chain, 'session', about.session),
      contract: blindOf(chain, 'contract', about.contract),
    }
  }
  const all = (sql: string, ...values: SqlValue[]): StoredRow[] => {
    sealing.mustBeUnlocked()
    return db.all(sql, ...values).map((raw) => readBy(sealing.open, raw))
  }
  /** Rows that are asked for over and over, as by the steps of one session. */
  const again = (sql: string, ...values: SqlValue[]): StoredRow[] => {
    sealing.mustBeUnlocked()
    return db.all(sql, ...values).map((raw) => readBy(sealing.recall, raw))
  }
  const one = (sql: string, ...values: SqlValue[]): StoredRow | undefined => again(sql, ...values)[0]
  const at = (chain: number, seq: number): StoredRow | undefined => one(`SELECT ${columns} FROM chain_row WHERE chain = ? AND seq = ?`, chain, seq)

  return {
    add: (chain, value) =>
      db.transaction(() => {
        const body = RowBody.parse(value)
        const { row } = body
        const { hash, session, contract } = columnsOf(chain, row)
        const id = nextId(db, 'chain_row')
        const sealed = sealing.seal('chain_row.sealed', [chain, row.seq, id, row.zeqondNumber, hash, session, contract], body)
        db.run(
          'INSERT INTO chain_row (id, chain, seq, zeqond, hash, session, contract, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
          id,
          chain,
          row.seq,
          BigInt(row.zeqondNumber),
          hash,
          session,
          contract,
          sealed,
        )
        return id
      }),
    show: (chain, row) =>
      db.transaction(() => {
        const held = at(chain, row.seq)
        if (held === undefined) throw corruptRow('chain_row', [chain, row.seq])
        const { hash, session, contract } = columnsOf(chain, row)
        const body = RowBody.parse({ row, createdAt: held.createdAt, extra: held.extra })
        const sealed = sealing.seal('chain_row.sealed', [chain, row.seq, held.id, row.zeqondNumber, hash, session, contract], body)
        db.run('UPDATE chain_row SET session = ?, contract = ?, sealed = ? WHERE id = ? AND hash = ?', session, contract, sealed, held.id, hash)
      }),
    at,
    byHash: (chain, stateHash) => one(`SELECT ${columns} FROM chain_row WHERE chain = ? AND hash = ?`, chain, blindOf(chain, 'hash', stateHash)),
    page: (chain, query) => {
      const { sql, values } = where(chain, query)
      const order = query.newestFirst === true ? 'DESC' : 'ASC'
      // Ticks never fall along a chain, so (zeqond, seq) and seq are one order. Named as the index has it that finds the rows, nothing is sorted.
      const by = query.fromZeqond === undefined && query.toZeqond === undefined ? `seq ${order}` : `chain_row.zeqond ${order}, seq ${order}`
      // The window and the API look at the same end again and again; whoever walks along a chain sees each row once.
      const read = query.newestFirst === true || query.fromZeqond !== undefined ? again : all
      return read(`SELECT ${columns} FROM chain_row WHERE ${sql} ORDER BY ${by} LIMIT ?`, ...values, Math.min(Math.max(1, Math.trunc(query.limit)), 1000))
    },
    count: (chain, query = {}) => {
      const { sql, values } = where(chain, query)
      return (db.get(`SELECT count(*) AS n FROM chain_row WHERE ${sql}`, ...values) as { n: number }).n
    },
    session: (chain, nonce) => {
      const session = blindOf(chain, 'session', nonce)
      // Each half by its index: with OR the whole chain would be read.
      return again(
        `SELECT ${columns} FROM chain_row WHERE id IN (
           SELECT id FROM chain_row WHERE chain = ? AND session = ?
           UNION SELECT r.id FROM chain_row s CROSS JOIN chain_row r ON r.chain = s.chain AND r.contract = s.contract WHERE s.chain = ? AND s.session = ?
         ) ORDER BY seq`,
        chain,
        session,
        chain,
        session,
      )
    },
    contract: (chain, contractId, limit) =>
      all(
        `SELECT ${columns} FROM chain_row WHERE chain = ? AND contract = ? ORDER BY seq DESC LIMIT ?`,
        chain,
        blindOf(chain, 'contract', contractId),
        Math.min(Math.max(1, Math.trunc(limit)), 1000),
      ),
    // The plus keeps it on the order of the ids.
    followed: (afterId, limit) =>
      all(`SELECT ${columns} FROM chain_row WHERE id > ? AND +chain IN (SELECT id FROM chain WHERE kind = 'followed') ORDER BY id LIMIT ?`, afterId, limit),
    last: (chain) => one(`SELECT ${columns} FROM chain_row WHERE chain = ? ORDER BY seq DESC LIMIT 1`, chain),
  }
}
