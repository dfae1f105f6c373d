import { afterAll, describe, expect, it, vi } from 'vitest'
import type { Zeqond } from '../brand.ts'
import { AppFault } from '../fault.ts'
import { faultOf, removeTempFolders } from '../store/testing.fixture.ts'
import { audit } from './audit.ts'
import { extendChain, verifyChain } from './chain.ts'
import { HANDSHAKE } from './handshake-contract.ts'
import { keysOf, ledgerWorld } from './ledger.fixture.ts'
import { Party } from './story.fixture.ts'
import { plusTicks } from './zeqond.ts'

afterAll(removeTempFolders)

const note = (text: string) => ({ type: 'event', payload: { type: 'note', payload: { text } } }) as const

describe('the own machine', () => {
  it('is made once, public, under the name of the profile', () => {
    const world = ledgerWorld('Zoë Ünal 3')
    const own = world.ledger.own()
    expect(own).toMatchObject({ slug: 'zoe-unal-3', originId: 'countersign:zoe-unal-3', custody: 'own', isPublic: true, status: 'active' })
    expect(own.header.sign_pub).toBe(keysOf(1).sign_pub)
    const later = world.again()
    expect(later.ledger.own()).toEqual(own)
    expect(later.ledger.machines()).toHaveLength(1)
    later.store.close()
  })

  it.each([
    ['日本', /^id-[0-9a-f]{8}$/],
    ['--', /^id-[0-9a-f]{8}$/],
    [`${'a'.repeat(63)} b`, /^a{63}$/],
  ])('gets a slug for %s', (name, slug) => {
    const world = ledgerWorld(name)
    expect(world.ledger.own().slug).toMatch(slug)
    world.store.close()
  })
})

describe('append', () => {
  it('makes rows that any verifier accepts, and tells of them after the commit', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    const heard: number[] = []
    world.ledger.on((_, { row }) => heard.push(row.seq))
    world.work.run(() => {
      world.ledger.append(genesis, note('one'))
      expect(heard).toEqual([])
    })
    world.ledger.append(genesis, { type: 'file', payload: { file_hash: 'ab'.repeat(32), name: 'x' } })
    expect(heard).toEqual([0, 1])
    const { findings } = verifyChain(world.ledger.chain(genesis))
    expect(findings).toEqual([])
    expect(world.ledger.verify(genesis)).toMatchObject({ valid: true, count: 2, head: world.ledger.head(genesis) })
    expect(world.ledger.rowByHash(genesis, world.ledger.row(genesis, 1)!.stateHash)?.seq).toBe(1)
    world.store.close()
  })

  it('leaves nothing behind when the caller’s transaction fails', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    world.ledger.append(genesis, note('stays'))
    const before = [world.ledger.state(genesis), world.ledger.head(genesis)]
    const heard: number[] = []
    world.ledger.on((_, { row }) => heard.push(row.seq))
    const { contract } = world.ledger.createContract(genesis, HANDSHAKE, 'test')
    const undone = [world.ledger.state(genesis), world.ledger.head(genesis)]
    expect(() =>
      world.work.run(() => {
        world.ledger.append(genesis, note('gone'))
        world.ledger.transition(genesis, contract.id, { to: 'accepted_pending' })
        world.ledger.create({ slug: 'gone' })
        throw new Error('killed')
      }),
    ).toThrow('killed')
    expect([world.ledger.state(genesis), world.ledger.head(genesis)]).toEqual(undone)
    expect(undone).not.toEqual(before)
    expect([world.ledger.contract(genesis, contract.id)?.currentState, world.ledger.machine({ slug: 'gone' }), heard]).toEqual(['proposed', undefined, [1]])
    // The chain goes on without a second row for a seq that was signed and lost.
    expect(world.ledger.append(genesis, note('next')).seq).toBe(2)
    expect(world.ledger.verify(genesis).valid).toBe(true)
    world.store.close()
  })

  it('stamps max(clock, own last row, acked rows), and refuses an ack from the future', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    const now = world.ledger.append(genesis, note('one')).zeqondNumber
    const ahead = plusTicks(now, 77n)
    expect(world.ledger.append(genesis, { ...note('two'), acked: [ahead] }).zeqondNumber).toBe(ahead)
    expect(world.ledger.append(genesis, note('three')).zeqondNumber).toBe(ahead)
    expect(faultOf(() => world.ledger.append(genesis, { ...note('four'), acked: [plusTicks(now, 78n)] })).code).toBe('STATE')
    expect(world.ledger.append(genesis, { type: 'event', payload: (stamp: Zeqond) => ({ type: 'note', payload: { stamp } }) }).payload).toMatchObject({
      payload: { stamp: ahead },
    })
    world.store.close()
  })

  it.each<[string, unknown]>([
    ['a payload of another type', { type: 'state', payload: { file_hash: 'ab'.repeat(32) } }],
    ['a float', { type: 'event', payload: { type: 'note', payload: 0.5 } }],
    ['a lone surrogate', { type: 'event', payload: { type: 'note', payload: '\ud800' } }],
    ['too much', { type: 'event', payload: { type: 'note', payload: 'x'.repeat(140_000) } }],
  ])('refuses %s and writes nothing', (_, draft) => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    expect(faultOf(() => world.ledger.append(genesis, draft as never)).code).toBe('BAD_ARGUMENT')
    expect(world.ledger.head(genesis)).toBeNull()
    world.store.close()
  })

  it('salts what could be guessed on a private machine, and nothing on a public one', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.create({ slug: 'quiet' })
    expect(world.ledger.append(genesis, note('x')).payload).toMatchObject({ salt: expect.stringMatching(/^[0-9a-f]{32}$/) as string })
    expect(world.ledger.append(world.ledger.own().genesis, note('x')).payload).not.toHaveProperty('salt')
    expect(verifyChain(world.ledger.chain(genesis)).findings).toEqual([])
    world.store.close()
  })

  it('asks about the clock before it goes on', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    const tick = world.ledger.append(genesis, note('one')).zeqondNumber
    world.ports.now -= 78 * 777
    expect([world.ledger.clockDoubt()?.kind, faultOf(() => world.ledger.append(genesis, note('two'))).code]).toEqual(['behind', 'STATE'])
    world.ledger.confirmClock()
    expect([world.ledger.append(genesis, note('two')).zeqondNumber, world.ledger.clockDoubt()]).toEqual([tick, null])
    world.ports.now += 31 * 24 * 3_600_000
    const later = world.again()
    expect([later.ledger.clockDoubt()?.kind, faultOf(() => later.ledger.append(genesis, note('three'))).code]).toEqual(['jump', 'STATE'])
    later.ledger.confirmClock()
    expect(later.ledger.append(genesis, note('three')).seq).toBe(2)
    later.store.close()
  })
})

describe('hosted machines', () => {
  it('say in their first row who holds the keys, and go on after a restart', () => {
    const world = ledgerWorld()
    const made = world.ledger.create({ isPublic: true, displayName: 'Fleet' })
    expect([made.slug, world.ledger.create({}).slug, made.header.next]).toEqual(['alice-2', 'alice-3', null])
    expect(faultOf(() => world.ledger.create({ slug: 'alice' })).code).toBe('EXISTS')
    expect(faultOf(() => world.ledger.create({ slug: 'No Good' })).code).toBe('BAD_ARGUMENT')
    expect(world.ledger.row(made.genesis, 0)?.payload).toEqual({ type: 'machine.custody', input: { custody: 'host' } })
    const later = world.again()
    expect(later.ledger.append(made.genesis, note('x')).seq).toBe(1)
    expect(audit({ a: later.ledger.chain(made.genesis), b: null }).report.findings).toEqual([])
    expect(later.ledger.update(made.genesis, { displayName: null, isPublic: false })).toMatchObject({ displayName: null, isPublic: false, slug: 'alice-2' })
    later.store.close()
  })
})

describe('contracts', () => {
  it('move by compare-and-set, and keep refused attempts off the chain', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    const { contract, row } = world.ledger.createContract(genesis, HANDSHAKE, 'alice')
    expect([row.transitionType, contract.currentState]).toEqual(['contract_created', 'proposed'])
    const step = world.ledger.transition(genesis, contract.id, { to: 'accepted_pending', input: { peer: 'bob' }, triggeredBy: 'key-1' })
    expect([step.previous, step.contract.currentState, step.ko42.operator, step.row.proofDigest?.length]).toEqual(['proposed', 'accepted_pending', 'KO42', 64])
    const faults = [
      faultOf(() => world.ledger.transition(genesis, contract.id, { to: 'active' })),
      faultOf(() => world.ledger.transition(genesis, contract.id, { to: 'keyed', expected: 'proposed' })),
      faultOf(() => world.ledger.transition(genesis, contract.id, { to: 'keyed', input: { text: 'x'.repeat(16_384) } })),
      faultOf(() => world.ledger.transition(genesis, '00000000-0000-4000-8000-000000000000', { to: 'keyed' })),
    ]
    expect(faults.map((fault) => [fault.code, fault.message])).toEqual([
      ['STATE', 'No transition: accepted_pending → active'],
      ['STALE', 'conflict'],
      ['BAD_ARGUMENT', 'payload_too_large'],
      ['NOT_FOUND', 'contract_not_found'],
    ])
    expect(world.ledger.transitions(genesis, contract.id, 20).map((t) => [t.success, t.toState, t.triggeredBy])).toEqual(
      expect.arrayContaining([
        [true, 'accepted_pending', 'key-1'],
        [false, 'active', null],
        [false, 'keyed', null],
      ]) as unknown,
    )
    expect(world.ledger.count(genesis)).toBe(2)
    expect(world.ledger.contracts(genesis)).toEqual([world.ledger.contract(genesis, contract.id)])
    const bad = faultOf(() => world.ledger.createContract(genesis, { ...HANDSHAKE, states: {} }, 'alice'))
    expect([bad.code, bad.message]).toEqual(['BAD_ARGUMENT', 'states: no state is marked initial'])
    world.store.close()
  })
})

describe('verify', () => {
  it('finds the row that was changed, in every window that has it', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    const rows = Array.from({ length: 12 }, (_, i) => {
      world.ports.now += 777
      return world.ledger.append(genesis, note(String(i)))
    })
    const at = (i: number) => ({ from: rows[i]!.zeqondNumber })
    expect([world.ledger.verify(genesis, at(5)).count, world.ledger.verify(genesis, { ...at(5), to: rows[7]!.zeqondNumber }).count]).toEqual([7, 3])
    expect(world.ledger.verify(genesis, { from: plusTicks(rows[11]!.zeqondNumber, 1n) })).toMatchObject({ valid: true, count: 0 })
    // A row signed by the owner that does not follow: only somebody with the column key can write it.
    const chain = world.store.chains.own()!
    const forged = { ...rows[6]!, prevHash: 'ab'.repeat(32) }
    world.store.ledgerRows.show(chain.id, forged)
    expect(world.ledger.verify(genesis)).toMatchObject({
      valid: false,
      broken_seq: 6,
      broken_at: rows[6]!.zeqondNumber,
      reason: expect.stringMatching(/^LINK/) as string,
    })
    expect(world.ledger.verify(genesis, at(6)).valid).toBe(false)
    expect(world.ledger.verify(genesis, at(8)).valid).toBe(true)
    const later = world.again()
    expect([later.ledger.own().status, later.ledger.recovering()?.reason]).toEqual(['recovering', 'damaged'])
    expect(faultOf(() => later.ledger.append(genesis, note('more')))).toMatchObject({
      code: 'STATE',
      message: expect.stringContaining('does not verify') as string,
    })
    later.store.close()
  })

  it('takes a thousand rows, in pages', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    world.work.run(() => {
      for (let i = 0; i < 1000; i += 1) world.ledger.append(genesis, note(String(i)))
    })
    const steps = world.ledger.verifying(genesis)
    const first = steps.next().value
    // What is written while it goes on is not of this report.
    world.ledger.append(genesis, note('between'))
    expect([first, steps.next().value, steps.next()]).toEqual([
      500,
      1000,
      { done: true, value: expect.objectContaining({ valid: true, count: 1000 }) as unknown },
    ])
    expect(world.ledger.rows(genesis, { afterSeq: 990, toSeq: 999, limit: 1000 }).map((row) => row.seq)).toEqual([991, 992, 993, 994, 995, 996, 997, 998, 999])
    expect(world.ledger.rows(genesis, { limit: 2, newestFirst: true }).map((row) => row.seq)).toEqual([1000, 999])
    expect(verifyChain(world.ledger.chain(genesis)).findings).toEqual([])
    world.store.close()
  })
})

describe('a write that fails', () => {
  it('at any place leaves the step undone, and the next try does it whole', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    const step = (fail: number) => {
      let writes = 0
      const spoil = [
        [world.store.chains, 'put'],
        [world.store.chains, 'putState'],
        [world.store.chains, 'add'],
        [world.store.ledgerRows, 'add'],
        [world.store.contracts, 'put'],
      ] as const
      const spies = spoil.map(([table, name]) => {
        const real = (table as unknown as Record<string, (...values: unknown[]) => unknown>)[name]!
        return vi.spyOn(table as unknown as Record<string, (...values: unknown[]) => unknown>, name).mockImplementation((...values) => {
          writes += 1
          if (writes === fail) throw new AppFault('DISK_FULL', 'full')
          return real(...values)
        })
      })
      try {
        world.work.run(() => {
          const { contract } = world.ledger.createContract(genesis, HANDSHAKE, 'x')
          world.ledger.transition(genesis, contract.id, { to: 'accepted_pending' })
          world.ledger.append(world.ledger.create({}).genesis, note('x'))
        })
        return writes
      } finally {
        for (const spy of spies) spy.mockRestore()
      }
    }
    const present = () => JSON.stringify([world.ledger.machines(), world.ledger.state(genesis), world.ledger.contracts(genesis), world.ledger.count(genesis)])
    const held = present()
    const heard: number[] = []
    world.ledger.on((_, { id }) => heard.push(id))
    let fail = 1
    for (; fail < 50; fail += 1) {
      try {
        expect(step(fail)).toBeLessThan(fail)
        break
      } catch (error) {
        if (!(error instanceof AppFault)) throw error
        expect([fail, present() === held, heard]).toEqual([fail, true, []])
      }
    }
    expect(fail).toBeGreaterThan(8)
    expect([world.ledger.count(genesis), heard.length]).toEqual([2, 4])
    for (const machine of world.ledger.machines()) expect(world.ledger.verify(machine.genesis).valid).toBe(true)
    world.store.close()
  })
})

describe('keys', () => {
  it('rotate to the ones committed to, and only those', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    const next = keysOf(101)
    world.ledger.append(genesis, note('old key'))
    const wrong = keysOf(55)
    const ask = (keys: ReturnType<typeof keysOf>) =>
      world.ledger.rotate({ generation: 1, sign: keys.seed, kxPub: keys.kx_pub as never, next: null, reason: 'planned' })
    expect(faultOf(() => ask(wrong)).code).toBe('STATE')
    ask(next)
    world.ledger.append(genesis, note('new key'))
    expect(world.ledger.keyInForce(genesis)).toMatchObject({ signPub: next.sign_pub, generation: 1 })
    expect(world.ledger.rotations(genesis).map((r) => r.n)).toEqual([1])
    expect(verifyChain(world.ledger.chain(genesis)).findings).toEqual([])
    // The identity file still has the old key: the process ended before it was written.
    const later = world.again()
    expect(later.ledger.recovering()?.reason).toBe('keys')
    expect(faultOf(() => later.ledger.clearRecovering()).code).toBe('STATE')
    later.store.close()
  })

  it('revoke for good', () => {
    const world = ledgerWorld()
    world.ledger.revoke('retired')
    expect(faultOf(() => world.ledger.append(world.ledger.own().genesis, note('x'))).code).toBe('STATE')
    world.store.close()
  })
})

describe('recovering', () => {
  it('begins when a head signed by the own key is not on the chain, and not for what anybody can make up', () => {
    const world = ledgerWorld()
    const { genesis } = world.ledger.own()
    const header = world.ledger.own().header
    for (const text of ['a', 'b', 'c']) world.ledger.append(genesis, note(text))
    const head = world.ledger.head(genesis)!
    expect([world.ledger.ownHead(head), world.ledger.ownHead({ ...head, seq: 9 }), world.ledger.ownHead({ ...head, sig: '00'.repeat(64) })]).toEqual([
      'known',
      'unsigned',
      'known',
    ])
    expect(world.ledger.recovering()).toBeNull()
    const copy = elsewhere(header, world.ledger.rows(genesis, { limit: 10 }))
    expect(world.ledger.ownHead(copy.head())).toBe('foreign')
    expect(faultOf(() => world.ledger.append(genesis, note('d')))).toMatchObject({ code: 'STATE', message: expect.stringContaining('old copy') as string })
    expect(world.ledger.recovering()).toMatchObject({ reason: 'foreign_head', head: copy.head() })
    world.store.close()
  })

  it('takes missing rows back, with their contracts, and goes on behind them', () => {
    const first = ledgerWorld()
    const { genesis } = first.ledger.own()
    const { contract } = first.ledger.createContract(genesis, HANDSHAKE, 'alice')
    first.ledger.transition(genesis, contract.id, { to: 'accepted_pending' })
    first.ledger.transition(genesis, contract.id, { to: 'keyed' })
    const rows = first.ledger.rows(genesis, { limit: 10 })
    const floor = first.ledger.head(genesis)!
    first.store.close()

    const second = ledgerWorld('Alice', 1, undefined, first.ports)
    second.ports.now += 7770
    // Same header, since the clock stood at the same tick when it was made: an old copy without any rows.
    expect(second.ledger.own().genesis).toBe(genesis)
    expect(faultOf(() => second.ledger.adoptRows(rows)).code).toBe('STATE')
    expect(second.ledger.ownHead(floor)).toBe('foreign')
    expect(second.ledger.adoptRows([rows[2], rows[1]])).toMatchObject({ kind: 'gap', from: 0 })
    expect(second.ledger.adoptRows(rows)).toMatchObject({ kind: 'extended' })
    expect(second.ledger.ownHead(floor)).toBe('known')
    second.ledger.clearRecovering()
    expect(second.ledger.transition(genesis, contract.id, { to: 'active' }).row.seq).toBe(3)
    expect(second.ledger.verify(genesis).valid).toBe(true)
    second.store.close()
  })

  it('skips to the floor when the rows are lost: a gap, not a fork', () => {
    const first = ledgerWorld()
    const { genesis } = first.ledger.own()
    for (const text of ['a', 'b', 'c']) first.ledger.append(genesis, note(text))
    const lost = first.ledger.rows(genesis, { limit: 10 })
    const floor = first.ledger.head(genesis)!
    first.store.close()
    const second = ledgerWorld('Alice', 1, undefined, first.ports)
    second.ledger.setRecovering('restored')
    second.ledger.adoptRows(lost.slice(0, 1))
    expect(faultOf(() => second.ledger.skipTo({ ...floor, seq: 5 })).code).toBe('FORMAT')
    second.ledger.skipTo(floor)
    expect(second.ledger.verify(genesis)).toMatchObject({ valid: true, missing: [[1, 2]] })
    second.ledger.clearRecovering()
    const row = second.ledger.append(genesis, note('d'))
    expect([row.seq, row.prevHash]).toEqual([3, floor.stateHash])
    expect(second.ledger.verify(genesis)).toMatchObject({ valid: true, missing: [[1, 2]], count: 2 })
    expect(verifyChain(second.ledger.chain(genesis)).findings.map((f) => [f.code, f.why])).toEqual([['SEQ', 'rows 1 to 2 are missing']])
    // Behind every row that was ever shown: the two histories are one.
    const whole = [...lost, row].reduce(
      (state, r) => extendChain(state, r).state,
      verifyChain({ header: second.ledger.own().header, rows: [], head: null }).chain!.state,
    )
    expect(whole.nextSeq).toBe(4)
    const later = second.again()
    expect([later.ledger.own().status, later.ledger.append(genesis, note('e')).seq]).toEqual(['active', 4])
    later.store.close()
  })
})

/** The same machine on another computer, which has written one row more. */
const elsewhere = (header: Party['header'], rows: Party['rows']): Party => {
  const twin = Object.assign(new Party(header.slug, 1, header.genesis_zeqond), { header })
  twin.rows = [...rows]
  const last = rows.at(-1)!
  twin.state = { ...verifyChain({ header, rows, head: null }).chain!.state, zeqond: last.zeqondNumber }
  twin.append('event', { type: 'note', payload: 'elsewhere' })
  return twin
}

it('faults are AppFaults', () => {
  const world = ledgerWorld()
  expect(() => world.ledger.append('00'.repeat(32), note('x'))).toThrow(AppFault)
  expect(faultOf(() => world.ledger.head('00'.repeat(32))).code).toBe('NOT_FOUND')
  world.store.close()
})
