import { afterAll, describe, expect, it } from 'vitest'
import type { Genesis, PeerId } from '../brand.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { newInitiator } from '../m2m/thread.ts'
import type { M2mThreadRow } from './m2m-threads.ts'
import { columnKey, edit, faultOf, open, removeTempFolders, tempFolder } from './testing.fixture.ts'

afterAll(removeTempFolders)

const id = '01'.repeat(16)
const thread = newInitiator({
  id,
  peerId: 'bob' as PeerId,
  peerGenesis: 'bb'.repeat(32) as Genesis,
  nonce: '02'.repeat(32),
  contractId: '00000000-0000-4000-8000-000000000001',
  suites: ['x25519'],
  wordsCommit: '03'.repeat(32),
  x: '04'.repeat(16),
  lifetime: 386,
  now: 7,
}) as M2mThreadRow
const secret = (fill: number, length = 32) => SecretBytes.take(new Uint8Array(length).fill(fill))
const bytesOf = (found: SecretBytes | undefined): number[] | undefined => found?.use((bytes) => [...bytes])

const opened = (folder = tempFolder()) => {
  const store = open(folder)
  store.unlock(columnKey())
  return { folder, store }
}

describe('m2m threads', () => {
  it('come back as they were put, the last state of each', () => {
    const { store, folder } = opened()
    store.m2mThreads.put(thread)
    store.m2mThreads.put({ ...thread, state: 'ended', x: null, end: { reason: 'user', by: 'us' } })
    store.close()
    const again = opened(folder).store
    expect(again.m2mThreads.all()).toEqual([{ ...thread, state: 'ended', x: null, end: { reason: 'user', by: 'us' } }])
    again.lock()
    expect(faultOf(() => again.m2mThreads.all()).code).toBe('LOCKED')
    again.close()
  })
  it('a row that was altered or moved is CORRUPT', () => {
    const { store, folder } = opened()
    store.m2mThreads.put(thread)
    store.m2mThreads.put({ ...thread, id: '05'.repeat(16) })
    store.close()
    edit(folder, (db) => db.exec('UPDATE m2m_thread SET sealed = (SELECT sealed FROM m2m_thread WHERE id = 1) WHERE id = 2'))
    const again = opened(folder).store
    expect(faultOf(() => again.m2mThreads.all()).code).toBe('CORRUPT')
    again.close()
  })
})

describe('m2m secrets', () => {
  it('are read back, and gone when wiped', () => {
    const { store } = opened()
    store.m2mSecrets.put(id, 'eph', secret(5))
    store.m2mSecrets.put(id, 'keys', secret(6, 96))
    expect(bytesOf(store.m2mSecrets.get(id, 'eph'))).toEqual(Array(32).fill(5))
    store.m2mSecrets.wipe(id, 'eph')
    store.m2mSecrets.wipe(id, 'confirm')
    store.m2mSecrets.checkpoint()
    expect(store.m2mSecrets.get(id, 'eph')).toBeUndefined()
    expect(bytesOf(store.m2mSecrets.get(id, 'keys'))).toEqual(Array(96).fill(6))
    store.close()
  })
  it('there is no second one: two ephemerals under one contract would give two sets of keys', () => {
    const { store } = opened()
    store.m2mSecrets.put(id, 'eph', secret(5))
    expect(() => store.m2mSecrets.put(id, 'eph', secret(6))).toThrow()
    expect(bytesOf(store.m2mSecrets.get(id, 'eph'))).toEqual(Array(32).fill(5))
    store.close()
  })
  it('leave nothing of their sealed bytes in the files', async () => {
    const { readFileSync, readdirSync } = await import('node:fs')
    const { store, folder } = opened()
    store.m2mSecrets.put(id, 'keys', secret(6, 96))
    const sealed = edit(folder, (db) => (db.prepare('SELECT sealed FROM m2m_secret').get() as { sealed: Buffer }).sealed)
    const inFiles = (): boolean => readdirSync(folder).some((name) => readFileSync(`${folder}/${name}`).includes(sealed.subarray(16, 80)))
    expect(inFiles()).toBe(true)
    store.m2mSecrets.wipe(id, 'keys')
    store.m2mSecrets.checkpoint()
    expect(inFiles()).toBe(false)
    store.close()
  })
  it('one under another name does not open', () => {
    const { store, folder } = opened()
    store.m2mSecrets.put(id, 'eph', secret(5))
    store.close()
    edit(folder, (db) => db.exec("UPDATE m2m_secret SET kind = 'confirm'"))
    const again = opened(folder).store
    expect(faultOf(() => again.m2mSecrets.get(id, 'confirm')).code).toBe('CORRUPT')
    again.close()
  })
})
