import { z } from 'zod'
import type { Json } from '../../crypto/canonical-json.ts'
import { initialState, lintDefinition, moveTo } from '../../ledger/contract.ts'
import { isObject, JsonObject } from '../../ledger/fields.ts'
import { HANDSHAKE } from '../../ledger/handshake-contract.ts'
import type { Contract } from '../../ledger/ledger-types.ts'
import { inputOf } from '../../ledger/payload.ts'
import type { Row } from '../../ledger/row.ts'
import { PROFILE, Step, verifyStep } from '../../m2m/statement.ts'
import { depthOf, sizeOf } from '../body.ts'
import type { ApiContext, HostedMachine } from '../context.ts'
import { contractDto, tickNumber, transitionDto } from '../dto.ts'
import { type Answer, type Caller, created, machineRoute, ok, Refusal, type Route, refuse } from '../route.ts'
import { templateById } from './templates.ts'

const MAX_DEFINITION = 65_536
const MAX_INPUT = 16_384
const MAX_INPUT_DEPTH = 8
/** Newest steps that `verify` walks; only a contract with a cycle can have more. */
const MAX_WALK = 1000

/** Who is named as the author of a contract or a step. */
export const actorOf = (caller: Caller): string => (caller.kind === 'key' ? `key:${caller.id}` : caller.kind)

/**
 * The identity's own handshakes are its person's to approve, step by step: no program begins, drives or ends one through the API,
 * whatever its key. Also not what an audit would take for one.
 */
const notOurHandshake = (machine: HostedMachine, what: { readonly definition?: unknown; readonly input?: unknown }): void => {
  if (machine.custody !== 'own') return
  const named = isObject(what.definition) && what.definition['name'] === HANDSHAKE.name
  const claimed = isObject(what.input) && what.input['v'] === PROFILE
  if (named || claimed) refuse(403, 'forbidden')
}

/** Lints, creates, appends the row. @throws Refusal 413 `payload_too_large`, 400 with the first objection. */
export const createContract = (context: ApiContext, machine: HostedMachine, caller: Caller, definition: Json): Contract => {
  if (sizeOf(definition) > MAX_DEFINITION) return refuse(413, 'payload_too_large')
  notOurHandshake(machine, { definition })
  const [objection] = lintDefinition(definition)
  if (objection !== undefined) return refuse(400, objection.where === '' ? objection.message : `${objection.where}: ${objection.message}`)
  return context.ledger.createContract(machine.genesis, definition, actorOf(caller)).contract
}

export const contractAnswer = (contract: Contract, machine: HostedMachine, more: { readonly [key: string]: unknown } = {}): Answer =>
  created({ contract: contractDto(contract, machine), id: contract.id, ...more })

/**
 * The token of a step that its party signed with the machine's key; null for every other step. A step whose signature does not hold
 * is written all the same, as the original does, and is a finding of every audit.
 */
const mintToken = ({ ledger }: ApiContext, machine: HostedMachine, row: Row): string | null => {
  const step = Step.safeParse(inputOf(row.payload))
  if (!step.success || step.data.self_genesis !== machine.genesis || !verifyStep(ledger.keyInForce(machine.genesis).signPub, step.data)) return null
  return ledger.mint(machine.genesis, row).token_id
}

const found = (context: ApiContext, machine: HostedMachine, id: string | undefined): Contract =>
  context.ledger.contract(machine.genesis, id ?? '') ?? refuse(404, 'contract_not_found')

/** A definition is the body itself, as in the walkthrough; its fields are the lint's to judge. */
const creation = {
  method: 'POST',
  access: 'operator',
  budget: 'write',
  success: 201,
  repeatable: true,
  limit: MAX_DEFINITION + 4096,
  body: JsonObject,
} as const
const creationErrors = [
  [400, 'a sentence: what the definition lacks and where'],
  [413, 'payload_too_large'],
] as const

/** `{to, input?}`; `expected_state` is ours: what the caller believes the contract to be in. */
const Transition = z.strictObject({
  to: z.string().min(1).max(256).optional(),
  input: JsonObject.optional(),
  expected_state: z.string().min(1).max(64).optional(),
})

export const contractRoutes: readonly Route[] = [
  machineRoute({
    ...creation,
    path: '/api/chain/:slug/contracts',
    id: 'createContract',
    summary: 'Create a contract from its definition, or {template_id}',
    errors: [...creationErrors, [404, 'Template not found']],
    handle: ({ context, machine, caller, body }) => {
      if (!Object.hasOwn(body, 'template_id')) return contractAnswer(createContract(context, machine, caller, body), machine)
      if (Object.keys(body).length > 1) return refuse(400, 'invalid_request')
      const template = templateById(body['template_id']) ?? refuse(404, 'Template not found')
      return contractAnswer(createContract(context, machine, caller, template.definition), machine, { template_id: template.id })
    },
  }),
  machineRoute({
    ...creation,
    path: '/api/chain/:slug/contracts/custom',
    id: 'createCustomContract',
    summary: 'Create a contract from its definition',
    errors: creationErrors,
    handle: ({ context, machine, caller, body }) => contractAnswer(createContract(context, machine, caller, body), machine),
  }),
  machineRoute({
    method: 'GET',
    path: '/api/chain/:slug/contracts',
    id: 'listContracts',
    summary: 'Contracts of the machine',
    access: 'operator',
    budget: 'read',
    success: 200,
    handle: ({ context, machine }) => ok({ contracts: context.ledger.contracts(machine.genesis).map((contract) => contractDto(contract, machine)) }),
  }),
  machineRoute({
    method: 'GET',
    path: '/api/chain/:slug/contracts/:id',
    id: 'getContract',
    summary: 'A contract and its 20 newest transitions',
    access: 'viewer',
    budget: 'read',
    success: 200,
    errors: [[404, 'contract_not_found']],
    handle: ({ context, machine, params }) => {
      const contract = found(context, machine, params['id'])
      const transitions = context.ledger.transitions(machine.genesis, contract.id, 20)
      return ok({ contract: contractDto(contract, machine), transitions: transitions.map((transition) => transitionDto(transition)) })
    },
  }),
  machineRoute({
    method: 'POST',
    path: '/api/chain/:slug/contracts/:id/transition',
    id: 'transition',
    summary: 'Drive a contract one step',
    access: 'operator',
    budget: 'write',
    success: 200,
    repeatable: true,
    limit: 4 * MAX_INPUT,
    errors: [
      [400, "Missing 'to' state"],
      [400, 'No transition: X → Y'],
      [404, 'contract_not_found'],
      [409, 'conflict'],
      [413, 'payload_too_large'],
    ],
    body: Transition,
    handle: ({ context, machine, caller, params, body }) => {
      const { ledger } = context
      const contract = found(context, machine, params['id'])
      const to = body.to ?? refuse(400, "Missing 'to' state")
      const input = body.input ?? {}
      if (sizeOf(input) > MAX_INPUT || depthOf(input) > MAX_INPUT_DEPTH) return refuse(413, 'payload_too_large')
      notOurHandshake(machine, { definition: contract.definition, input })
      const step = { to, input, expected: body.expected_state, triggeredBy: actorOf(caller) }
      const move = moveTo(contract.definition, contract.currentState, to, body.expected_state ?? null)
      if (!move.ok) {
        const record = (): void => void ledger.transition(machine.genesis, contract.id, step)
        throw new Refusal(move.code === 'conflict' ? 409 : 400, move.error, {}, record)
      }
      const { contract: after, row, ko42, previous } = ledger.transition(machine.genesis, contract.id, step)
      const token = mintToken(context, machine, row)
      return ok({
        new_state: after.currentState,
        previous_state: previous,
        proof_digest: row.proofDigest,
        zeqond_number: tickNumber(row.zeqondNumber),
        ...(token === null ? {} : { tally: { tokenId: token, remaining: null } }),
        transition_id: row.transitionId,
        seq: row.seq,
        state_hash: row.stateHash,
        result: ko42,
      })
    },
  }),
  machineRoute({
    method: 'POST',
    path: '/api/chain/:slug/contracts/:id/verify',
    id: 'verifyContract',
    summary: 'Walk the successful transitions of a contract',
    access: 'viewer',
    budget: 'read',
    success: 200,
    errors: [[404, 'contract_not_found']],
    handle: ({ context, machine, params }) => {
      const contract = found(context, machine, params['id'])
      const steps = context.ledger
        .transitions(machine.genesis, contract.id, MAX_WALK)
        .filter((step) => step.success)
        .reverse()
      const whole = steps.length < MAX_WALK
      let state = whole ? initialState(contract.definition) : (steps[0]?.fromState ?? contract.currentState)
      let broken: string | null = null
      for (const step of steps) {
        const move = moveTo(contract.definition, state, step.toState, step.fromState)
        if (!move.ok) {
          broken = step.id
          break
        }
        state = move.to
      }
      if (broken === null && state !== contract.currentState) broken = 'final_state_mismatch'
      return ok({
        valid: broken === null,
        broken_at: broken,
        current_state: contract.currentState,
        total_transitions: steps.length,
        zeqond_number: tickNumber(context.ledger.head(machine.genesis)?.zeqondNumber ?? machine.header.genesis_zeqond),
      })
    },
  }),
]
