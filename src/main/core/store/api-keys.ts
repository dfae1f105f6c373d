import { z } from 'zod'
import { equalBytes, fromHex } from '../crypto/bytes.ts'
import type { Connection } from './connection.ts'
import type { Sealing } from './sealing.ts'

/** What a key may do; `owner` is no scope, so no key can outlive its machine's person. */
export const ApiKeyScope = z.enum(['viewer', 'operator', 'admin'])
export type ApiKeyScope = z.infer<typeof ApiKeyScope>

const ApiKeyRow = z.strictObject({
  /** UUID; names the key where the key itself may not stand. */
  id: z.string().max(64),
  /** The machine it is bound to. */
  genesis: z.string().max(64),
  name: z.string().max(64),
  scope: ApiKeyScope,
  tier: z.string().max(32),
  /** First characters, so that a person recognises it. */
  prefix: z.string().max(16),
  /** SHA-256 of the whole key, hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Unix ms. */
  createdAt: z.int(),
  expiresAt: z.int().nullable(),
})
export type ApiKeyRow = z.infer<typeof ApiKeyRow>

/** `api_key`: keys of the HTTP API, each bound to one machine. Only their SHA-256 is kept, and that sealed. */
export interface ApiKeys {
  add(key: ApiKeyRow): void
  /** The key with this SHA-256 (hex), whatever its expiry. */
  byHash(hash: string): ApiKeyRow | undefined
  /** A machine's keys, oldest first. */
  of(genesis: string): ApiKeyRow[]
  /** @returns false when the machine has no such key. */
  remove(genesis: string, id: string): boolean
}

export const createApiKeys = (db: Connection, sealing: Sealing): ApiKeys => {
  const read = (raw: unknown): ApiKeyRow => {
    const row = raw as { key_hash: string; machine: string; sealed: unknown }
    return sealing.open('api_key.sealed', [row.key_hash, row.machine], row.sealed, ApiKeyRow)
  }
  const blindMachine = (genesis: string): string => sealing.blind('api', `machine ${genesis}`)
  const rows = (genesis: string): { raw: { id: number }; key: ApiKeyRow }[] =>
    db.all('SELECT id, key_hash, machine, sealed FROM api_key WHERE machine = ? ORDER BY id', blindMachine(genesis)).map((raw) => ({
      raw: raw as { id: number },
      key: read(raw),
    }))
  return {
    add: (key) => {
      const row = ApiKeyRow.parse(key)
      const [hash, machine] = [sealing.blind('api', `key ${row.hash}`), blindMachine(row.genesis)]
      db.run('INSERT INTO api_key (key_hash, machine, sealed) VALUES (?, ?, ?)', hash, machine, sealing.seal('api_key.sealed', [hash, machine], row))
    },
    byHash: (hash) => {
      const raw = db.get('SELECT key_hash, machine, sealed FROM api_key WHERE key_hash = ?', sealing.blind('api', `key ${hash}`))
      if (raw === undefined) return undefined
      const row = read(raw)
      // The index is by a keyed hash cut to 128 bits: what it found is compared whole, and in constant time.
      return equalBytes(fromHex(row.hash), fromHex(hash)) ? row : undefined
    },
    of: (genesis) => rows(genesis).map(({ key }) => key),
    remove: (genesis, id) => {
      const found = rows(genesis).find(({ key }) => key.id === id)
      if (found === undefined) return false
      return db.run('DELETE FROM api_key WHERE id = ?', found.raw.id).changes === 1
    },
  }
}
