import { fromHex } from '../crypto/bytes.ts'
import type { Json } from '../crypto/canonical-json.ts'
import { admitEd25519 } from '../crypto/ed25519.ts'
import { admitX25519 } from '../crypto/x25519.ts'
import { END_TYPES, End, moveOf, PROFILE, Step, verifyEnd, verifyStep } from '../m2m/statement.ts'
import { type CheckedChain, type CheckedRow, epochAt, type KeyEpoch } from './chain.ts'
import { type Definition, definitionHash, initialState, moveTo, readDefinition } from './contract.ts'
import { firstIssue } from './fields.ts'
import type { FindingCode } from './findings.ts'
import { HANDSHAKE_HASH } from './handshake-contract.ts'
import { ContractCreatedPayload, ContractPayload, ownEventOf } from './payload.ts'
import { statementHash } from './row.ts'

/** A step of the handshake on its owner's chain, signed and bound to it; what the other chain says of it is still open. */
export interface StepRow {
  readonly row: CheckedRow
  readonly step: Step
  /** What an ack of it must state (`ack_stmt_hash`). */
  readonly stmtHash: string
}

/** A seal, abort or close. */
export interface EndRow {
  readonly row: CheckedRow
  readonly end: End
}

export interface Replay {
  readonly steps: readonly StepRow[]
  readonly ends: readonly EndRow[]
  /** "host" when a row says that the host holds the keys. */
  readonly custody: 'own' | 'host'
}

export type NoteAt = (code: FindingCode, why: string, at: number, session?: string) => void

/** One contract while its rows are replayed. */
interface Instance {
  /** Null: its creation is withheld or no definition. */
  readonly definition: Definition | null
  readonly handshake: boolean
  /** Null: unknown. */
  state: string | null
  lastAt: number
  first: { readonly step: Step; readonly generation: number } | null
}

const readCreation = (row: CheckedRow, note: NoteAt): { id: string; instance: Instance } => {
  const { contract_id: id, definition } = ContractCreatedPayload.parse(row.row.payload)
  const handshake = definitionHash(definition) === HANDSHAKE_HASH
  if (!handshake && definition['name'] === 'm2m_handshake') note('DEFINITION_MISMATCH', 'this m2m_handshake is not the one of the profile', row.at)
  const read = readDefinition(definition)
  // What another machine may support and this one does not is no fault of the chain.
  const fault = read.ok ? undefined : read.errors.find((e) => e.code !== 'UNSUPPORTED' && e.code !== 'UNKNOWN_OPERATOR')
  if (fault !== undefined) note('FORMAT', `definition, ${fault.where}: ${fault.message}`, row.at)
  const state = read.ok ? initialState(read.definition) : null
  return { id, instance: { definition: read.ok ? read.definition : null, handshake, state, lastAt: row.at, first: null } }
}

/** The rules of one step that its own chain decides: signature, what it is bound to, role, keys. */
const checkStep = (chain: CheckedChain, row: CheckedRow, payload: ContractPayload, instance: Instance, step: Step, epoch: KeyEpoch, note: NoteAt): void => {
  const found = (code: FindingCode, why: string): void => note(code, why, row.at, step.session_nonce)
  if (!verifyStep(epoch.sign_pub, step)) found('STEP_SIG', 'the step is not signed by the key in force')
  const bound: readonly [string, boolean][] = [
    ['self_genesis', step.self_genesis === chain.state.genesis],
    ['self_pubkey', step.self_pubkey === epoch.sign_pub],
    ['self_kx_pub', !('self_kx_pub' in step) || step.self_kx_pub === epoch.kx_pub],
    ['contract_id', step.contract_id === payload.contract_id],
    ['definition_hash', step.definition_hash === HANDSHAKE_HASH],
    ['from', step.from === payload.from],
    ['to', step.to === payload.to],
    ['session_nonce', instance.first === null || instance.first.step.session_nonce === step.session_nonce],
  ]
  for (const [field, holds] of bound) if (!holds) found('STATEMENT_BINDING', `${field} does not fit the row, its contract or its chain`)
  const move = moveOf(step.role, step.kind)
  if (move === null || move.from !== step.from || move.to !== step.to)
    found('ROLE', `${step.kind} by the ${step.role} from ${step.from} to ${step.to} is no step of the handshake`)
  if (step.peer_genesis === chain.state.genesis || chain.state.epochs.some((e) => e.sign_pub === step.peer_pubkey))
    found('SELF', 'the party names itself as its peer')
  if (!admitEd25519(fromHex(step.peer_pubkey))) found('WEAK_KEY', 'peer_pubkey is not an acceptable Ed25519 key')
  if (step.kind === 'key' && !admitX25519(fromHex(step.ecdh_pub))) found('WEAK_KEY', 'ecdh_pub is not an acceptable X25519 key')
  const first = instance.first
  if (first === null) return
  if (first.step.role !== step.role) found('ROLE', 'the contract changes its role')
  if (first.step.peer_genesis !== step.peer_genesis || first.step.peer_pubkey !== step.peer_pubkey || first.step.peer_slug !== step.peer_slug) {
    found('PEER_MISMATCH', 'the contract changes its peer')
  }
  if (first.generation !== row.generation) found('ROTATION', 'the steps of a session are under one generation of keys')
}

/** Nonces that a chain may use once. */
const nonceBook = () => {
  const contracts = new Map<string, string>()
  const answers = new Set<string>()
  return (step: Step): boolean => {
    const known = contracts.get(step.session_nonce)
    contracts.set(step.session_nonce, known ?? step.contract_id)
    const reused = known !== undefined && known !== step.contract_id
    if (step.kind !== 'accept') return reused
    const repeated = answers.has(step.responder_nonce)
    answers.add(step.responder_nonce)
    return reused || repeated
  }
}

const claimsProfile = (input: { readonly [key: string]: Json }): boolean => input['v'] === PROFILE

/** Reads the end statement of an event row, or says what is wrong with it. */
const readEnd = (chain: CheckedChain, row: CheckedRow, type: string, input: Json, note: NoteAt): EndRow | null => {
  const parsed = End.safeParse(input)
  if (!parsed.success || `m2m.${parsed.data.kind}` !== type) {
    note('FORMAT', `statement, ${parsed.success ? 'kind: not that of the event' : firstIssue(parsed.error)}`, row.at)
    return null
  }
  const end = parsed.data
  if (!verifyEnd(epochAt(chain.state.epochs, row.at).sign_pub, end))
    note('END_SIG', `the ${end.kind} is not signed by the key in force`, row.at, end.session_nonce)
  if (end.self_genesis !== chain.state.genesis) note('STATEMENT_BINDING', 'self_genesis is not this chain', row.at, end.session_nonce)
  if (end.peer_genesis === chain.state.genesis) note('SELF', 'the party names itself as its peer', row.at, end.session_nonce)
  return { row, end }
}

/**
 * Replays every contract of a chain from its initial state (docs/ledger.md, "Audit") and returns the handshake statements on it. Rows whose
 * payload is not shown, or not the one that was signed, are passed over: what follows them is then not blamed for the gap.
 */
export const replay = (chain: CheckedChain, note: NoteAt): Replay => {
  const instances = new Map<string, Instance>()
  const steps: StepRow[] = []
  const ends: EndRow[] = []
  const reused = nonceBook()
  let custody: Replay['custody'] = 'own'
  let lastAt = -1
  let lastHidden = -1

  const contractRow = (row: CheckedRow): void => {
    const parsed = ContractPayload.safeParse(row.row.payload)
    if (!parsed.success) return
    const payload = parsed.data
    let instance = instances.get(payload.contract_id)
    if (instance === undefined) {
      if (lastHidden < 0) note('ILLEGAL_TRANSITION', 'there is no such contract on this chain', row.at)
      instance = { definition: null, handshake: claimsProfile(payload.input), state: null, lastAt: row.at, first: null }
      instances.set(payload.contract_id, instance)
    }
    const { definition } = instance
    const move = definition === null ? null : moveTo(definition, payload.from, payload.to)
    if (move !== null && (!move.ok || move.operator !== payload.operator))
      note('ILLEGAL_TRANSITION', `${payload.from} → ${payload.to} by ${payload.operator} is not in the definition`, row.at)
    else if (instance.state !== null && instance.state !== payload.from && lastHidden < instance.lastAt)
      note('ILLEGAL_TRANSITION', `from ${payload.from}, but the contract is in ${instance.state}`, row.at)
    instance.state = payload.to
    instance.lastAt = row.at

    if (!instance.handshake && !claimsProfile(payload.input)) return
    if (!instance.handshake) note('DEFINITION_MISMATCH', 'an m2m step in a contract that is not the handshake', row.at)
    if (!Object.hasOwn(payload.input, 'sig'))
      return note('UNSIGNED', 'the step is not signed by its party; whoever holds the API key could have written it', row.at)
    const step = Step.safeParse(payload.input)
    if (!step.success) return note('FORMAT', `statement, ${firstIssue(step.error)}`, row.at)
    checkStep(chain, row, payload, instance, step.data, epochAt(chain.state.epochs, row.at), note)
    if (reused(step.data)) note('NONCE_REUSE', 'a nonce is used for a second time on this chain', row.at, step.data.session_nonce)
    instance.first ??= { step: step.data, generation: row.generation }
    steps.push({ row, step: step.data, stmtHash: statementHash(payload.input) })
  }

  const eventRow = (row: CheckedRow): void => {
    const event = ownEventOf(row.row.transitionType, row.row.payload)
    if (event === null) return
    if (event.type === 'machine.custody') custody = 'host'
    else if (END_TYPES.has(event.type)) {
      const end = readEnd(chain, row, event.type, event.input, note)
      if (end !== null) ends.push(end)
    } else if (event.type.startsWith('m2m.') && event.type !== 'm2m.rotate' && event.type !== 'm2m.revoke')
      note('FORMAT', 'an m2m event of no known type', row.at)
  }

  for (const row of chain.rows) {
    if (row.at > lastAt + 1) lastHidden = row.at - 1
    lastAt = row.at
    if (!row.shown) {
      lastHidden = row.at
      continue
    }
    if (row.row.transitionType === 'contract_created' && ContractCreatedPayload.safeParse(row.row.payload).success) {
      const { id, instance } = readCreation(row, note)
      if (instances.has(id)) note('DUPLICATE_CONTRACT', 'a contract with this id exists already', row.at)
      else instances.set(id, instance)
    } else if (row.row.transitionType === 'contract') contractRow(row)
    else eventRow(row)
  }
  return { steps, ends, custody }
}
