import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { ApiKeyRow } from './api-keys.ts'
import { columnKey, edit, faultOf, hexKey, open, removeTempFolders, tempFolder } from './testing.fixture.ts'

let folder: string
beforeEach(() => {
  folder = tempFolder()
})
afterAll(removeTempFolders)

const key = (n: number, over: Partial<ApiKeyRow> = {}): ApiKeyRow => ({
  id: `key-${n}`,
  genesis: hexKey(1),
  name: 'sensor in the attic',
  scope: 'operator',
  tier: 'standard',
  prefix: 'zsm_abcdef',
  hash: hexKey(n),
  createdAt: 1,
  expiresAt: null,
  ...over,
})
/** Runs with the store open and unlocked. */
const during = <T>(run: (store: ReturnType<typeof open>) => T): T => {
  const store = open(folder)
  try {
    store.unlock(columnKey())
    return run(store)
  } finally {
    store.close()
  }
}

describe('keys of the API', () => {
  it('are found by their hash and by their machine, also after a restart', () => {
    during(({ apiKeys }) => {
      for (const n of [2, 3]) apiKeys.add(key(n))
      apiKeys.add(key(4, { genesis: hexKey(9) }))
      expect(() => apiKeys.add(key(2))).toThrow()
    })
    during(({ apiKeys }) => {
      expect(apiKeys.byHash(hexKey(3))).toEqual(key(3))
      expect(apiKeys.byHash(hexKey(5))).toBeUndefined()
      expect(apiKeys.of(hexKey(1)).map(({ id }) => id)).toEqual(['key-2', 'key-3'])
      // Another machine's owner cannot remove it.
      expect(apiKeys.remove(hexKey(9), 'key-2')).toBe(false)
      expect(apiKeys.remove(hexKey(1), 'key-2')).toBe(true)
      expect(apiKeys.remove(hexKey(1), 'key-2')).toBe(false)
      expect(apiKeys.byHash(hexKey(2))).toBeUndefined()
    })
  })

  it.each([
    ['a bit', "UPDATE api_key SET sealed = CAST(substr(sealed, 1, 20) || x'ff' || substr(sealed, 22) AS BLOB)"],
    ['the machine: its key would open another’s', 'UPDATE api_key SET machine = (SELECT machine FROM api_key WHERE id = 2) WHERE id = 1'],
    ['the seal of another key', 'UPDATE api_key SET sealed = (SELECT sealed FROM api_key WHERE id = 2) WHERE id = 1'],
  ])('do not open with %s changed', (_, sql) => {
    during(({ apiKeys }) => {
      apiKeys.add(key(2))
      apiKeys.add(key(3, { genesis: hexKey(9), scope: 'admin' }))
    })
    edit(folder, (database) => database.exec(sql))
    expect(during(({ apiKeys }) => faultOf(() => [apiKeys.byHash(hexKey(2)), apiKeys.of(hexKey(9)), apiKeys.of(hexKey(1))])).code).toBe('CORRUPT')
  })
})

describe('answers that are kept', () => {
  const reply = (n: number) => ({ request: hexKey(n), status: 201, body: { ok: true, n } })
  const day = 86_400_000

  it('are kept a day, and replaced', () =>
    during(({ apiReplies }) => {
      apiReplies.put('a', 1000, reply(1))
      expect(apiReplies.get('a', 1000 + day - 1)).toEqual(reply(1))
      expect(apiReplies.get('a', 1000 + day)).toBeUndefined()
      expect(apiReplies.get('b', 1000)).toBeUndefined()
      apiReplies.put('a', 1000 + day, reply(2))
      expect(apiReplies.get('a', 1000 + day)).toEqual(reply(2))
    }))

  it('are bounded in number: the oldest go', () => {
    during((store) =>
      store.transaction(() => {
        for (let n = 0; n < 10_001; n += 1) store.apiReplies.put(`k${n}`, 1000 + n, reply(1))
        expect(store.apiReplies.get('k0', 12_000)).toBeUndefined()
        expect(store.apiReplies.get('k1', 12_000)).toBeDefined()
        expect(store.apiReplies.get('k10000', 12_000)).toBeDefined()
      }),
    )
    expect(edit(folder, (database) => database.prepare('SELECT count(*) FROM api_reply').pluck().get())).toBe(10_000)
  })

  it.each([
    ['made younger', 'UPDATE api_reply SET at = at + 5'],
    ['given another’s answer', 'UPDATE api_reply SET sealed = (SELECT sealed FROM api_reply o WHERE o.reply_key <> api_reply.reply_key)'],
  ])('do not open %s', (_, sql) => {
    during(({ apiReplies }) => {
      apiReplies.put('a', 1000, reply(1))
      apiReplies.put('b', 1000, reply(2))
    })
    edit(folder, (database) => database.exec(sql))
    expect(during(({ apiReplies }) => faultOf(() => apiReplies.get('a', 1000))).code).toBe('CORRUPT')
  })
})
