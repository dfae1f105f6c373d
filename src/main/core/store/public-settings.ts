import type { Connection } from './connection.ts'
import { corruptRow } from './faults.ts'
import { type JsonValue, SettingRow } from './rows.ts'
import type { Settings } from './settings.ts'

/** `public_setting`: in the clear, for what is needed before anything is unlocked (relay address, theme). Nothing private goes here. */
export const createPublicSettings = (db: Connection): Settings => {
  const parse = (key: string, value: unknown): JsonValue => {
    try {
      return SettingRow.shape.value.parse(JSON.parse(String(value)))
    } catch (error) {
      throw corruptRow('public_setting', [key], error)
    }
  }
  return {
    get: (key) => {
      const raw = db.get('SELECT value FROM public_setting WHERE key = ?', key) as { value: unknown } | undefined
      return raw === undefined ? undefined : parse(key, raw.value)
    },
    set: (key, value) => {
      const row = SettingRow.parse({ key, value })
      db.run('INSERT INTO public_setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', row.key, JSON.stringify(row.value))
    },
    remove: (key) => {
      db.run('DELETE FROM public_setting WHERE key = ?', key)
    },
    all: () =>
      db.all('SELECT key, value FROM public_setting ORDER BY key').map((raw) => {
        const row = raw as { key: string; value: unknown }
        return { key: row.key, value: parse(row.key, row.value) }
      }),
  }
}
