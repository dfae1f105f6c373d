import { type Context, Hono } from 'hono'
import { hashTagged, type Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import type { JsonObject } from '../store/rows.ts'
import { readBody } from './body.ts'
import type { ApiContext, HostedMachine } from './context.ts'
import { identify } from './credentials.ts'
import { isLoopback } from './hosts.ts'
import { type Answer, atLeast, type Caller, Refusal, type Role, type Route, refuse, roleOn } from './route.ts'
import { routes } from './routes.ts'

/** What the server hands in beside the request. */
export interface Bindings {
  readonly address: string
}
type Env = { Bindings: Bindings }

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

export const errorResponse = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(`${JSON.stringify({ ok: false, error })}\n`, {
    status,
    headers: { ...JSON_HEADERS, ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}), ...headers },
  })

interface Allowed {
  readonly caller: Caller
  readonly machine: HostedMachine | null
  readonly role: Role
}

/**
 * Who asks, and for which machine. To somebody without a right to it a private machine and one that does not exist are the same:
 * without a credential the route's refusal, with another machine's key `not_found`.
 */
const authorise = (context: ApiContext, route: Route, headers: Headers, address: string, slug: string | undefined, token: string | null): Allowed => {
  if (route.access === 'bootstrap' && context.openBootstrap && isLoopback(address)) {
    return { caller: { kind: 'anonymous', address }, machine: null, role: 'none' }
  }
  const caller = identify(context, headers, address, token)
  const anonymous = (): never => refuse(...(route.anonymous ?? ([401, 'unauthorized'] as const)))
  if (slug === undefined) {
    if (route.access === 'anyone' || caller.kind === 'bootstrap') return { caller, machine: null, role: 'none' }
    if (caller.kind === 'anonymous') return anonymous()
    return route.access === 'bootstrap' ? refuse(403, 'forbidden') : { caller, machine: null, role: 'none' }
  }
  const machine = context.ledger.machine({ slug })
  const role = machine === undefined ? 'none' : roleOn(caller, machine)
  if (machine === undefined || (!machine.isPublic && role === 'none')) {
    if (caller.kind === 'anonymous') return anonymous()
    return refuse(404, 'not_found')
  }
  if (route.access === 'public' || route.access === 'anyone') return { caller, machine, role }
  if (route.access === 'key' || route.access === 'bootstrap' || !atLeast(role, route.access)) {
    return caller.kind === 'anonymous' ? refuse(401, 'unauthorized') : refuse(403, 'forbidden')
  }
  return { caller, machine, role }
}

/** The documented limits; strangers have a budget of their own, so that they cannot use up that of a machine's key holders. */
const spend = (context: ApiContext, route: Route, allowed: Allowed): Readonly<Record<string, string>> => {
  if (route.budget === null) return {}
  const { caller, machine, role } = allowed
  const who =
    route.budget === 'spin_up'
      ? caller.address
      : machine !== null && role !== 'none'
        ? machine.genesis
        : caller.kind === 'key'
          ? `key ${caller.id}`
          : `${machine?.genesis ?? ''} ${caller.address}`
  const spent = context.limiter.spend(route.budget, who)
  const headers = { 'x-ratelimit-limit': String(spent.limit), 'x-ratelimit-remaining': String(spent.remaining), 'x-ratelimit-reset': String(spent.reset) }
  if (!spent.allowed) throw new Refusal(429, 'RATE_LIMIT_EXCEEDED', { ...headers, 'retry-after': String(spent.retryAfter) })
  return headers
}

const faultRefusal = (fault: AppFault): Refusal => {
  switch (fault.code) {
    case 'LOCKED':
      return new Refusal(503, 'locked')
    case 'DISK_FULL':
      return new Refusal(507, 'insufficient_storage')
    case 'STATE':
    case 'STALE':
      return new Refusal(409, 'conflict')
    case 'BAD_ARGUMENT':
      return fault.message === 'payload_too_large' ? new Refusal(413, 'payload_too_large') : new Refusal(400, 'invalid_request')
    case 'FORMAT':
      return new Refusal(400, 'invalid_request')
    case 'EXISTS':
      return new Refusal(409, 'slug_taken')
    case 'NOT_FOUND':
      return new Refusal(404, 'not_found')
    default:
      return new Refusal(500, 'internal_error')
  }
}

/** The key under which an answer is kept for a repeated request; null where the caller sent none. @throws Refusal 400 */
const replyKey = (route: Route, allowed: Allowed, headers: Headers, path: string): string | null => {
  const once = route.repeatable === true ? headers.get('idempotency-key') : null
  if (once === null) return null
  if (!/^[\x21-\x7e]{1,200}$/.test(once)) return refuse(400, 'invalid_request')
  const who = allowed.caller.kind === 'key' ? allowed.caller.id : allowed.caller.kind
  return JSON.stringify([who, route.id, path, once])
}

/** A write is one transaction, and a transaction waits for nothing. */
const settled = (answer: Answer | Promise<Answer>): Answer => {
  if (answer instanceof Promise) throw new TypeError('a route that writes answers at once')
  return answer
}

/** What a refusal leaves behind is written after the transaction that it undid. */
const withRecord = (context: ApiContext, run: () => Answer | Promise<Answer>): Answer | Promise<Answer> => {
  try {
    return run()
  } catch (error) {
    if (error instanceof Refusal && error.record !== undefined) {
      try {
        error.record()
      } catch (failure) {
        // It is refused there for the same reason; only what keeps it from being noted is worth a word.
        if (!(failure instanceof AppFault) || failure.code === 'DISK_FULL') context.ports.log.warn('api: a refused transition was not kept')
      }
    }
    throw error
  }
}

/** Runs a route in one transaction, or gives the answer that the same request had before. */
const perform = (
  context: ApiContext,
  route: Route,
  key: string | null,
  body: Json | undefined,
  run: () => Answer | Promise<Answer>,
): Answer | Promise<Answer> => {
  if (route.method === 'GET') return run()
  const { work, ports, store } = context
  return work.run(() => {
    if (key === null) return settled(run())
    const now = ports.clock.now()
    const request = hashTagged('countersign.api.request.v1', body ?? null)
    const kept = store.apiReplies.get(key, now)
    if (kept !== undefined) {
      if (kept.request !== request) return refuse(422, 'idempotency_key_reused')
      return { status: kept.status === 201 ? 201 : 200, body: kept.body }
    }
    const answer = settled(run())
    if ('status' in answer) store.apiReplies.put(key, now, { request, status: answer.status, body: JSON.parse(JSON.stringify(answer.body)) as JsonObject })
    return answer
  })
}

const respond = (answer: Answer, address: string, headers: Readonly<Record<string, string>>): Response => {
  if ('stream' in answer) {
    return new Response(answer.stream(address), {
      status: 200,
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers },
    })
  }
  return new Response(`${JSON.stringify(answer.body)}\n`, { status: answer.status, headers: { ...JSON_HEADERS, ...headers } })
}

const serveRoute = async (context: ApiContext, route: Route, c: Context<Env>): Promise<Response> => {
  const { headers } = c.req.raw
  const { address } = c.env
  const url = new URL(c.req.url)
  const params = c.req.param() as Readonly<Record<string, string>>
  const query = Object.fromEntries(url.searchParams)
  const token = route.streams === true ? url.searchParams.get('token') : null
  const allow = (): Allowed => authorise(context, route, headers, address, params['slug'], token)
  const stillAllowed = (): boolean => {
    try {
      allow()
      return true
    } catch (error) {
      if (error instanceof Refusal) return false
      throw error
    }
  }
  // Making machines is counted before anything is looked at: it is also what a guesser of the token would call.
  const counted = route.budget === 'spin_up' ? spend(context, route, { caller: { kind: 'anonymous', address }, machine: null, role: 'none' }) : null
  const first = allow()
  const budget = counted ?? spend(context, route, first)
  const key = replyKey(route, first, headers, url.pathname)
  const body = route.body === null ? undefined : await readBody(c.req.raw, route.limit)
  // A body may take its time; by its end the key may be revoked and the machine private.
  const { caller, machine, role } = route.body === null ? first : allow()
  const run = (): Answer | Promise<Answer> => route.run({ context, caller, machine, role, params, query, body, stillAllowed })
  const answer = await withRecord(context, () => perform(context, route, key, body, run))
  return respond(answer, address, budget)
}

const pattern = (path: string): RegExp => new RegExp(`^${path.replace(/:[A-Za-z]+/g, '[^/]+')}$`)
const patterns = routes.map(({ method, path }) => ({ method, pattern: pattern(path) }))

/** The app of the table of routes; nothing is reachable that is not in it. */
export const createApi = (context: ApiContext): Hono<Env> => {
  const app = new Hono<Env>()
  for (const route of routes) app.on(route.method, route.path, (c) => serveRoute(context, route, c))
  app.notFound((c) => {
    const methods = [...new Set(patterns.filter((known) => known.pattern.test(c.req.path)).map(({ method }) => method))]
    return methods.length === 0 ? errorResponse(404, 'not_found') : errorResponse(405, 'method_not_allowed', { allow: methods.join(', ') })
  })
  app.onError((error) => {
    const refusal = error instanceof AppFault ? faultRefusal(error) : error
    if (refusal instanceof Refusal) {
      if (refusal.status >= 500) context.ports.log.warn('api: a request failed', { error: error.message })
      return errorResponse(refusal.status, refusal.message, refusal.headers)
    }
    context.ports.log.error('api: a request failed', { error: error.stack ?? error.message })
    return errorResponse(500, 'internal_error')
  })
  return app
}
