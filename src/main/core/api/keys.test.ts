import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { faultOf, hexKey, removeTempFolders } from '../store/testing.fixture.ts'
import { type World, world } from './api.fixture.ts'
import { secretHash } from './credentials.ts'

const open: World[] = []
const start = async (...options: Parameters<typeof world>): Promise<World> => {
  const w = await world(...options)
  open.push(w)
  return w
}
afterEach(async () => {
  for (const w of open.splice(0)) await w.close()
})
afterAll(removeTempFolders)

describe('keys', () => {
  it('come by bearer or by the browser’s cookie, and by ?token= only for a stream', async () => {
    const w = await start()
    const key = w.key(w.machine('m', false), 'viewer')
    const get = async (path: string, headers: Record<string, string> = {}) => (await w.call('GET', path, { headers })).status
    expect(await get('/api/chain/m/state', { authorization: `bearer ${key}` })).toBe(200)
    expect(await get('/api/chain/m/state', { cookie: `a=b; zeq_auth_token=${key}` })).toBe(200)
    // A key in an address would end up in logs and histories.
    expect(await get(`/api/chain/m/state?token=${key}`)).toBe(401)
    expect(await get('/api/chain/m/state', { authorization: `Basic ${key}` })).toBe(401)
    expect(await get('/api/chain/m/state', { authorization: `Bearer ${key} ${key}` })).toBe(401)
    expect(await get('/api/chain/m/state', { cookie: `zeq_auth_token=${key}x` })).toBe(401)
  })

  it('expire, and can be revoked', async () => {
    const w = await start()
    const machine = w.machine('m', false)
    const admin = w.key(machine, 'admin')
    const soon = new Date(w.ports.clock.now() + 5000).toISOString()
    const made = await w.call('POST', '/api/chain/m/api-keys', { key: admin, body: { name: 'short', scope: 'viewer', expires_at: soon } })
    const read = async () => (await w.call('GET', '/api/chain/m/state', { key: made.json.api_key })).status
    expect(await read()).toBe(200)
    w.ports.skip(5001)
    expect(await read()).toBe(401)
    const kept = await w.call('POST', '/api/chain/m/api-keys', { key: admin, body: { name: 'kept', scope: 'operator' } })
    expect((await w.call('DELETE', `/api/chain/m/api-keys/${kept.json.id}`, { key: admin })).json).toEqual({ ok: true, revoked: kept.json.id })
    expect((await w.call('POST', '/api/chain/m/event', { key: kept.json.api_key, body: {} })).status).toBe(401)
  })

  it('never give more than their maker had: no owner, nothing in the past, a bounded number', async () => {
    const w = await start()
    const machine = w.machine('m', false)
    const admin = w.key(machine, 'admin')
    const make = async (body: object) => (await w.call('POST', '/api/chain/m/api-keys', { key: admin, body })).status
    expect(await make({ name: 'a', scope: 'owner' })).toBe(400)
    expect(await make({ name: 'a', scope: 'none' })).toBe(400)
    expect(await make({ name: 'a', expires_at: '2001-01-01T00:00:00Z' })).toBe(400)
    expect(await make({ name: '' })).toBe(400)
    for (let i = w.store.apiKeys.of(machine.genesis).length; i < 100; i += 1) w.key(machine, 'viewer')
    expect(await make({ name: 'one more' })).toBe(409)
  })

  it('are nowhere on the disk, and their hash only sealed', async () => {
    const w = await start()
    const key = w.key(w.machine('m', false), 'admin')
    const rows = w.store.apiKeys.of(w.ledger.machine({ slug: 'm' })!.genesis)
    expect(rows).toHaveLength(1)
    expect(rows[0]!.hash).toBe(secretHash(key))
    expect(JSON.stringify(rows)).not.toContain(key)
    for (const name of readdirSync(w.folder)) {
      const content = readFileSync(join(w.folder, name)).toString('latin1')
      expect([name, content.includes(key), content.includes(secretHash(key))]).toEqual([name, false, false])
    }
  })

  it('are looked up by nobody while the wallet is locked', async () => {
    const w = await start()
    w.store.lock()
    expect(faultOf(() => w.store.apiKeys.byHash(hexKey(1))).code).toBe('LOCKED')
    expect(faultOf(() => w.store.apiKeys.of(hexKey(1))).code).toBe('LOCKED')
    expect(faultOf(() => w.store.apiReplies.get('x', 1)).code).toBe('LOCKED')
  })
})

describe('the bootstrap', () => {
  it('makes machines; a machine’s key does not', async () => {
    const w = await start()
    const make = (key?: string, body: object = { slug: 'alice' }) => w.call('POST', '/api/chain/state-machines', { key, body })
    expect((await make()).status).toBe(401)
    const made = await make(w.server.bootstrapToken)
    expect(made.status).toBe(201)
    expect((await make(made.json.api_key, { slug: 'bob' })).status).toBe(403)
    expect((await make(`zbt_${'A'.repeat(43)}`, { slug: 'bob' })).status).toBe(401)
    // The key is the machine's from the first call on.
    expect((await w.call('POST', '/api/chain/alice/event', { key: made.json.api_key, body: {} })).status).toBe(201)
  })

  it('may be open to this computer, for making machines and nothing else', async () => {
    const w = await start({ openBootstrap: true })
    const made = await w.call('POST', '/api/chain/state-machines', { body: { slug: 'alice' } })
    expect(made.status).toBe(201)
    expect((await w.call('POST', '/api/chain/alice/event', { body: {} })).status).toBe(401)
    expect((await w.call('GET', '/api/chain/alice/state')).status).toBe(401)
    // Not for a page in a browser: that can send text/plain without asking, and names where it is from.
    const page = { text: '{"slug":"mallory"}', headers: { 'content-type': 'text/plain' } }
    expect((await w.call('POST', '/api/chain/state-machines', page)).status).toBe(415)
    const origin = { body: { slug: 'mallory' }, headers: { origin: 'https://page.example' } }
    expect((await w.call('POST', '/api/chain/state-machines', origin)).status).toBe(403)
    expect(w.ledger.machine({ slug: 'mallory' })).toBeUndefined()
  })

  it('is another token each time', async () => {
    const [a, b] = [await start(), await start()]
    expect(a.server.bootstrapToken).toMatch(/^zbt_[A-Za-z0-9_-]{43}$/)
    expect(a.server.bootstrapToken).not.toBe(b.server.bootstrapToken)
  })
})

describe('a new machine', () => {
  it('has host custody on its first row, and its slug only once', async () => {
    const w = await start()
    const make = (body: object) => w.call('POST', '/api/chain/state-machines', { key: w.server.bootstrapToken, body })
    const { json } = await make({ slug: 'alice', is_public: true })
    expect(json.machine).toMatchObject({ custody: 'host', next: null, is_public: true })
    const explored = await w.call('GET', '/api/chain/alice/explore')
    expect(explored.json.blocks[0]).toMatchObject({ seq: 0, prevHash: json.machine.genesis, payload: { type: 'machine.custody', input: { custody: 'host' } } })
    const errors = async (body: object) => {
      const answer = await make(body)
      return [answer.status, answer.json.error]
    }
    expect(await errors({ slug: 'alice' })).toEqual([409, 'slug_taken'])
    for (const slug of ['Alice', 'a_b', '', 'x'.repeat(65), 'state-machines', 'aggregate', 'clock', 7])
      expect(await errors({ slug })).toEqual([400, 'invalid_slug'])
    expect(await errors({ display_name: 'x'.repeat(256) })).toEqual([400, 'invalid_request'])
    expect(await errors({ purpose: 'x'.repeat(4001) })).toEqual([400, 'invalid_request'])
    expect(await errors({ parent_origin: 'two words' })).toEqual([400, 'invalid_request'])
    expect(await errors({ sign_pub: 'ab'.repeat(32) })).toEqual([501, 'own_custody_unsupported'])
    // Made up from the profile's name where nobody asked for one.
    expect([(await make({})).json.machine.slug, (await make({})).json.machine.slug]).toEqual(['tester-2', 'tester-3'])
  })
})
