import { join } from 'node:path'
import Database from 'better-sqlite3'
import { equalBytes, utf8 } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { corrupt, toStoreFault } from './faults.ts'
import type { Migration } from './migrations.ts'
import { createPrivateFile, onFiles } from './private-file.ts'

export const databaseFileName = 'countersign.db'
/** "CsgN": `file` and our own check tell a Countersign database by it. */
const applicationId = 0x4373674e
/** How long a statement waits for another program's lock, ms. Short: it blocks the process. */
const busyTimeout = 2_000

/**
 * Opens the profile's database, made and brought up to date where needed. The caller holds the profile's lock.
 *
 * WAL with synchronous=FULL: a committed step is on the disk before its messages leave. With NORMAL a power cut could
 * undo a commit whose message had been sent, and the same step would be run again with other nonces.
 * @throws AppFault FUTURE, CORRUPT, DISK_FULL, UNREADABLE. The file is as it was after any of these.
 */
export const openDatabase = (ports: Ports, folder: string, selfId: string, migrations: readonly Migration[]): Database.Database => {
  const path = join(folder, databaseFileName)
  if (!onFiles(() => ports.files.exists(path))) createDatabase(ports, path, selfId, migrations)
  let database: Database.Database | undefined
  try {
    database = new Database(path, { fileMustExist: true, timeout: busyTimeout })
    const version = checkedVersion(database, migrations)
    configure(database)
    if (version < migrations.length) {
      copyBefore(ports, database, path, version + 1)
      migrate(database, migrations.slice(version))
    }
    checkOwner(database, selfId)
    return database
  } catch (error) {
    database?.close()
    throw toStoreFault(error)
  }
}

/**
 * A new database is built under another name and renamed when it is whole. So a `countersign.db` that is empty or has no
 * tables is always damage, never taken for a fresh start that would hide a loss.
 */
const createDatabase = (ports: Ports, path: string, selfId: string, migrations: readonly Migration[]): void => {
  const { files } = ports
  // SQLite would play an old journal into the new file.
  if (onFiles(() => files.exists(`${path}-wal`))) throw corrupt(`${databaseFileName} is gone, but its journal ${databaseFileName}-wal is there`)
  const fresh = `${path}.new`
  onFiles(() => {
    for (const leftover of ['', '-wal', '-shm', '-journal']) if (files.exists(fresh + leftover)) files.remove(fresh + leftover)
  })
  createPrivateFile(files, fresh)
  let database: Database.Database | undefined
  try {
    database = new Database(fresh, { fileMustExist: true, timeout: busyTimeout })
    configure(database)
    database.pragma(`application_id = ${applicationId}`)
    migrate(database, migrations)
    database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run('self_id', Buffer.from(utf8(selfId)))
    database.pragma('wal_checkpoint(TRUNCATE)')
  } catch (error) {
    throw toStoreFault(error)
  } finally {
    database?.close()
  }
  onFiles(() => {
    files.rename(fresh, path)
    files.syncFolder(join(path, '..'))
  })
}

const pragma = (database: Database.Database, source: string): unknown => database.pragma(source, { simple: true })

/** The version of the file, after the checks that decide whether it may be written at all. */
const checkedVersion = (database: Database.Database, migrations: readonly Migration[]): number => {
  const version = Number(pragma(database, 'user_version'))
  if (pragma(database, 'application_id') !== applicationId) throw corrupt('it is not a database of Countersign, or its beginning was overwritten')
  if (version > migrations.length) {
    throw new AppFault(
      'FUTURE',
      `This profile was last used by a newer Countersign (database version ${version}, this one knows ${migrations.length}). Update Countersign; nothing was changed.`,
    )
  }
  if (version < 1) throw corrupt('it holds no version')
  // Not quick_check: that one does not compare indexes with tables, and a replay entry that an index no longer finds is
  // a nonce accepted twice. A third more time: 150 ms instead of 110 at 43 MB.
  const found = pragma(database, 'integrity_check(1)')
  if (found !== 'ok') throw corrupt('the integrity check failed')
  return version
}

const configure = (database: Database.Database): void => {
  if (pragma(database, 'journal_mode = WAL') !== 'wal')
    throw new AppFault('UNREADABLE', 'The profile’s folder cannot hold a write-ahead log; is it on a network drive?')
  database.pragma('synchronous = FULL')
  database.pragma('secure_delete = ON')
  database.pragma('trusted_schema = OFF')
  database.pragma('cell_size_check = ON')
  database.pragma('temp_store = MEMORY')
  database.pragma('journal_size_limit = 4194304')
}

/** A whole copy beside the database before it is changed, `countersign.db.before-0002`: written in full and synced, then renamed. */
const copyBefore = (ports: Ports, database: Database.Database, path: string, version: number): void => {
  const copy = `${path}.before-${String(version).padStart(4, '0')}`
  const partial = `${copy}.partial`
  onFiles(() => {
    if (ports.files.exists(partial)) ports.files.remove(partial)
  })
  createPrivateFile(ports.files, partial)
  // VACUUM INTO syncs as the connection does (FULL), reads every page, and leaves deleted content behind.
  database.prepare('VACUUM INTO ?').run(partial)
  onFiles(() => {
    ports.files.rename(partial, copy)
    ports.files.syncFolder(join(path, '..'))
  })
}

const migrate = (database: Database.Database, migrations: readonly Migration[]): void => {
  for (const { version, name, sql } of migrations) {
    database.exec('BEGIN IMMEDIATE')
    try {
      database.exec(sql)
      database.pragma(`user_version = ${version}`)
      database.exec('COMMIT')
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK')
      const fault = toStoreFault(error)
      if (fault instanceof AppFault && fault.code !== 'CORRUPT') throw fault
      throw corrupt(`it could not be brought to version ${version} by ${name}; it is unchanged`, error)
    }
  }
}

const checkOwner = (database: Database.Database, selfId: string): void => {
  const row: unknown = database.prepare("SELECT value FROM meta WHERE key = 'self_id'").get()
  const value = typeof row === 'object' && row !== null && 'value' in row ? row.value : undefined
  if (!(value instanceof Uint8Array)) throw corrupt('it does not say whose it is')
  if (!equalBytes(value, utf8(selfId))) throw corrupt('it belongs to another identity')
}
