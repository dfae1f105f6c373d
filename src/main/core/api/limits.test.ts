import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { removeTempFolders, testPorts } from '../store/testing.fixture.ts'
import { type World, world } from './api.fixture.ts'
import { createRateLimiter, documentedLimits } from './rate-limit.ts'

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

describe('rate limits', () => {
  it('are the documented ones', () => expect(documentedLimits).toEqual({ spin_up: 10, write: 600, read: 120 }))

  it('count spin-ups by address, refused ones with them', async () => {
    const w = await start({ limits: { rate: documentedLimits } })
    const statuses: number[] = []
    for (let i = 0; i < 11; i += 1) {
      const options = i % 2 === 0 ? { key: w.server.bootstrapToken, body: { slug: `s-${i}` } } : { body: {} }
      statuses.push((await w.call('POST', '/api/chain/state-machines', options)).status)
    }
    expect(statuses).toEqual([201, 401, 201, 401, 201, 401, 201, 401, 201, 401, 429])
    w.ports.skip(60_001)
    expect((await w.call('POST', '/api/chain/state-machines', { key: w.server.bootstrapToken, body: {} })).status).toBe(201)
  })

  it('answer 429 with when to come back', async () => {
    const w = await start({ limits: { rate: { spin_up: 9, write: 2, read: 2 } } })
    const machine = w.machine('counted', true)
    const key = w.key(machine, 'operator')
    const write = () => w.call('POST', '/api/chain/counted/event', { key, body: {} })
    const first = await write()
    expect([first.status, first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual([201, '2', '1'])
    await write()
    const third = await write()
    expect([third.status, third.json]).toEqual([429, { ok: false, error: 'RATE_LIMIT_EXCEEDED' }])
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Math.abs(Number(third.headers.get('x-ratelimit-reset')) - w.ports.clock.now() / 1000)).toBeLessThan(62)
    // Reads have their own budget.
    expect((await w.call('GET', '/api/chain/counted/state', { key })).status).toBe(200)
  })

  it('do not let strangers use up what the machine’s own may read', async () => {
    const w = await start({ limits: { rate: { spin_up: 9, write: 9, read: 2 } } })
    const key = w.key(w.machine('read', true), 'viewer')
    const read = async (as?: string) => (await w.call('GET', '/api/chain/read/state', { key: as })).status
    expect([await read(), await read(), await read()]).toEqual([200, 200, 429])
    expect(await read(key)).toBe(200)
  })

  it('remember a bounded number of callers', () => {
    const ports = testPorts()
    const limiter = createRateLimiter(ports.clock, { spin_up: 1, write: 1, read: 1 })
    expect(limiter.spend('read', 'first').allowed).toBe(true)
    expect(limiter.spend('read', 'first').allowed).toBe(false)
    for (let i = 0; i < 10_000; i += 1) limiter.spend('read', `other ${i}`)
    // Its window went with the oldest: memory is bounded, at the price of one more call.
    expect(limiter.spend('read', 'first').allowed).toBe(true)
  })
})
