import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HANDSHAKE } from '../ledger/handshake-contract.ts'
import { signTagged } from '../ledger/signing.ts'
import { Party } from '../ledger/story.fixture.ts'
import { plusTicks } from '../ledger/zeqond.ts'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { openWorld, type World } from './m2m.fixture.ts'
import { type Lie, type Puppet, puppetOf } from './puppet.fixture.ts'

afterAll(removeTempFolders)
let world: World
afterEach(() => world.close())

const other = '0c'.repeat(32)
const set =
  (field: string, value: unknown): Lie =>
  (input) => ({ ...input, [field]: value as never })
const headWith =
  (field: string, value: unknown): Lie =>
  (input) => ({ ...input, peer_head: { ...(input['peer_head'] as object), [field]: value } as never })

/** What an auditor would find, and a party therefore does not act on. */
const LIES: readonly (readonly [step: 'B1' | 'B2' | 'B3', what: string, lie: Lie])[] = [
  ['B1', 'ack_hash', set('ack_hash', other)],
  ['B1', 'ack_stmt_hash', set('ack_stmt_hash', other)],
  ['B1', 'peer_head of another row', headWith('stateHash', other)],
  ['B1', 'peer_head with a bad signature', headWith('sig', '0d'.repeat(64))],
  ['B1', 'peer_genesis', set('peer_genesis', other)],
  ['B1', 'peer_pubkey', set('peer_pubkey', other)],
  ['B1', 'peer_slug', set('peer_slug', 'mallory')],
  ['B1', 'self_genesis', set('self_genesis', other)],
  ['B1', 'self_pubkey', set('self_pubkey', other)],
  ['B1', 'self_kx_pub', set('self_kx_pub', other)],
  ['B1', 'contract_id', set('contract_id', '00000000-0000-4000-8000-00000000ffff')],
  ['B1', 'definition_hash', set('definition_hash', other)],
  ['B1', 'role', set('role', 'initiator')],
  ['B1', 'suite', set('suite', 'x25519mlkem768')],
  ['B1', 'an unknown field', set('note', 'x')],
  ['B2', 'ack_hash', set('ack_hash', other)],
  ['B2', 'kem under x25519', set('kem', '0e'.repeat(1184))],
  ['B2', 'an ephemeral of small order', set('ecdh_pub', '00'.repeat(32))],
  ['B2', 'another peer', set('peer_slug', 'mallory')],
  ['B3', 'session_id', set('session_id', other)],
  ['B3', 'key_confirm', set('key_confirm', other)],
  ['B3', 'peer_keyed_hash', set('peer_keyed_hash', other)],
  ['B3', 'peer_keyed_stmt_hash', set('peer_keyed_stmt_hash', other)],
]

describe('a responder that lies', () => {
  let bob: Puppet
  beforeEach(() => {
    world = openWorld()
    world.alice.propose()
    world.alice.approveAll('handshake')
    bob = puppetOf(world, world.bob, 3, 'responder')
    world.settle()
    bob.thread = { ...bob.thread, nonce: String(world.alice.m2m.threads()[0]?.nonce) }
  })
  const upTo = (step: 'B1' | 'B2' | 'B3', lie?: Lie): void => {
    const types = { B1: 'accept', B2: 'key', B3: 'activate' } as const
    for (const name of ['B1', 'B2', 'B3'] as const) {
      bob.send(types[name], bob.step(name, name === step ? lie : undefined))
      if (name === step) return
    }
  }

  it('and one that does not: the puppet reaches open', () => {
    upTo('B3')
    expect(world.alice.state()).toBe('open')
    bob.send('seal', [bob.end('seal')])
    expect(world.report()).toMatchObject({ ok: true, status: 'SEALED' })
  })
  it.each(LIES)('%s, %s: frozen, no keys left, nothing opened', (step, _what, lie) => {
    upTo(step, lie)
    const [t] = world.alice.m2m.threads()
    expect(t?.state, JSON.stringify(world.alice.drops)).toBe('frozen')
    expect(t?.frozen).toMatch(/^[A-Z_]+: /)
    // The MAC is the auditor's to check only with the key that one of the two shows.
    const confirm = t?.sessionId == null ? null : world.alice.m2m.confirmKey(t.sessionId)
    expect(world.report(confirm === null ? {} : { [String(t?.sessionId)]: confirm }).ok).toBe(false)
    expect(world.keys).toEqual([])
    for (const kind of ['eph', 'keys'] as const) expect(world.alice.store.m2mSecrets.get(String(t?.id), kind)).toBeUndefined()
    // Nothing more is said to it, whatever it sends.
    const rows = world.alice.ledger.count(world.alice.genesis)
    const before = world.alice.sent.length
    bob.send('close', [bob.end('close', (input) => ({ ...input, session_id: other }))])
    world.calm(5_000)
    expect([world.alice.ledger.count(world.alice.genesis), world.alice.sent.length]).toEqual([rows, before])
  })
  it('unsigned, or in another contract than the handshake: frozen', () => {
    bob.send('accept', bob.step('B1', undefined, { unsigned: true }))
    expect(world.alice.m2m.threads()[0]).toMatchObject({ state: 'frozen', frozen: expect.stringMatching(/^UNSIGNED/) as string })
  })
  it('another definition: frozen', () => {
    bob.send('accept', bob.step('B1', undefined, { definition: { ...HANDSHAKE, version: '1.1' } }))
    expect(world.alice.m2m.threads()[0]).toMatchObject({ state: 'frozen', frozen: expect.stringMatching(/^DEFINITION_MISMATCH/) as string })
  })
  it.each(['accept', 'key', 'activate'] as const)('a row that only borrows the words of %s, in a contract of its own, is no step: nothing moves', (kind) => {
    // Neither signed nor of the profile: an audit passes it over, so nothing may be done for it.
    if (kind !== 'accept') bob.send('accept', bob.step('B1'))
    if (kind === 'activate') bob.send('key', bob.step('B2'))
    const before = world.alice.state()
    const [from, to] = { accept: ['proposed', 'accepted_pending'], key: ['accepted_pending', 'keyed'], activate: ['keyed', 'active'] }[kind] as [string, string]
    const definition = {
      ...HANDSHAKE,
      name: 'other',
      states: { [from]: { initial: true }, [to]: { terminal: true } },
      transitions: HANDSHAKE.transitions.filter((one) => one.from === from),
    }
    const { contract, row } = bob.side.ledger.createContract(bob.side.genesis, definition, 'm2m')
    const borrowed = { kind, role: 'responder', session_nonce: bob.thread.nonce }
    bob.send(kind, [row, bob.side.ledger.transition(bob.side.genesis, contract.id, { to, input: borrowed }).row])
    expect(world.alice.state()).toBe(before)
    expect([world.alice.channels(), world.keys]).toEqual([[], []])
    expect(world.report()).toMatchObject({ ok: true, findings: [] })
    // And the true one still counts.
    const rest = { accept: ['B1', 'B2', 'B3'], key: ['B2', 'B3'], activate: ['B3'] } as const
    const types = { B1: 'accept', B2: 'key', B3: 'activate' } as const
    for (const name of rest[kind]) bob.send(types[name], bob.step(name))
    expect(world.alice.state()).toBe('open')
  })
  it('the nonce in a second contract: frozen', () => {
    bob.send('accept', bob.step('B1'))
    bob.send('accept', bob.step('B1', undefined, { contractId: '00000000-0000-4000-8000-0000000000ee' }))
    bob.send('key', bob.step('B2', undefined, { contractId: '00000000-0000-4000-8000-0000000000ee' }))
    expect(world.alice.m2m.threads()[0]).toMatchObject({ state: 'frozen', frozen: expect.stringMatching(/NONCE_REUSE/) as string })
  })
  it('a seal of another row: frozen though open', () => {
    upTo('B3')
    bob.send('seal', [bob.end('seal', set('peer_active_hash', other))])
    expect(world.alice.m2m.threads()[0]).toMatchObject({ state: 'frozen', frozen: expect.stringMatching(/^SEAL/) as string })
    expect(world.alice.channels()).toEqual([])
  })
  it('an answer to no session of ours is refused', () => {
    bob.send('accept', bob.step('B1', set('session_nonce', '1d'.repeat(32))))
    expect(world.alice.m2m.threads().map((t) => t.state)).toEqual(['i.sent'])
  })
  it('its nonce of before again, in another session: frozen', () => {
    upTo('B3')
    const nonce = bob.thread.responderNonce
    world.alice.propose()
    world.alice.approveAll('handshake')
    world.settle()
    bob.thread = {
      ...bob.thread,
      nonce: String(world.alice.m2m.threads()[1]?.nonce),
      responderNonce: nonce,
      contractId: '00000000-0000-4000-8000-0000000000dd',
    }
    const again = puppetOf(world, world.bob, 3, 'responder', bob.thread.nonce)
    again.thread = { ...again.thread, responderNonce: nonce }
    again.send('accept', again.step('B1'))
    expect(world.alice.m2m.threads().map((t) => t.state)).toEqual(['open', 'frozen'])
  })
})

describe('an initiator that lies', () => {
  let alice: Puppet
  beforeEach(() => {
    world = openWorld()
    alice = puppetOf(world, world.alice, 1, 'initiator')
  })
  const bob = () => world.bob.m2m.threads()

  it('and one that does not: the puppet reaches open', () => {
    alice.send('propose', alice.step('A1'))
    world.calm(3_000)
    world.bob.approveAll('handshake')
    world.settle()
    alice.send('key', alice.step('A2'))
    alice.send('activate', alice.step('A3'))
    expect(bob()[0]?.state).toBe('open')
  })
  it.each([
    ['a proposal for more than a day', (input) => ({ ...input, expires_zeqond: plusTicks(String(input['expires_zeqond']) as never, 1n) })],
    ['a proposal that has expired', set('expires_zeqond', '1')],
    ['a proposal to somebody else', set('peer_genesis', other)],
    ['a proposal as responder', set('role', 'responder')],
    ['no suite that we have', set('suites', ['x25519mlkem768'])],
    ['an unknown suite', set('suites', ['rot13'])],
    ['a head of ours that we never signed', set('peer_head', { genesis: other, seq: 0, stateHash: other, zeqondNumber: '1', sig: '0d'.repeat(64) })],
  ] as readonly (readonly [string, Lie])[])('%s: no thread, and our chain does not grow', (_what, lie) => {
    alice.send('propose', alice.step('A1', lie))
    world.calm(5_000)
    expect(bob()).toEqual([])
    expect(world.bob.ledger.count(world.bob.genesis)).toBe(0)
    expect(world.bob.asks()).toEqual([])
  })
  it('a head that we signed and do not have: this profile is an old copy, and appends nothing', () => {
    const seed = Party.keysOf(3).seed
    const head = { genesis: world.bob.genesis, seq: 5, stateHash: other, zeqondNumber: '1' }
    alice.send('propose', alice.step('A1', set('peer_head', { ...head, sig: signTagged(seed, 'zeq.head.v1', head) })))
    world.calm(5_000)
    expect(bob()).toEqual([])
    expect(world.bob.ledger.recovering()).not.toBeNull()
  })
  it('a nonce a second time: no thread', () => {
    alice.send('propose', alice.step('A1'))
    const again = puppetOf(world, world.alice, 1, 'initiator')
    again.send('propose', again.step('A1'))
    expect(bob()).toHaveLength(1)
  })
  it('words that do not fit the commitment: frozen, and the person is told', () => {
    const [, a1] = alice.step('A1')
    alice.send('propose', [...world.alice.ledger.rows(world.alice.genesis, { limit: 10 })])
    alice.say({ t: 'show', a1: a1!.stateHash, x: '0f'.repeat(16) })
    expect(bob()[0]?.state).toBe('frozen')
    expect(world.bob.notes.join()).toMatch(/stand between/)
  })
  it('a wrong MAC in A3: frozen, no channel', () => {
    alice.send('propose', alice.step('A1'))
    world.calm(3_000)
    world.bob.approveAll('handshake')
    world.settle()
    alice.send('key', alice.step('A2'))
    expect(bob()[0]?.state).toBe('r.act')
    alice.send('activate', alice.step('A3', set('key_confirm', other)))
    expect(bob()[0]).toMatchObject({ state: 'frozen', frozen: expect.stringMatching(/^KEY_CONFIRM/) as string })
    expect(world.bob.channels()).toEqual([])
  })
  it('takes its proposal back: the question goes, no row is made', () => {
    alice.send('propose', alice.step('A1'))
    world.calm(3_000)
    expect(world.bob.asks()).toHaveLength(1)
    const row = alice.end('abort')
    alice.say({ t: 'abort', nonce: alice.thread.nonce, reason: 'user', rows: [row] })
    expect([bob()[0]?.state, world.bob.asks(), world.bob.ledger.count(world.bob.genesis)]).toEqual(['ended', [], 0])
  })
})
