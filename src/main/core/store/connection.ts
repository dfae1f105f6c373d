import type Database from 'better-sqlite3'
import { AppFault } from '../fault.ts'
import { toStoreFault } from './faults.ts'

export type SqlValue = string | number | bigint | null | Uint8Array
export interface Changes {
  readonly changes: number
  readonly lastId: number
}

/** What the repositories use of SQLite: cached statements and one transaction, with every failure an AppFault. */
export interface Connection {
  run(sql: string, ...values: SqlValue[]): Changes
  /** First row, not yet checked; undefined for none. */
  get(sql: string, ...values: SqlValue[]): unknown
  all(sql: string, ...values: SqlValue[]): unknown[]
  /**
   * BEGIN IMMEDIATE, `work`, COMMIT. A nested call joins. A throw rolls everything back and is thrown on, also when an outer
   * `work` swallowed the error of an inner one: a step happens whole or not at all.
   */
  transaction<T>(work: () => T): T
  close(): void
}

/** Wraps an open database. Closing the connection closes it. */
export const createConnection = (database: Database.Database): Connection => {
  const statements = new Map<string, Database.Statement<SqlValue[]>>()
  let depth = 0
  /** The first failure inside the present transaction. */
  let failed: { readonly error: unknown } | undefined
  const failure = (): { readonly error: unknown } | undefined => failed

  const guarded = <T>(call: () => T): T => {
    // On a full disk SQLite may roll back by itself; what followed would otherwise be committed one statement at a time.
    if (depth > 0 && !database.inTransaction) throw failed?.error ?? new AppFault('UNREADABLE', 'The database gave up this step. Nothing of it was saved.')
    try {
      return call()
    } catch (error) {
      const fault = toStoreFault(error)
      if (depth > 0) failed ??= { error: fault }
      throw fault
    }
  }

  const statement = (sql: string): Database.Statement<SqlValue[]> => {
    let prepared = statements.get(sql)
    if (prepared === undefined) {
      prepared = database.prepare<SqlValue[]>(sql)
      statements.set(sql, prepared)
    }
    return prepared
  }

  const joined = <T>(work: () => T): T => {
    depth += 1
    try {
      return refusePromise(work())
    } catch (error) {
      failed ??= { error }
      throw error
    } finally {
      depth -= 1
    }
  }

  const transaction = <T>(work: () => T): T => {
    if (depth > 0) return joined(work)
    guarded(() => statement('BEGIN IMMEDIATE').run())
    failed = undefined
    depth = 1
    try {
      const value = refusePromise(work())
      const swallowed = failure()
      if (swallowed !== undefined) throw swallowed.error
      guarded(() => statement('COMMIT').run())
      return value
    } catch (error) {
      if (database.open && database.inTransaction) statement('ROLLBACK').run()
      throw toStoreFault(error)
    } finally {
      depth = 0
      failed = undefined
    }
  }

  return {
    run: (sql, ...values) =>
      guarded(() => {
        const done = statement(sql).run(...values.map(bindable))
        return { changes: done.changes, lastId: Number(done.lastInsertRowid) }
      }),
    get: (sql, ...values) => guarded(() => statement(sql).get(...values.map(bindable))),
    all: (sql, ...values) => guarded(() => statement(sql).all(...values.map(bindable))),
    transaction,
    close: () => {
      if (!database.open) return
      statements.clear()
      database.close()
    },
  }
}

const bindable = (value: SqlValue): SqlValue => (value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value)

/** A transaction is synchronous: an async `work` would be committed before it had done anything. */
const refusePromise = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && 'then' in value) throw new TypeError('a transaction cannot wait for a promise')
  return value
}
