import { z } from 'zod'
import type { Json } from '../crypto/canonical-json.ts'
import { firstIssue, Hex16, Hex32, isObject, JsonObject, Uuid } from './fields.ts'

/** What a row can record. */
export const TransitionType = z.enum(['contract_created', 'contract', 'event', 'state', 'file', 'connection'])
export type TransitionType = z.infer<typeof TransitionType>

/** On a private machine, so that the public hash of a guessable payload gives nothing away. */
const salt = { salt: Hex16.optional() }
const Name = z.string().min(1).max(64)
const anyJson = z.custom<Json>((value) => value !== undefined, 'a value expected')

export const ContractCreatedPayload = z.strictObject({ contract_id: Uuid, definition: JsonObject })
export const ContractPayload = z.strictObject({ contract_id: Uuid, from: Name, to: Name, operator: Name, input: JsonObject })
export type ContractPayload = z.infer<typeof ContractPayload>

/** Types of event that the wallet itself writes: their content is `input`; a caller's is `payload` or only its hash. */
export const isOwnEvent = (type: unknown): boolean => typeof type === 'string' && (type.startsWith('m2m.') || type === 'hs.step' || type === 'machine.custody')

const OwnEvent = z.strictObject({ type: Name, input: JsonObject, ...salt })
const CallerEvent = z.union([z.strictObject({ type: Name, payload: anyJson, ...salt }), z.strictObject({ type: Name, hash: Hex32, ...salt })])
export const CustodyInput = z.strictObject({ custody: z.literal('host') })
export const HsStepInput = z.strictObject({
  role: z.enum(['initiator', 'responder']),
  step: Name,
  peer_sign_pub: Hex32,
  hs_hash: Hex32.nullable(),
  decision_hash: Hex32.nullable(),
})
const inputs: Readonly<Record<string, z.ZodType>> = { 'machine.custody': CustodyInput, 'hs.step': HsStepInput }

const bodies: Readonly<Record<'state' | 'file' | 'connection' | 'contract' | 'contract_created', z.ZodType>> = {
  contract_created: ContractCreatedPayload,
  contract: ContractPayload,
  state: z.strictObject({ state_hash: Hex32, ...salt }),
  file: z.strictObject({
    file_hash: Hex32,
    name: z.string().max(256).optional(),
    bytes: z.int().min(0).optional(),
    mime: z.string().max(128).optional(),
    ...salt,
  }),
  connection: z.strictObject({
    direction: z.enum(['inbound', 'outbound']).optional(),
    peer_hash: z.string().max(128).optional(),
    protocol: z.string().max(32).optional(),
    state: z.enum(['open', 'close']).optional(),
    ...salt,
  }),
}

const issueOf = (schema: z.ZodType, value: unknown): string | null => {
  const parsed = schema.safeParse(value)
  return parsed.success ? null : firstIssue(parsed.error)
}

/** Does the payload have exactly the fields of its transition type? Null, or what is wrong and where. m2m inputs are the profile's to check. */
export const payloadFault = (type: TransitionType, payload: Json): string | null => {
  if (type !== 'event') return issueOf(bodies[type], payload)
  if (!isObject(payload)) return 'value: an object expected'
  if (!isOwnEvent(payload['type'])) return issueOf(CallerEvent, payload)
  const fault = issueOf(OwnEvent, payload)
  const input = inputs[String(payload['type'])]
  return fault ?? (input === undefined ? null : issueOf(input, payload['input']))
}

/** What a step, an end or another statement says: the object under `input`. Null for a row that has none, or does not show it. */
export const inputOf = (payload: Json | null): { readonly [key: string]: Json } | null => {
  const input = isObject(payload) ? payload['input'] : null
  return isObject(input) ? (input as { readonly [key: string]: Json }) : null
}

/** Type and input of an event the wallet itself wrote; null for every other payload. */
export const ownEventOf = (type: TransitionType, payload: Json | null): { readonly type: string; readonly input: { readonly [key: string]: Json } } | null => {
  if (type !== 'event' || !isObject(payload) || !isOwnEvent(payload['type'])) return null
  const parsed = OwnEvent.safeParse(payload)
  return parsed.success ? { type: parsed.data.type, input: parsed.data.input } : null
}
