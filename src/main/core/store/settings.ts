import type { Connection } from './connection.ts'
import { type JsonValue, SettingRow } from './rows.ts'
import type { Sealing } from './sealing.ts'

export interface Settings {
  /** Undefined when never set. The caller checks the shape: a value may come from an older version. */
  get(key: string): JsonValue | undefined
  set(key: string, value: JsonValue): void
  remove(key: string): void
  all(): SettingRow[]
}

/** `setting`: sealed, also its keys. */
export const createSettings = (db: Connection, sealing: Sealing): Settings => {
  const read = (raw: unknown): SettingRow => {
    const row = raw as { key: string; sealed: unknown }
    return sealing.open('setting.sealed', [row.key], row.sealed, SettingRow)
  }
  return {
    get: (key) => {
      const raw = db.get('SELECT key, sealed FROM setting WHERE key = ?', sealing.blind('setting', key))
      return raw === undefined ? undefined : read(raw).value
    },
    set: (key, value) => {
      const row = SettingRow.parse({ key, value })
      const blind = sealing.blind('setting', row.key)
      db.run(
        'INSERT INTO setting (key, sealed) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed',
        blind,
        sealing.seal('setting.sealed', [blind], row),
      )
    },
    remove: (key) => {
      db.run('DELETE FROM setting WHERE key = ?', sealing.blind('setting', key))
    },
    all: () => {
      sealing.mustBeUnlocked()
      return db
        .all('SELECT key, sealed FROM setting')
        .map(read)
        .sort((a, b) => (a.key < b.key ? -1 : 1))
    },
  }
}
