import type { Connection } from './connection.ts'
import { ContractRecord, FailedTransition } from './ledger-records.ts'
import { nextId } from './row-ids.ts'
import type { Sealing } from './sealing.ts'

/** Refused transitions kept for one contract. */
export const MAX_FAILURES = 100

/** `contract` and `failed_transition`. */
export interface Contracts {
  /** New, or in the place of the one with the same id. */
  put(chain: number, contract: ContractRecord): void
  get(contractId: string): ContractRecord | undefined
  /** Oldest first. */
  ofChain(chain: number): ContractRecord[]
  addFailure(failure: FailedTransition): number
  /** Newest first. */
  failures(contractId: string, limit: number): (FailedTransition & { readonly id: number })[]
}

const columns = 'id, chain, contract_id, sealed'

export const createContracts = (db: Connection, sealing: Sealing): Contracts => {
  const read = (raw: unknown): ContractRecord => {
    const row = raw as { id: number; chain: number; contract_id: string; sealed: unknown }
    return sealing.open('contract.sealed', [row.chain, row.id, row.contract_id], row.sealed, ContractRecord)
  }
  const key = (contractId: string): string => sealing.blind('contract', contractId)
  return {
    put: (chain, value) =>
      db.transaction(() => {
        const contract = ContractRecord.parse(value)
        const blind = key(contract.id)
        const held = db.get('SELECT id FROM contract WHERE contract_id = ?', blind) as { id: number } | undefined
        const id = held?.id ?? nextId(db, 'contract')
        db.run(
          'INSERT INTO contract (id, chain, contract_id, sealed) VALUES (?, ?, ?, ?) ON CONFLICT (contract_id) DO UPDATE SET sealed = excluded.sealed',
          id,
          chain,
          blind,
          sealing.seal('contract.sealed', [chain, id, blind], contract),
        )
      }),
    get: (contractId) => {
      const raw = db.get(`SELECT ${columns} FROM contract WHERE contract_id = ?`, key(contractId))
      return raw === undefined ? undefined : read(raw)
    },
    ofChain: (chain) => {
      sealing.mustBeUnlocked()
      return db.all(`SELECT ${columns} FROM contract WHERE chain = ? ORDER BY id`, chain).map(read)
    },
    addFailure: (value) =>
      db.transaction(() => {
        const failure = FailedTransition.parse(value)
        const blind = key(failure.contractId)
        const id = nextId(db, 'failed_transition')
        db.run(
          'INSERT INTO failed_transition (id, contract_id, sealed) VALUES (?, ?, ?)',
          id,
          blind,
          sealing.seal('failed_transition.sealed', [id, blind], failure),
        )
        db.run(
          'DELETE FROM failed_transition WHERE contract_id = ? AND id <= (SELECT id FROM failed_transition WHERE contract_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)',
          blind,
          blind,
          MAX_FAILURES,
        )
        return id
      }),
    failures: (contractId, limit) =>
      db.all('SELECT id, contract_id, sealed FROM failed_transition WHERE contract_id = ? ORDER BY id DESC LIMIT ?', key(contractId), limit).map((raw) => {
        const row = raw as { id: number; contract_id: string; sealed: unknown }
        return { id: row.id, ...sealing.open('failed_transition.sealed', [row.id, row.contract_id], row.sealed, FailedTransition) }
      }),
  }
}
