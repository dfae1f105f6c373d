import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { verifyChain } from '../ledger/chain.ts'
import { HANDSHAKE } from '../ledger/handshake-contract.ts'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { type Answered, type World, world } from './api.fixture.ts'

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

/** A machine with an operator's key and two rows. */
const ready = async (isPublic = true) => {
  const w = await start()
  const machine = w.machine('m', isPublic)
  w.ledger.createContract(machine.genesis, HANDSHAKE, 'test')
  return { w, machine, key: w.key(machine, 'operator') }
}
const said = (answer: Answered) => [answer.status, answer.json.error ?? null]

describe('rows', () => {
  it('hold what the caller said, and nothing a caller may not say', async () => {
    const { w, machine, key } = await ready()
    const event = (body: object) => w.call('POST', '/api/chain/m/event', { key, body })
    const last = () => w.ledger.rows(machine.genesis, { limit: 1, newestFirst: true })[0]!.payload
    await event({ payload: { a: '1' } })
    expect(last()).toEqual({ type: 'event', payload: { a: '1' } })
    await event({ type: 'reading', hash: 'AB'.repeat(32) })
    expect(last()).toEqual({ type: 'reading', hash: 'ab'.repeat(32) })
    await event({})
    expect(last()).toEqual({ type: 'event', payload: null })
    // A seal comes signed by its party, as far as we know: an auditor will look.
    await event({ type: 'm2m.seal', payload: { v: 'zeq-m2m/1' } })
    expect(last()).toEqual({ type: 'm2m.seal', input: { v: 'zeq-m2m/1' } })
    const before = w.ledger.count(machine.genesis)
    for (const type of ['machine.custody', 'hs.step', 'm2m.rotate', 'm2m.revoke', 'm2m.step'])
      expect([type, ...said(await event({ type, payload: { custody: 'host' } }))]).toEqual([type, 400, 'invalid_request'])
    for (const body of [{ payload: 1, hash: 'ab'.repeat(32) }, { hash: 'ab' }, { type: '' }, { type: 'x'.repeat(65) }, { type: 'm2m.seal', payload: [] }])
      expect(said(await event(body))).toEqual([400, 'invalid_request'])
    expect(w.ledger.count(machine.genesis)).toBe(before)
  })

  it('of a private machine are salted, and verify for their reader', async () => {
    const { w, machine, key } = await ready(false)
    await w.call('POST', '/api/chain/m/state', { key, body: { state_hash: 'CD'.repeat(32) } })
    const { json } = await w.call('GET', '/api/chain/m/explore', { key })
    expect(json.blocks.at(-1).payload).toEqual({ state_hash: 'cd'.repeat(32), salt: expect.stringMatching(/^[0-9a-f]{32}$/) })
    const rows = json.blocks.map(({ id: _id, createdAt: _at, zspEnvelope: _zsp, ...row }: Record<string, unknown>) => row)
    const { head } = (await w.call('GET', '/api/chain/m/state', { key })).json
    expect(verifyChain({ header: machine.header, rows, head }).findings).toEqual([])
  })

  it('are all found once by a cursor, whatever the page, also while more are written', async () => {
    const { w, machine } = await ready()
    for (let i = 0; i < 12; i += 1) {
      if (i % 4 === 0) w.ports.skip(777)
      w.ledger.append(machine.genesis, { type: 'event', payload: { type: 'event', payload: i } })
    }
    const page = async (query: string) => (await w.call('GET', `/api/chain/m/explore?${query}`)).json
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 30, maxLength: 30 }), async (sizes) => {
        const seen: number[] = []
        let query = ''
        for (const size of sizes) {
          const answer = await page(`limit=${size}${query}`)
          seen.push(...answer.blocks.map((row: { seq: number }) => row.seq))
          query = `&from=${answer.next.from}&after_id=${answer.next.after_id}`
        }
        expect(seen).toEqual(Array.from({ length: w.ledger.count(machine.genesis) }, (_, i) => i))
      }),
      { numRuns: 8 },
    )
    const end = await page('limit=500')
    const behind = `from=${end.next.from}&after_id=${end.next.after_id}`
    expect(await page(behind)).toMatchObject({ count: 0, blocks: [], next: end.next })
    w.ledger.append(machine.genesis, { type: 'event', payload: { type: 'event', payload: 'later' } })
    expect((await page(behind)).count).toBe(1)
  })

  it('are clamped to a page, and asked for in whole ticks', async () => {
    const { w } = await ready()
    const get = async (query: string) => (await w.call('GET', `/api/chain/m/explore?${query}`)).json
    expect((await get('limit=0')).limit).toBe(1)
    expect((await get('limit=100000')).limit).toBe(500)
    expect((await get('')).limit).toBe(50)
    for (const query of ['from=-1', 'from=1.5', 'to=abc', 'limit=x', 'after_id=-1', 'from=01', 'from=9999999999999999999'])
      expect([query, await get(query)]).toEqual([query, { ok: false, error: 'invalid_request' }])
    expect(await get('from=999999999999999999')).toMatchObject({ count: 0, next: { from: '999999999999999999', after_id: null } })
  })

  it('are not sent in pages of any size', async () => {
    const { w, machine } = await ready()
    for (let i = 0; i < 40; i += 1) w.ledger.append(machine.genesis, { type: 'event', payload: { type: 'event', payload: 'x'.repeat(100_000) } })
    const first = (await w.call('GET', '/api/chain/m/explore?limit=500')).json
    expect(first.count).toBeLessThan(30)
    const rest = (await w.call('GET', `/api/chain/m/explore?limit=500&from=${first.next.from}&after_id=${first.next.after_id}`)).json
    expect(first.count + rest.count).toBe(w.ledger.count(machine.genesis))
  })

  it('are validated in a window, and an empty one says so', async () => {
    const { w, machine, key } = await ready()
    await w.call('POST', '/api/chain/m/event', { key, body: {} })
    const head = w.ledger.head(machine.genesis)!
    const validate = async (query: string) => (await w.call('GET', `/api/chain/m/pohc/validate?${query}`)).json
    expect(await validate('')).toMatchObject({
      valid: true,
      count: w.ledger.count(machine.genesis),
      head: { seq: head.seq, stateHash: head.stateHash, sig: head.sig },
    })
    expect(await validate(`from=${head.zeqondNumber}`)).toMatchObject({ valid: true, broken_seq: null })
    expect(await validate('from=999999999999999999')).toMatchObject({ valid: true, count: 0, broken_at: null, message: 'empty range' })
    expect(await validate('from=x')).toEqual({ ok: false, error: 'invalid_request' })
  })

  it('that somebody altered in the database are reported, with their place', async () => {
    const { w, machine } = await ready()
    const row = w.ledger.row(machine.genesis, 1)!
    const record = w.store.chains.get(machine.genesis)!
    w.store.ledgerRows.show(record.id, { ...row, payload: { contract_id: 'x', definition: {} } })
    const { json } = await w.call('GET', '/api/chain/m/pohc/validate')
    expect(json).toMatchObject({ ok: true, valid: false, broken_seq: 1, broken_at: Number(row.zeqondNumber), reason: expect.any(String) })
  })
})
