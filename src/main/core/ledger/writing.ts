import type { Genesis, Zeqond } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import { canonicalBytes, type Json } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import { uuidOf } from '../identity/identity.ts'
import type { ContractRecord, MachineRecord, RowExtra, StoredRow } from '../store/ledger-records.ts'
import { appendRow, stampFor } from './append.ts'
import { type Definition, definitionHash, initialState, moveTo, readDefinition } from './contract.ts'
import { isObject, Uuid } from './fields.ts'
import { ko42 } from './ko42.ts'
import type { AppendDraft, Contract, LedgerDeps, Machine, NewKeys, TransitionRecord, TransitionRequest } from './ledger-types.ts'
import { type Machines, machineOf } from './machines.ts'
import { ContractPayload, payloadFault, type TransitionType } from './payload.ts'
import { signKeyStatement } from './rotation.ts'
import type { Row } from './row.ts'

const MAX_INPUT_BYTES = 16_384
const MAX_INPUT_DEPTH = 8
const MAX_PAYLOAD_BYTES = 131_072
const SALTED: readonly TransitionType[] = ['event', 'state', 'file', 'connection']

const depthOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Object.values(value).reduce<number>((most, item) => Math.max(most, depthOf(item)), 0)
}

/** Bytes of the canonical form. @throws AppFault BAD_ARGUMENT for what has none. */
const sizeOf = (value: Json): number => {
  try {
    return canonicalBytes(value).length
  } catch (error) {
    if (error instanceof FormatError) throw new AppFault('BAD_ARGUMENT', `This cannot be written to a chain: ${error.message}.`)
    throw error
  }
}

export const contractOf = (record: ContractRecord): Contract => ({
  ...record,
  definition: record.definition as unknown as Definition,
  definitionHash: definitionHash(record.definition),
})

/** Appending to own and hosted machines. */
export const createWriting = (deps: LedgerDeps, machines: Machines, announce: (machine: Machine, row: StoredRow) => void) => {
  const { ports, store, work } = deps
  const uuid = (): string => uuidOf(ports.random.bytes(16))

  interface Writing {
    readonly type: TransitionType
    readonly payload: (stamp: Zeqond) => Json
    readonly acked?: readonly Zeqond[] | undefined
    readonly extra?: RowExtra
    /** For a rotation: the new keys' seed, which signs its own row. */
    readonly seed?: SecretBytes
  }

  const salted = (record: MachineRecord, type: TransitionType, payload: Json): Json =>
    record.info.isPublic || !SALTED.includes(type) || !isObject(payload) || Object.hasOwn(payload, 'salt')
      ? payload
      : ({ ...payload, salt: toHex(ports.random.bytes(16)) } as Json)

  /** The one place where rows of our machines are made. */
  const write = (genesis: string, { type, payload: payloadAt, acked = [], extra = {}, seed }: Writing): Row =>
    work.run(() => {
      const record = machines.writable(genesis, acked)
      const stamp = stampFor(record.state, machines.nowTick(), ...acked)
      const payload = salted(record, type, payloadAt(stamp))
      if (sizeOf(payload) > MAX_PAYLOAD_BYTES) throw new AppFault('BAD_ARGUMENT', 'payload_too_large')
      const fault = payloadFault(type, payload)
      if (fault !== null) throw new AppFault('BAD_ARGUMENT', `The row does not have the fields of its type: ${fault}.`)
      const draft = { transitionType: type, transitionId: uuid(), payload, zeqondNumber: stamp }
      const { row, state } =
        seed === undefined ? machines.withSeed(record, (held) => appendRow(record.state, draft, held)) : appendRow(record.state, draft, seed)
      const body = { row, createdAt: ports.clock.now(), extra }
      const id = store.ledgerRows.add(record.id, body)
      store.chains.putState({ ...record, state })
      machines.noteClock(record.kind === 'own' ? { ...record, state } : undefined)
      const machine = machineOf({ ...record, state })
      work.after(() => announce(machine, { id, ...body }))
      return row
    })

  const ownContract = (genesis: string, id: string): ContractRecord => {
    const record = Uuid.safeParse(id).success ? store.contracts.get(id) : undefined
    if (record === undefined || record.genesis !== genesis) throw new AppFault('NOT_FOUND', 'contract_not_found')
    return record
  }

  const refuse = (
    contract: ContractRecord,
    request: TransitionRequest,
    input: TransitionRequest['input'],
    code: 'STATE' | 'STALE' | 'BAD_ARGUMENT',
    error: string,
  ): never => {
    // A step of its own: the throw that follows undoes only what belongs to it. Inside a caller's transaction it goes with that.
    work.run(() =>
      store.contracts.addFailure({
        contractId: contract.id,
        fromState: contract.currentState,
        toState: request.to.slice(0, 256),
        operator: null,
        input: typeof input === 'function' || input === undefined || error === 'payload_too_large' ? null : input,
        zeqond: machines.nowTick(),
        error: error.slice(0, 500),
        triggeredBy: request.triggeredBy ?? null,
        createdAt: ports.clock.now(),
      }),
    )
    throw new AppFault(code, error)
  }

  const checkInput = (input: unknown): string | null => {
    if (!isObject(input)) return 'The input of a transition is an object.'
    return depthOf(input) > MAX_INPUT_DEPTH || sizeOf(input as Json) > MAX_INPUT_BYTES ? 'payload_too_large' : null
  }

  return {
    append: (genesis: string, { type, payload, acked }: AppendDraft): Row =>
      write(genesis, { type, payload: typeof payload === 'function' ? payload : () => payload, acked }),

    createContract: (
      genesis: string,
      definition: unknown,
      createdBy: string,
      options: { readonly id?: string | undefined; readonly acked?: readonly Zeqond[] | undefined } = {},
    ) => {
      const read = readDefinition(definition)
      if (!read.ok) {
        const [first] = read.errors
        throw new AppFault('BAD_ARGUMENT', `${first?.where === '' ? 'definition' : first?.where}: ${first?.message}`)
      }
      const id = options.id ?? uuid()
      if (!Uuid.safeParse(id).success) throw new AppFault('BAD_ARGUMENT', 'A contract’s id is a lower-case UUID.')
      return work.run(() => {
        if (store.contracts.get(id) !== undefined) throw new AppFault('EXISTS', 'There is a contract with this id.')
        const record = machines.find(genesis)
        const plain = JSON.parse(JSON.stringify(definition)) as ContractRecord['definition']
        const row = write(genesis, { type: 'contract_created', payload: () => ({ contract_id: id, definition: plain }), acked: options.acked })
        const now = ports.clock.now()
        const contract: ContractRecord = {
          id,
          genesis: record.state.genesis,
          definition: plain,
          currentState: initialState(read.definition),
          createdBy: createdBy.slice(0, 256),
          createdAt: now,
          updatedAt: now,
        }
        store.contracts.put(record.id, contract)
        return { contract: contractOf(contract), row }
      })
    },

    transition: (genesis: string, contractId: string, request: TransitionRequest) => {
      const before = ownContract(genesis, contractId)
      const move = moveTo(before.definition as unknown as Definition, before.currentState, request.to, request.expected ?? null)
      if (!move.ok) return refuse(before, request, request.input, move.code === 'conflict' ? 'STALE' : 'STATE', move.error)
      if (typeof request.input !== 'function' && request.input !== undefined) {
        const fault = checkInput(request.input)
        if (fault !== null) return refuse(before, request, request.input, 'BAD_ARGUMENT', fault)
      }
      return work.run(() => {
        const record = machines.find(genesis)
        const result = ko42(ports.clock.now())
        const row = write(genesis, {
          type: 'contract',
          payload: (stamp) => {
            const input = typeof request.input === 'function' ? request.input({ stamp, from: move.from }) : (request.input ?? {})
            const fault = checkInput(input)
            if (fault !== null) throw new AppFault('BAD_ARGUMENT', fault)
            return { contract_id: contractId, from: move.from, to: move.to, operator: move.operator, input }
          },
          acked: request.acked,
          extra: { result: { ...result }, ...(request.triggeredBy === undefined ? {} : { triggeredBy: request.triggeredBy.slice(0, 256) }) },
        })
        const after = { ...before, currentState: move.to, updatedAt: ports.clock.now() }
        store.contracts.put(record.id, after)
        return { contract: contractOf(after), row, ko42: result, previous: move.from }
      })
    },

    contract: (genesis: string, id: string): Contract | undefined => {
      const record = Uuid.safeParse(id).success ? store.contracts.get(id) : undefined
      return record?.genesis === genesis ? contractOf(record) : undefined
    },
    contracts: (genesis: string): Contract[] => store.contracts.ofChain(machines.find(genesis).id).map(contractOf),

    transitions: (genesis: string, contractId: string, limit: number): TransitionRecord[] => {
      ownContract(genesis, contractId)
      const most = Math.min(Math.max(1, Math.trunc(limit)), 1000)
      const made = store.ledgerRows.contract(machines.find(genesis).id, contractId, most).flatMap(({ id, row, createdAt, extra }): TransitionRecord[] => {
        const payload = ContractPayload.safeParse(row.payload)
        if (row.transitionType !== 'contract' || !payload.success) return []
        return [
          {
            id: String(id),
            contractId,
            fromState: payload.data.from,
            toState: payload.data.to,
            operator: payload.data.operator,
            input: payload.data.input,
            result: (extra.result as TransitionRecord['result'] | undefined) ?? null,
            proofDigest: row.proofDigest,
            zeqondNumber: row.zeqondNumber,
            success: true,
            error: null,
            triggeredBy: extra.triggeredBy ?? null,
            createdAt,
            stateHash: row.stateHash,
          },
        ]
      })
      const refused = store.contracts.failures(contractId, most).map(
        (failure): TransitionRecord => ({
          id: `failed-${failure.id}`,
          contractId,
          fromState: failure.fromState,
          toState: failure.toState,
          operator: failure.operator,
          input: failure.input,
          result: null,
          proofDigest: null,
          zeqondNumber: failure.zeqond,
          success: false,
          error: failure.error,
          triggeredBy: failure.triggeredBy,
          createdAt: failure.createdAt,
          stateHash: null,
        }),
      )
      return [...made, ...refused].sort((a, b) => b.createdAt - a.createdAt).slice(0, most)
    },

    custody: (genesis: string): Row => write(genesis, { type: 'event', payload: () => ({ type: 'machine.custody', input: { custody: 'host' } }) }),

    rotate: (genesis: Genesis, keys: NewKeys, signPub: string): Row => {
      const statement = signKeyStatement(keys.sign, {
        v: 'zeq-m2m/1',
        kind: 'rotate',
        self_genesis: genesis,
        n: keys.generation,
        sign_pub: signPub,
        kx_pub: keys.kxPub,
        next: keys.next,
        reason: keys.reason,
      })
      return write(genesis, { type: 'event', payload: () => ({ type: 'm2m.rotate', input: statement }), seed: keys.sign })
    },

    revoke: (record: MachineRecord, reason: 'retired' | 'compromised' | 'lost'): Row => {
      const input = machines.withSeed(record, (seed) => signKeyStatement(seed, { v: 'zeq-m2m/1', kind: 'revoke', self_genesis: record.state.genesis, reason }))
      return write(record.state.genesis, { type: 'event', payload: () => ({ type: 'm2m.revoke', input }) })
    },
  }
}
