import { z } from 'zod'
import type { Json } from '../crypto/canonical-json.ts'
import type { ApiKeyScope } from '../store/api-keys.ts'
import type { ApiContext, HostedMachine } from './context.ts'

/** Rising. `owner` is whoever holds the bootstrap token, so the wallet's own person; no key has it. */
const roles = ['none', 'viewer', 'operator', 'admin', 'owner'] as const
export type Role = (typeof roles)[number]

export const atLeast = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed)

/** Who asks. The address is the socket's; no header can change it. */
export type Caller = { readonly address: string } & (
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'key'; readonly id: string; readonly genesis: string; readonly scope: ApiKeyScope }
  | { readonly kind: 'bootstrap' }
)

/** What the caller may do with this machine. A key is bound to one machine and says nothing about others. */
export const roleOn = (caller: Caller, machine: HostedMachine): Role => {
  if (caller.kind === 'bootstrap') return 'owner'
  return caller.kind === 'key' && caller.genesis === machine.genesis ? caller.scope : 'none'
}

/**
 * Who may call a route. `anyone`: no credential at all. `public`: anyone for a public machine, viewers for a private one.
 * `key`: any valid credential. `bootstrap`: the bootstrap token, or a caller from loopback where that is switched on.
 */
export type Access = 'anyone' | 'public' | 'viewer' | 'operator' | 'admin' | 'key' | 'bootstrap'

export type Method = 'GET' | 'POST' | 'DELETE'

/** Which budget a call is counted against (docs/api.md, "Limits"). */
export type Budget = 'spin_up' | 'write' | 'read'

/** A refusal in the documented form: `{ok: false, error}` and nothing else. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Runs after the transaction that the refusal undid: what is to be kept of a refusal itself. */
  readonly record: (() => void) | undefined

  constructor(status: number, error: string, headers: Readonly<Record<string, string>> = {}, record?: () => void) {
    super(error)
    this.name = 'Refusal'
    this.status = status
    this.headers = headers
    this.record = record
  }
}

export const refuse = (status: number, error: string): never => {
  throw new Refusal(status, error)
}

export type Answer =
  | { readonly status: 200 | 201; readonly body: { readonly [key: string]: unknown } }
  | { readonly stream: (address: string) => ReadableStream<Uint8Array> }

export const ok = (body: { readonly [key: string]: unknown }): Answer => ({ status: 200, body: { ok: true, ...body } })
export const created = (body: { readonly [key: string]: unknown }): Answer => ({ status: 201, body: { ok: true, ...body } })

/** A call as it arrives at a route: authorised, within its budget, its body strict JSON. */
export interface RawCall {
  readonly context: ApiContext
  readonly caller: Caller
  readonly role: Role
  readonly machine: HostedMachine | null
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Json | undefined
  /** Asks again, for a stream that outlives the answer: is this caller still allowed this? */
  readonly stillAllowed: () => boolean
}

export interface Call<B, Q> extends Omit<RawCall, 'body' | 'query' | 'machine'> {
  readonly body: B
  readonly query: Q
}

export interface MachineCall<B, Q> extends Call<B, Q> {
  readonly machine: HostedMachine
}

interface Facts {
  readonly method: Method
  /** With `:name` for parameters; the machine's is `:slug`. */
  readonly path: string
  /** Unique; `operationId` of the OpenAPI document, and the key of the test table. */
  readonly id: string
  readonly summary: string
  readonly access: Access
  readonly budget: Budget | null
  /** Status of success. */
  readonly success: 200 | 201 | 501
  /** Errors beyond those that every route has: `[status, error]`. */
  readonly errors?: readonly (readonly [status: number, error: string])[]
  /** What a private machine is to someone without a credential, where the documentation has its own answer. Default 401 `unauthorized`. */
  readonly anonymous?: readonly [status: 401 | 403, error: string]
  /** May be repeated with an Idempotency-Key. */
  readonly repeatable?: boolean
  /** Bytes of a body; default 65,536. */
  readonly limit?: number
  readonly streams?: boolean
}

export interface Route extends Facts {
  readonly body: z.ZodType | null
  readonly query: z.ZodType | null
  run(call: RawCall): Answer | Promise<Answer>
}

interface Spec<B extends z.ZodType, Q extends z.ZodType> extends Facts {
  readonly body?: B
  readonly query?: Q
  /** The error for a body or query that does not fit; default `invalid_request`. */
  readonly invalid?: (error: z.ZodError) => string
}

const parse = <T extends z.ZodType>(schema: T, value: unknown, invalid: ((error: z.ZodError) => string) | undefined): z.output<T> => {
  const parsed = schema.safeParse(value)
  return parsed.success ? parsed.data : refuse(400, invalid?.(parsed.error) ?? 'invalid_request')
}

const Nothing = z.undefined()
const AnyQuery = z.record(z.string(), z.string())

/** A route that is not about one machine. */
export const route = <B extends z.ZodType = typeof Nothing, Q extends z.ZodType = typeof AnyQuery>(
  spec: Spec<B, Q> & { readonly handle: (call: Call<z.output<B>, z.output<Q>>) => Answer | Promise<Answer> },
): Route => ({
  ...spec,
  body: spec.body ?? null,
  query: spec.query ?? null,
  run: (call) =>
    spec.handle({
      ...call,
      body: parse(spec.body ?? Nothing, call.body, spec.invalid) as z.output<B>,
      query: parse(spec.query ?? AnyQuery, call.query, spec.invalid) as z.output<Q>,
    }),
})

/** A route under `/api/chain/:slug`: it runs only for a machine that exists and that the caller may know of. */
export const machineRoute = <B extends z.ZodType = typeof Nothing, Q extends z.ZodType = typeof AnyQuery>(
  spec: Spec<B, Q> & { readonly handle: (call: MachineCall<z.output<B>, z.output<Q>>) => Answer | Promise<Answer> },
): Route => ({
  ...spec,
  body: spec.body ?? null,
  query: spec.query ?? null,
  run: (call) => {
    const { machine } = call
    if (machine === null) return refuse(404, 'not_found')
    return spec.handle({
      ...call,
      machine,
      body: parse(spec.body ?? Nothing, call.body, spec.invalid) as z.output<B>,
      query: parse(spec.query ?? AnyQuery, call.query, spec.invalid) as z.output<Q>,
    })
  },
})
