import { z } from 'zod'
import type { Json } from '../../crypto/canonical-json.ts'
import { isOwnEvent, type TransitionType } from '../../ledger/payload.ts'
import { END_TYPES } from '../../m2m/statement.ts'
import { tickNumber } from '../dto.ts'
import { type Answer, created, type MachineCall, machineRoute, type Route, refuse } from '../route.ts'

/** 64 hex digits in either case; lower-cased, as documented. */
const Hash = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/)
  .transform((text) => text.toLowerCase())
const anyJson = z.custom<Json>((value) => value !== undefined)

const append = ({ context, machine }: MachineCall<unknown, unknown>, type: TransitionType, payload: Json): Answer => {
  const row = context.ledger.append(machine.genesis, { type, payload })
  return created({ zeqondNumber: tickNumber(row.zeqondNumber), transitionId: row.transitionId, seq: row.seq, stateHash: row.stateHash })
}

const facts = { method: 'POST', access: 'operator', budget: 'write', success: 201, repeatable: true, limit: 65_536 } as const

const definedOnly = (fields: Readonly<Record<string, Json | undefined>>): { readonly [key: string]: Json } =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined))

export const writeRoutes: readonly Route[] = [
  machineRoute({
    ...facts,
    path: '/api/chain/:slug/event',
    id: 'appendEvent',
    summary: 'Append an event: its payload, or only the hash of one',
    body: z.strictObject({ type: z.string().min(1).max(64).default('event'), payload: anyJson.optional(), hash: Hash.optional() }),
    handle: (call) => {
      const { type, payload, hash } = call.body
      if (payload !== undefined && hash !== undefined) return refuse(400, 'invalid_request')
      // What a party signs itself may come through the API: a bad signature is then a finding. What speaks for the host or changes keys may not.
      if (END_TYPES.has(type)) {
        if (call.machine.custody === 'own') return refuse(403, 'forbidden')
        if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return refuse(400, 'invalid_request')
        return append(call, 'event', { type, input: payload })
      }
      if (isOwnEvent(type)) return refuse(400, 'invalid_request')
      return append(call, 'event', hash === undefined ? { type, payload: payload ?? null } : { type, hash })
    },
  }),
  machineRoute({
    ...facts,
    path: '/api/chain/:slug/state',
    id: 'appendState',
    summary: 'Append the hash of a state the caller keeps',
    body: z.strictObject({ state_hash: Hash }),
    handle: (call) => append(call, 'state', { state_hash: call.body.state_hash }),
  }),
  machineRoute({
    ...facts,
    path: '/api/chain/:slug/file',
    id: 'appendFile',
    summary: 'Append the hash of a file',
    body: z.strictObject({
      file_hash: Hash,
      name: z.string().max(256).optional(),
      bytes: z.int().min(0).optional(),
      mime: z.string().max(128).optional(),
    }),
    handle: (call) => append(call, 'file', definedOnly(call.body)),
  }),
  machineRoute({
    ...facts,
    path: '/api/chain/:slug/connection',
    id: 'appendConnection',
    summary: 'Append the opening or closing of a connection',
    body: z.strictObject({
      direction: z.enum(['inbound', 'outbound']).optional(),
      peer_hash: z.string().max(128).optional(),
      protocol: z.string().max(32).optional(),
      state: z.enum(['open', 'close']).optional(),
    }),
    handle: (call) => append(call, 'connection', definedOnly(call.body)),
  }),
  machineRoute({
    method: 'POST',
    path: '/api/chain/:slug/tx/submit',
    id: 'submitTransaction',
    summary: 'A stub, as documented: use a contract transition',
    access: 'operator',
    budget: 'write',
    success: 501,
    errors: [[501, 'not_implemented']],
    handle: () => refuse(501, 'not_implemented'),
  }),
]
