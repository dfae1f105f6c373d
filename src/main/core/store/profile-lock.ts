import { join } from 'node:path'
import Database from 'better-sqlite3'
import { AppFault } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { toStoreFault } from './faults.ts'
import { ensureFile } from './private-file.ts'

export interface ProfileLock {
  /** Gives the profile free; calling it twice does nothing. */
  release(): void
}

const lockFileName = 'profile.lock'

/**
 * Takes a profile for this process. The lock is an open BEGIN EXCLUSIVE on an empty SQLite file: the operating system
 * releases it when the process dies, however it dies, so there is no stale lock to clean up and no pid to compare.
 * Nothing may read the lock file through another handle in the same process: closing that handle drops a POSIX lock.
 * @throws AppFault IN_USE when another process, or another store in this one, has it; UNREADABLE, CORRUPT.
 */
export const takeProfileLock = (ports: Ports, folder: string): ProfileLock => {
  const path = join(folder, lockFileName)
  ensureFile(ports.files, path)
  let database: Database.Database | undefined
  try {
    database = new Database(path, { fileMustExist: true, timeout: 0 })
    // Nothing is ever written into it; without this SQLite would lay a journal file beside it.
    database.pragma('journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new AppFault('IN_USE', 'Another running Countersign has this profile open. Close it there first, or choose another profile.', { cause: error })
    }
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_NOTADB')) {
      throw new AppFault('CORRUPT', `The file ${lockFileName} in the profile’s folder is not Countersign’s. Close every Countersign and remove that file.`, {
        cause: error,
      })
    }
    throw toStoreFault(error)
  }
  const held = database
  return {
    release: () => {
      if (held.open) held.close()
    },
  }
}
