import { afterAll, afterEach, describe, expect, it } from 'vitest'
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

/** A machine with an operator's key and a contract in its first state. */
const ready = async (isPublic = true) => {
  const w = await start()
  const machine = w.machine('m', isPublic)
  const key = w.key(machine, 'operator')
  const { id } = w.ledger.createContract(machine.genesis, HANDSHAKE, 'test').contract
  const step = (body: object, headers: Record<string, string> = {}): Promise<Answered> =>
    w.call('POST', `/api/chain/m/contracts/${id}/transition`, { key, body, headers })
  const contract = async () => (await w.call('GET', `/api/chain/m/contracts/${id}`, { key })).json
  return { w, machine, key, id, step, contract }
}
const said = (answer: Answered) => [answer.status, answer.json.error ?? null]

describe('a transition', () => {
  it('is won by one of many that ask at once', async () => {
    const { w, machine, step, contract } = await ready()
    const before = w.ledger.count(machine.genesis)
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => step({ to: 'accepted_pending', input: { i } })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status !== 200).map(said)).toEqual(Array(7).fill([400, 'No transition: accepted_pending → accepted_pending']))
    expect(w.ledger.count(machine.genesis)).toBe(before + 1)
    expect((await contract()).contract.currentState).toBe('accepted_pending')
  })

  it('is held against the state the caller saw', async () => {
    const { step } = await ready()
    expect(said(await step({ to: 'accepted_pending', expected_state: 'keyed' }))).toEqual([409, 'conflict'])
    expect(said(await step({ to: 'accepted_pending', expected_state: 'proposed' }))).toEqual([200, null])
    // The slower of two that saw the same state.
    expect(said(await step({ to: 'accepted_pending', expected_state: 'proposed' }))).toEqual([409, 'conflict'])
  })

  it('says in the documented words what is wrong with it', async () => {
    const { step } = await ready()
    expect(said(await step({}))).toEqual([400, "Missing 'to' state"])
    expect(said(await step({ to: 'keyed' }))).toEqual([400, 'No transition: proposed → keyed'])
    expect(said(await step({ to: 'nowhere' }))).toEqual([400, 'No transition: proposed → nowhere'])
    expect(said(await step({ to: 'accepted_pending', input: [] }))).toEqual([400, 'invalid_request'])
    expect(said(await step({ to: 'accepted_pending', input: { text: 'x'.repeat(16_384) } }))).toEqual([413, 'payload_too_large'])
    const deep = (n: number): object => (n === 0 ? {} : { in: deep(n - 1) })
    // Nor is it kept of a step that would be refused anyway.
    expect(said(await step({ to: 'keyed', input: { text: 'x'.repeat(16_384) } }))).toEqual([413, 'payload_too_large'])
    expect(said(await step({ to: 'accepted_pending', input: deep(8) }))).toEqual([413, 'payload_too_large'])
    expect(said(await step({ to: 'accepted_pending', input: deep(7) }))).toEqual([200, null])
    for (const to of ['keyed', 'active']) expect(said(await step({ to }))).toEqual([200, null])
    expect(said(await step({ to: 'proposed' }))).toEqual([400, 'No transition: active → proposed'])
  })

  it('leaves a refusal among the contract’s transitions and not on the chain', async () => {
    const { w, machine, step, contract } = await ready()
    const before = w.ledger.count(machine.genesis)
    await step({ to: 'keyed', input: { peer_slug: 'bob' } })
    expect(w.ledger.count(machine.genesis)).toBe(before)
    const { transitions } = await contract()
    expect(transitions).toHaveLength(1)
    expect(transitions[0]).toMatchObject({
      fromState: 'proposed',
      toState: 'keyed',
      success: false,
      error: 'No transition: proposed → keyed',
      input: { peer_slug: 'bob' },
    })
  })

  it('shows at most the 20 newest', async () => {
    const { step, contract } = await ready()
    for (let i = 0; i < 25; i += 1) await step({ to: 'keyed' })
    await step({ to: 'accepted_pending' })
    const { transitions } = await contract()
    expect(transitions).toHaveLength(20)
    expect(transitions[0]).toMatchObject({
      toState: 'accepted_pending',
      success: true,
      zeqondNumber: expect.any(String),
      triggeredBy: expect.stringMatching(/^key:/),
    })
  })

  it('is walked again by verify', async () => {
    const { w, key, id, step } = await ready()
    for (const to of ['accepted_pending', 'keyed']) await step({ to })
    const { json } = await w.call('POST', `/api/chain/m/contracts/${id}/verify`, { key })
    expect(json).toMatchObject({ valid: true, broken_at: null, current_state: 'keyed', total_transitions: 2, zeqond_number: expect.any(Number) })
    const record = w.store.contracts.get(id)!
    w.store.contracts.put(2, { ...record, currentState: 'active' })
    expect((await w.call('POST', `/api/chain/m/contracts/${id}/verify`, { key })).json).toMatchObject({ valid: false, broken_at: 'final_state_mismatch' })
  })
})

describe('a request sent twice', () => {
  it('is done twice without an Idempotency-Key', async () => {
    const { w, machine, key, step } = await ready()
    const before = w.ledger.count(machine.genesis)
    for (let i = 0; i < 2; i += 1) expect((await w.call('POST', '/api/chain/m/event', { key, body: { payload: 1 } })).status).toBe(201)
    expect(w.ledger.count(machine.genesis)).toBe(before + 2)
    expect((await step({ to: 'accepted_pending' })).status).toBe(200)
    expect((await step({ to: 'accepted_pending' })).status).toBe(400)
  })

  it('is done once with one, also when both come at once', async () => {
    const { w, machine, key, step } = await ready()
    const before = w.ledger.count(machine.genesis)
    const once = { 'idempotency-key': 'retry-1' }
    const answers = await Promise.all([step({ to: 'accepted_pending' }, once), step({ to: 'accepted_pending' }, once)])
    expect(answers[0]!.json).toEqual(answers[1]!.json)
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const events = [1, 2].map(() => w.call('POST', '/api/chain/m/event', { key, body: { payload: 1 }, headers: once }))
    expect(new Set((await Promise.all(events)).map(({ json }) => json.transitionId)).size).toBe(1)
    expect(w.ledger.count(machine.genesis)).toBe(before + 2)
  })

  it('is refused when it is another request, and belongs to one caller and one path', async () => {
    const { w, machine, key, step } = await ready()
    const once = { 'idempotency-key': 'k' }
    const write = (payload: unknown, as = key) => w.call('POST', '/api/chain/m/event', { key: as, body: { payload }, headers: once })
    const first = await write(1)
    expect(said(await write(2))).toEqual([422, 'idempotency_key_reused'])
    // White space and the order of fields make no other request.
    const text = ' { "type" : "event", "payload":1 }'
    expect(said(await w.call('POST', '/api/chain/m/event', { key, text, headers: once }))).toEqual([422, 'idempotency_key_reused'])
    expect((await w.call('POST', '/api/chain/m/event', { key, text: ' {"payload": 1}', headers: once })).json).toEqual(first.json)
    const other = await write(1, w.key(machine, 'operator'))
    expect(other.json.transitionId).not.toBe(first.json.transitionId)
    expect((await step({ to: 'accepted_pending' }, once)).status).toBe(200)
    expect(said(await w.call('POST', '/api/chain/m/event', { key, body: {}, headers: { 'idempotency-key': 'x'.repeat(201) } }))).toEqual([
      400,
      'invalid_request',
    ])
  })

  it('keeps no refusal: what failed may be tried again', async () => {
    const { step } = await ready()
    const once = { 'idempotency-key': 'later' }
    expect((await step({ to: 'keyed' }, once)).status).toBe(400)
    await step({ to: 'accepted_pending' })
    expect((await step({ to: 'keyed' }, once)).status).toBe(200)
  })

  it('is forgotten after a day', async () => {
    const { w, key } = await ready()
    const write = () => w.call('POST', '/api/chain/m/event', { key, body: {}, headers: { 'idempotency-key': 'old' } })
    const first = await write()
    w.ports.skip(86_400_001)
    expect((await write()).json.transitionId).not.toBe(first.json.transitionId)
  })
})

describe('the identity’s own machine', () => {
  it('takes rows from a key, but no part of a handshake: that is its person’s to approve', async () => {
    const w = await start()
    const own = w.ledger.own()
    const key = w.key(own, 'admin')
    const { id } = w.ledger.createContract(own.genesis, HANDSHAKE, 'wallet').contract
    const plain = { ...HANDSHAKE, name: 'order' }
    const post = async (path: string, body: object, as = key) => said(await w.call('POST', `/api/chain/${own.slug}/${path}`, { key: as, body }))
    const before = w.ledger.count(own.genesis)
    for (const as of [key, w.server.bootstrapToken]) {
      expect(await post('contracts', HANDSHAKE, as)).toEqual([403, 'forbidden'])
      expect(await post('contracts', { ...HANDSHAKE, version: '2' }, as)).toEqual([403, 'forbidden'])
      expect(await post('contracts/custom', HANDSHAKE, as)).toEqual([403, 'forbidden'])
      expect(await post('contracts', { template_id: 'm2m_handshake' }, as)).toEqual([403, 'forbidden'])
      expect(await post(`contracts/${id}/transition`, { to: 'accepted_pending', input: {} }, as)).toEqual([403, 'forbidden'])
      expect(await post('event', { type: 'm2m.abort', payload: {} }, as)).toEqual([403, 'forbidden'])
      const deployed = await w.call('POST', '/api/contracts/templates/m2m_handshake/deploy', { key: as, body: { slug: own.slug } })
      expect(said(deployed)).toEqual([403, 'forbidden'])
    }
    expect(w.ledger.count(own.genesis)).toBe(before)
    expect(await post('event', { payload: 'reading' })).toEqual([201, null])
    const made = (await w.call('POST', `/api/chain/${own.slug}/contracts`, { key, body: plain })).json
    expect(await post(`contracts/${made.id}/transition`, { to: 'accepted_pending', input: { v: 'zeq-m2m/1' } })).toEqual([403, 'forbidden'])
    expect(await post(`contracts/${made.id}/transition`, { to: 'accepted_pending', input: { v: '1' } })).toEqual([200, null])
  })
})

describe('a definition', () => {
  it('is refused with the first thing that is wrong with it', async () => {
    const { w, key } = await ready()
    const create = async (body: object, path = 'contracts') => said(await w.call('POST', `/api/chain/m/${path}`, { key, body }))
    expect(await create({ ...HANDSHAKE, states: { a: {}, b: {} } })).toEqual([400, 'states: no state is marked initial'])
    expect(await create({ ...HANDSHAKE, extra: 1 })).toEqual([400, 'extra: no such field is defined'])
    const [first, ...rest] = HANDSHAKE.transitions
    expect(await create({ ...HANDSHAKE, transitions: [{ ...first, operator: 'GR37' }, ...rest] })).toEqual([
      400,
      'transitions[0].operator: "GR37" is not computed here; known: KO42',
    ])
    expect(await create({ ...HANDSHAKE, transitions: [{ ...first, condition: 'input.a > 1' }, ...rest] }, 'contracts/custom')).toEqual([
      400,
      'transitions[0].condition: conditions are not supported',
    ])
    expect(await create({ ...HANDSHAKE, name: 'x'.repeat(66_000) })).toEqual([413, 'payload_too_large'])
    expect(await create({ template_id: 'm2m_handshake', more: 1 })).toEqual([400, 'invalid_request'])
    expect(await create({ template_id: 'm2m_handshake' })).toEqual([201, null])
  })
})
