import { join } from 'node:path'
import Database from 'better-sqlite3'
import { databaseFileName } from './open-database.ts'

/**
 * A public setting of a profile that is not opened: without its lock, so also while another process has it. Undefined where there is
 * none, or nothing that can be read; what is wrong with a profile is said when it is opened.
 */
export const peekPublicSetting = (folder: string, key: string): unknown => {
  let database: Database.Database | undefined
  try {
    database = new Database(join(folder, databaseFileName), { readonly: true, fileMustExist: true })
    const row = database.prepare('SELECT value FROM public_setting WHERE key = ?').get(key) as { value: unknown } | undefined
    return row === undefined ? undefined : JSON.parse(String(row.value))
  } catch {
    return undefined
  } finally {
    database?.close()
  }
}
