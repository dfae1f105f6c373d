import type { Contract, TransitionRecord } from '../ledger/ledger-types.ts'
import type { StoredRow } from '../store/ledger-records.ts'
import type { HostedMachine } from './context.ts'
import { atLeast, type Role } from './route.ts'

// The documented answers: machines in snake_case, rows and contracts in camelCase, ids and ticks in rows as strings.

const iso = (unixMs: number): string => new Date(unixMs).toISOString()

/** `<parent_origin>` of `<parent_origin>:<slug>`. */
export const parentOf = (machine: HostedMachine): string => machine.originId.slice(0, machine.originId.lastIndexOf(':'))

/**
 * A machine. `owner_zid`, `region`, `updated_at` only for viewers and above, as documented. Ours: what an auditor needs to check
 * the chain without asking anyone (`origin_id`, `genesis`, keys, `next`) and who holds the keys.
 */
export const machineDto = (machine: HostedMachine, role: Role) => ({
  id: machine.id,
  slug: machine.slug,
  parent_origin: parentOf(machine),
  is_public: machine.isPublic,
  status: machine.status,
  genesis_zeqond: machine.header.genesis_zeqond,
  display_name: machine.displayName,
  purpose: machine.purpose,
  created_at: iso(machine.createdAt),
  origin_id: machine.originId,
  genesis: machine.genesis,
  sign_pub: machine.header.sign_pub,
  kx_pub: machine.header.kx_pub,
  next: machine.header.next,
  custody: machine.custody,
  ...(atLeast(role, 'viewer') ? { owner_zid: null, region: 'local', updated_at: iso(machine.updatedAt) } : {}),
})

/** A machine in the public registry; `sm_id` as in its stream. */
export const registryDto = (machine: HostedMachine) => ({ sm_id: machine.id, ...machineDto(machine, 'none') })

/**
 * A row: the documented fields, then ours, which make it checkable. `id`, `createdAt`, `zspEnvelope` are in no hash and are no facts.
 * `id` is the row's place in its chain, so it is also the cursor.
 */
export const rowDto = ({ row, createdAt }: StoredRow) => ({
  id: String(row.seq),
  originId: row.originId,
  zeqondNumber: row.zeqondNumber,
  stateHash: row.stateHash,
  prevHash: row.prevHash,
  transitionType: row.transitionType,
  transitionId: row.transitionId,
  proofDigest: row.proofDigest,
  zspEnvelope: null,
  createdAt: iso(createdAt),
  seq: row.seq,
  payloadHash: row.payloadHash,
  payload: row.payload,
  headSig: row.headSig,
})

export const contractDto = (contract: Contract, machine: HostedMachine) => ({
  id: contract.id,
  originId: machine.originId,
  name: contract.definition.name,
  version: contract.definition.version,
  definition: contract.definition,
  currentState: contract.currentState,
  createdBy: contract.createdBy,
  createdAt: iso(contract.createdAt),
  updatedAt: iso(contract.updatedAt),
})

export const transitionDto = (transition: TransitionRecord) => ({
  id: transition.id,
  contractId: transition.contractId,
  fromState: transition.fromState,
  toState: transition.toState,
  operator: transition.operator,
  input: transition.input,
  result: transition.result,
  proofDigest: transition.proofDigest,
  zspEnvelope: null,
  zeqondNumber: transition.zeqondNumber,
  success: transition.success,
  error: transition.error,
  triggeredBy: transition.triggeredBy,
  createdAt: iso(transition.createdAt),
})

/** A tick as the number that write answers and streams have. Exact up to 2^53, the year 223,000. */
export const tickNumber = (zeqond: string): number => Number(zeqond)
