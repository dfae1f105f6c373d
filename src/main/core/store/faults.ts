import Database from 'better-sqlite3'
import { AppFault } from '../fault.ts'

/**
 * The fault for an error of SQLite, in words a person can act on; every other error is returned as it is.
 * SQLite's own text stays in `cause`: it can hold a path.
 */
export const toStoreFault = (error: unknown): unknown => {
  if (error instanceof TypeError && error.message.includes('database connection is not open')) {
    return new AppFault('STATE', 'The profile is closed.', { cause: error })
  }
  if (!(error instanceof Database.SqliteError)) return error
  const is = (...codes: string[]): boolean => codes.some((code) => error.code === code || error.code.startsWith(`${code}_`))
  if (is('SQLITE_FULL')) {
    return new AppFault('DISK_FULL', 'The disk is full. Nothing of this step was saved; make room and try again.', { cause: error })
  }
  if (is('SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL')) {
    return new AppFault('UNREADABLE', 'Another program holds the profile’s database. Nothing of this step was saved; close that program and try again.', {
      cause: error,
    })
  }
  // SQLITE_ERROR after our own tested statements means that a table or a column is missing.
  if (is('SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_FORMAT', 'SQLITE_ERROR', 'SQLITE_SCHEMA', 'SQLITE_MISMATCH')) return corrupt(error.code, error)
  if (is('SQLITE_CONSTRAINT', 'SQLITE_MISUSE', 'SQLITE_RANGE', 'SQLITE_TOOBIG')) return error
  return new AppFault('UNREADABLE', `The profile’s database could not be read or written (${error.code}). Nothing of this step was saved.`, { cause: error })
}

/** The database is damaged; `what` says where, without private values. */
export const corrupt = (what: string, cause?: unknown): AppFault =>
  new AppFault(
    'CORRUPT',
    `The profile’s database is damaged (${what}). Close Countersign, keep a copy of the profile’s folder, and restore a backup into a new profile.`,
    cause === undefined ? {} : { cause },
  )

/** A row that does not fit its schema or does not open. The first two parts of its key name it: numbers, roles and blind values. */
export const corruptRow = (table: string, row: readonly unknown[], cause?: unknown): AppFault =>
  corrupt(
    `table ${table}, row ${row
      .slice(0, 2)
      .map((part) => String(part).slice(0, 32))
      .join('/')}`,
    cause,
  )
