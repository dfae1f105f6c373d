import { join } from 'node:path'
import foundation from '../../../../resources/migrations/0001-foundation.sql?raw'
import ledger from '../../../../resources/migrations/0002-ledger.sql?raw'
import delivery from '../../../../resources/migrations/0003-delivery.sql?raw'
import m2m from '../../../../resources/migrations/0004-m2m.sql?raw'
import channel from '../../../../resources/migrations/0005-channel.sql?raw'
import api from '../../../../resources/migrations/0006-api.sql?raw'
import { fromUtf8 } from '../crypto/bytes.ts'
import type { Files } from '../ports.ts'

export interface Migration {
  /** The version of the database after it; they count from 1 without a gap. */
  readonly version: number
  readonly name: string
  readonly sql: string
}

const fileName = /^(\d{4})-([a-z0-9-]+)\.sql$/

const numbered = (files: readonly (readonly [name: string, sql: string])[]): readonly Migration[] =>
  [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sql], index) => {
      const version = Number(fileName.exec(name)?.[1])
      if (version !== index + 1) throw new Error(`migration ${name}: expected number ${index + 1}`)
      return { version, name, sql }
    })

/** The migrations of this build; a test compares the list with the folder resources/migrations. */
export const bundledMigrations: readonly Migration[] = numbered([
  ['0001-foundation.sql', foundation],
  ['0002-ledger.sql', ledger],
  ['0003-delivery.sql', delivery],
  ['0004-m2m.sql', m2m],
  ['0005-channel.sql', channel],
  ['0006-api.sql', api],
])

/** Those of a folder instead; for tests and for trying a new one. */
export const migrationsOf = (files: Files, folder: string): readonly Migration[] =>
  numbered(
    files
      .list(folder)
      .filter((name) => name.endsWith('.sql'))
      .map((name) => [name, fromUtf8(files.read(join(folder, name)))] as const),
  )
