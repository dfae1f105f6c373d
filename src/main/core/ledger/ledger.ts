import { toHex } from '../crypto/bytes.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { AppFault } from '../fault.ts'
import type { StoredRow } from '../store/ledger-records.ts'
import { type CheckedRow, epochAt } from './chain.ts'
import { createExport } from './export.ts'
import { createExtending } from './extending.ts'
import { createFollowed, peerHeadOf } from './followed.ts'
import type { Ledger, LedgerDeps, Machine, NewKeys } from './ledger-types.ts'
import { createMachines, machineOf } from './machines.ts'
import { createReading } from './reading.ts'
import { createRecovering } from './recovering.ts'
import { mintToken, TallyToken, verifyToken, verifyTokenOnChain } from './tally.ts'
import { createWriting } from './writing.ts'

export type { Ledger, Machine, Offered } from './ledger-types.ts'

/**
 * The ledger over an unlocked store. Makes the own machine at the first time; verifies the end of every own and hosted chain and marks a machine
 * recovering when that does not hold.
 * @throws the faults of the store.
 */
export const createLedger = (deps: LedgerDeps): Ledger => {
  const { ports, store, work } = deps
  const listeners = new Set<(machine: Machine, row: StoredRow) => void>()
  const announce = (machine: Machine, row: StoredRow): void => {
    deps.onRow?.(machine, row)
    for (const listener of listeners) listener(machine, row)
  }

  const reading = createReading(deps)
  const machines = createMachines(deps)
  const writing = createWriting(deps, machines, announce)
  const extending = createExtending(deps, reading)
  const recovering = createRecovering(deps, machines, extending)
  const exporting = createExport(deps, reading, machines)

  /** Heads that a peer's rows record: of our own chains, which would show that this profile is an old copy, and of others that we follow. */
  const witnessed = (rows: readonly CheckedRow[]): void => {
    for (const row of rows) {
      const head = peerHeadOf(row)
      const chain = head === null ? undefined : store.chains.get(head.genesis)
      if (head === null || chain === undefined) continue
      if (chain.kind === 'followed') followed.keepHead(head)
      else recovering.ownHead(head)
    }
  }
  const followed = createFollowed(deps, reading, extending, witnessed)

  const soundTail = (genesis: string): boolean => {
    try {
      const report = reading.verifyTail(reading.find(genesis))
      if (!report.valid) ports.log.error('the end of an own chain does not verify', { seq: report.broken_seq, reason: report.reason })
      return report.valid
    } catch (error) {
      if (!(error instanceof AppFault) || error.code !== 'CORRUPT') throw error
      ports.log.error('the end of an own chain cannot be read', { code: error.code })
      return false
    }
  }

  work.run(() => {
    const own = machines.ensureOwn()
    for (const record of store.chains.machines()) {
      if (record.info.recovering !== null) {
        // The rotation's other half, the identity file, has been written since.
        if (record.info.recovering.reason === 'keys' && machines.hasSeed(record)) machines.setRecovering(record, null)
        continue
      }
      const reason = record.id === own.id && !machines.hasSeed(record) ? 'keys' : soundTail(record.state.genesis) ? null : 'damaged'
      if (reason !== null) machines.setRecovering(record, { reason, at: ports.clock.now(), head: null })
    }
    machines.noteClock()
  })

  const rowsAt = (genesis: string, seqs: readonly number[]) => {
    const chain = reading.find(genesis)
    return seqs.flatMap((seq) => store.ledgerRows.at(chain.id, seq)?.row ?? [])
  }

  const onChain = (value: unknown) => {
    const parsed = TallyToken.safeParse(value)
    const chain = parsed.success ? store.chains.get(parsed.data.genesis) : undefined
    if (!parsed.success || chain === undefined) return verifyToken(value)
    const held = store.ledgerRows.at(chain.id, parsed.data.seq)?.row
    return held === undefined ? verifyToken(value) : verifyTokenOnChain(value, reading.checkedChain(chain, [held]))
  }

  return {
    ...followed,
    ...recovering,
    ...exporting,
    own: () => machineOf(machines.own()),
    machine: (ref) => {
      const record = 'slug' in ref ? store.chains.bySlug(ref.slug) : store.chains.get(ref.genesis)
      return record === undefined || record.kind === 'followed' ? undefined : machineOf(record)
    },
    machines: () => store.chains.machines().map(machineOf),
    create: (input) =>
      work.run(() => {
        const { genesis } = machines.create(input).state
        writing.custody(genesis)
        return machineOf(machines.find(genesis))
      }),
    update: (genesis, change) => work.run(() => machineOf(machines.update(genesis, change))),
    keyInForce: (genesis) => {
      const { state } = reading.find(genesis)
      const { sign_pub, kx_pub, next, generation } = epochAt(state.epochs, state.nextSeq)
      return { signPub: sign_pub, kxPub: kx_pub, next, generation }
    },
    rotations: (genesis) => reading.rotationsOf(reading.find(genesis)),

    append: writing.append,
    createContract: writing.createContract,
    transition: writing.transition,
    contract: writing.contract,
    contracts: writing.contracts,
    transitions: writing.transitions,

    head: (genesis) => reading.headOfChain(reading.find(genesis)),
    state: (genesis) => reading.find(genesis).state,
    row: (genesis, seq) => store.ledgerRows.at(reading.find(genesis).id, seq)?.row,
    rowByHash: (genesis, stateHash) => store.ledgerRows.byHash(reading.find(genesis).id, stateHash)?.row,
    rows: (genesis, query) => store.ledgerRows.page(reading.find(genesis).id, query).map(({ row }) => row),
    stored: (genesis, query) => store.ledgerRows.page(reading.find(genesis).id, query),
    count: (genesis, query) => {
      const chain = reading.find(genesis)
      return query === undefined ? reading.rowCount(chain) : store.ledgerRows.count(chain.id, query)
    },
    followedRows: store.ledgerRows.followed,
    sessionRows: (genesis, nonce) => store.ledgerRows.session(reading.find(genesis).id, nonce).map(({ row }) => row),
    checked: (genesis, nonce = null, seqs = []) => {
      const chain = reading.find(genesis)
      const rows = nonce === null ? [] : store.ledgerRows.session(chain.id, nonce).map(({ row }) => row)
      return reading.checkedChain(chain, [...rows, ...rowsAt(genesis, seqs)])
    },
    chain: (genesis) => reading.wholeChain(reading.find(genesis)),
    verify: reading.verify,
    verifying: reading.verifying,
    on: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    mint: (genesis, row) =>
      work.run(() => {
        const record = machines.find(genesis)
        if (store.ledgerRows.byHash(record.id, row.stateHash) === undefined) throw new AppFault('STATE', 'A token is minted for a row of the own chain.')
        const held = store.tokens.ofRow(row.stateHash)
        if (held !== undefined) return held
        const { generation, sign_pub } = epochAt(record.state.epochs, row.seq)
        if (generation !== record.state.epochs.at(-1)?.generation) throw new AppFault('STATE', 'The key that signed this row is no longer at hand.')
        const token = machines.withSeed(record, (seed) => mintToken(row, sign_pub, seed))
        store.tokens.add(token)
        return token
      }),
    keepToken: (token) =>
      work.run(() => {
        const verdict = onChain(token)
        if (verdict.ok && verdict.level === 'row') store.tokens.add(TallyToken.parse(token))
        return verdict
      }),
    token: store.tokens.get,
    tokenOfRow: store.tokens.ofRow,
    tokens: store.tokens.all,
    verifyToken: onChain,

    clockDoubt: machines.clockDoubt,
    confirmClock: machines.confirmClock,
    rotate: (keys: NewKeys) =>
      work.run(() => {
        const { genesis } = machines.own().state
        const signPub = toHex(keys.sign.use(ed25519PublicKey))
        const row = writing.rotate(genesis, keys, signPub)
        machines.learnSeed(signPub, keys.sign)
        return row
      }),
    revoke: (reason) => work.run(() => writing.revoke(machines.own(), reason)),
  }
}
