import { AppFault } from '../fault.ts'
import type { ContractRecord, MachineRecord, Recovering, RecoveryReason } from '../store/ledger-records.ts'
import { type CheckedRow, epochAt } from './chain.ts'
import { initialState, readDefinition } from './contract.ts'
import type { Extending } from './extending.ts'
import { keysAfter } from './followed.ts'
import { Head, verifyHead } from './head.ts'
import type { LedgerDeps, Offered } from './ledger-types.ts'
import type { Machines } from './machines.ts'
import { ContractCreatedPayload, ContractPayload } from './payload.ts'
import type { Rotate } from './rotation.ts'
import { latest, unixOf } from './zeqond.ts'

/** An own chain of which others may hold more than this profile: nothing is appended before that is settled, since a fork cannot be undone. */
export const createRecovering = ({ ports, store, work }: LedgerDeps, machines: Machines, extending: Extending) => {
  const named = (genesis: string | undefined): MachineRecord => (genesis === undefined ? machines.own() : machines.find(genesis))

  const set = (record: MachineRecord, reason: RecoveryReason, head: Head | null): void => {
    const held = record.info.recovering
    // The highest head is what has to be reached; a reason is not weakened.
    const higher = held?.head !== undefined && held.head !== null && (head === null || held.head.seq >= head.seq) ? held.head : head
    machines.setRecovering(record, { reason: held?.reason === 'restored' ? 'restored' : reason, at: held?.at ?? ports.clock.now(), head: higher })
  }

  const needRecovering = (record: MachineRecord): void => {
    if (record.info.recovering === null) throw new AppFault('STATE', 'The machine is not recovering.')
  }

  /** Contracts are on the chain; the table beside it is filled from there. */
  const learnContracts = (record: MachineRecord, rows: readonly CheckedRow[]): void => {
    for (const { row } of rows) {
      const at = unixOf(row.zeqondNumber)
      if (row.transitionType === 'contract_created') {
        const { contract_id: id, definition } = ContractCreatedPayload.parse(row.payload)
        const read = readDefinition(definition)
        if (!read.ok || store.contracts.get(id) !== undefined) continue
        const contract: ContractRecord = {
          id,
          genesis: record.state.genesis,
          definition,
          currentState: initialState(read.definition),
          createdBy: record.info.header.slug,
          createdAt: at,
          updatedAt: at,
        }
        store.contracts.put(record.id, contract)
      } else if (row.transitionType === 'contract') {
        const { contract_id: id, to } = ContractPayload.parse(row.payload)
        const held = store.contracts.get(id)
        if (held !== undefined && held.genesis === record.state.genesis) store.contracts.put(record.id, { ...held, currentState: to, updatedAt: at })
      }
    }
  }

  return {
    recovering: (genesis?: string): Recovering | null => named(genesis).info.recovering,
    setRecovering: (reason: RecoveryReason, options: { readonly genesis?: string; readonly head?: Head } = {}): void =>
      work.run(() => set(named(options.genesis), reason, options.head ?? null)),
    clearRecovering: (genesis?: string): void =>
      work.run(() => {
        const record = named(genesis)
        if (!machines.hasSeed(record)) throw new AppFault('STATE', 'The machine’s key in force is not at hand.')
        machines.setRecovering(record, null)
      }),

    ownHead: (value: Head, rotations: readonly Rotate[] = []): 'known' | 'foreign' | 'unsigned' => {
      const parsed = Head.safeParse(value)
      if (!parsed.success) return 'unsigned'
      const head = parsed.data
      const record = machines.find(head.genesis)
      const { state } = record
      const held = store.ledgerRows.at(record.id, head.seq)?.row
      if (held !== undefined && held.stateHash === head.stateHash && held.zeqondNumber === head.zeqondNumber) return 'known'
      const keys = [...state.epochs, ...keysAfter(state, rotations)]
      // Anybody can claim a head; only our own key makes one.
      if (!keys.some((key) => verifyHead(key.sign_pub, head))) return 'unsigned'
      // In a hole of the chain nobody can tell any more.
      if (held === undefined && head.seq < state.nextSeq) return 'known'
      work.run(() => set(record, 'foreign_head', head))
      return 'foreign'
    },

    adoptRows: (rows: readonly unknown[], genesis?: string): Offered =>
      work.run(() => {
        const record = named(genesis)
        needRecovering(record)
        const { offered, revealed } = extending.offer(record, rows, false)
        learnContracts(record, revealed)
        return offered
      }),

    skipTo: (value: Head, genesis?: string): void =>
      work.run(() => {
        const record = named(genesis)
        needRecovering(record)
        const floor = Head.parse(value)
        const { state } = record
        if (floor.genesis !== state.genesis) throw new AppFault('FORMAT', 'The head is of another machine.')
        if (!verifyHead(epochAt(state.epochs, floor.seq).sign_pub, floor)) throw new AppFault('FORMAT', 'The head is not signed by the machine’s key in force.')
        if (floor.seq < state.nextSeq) {
          const held = store.ledgerRows.at(record.id, floor.seq)?.row
          if (held !== undefined && held.stateHash !== floor.stateHash)
            throw new AppFault('STATE', 'Two rows were signed for one place of this chain. It cannot go on; it can only be revoked.')
          return
        }
        machines.put(
          record,
          { gaps: [...record.info.gaps, [state.nextSeq, floor.seq]], updatedAt: ports.clock.now() },
          {
            ...state,
            nextSeq: floor.seq + 1,
            links: [floor.stateHash],
            zeqond: latest(state.zeqond, floor.zeqondNumber),
          },
        )
      }),
  }
}
