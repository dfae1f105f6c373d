import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { HANDSHAKE } from '../ledger/handshake-contract.ts'
import { keysOf, ledgerWorld } from '../ledger/ledger.fixture.ts'
import { createLedger } from '../ledger/ledger.ts'
import { Party, story } from '../ledger/story.fixture.ts'
import { mintToken } from '../ledger/tally.ts'
import { createWork } from '../work.ts'
import type { Store } from './store.ts'
import { columnKey, edit, faultOf, myId, open, removeTempFolders, tempFolder, testPorts } from './testing.fixture.ts'

afterAll(removeTempFolders)

const PEER = 'Bob at the relay 81'
const hosted = 'fleet-of-herons'
const told = story()
const stranger = new Party('carol-quillfeather', 21)

/** An own machine with a contract, a hosted one, a peer's chain with a session, kept heads, tokens. */
const used = () => {
  const world = ledgerWorld('Zora Nightingale')
  const { ledger } = world
  const { genesis } = ledger.own()
  const { contract } = ledger.createContract(genesis, HANDSHAKE, 'maker-of-contracts')
  ledger.transition(genesis, contract.id, { to: 'accepted_pending', input: { text: 'The heron lands at dawn' }, triggeredBy: 'key-of-the-harbour' })
  expect(faultOf(() => ledger.transition(genesis, contract.id, { to: 'proposed', triggeredBy: 'key-of-the-harbour' })).code).toBe('STATE')
  ledger.create({ slug: hosted, displayName: 'Herons of the lake', purpose: 'To count herons' })
  ledger.follow(told.b.header, PEER)
  ledger.offer(told.b.genesis, told.b.rows.slice(0, 4))
  ledger.keepHead(told.b.head())
  ledger.keepToken(mintToken(told.rows.B1!, told.b.header.sign_pub, told.b.seed))
  ledger.follow(stranger.header, PEER)
  return { ...world, contract: contract.id }
}

describe('what lies on the disk of a ledger', () => {
  it('names no machine, peer, key, session or payload', () => {
    const world = used()
    const own = world.ledger.own()
    const token = world.ledger.tokens()[0]!
    const host = world.ledger.machine({ slug: hosted })!
    const needles = [
      own.genesis,
      own.slug,
      'Nightingale',
      host.genesis,
      hosted,
      'Herons',
      'count herons',
      world.contract,
      'heron lands',
      'm2m_handshake',
      'key-of-the-harbour',
      'maker-of-contracts',
      told.b.genesis,
      told.b.header.slug.concat('"'),
      PEER,
      told.nonce,
      told.b.header.sign_pub,
      told.b.rows[1]!.stateHash,
      told.b.rows[1]!.headSig,
      told.b.head().sig,
      stranger.genesis,
      'quillfeather',
      token.token_id,
      token.sig,
      keysOf(1).sign_pub,
    ] // prettier-ignore
    const found = (): string[] =>
      fs.readdirSync(world.folder).flatMap((name) => {
        const bytes = fs.readFileSync(join(world.folder, name))
        return needles.filter((needle) => bytes.includes(needle) || (/^[0-9a-f]+$/.test(needle) && bytes.includes(Buffer.from(needle, 'hex'))))
      })
    expect(found()).toEqual([])
    world.store.close()
    expect(found()).toEqual([])
    expect(fs.readFileSync(join(world.folder, 'countersign.db')).includes(myId)).toBe(true)
  })

  const everything = (store: Store) => [
    store.chains.machines(),
    store.chains.followed().map((chain) => [chain, store.ledgerRows.page(chain.id, { limit: 1000 }), store.keptHeads.all(chain.id)]),
    store.chains
      .machines()
      .map((chain) => [store.ledgerRows.page(chain.id, { limit: 1000 }), store.contracts.ofChain(chain.id).map((c) => store.contracts.failures(c.id, 9))]),
    store.tokens.all(),
  ]

  it.each([
    ['two rows', 'UPDATE chain_row SET sealed = (SELECT sealed FROM chain_row WHERE chain = 3 AND seq = 2) WHERE chain = 3 AND seq = 1', 'chain_row'],
    ['a row’s place', 'UPDATE chain_row SET seq = 77 WHERE chain = 3 AND seq = 3', 'chain_row'],
    ['a row’s tick', 'UPDATE chain_row SET zeqond = zeqond + 1 WHERE chain = 3 AND seq = 3', 'chain_row'],
    ['a row’s session', 'UPDATE chain_row SET session = NULL WHERE chain = 3 AND seq = 3', 'chain_row'],
    ['two states', 'UPDATE chain SET state = (SELECT state FROM chain WHERE id = 3) WHERE id = 1', 'chain'],
    ['a machine’s kind', "UPDATE chain SET kind = 'host' WHERE id = 1", 'chain'],
    ['a kept head', 'UPDATE kept_head SET seq = seq + 1', 'kept_head'],
    ['a token', "UPDATE token SET hash = 'ab'", 'token'],
    ['a contract', 'UPDATE contract SET chain = 2', 'contract'],
    ['a refusal', 'UPDATE failed_transition SET id = 9', 'failed_transition'],
  ])('is not believed when somebody moved %s', (_, sql, table) => {
    const world = used()
    everything(world.store)
    world.store.close()
    edit(world.folder, (database) => database.prepare(sql).run())
    const store = open(world.folder)
    store.unlock(columnKey())
    const fault = faultOf(() => everything(store))
    expect([fault.code, fault.message]).toEqual(['CORRUPT', expect.stringContaining(`table ${table}, row`) as string])
    store.lock()
    for (const read of [
      () => store.chains.own(),
      () => store.chains.machines(),
      () => store.tokens.all(),
      () => store.ledgerRows.page(1, { limit: 1 }),
      () => store.keptHeads.all(1),
      () => store.contracts.ofChain(1),
    ])
      expect(faultOf(read).code).toBe('LOCKED')
    store.close()
  })
})

describe('a backup of the ledger', () => {
  it('carries machines whole and of peers what the restored profile is held against', () => {
    const world = used()
    const dump = JSON.parse(JSON.stringify(world.store.dump())) as ReturnType<Store['dump']>
    const expected = {
      own: world.ledger.own(),
      rows: world.ledger.chain(world.ledger.own().genesis),
      contract: world.ledger.contract(world.ledger.own().genesis, world.contract),
    }
    expect(dump.v).toBe(2)
    const folder = tempFolder()
    const store = open(folder)
    store.unlock(columnKey(9))
    store.load(dump)
    expect(faultOf(() => store.load(dump)).code).toBe('STATE')
    const work = createWork({ transaction: store.transaction, store: () => 1, publish: () => undefined })
    const keys = keysOf(1)
    const ports = testPorts()
    ports.now = world.ports.now + 40 * 24 * 3_600_000
    const ledger = createLedger({
      ports,
      store,
      work,
      self: { name: 'Zora Nightingale', signPub: keys.sign_pub, kxPub: keys.kx_pub, signPriv: keys.seed },
      next: null,
    })
    expect(ledger.own()).toMatchObject({ genesis: expected.own.genesis, status: 'recovering' })
    expect([ledger.chain(ledger.own().genesis), ledger.contract(ledger.own().genesis, world.contract)]).toEqual([expected.rows, { ...expected.contract }])
    const fleet = ledger.machine({ slug: hosted })!
    const note = { type: 'event', payload: { type: 'note', payload: 1 } } as const
    for (const genesis of [ledger.own().genesis, fleet.genesis]) expect(faultOf(() => ledger.append(genesis, note)).code).toBe('STATE')
    ledger.clearRecovering()
    ledger.clearRecovering(fleet.genesis)
    for (const genesis of [ledger.own().genesis, fleet.genesis]) {
      ledger.append(genesis, note)
      expect(ledger.verify(genesis).valid).toBe(true)
    }
    expect(ledger.tokens()).toEqual(world.ledger.tokens())
    expect(ledger.followed(told.b.genesis)).toMatchObject({ peerId: PEER, nextSeq: 0 })
    expect(ledger.keptHeads(told.b.genesis)).toEqual([told.b.head(told.b.rows[3]), told.b.head()])
    expect(ledger.offer(told.b.genesis, told.b.rows).kind).toBe('extended')
    world.store.close()
    store.close()
  })

  it('is read from older versions, which have none', () => {
    const world = used()
    const { ledger: _, ...rest } = world.store.dump()
    const store = open(tempFolder())
    store.unlock(columnKey())
    store.load({ ...rest, v: 1 })
    expect(store.chains.machines()).toEqual([])
    store.close()
    world.store.close()
  })
})
