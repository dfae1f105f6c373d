import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HANDSHAKE } from '../ledger/handshake-contract.ts'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { type Answered, type CallOptions, world } from './api.fixture.ts'
import { createApi } from './app.ts'
import { type At, type Case, cases } from './cases.fixture.ts'
import type { ApiContext } from './context.ts'
import { errorsOf } from './openapi.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'

// Every route of the table is called here: it succeeds, it refuses whoever has no right, a wrong body, and what is not there.

/** Tokens need a signed step: tally.test.ts calls these. */
const elsewhere = ['getToken', 'verifyToken']
const tested = routes.filter(({ id }) => !elsewhere.includes(id))
const caseOf = (route: Route): Case => cases[route.id]!

let at: At
beforeAll(async () => {
  const w = await world()
  const [secret, open] = [w.machine('secret', false), w.machine('open', true)]
  const keys = { viewer: w.key(secret, 'viewer'), operator: w.key(secret, 'operator'), admin: w.key(secret, 'admin') }
  at = {
    w,
    secret,
    open,
    keys,
    strangerKey: w.key(open, 'admin'),
    contract: () => w.ledger.createContract(secret.genesis, HANDSHAKE, 'test').contract.id,
    spare: () => {
      w.key(secret, 'viewer')
      return w.store.apiKeys.of(secret.genesis).at(-1)!.id
    },
  }
})
afterAll(async () => {
  await at.w.close()
  removeTempFolders()
})

const send = async (route: Route, options: CallOptions & { path?: string }): Promise<Answered> => {
  const path = options.path ?? caseOf(route).path(at)
  if (route.streams !== true) return at.w.call(route.method, path, options)
  const stop = new AbortController()
  const response = await fetch(at.w.url + path, { signal: stop.signal, headers: options.key === undefined ? {} : { authorization: `Bearer ${options.key}` } })
  const streaming = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const json: unknown = streaming ? null : await response.json()
  if (streaming) {
    const { value } = await response.body!.getReader().read()
    expect(new TextDecoder().decode(value)).toBe(':ready\n\n')
  }
  stop.abort()
  return { status: response.status, headers: response.headers, json }
}
const refused = (answer: Answered, status: number, error: string): void => {
  expect(answer.json).toEqual({ ok: false, error })
  expect(answer.status).toBe(status)
}
const bodyOf = (route: Route): { body?: unknown } => {
  const body = caseOf(route).body
  return body === undefined ? {} : { body: body(at) }
}
const ids = (which: readonly Route[]) => which.map((route) => [route.id, route] as const)

describe('the table of routes', () => {
  it('has a test for every route, and no other', () => {
    expect([...Object.keys(cases), ...elsewhere].sort()).toEqual(routes.map(({ id }) => id).sort())
    expect(new Set(routes.map(({ id }) => id)).size).toBe(routes.length)
  })

  it('is all that the app answers', () => {
    const app = createApi({} as ApiContext)
    expect(app.routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort())
  })

  it('is all in the documentation', () => {
    const text = readFileSync(new URL('../../../../docs/api.md', import.meta.url), 'utf8')
    for (const { method, path, access } of routes) expect([path, text.includes(`| ${method} | \`${path}\` | ${access} |`)]).toEqual([path, true])
    const documented = new Set([...text.matchAll(/`([A-Za-z_]+(?: [a-z]+)*)`/g)].map((match) => match[1]))
    const errors = routes.flatMap((route) => [...errorsOf(route).values()].flat()).filter((error) => /^[a-zA-Z_]+( found)?$/.test(error))
    for (const error of errors) expect([error, documented.has(error)]).toEqual([error, true])
  })

  it('gives the OpenAPI document one operation for each', async () => {
    const { json } = await at.w.call('GET', '/api/openapi.json')
    const operations = Object.values(json.paths as Record<string, Record<string, { operationId: string }>>).flatMap((path) => Object.values(path))
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(routes.map(({ id }) => id).sort())
  })
})

describe('a private machine', () => {
  it('is in no list of others, and in its owner’s', async () => {
    const listed = async (path: string, key?: string) => (await at.w.call('GET', path, { key })).json.machines.map((m: { slug: string }) => m.slug)
    expect(await listed('/api/chain/state-machines')).not.toContain('secret')
    expect(await listed('/api/chain/state-machines', at.strangerKey)).not.toContain('secret')
    expect(await listed('/api/chain/state-machines', at.keys.viewer)).toEqual(expect.arrayContaining(['secret', 'open']))
    const own = (await at.w.call('GET', '/api/chain/state-machines', { key: at.keys.viewer })).json.machines
    // Of others only what is public.
    expect(own.find((m: { slug: string }) => m.slug === 'secret')).toHaveProperty('updated_at')
    expect(own.find((m: { slug: string }) => m.slug === 'open')).not.toHaveProperty('updated_at')
  })
})

describe('each route', () => {
  it.each(ids(tested))('%s: succeeds', async (_, route) => {
    const answer = await send(route, { key: at.w.server.bootstrapToken, ...bodyOf(route) })
    expect([answer.status, answer.json?.error]).toEqual([route.success, route.success === 501 ? 'not_implemented' : undefined])
    caseOf(route).check?.(answer, at)
    // What a route answers stands in its description.
    if (answer.status >= 400) expect(errorsOf(route).get(answer.status)).toContain(answer.json.error)
  })

  it.each(ids(tested.filter(({ access }) => access !== 'anyone')))('%s: tells a stranger nothing', async (_, route) => {
    const { path } = { path: caseOf(route).path(at) }
    const [status, error] = route.anonymous ?? [401, 'unauthorized']
    refused(await send(route, bodyOf(route)), status, error)
    // The same words for a machine that does not exist.
    if (path.includes('/secret')) refused(await send(route, { path: path.replace('/secret', '/nobody'), ...bodyOf(route) }), status, error)
  })

  it.each(ids(tested))('%s: refuses a credential that is none', async (_, route) => {
    refused(await send(route, { key: `zsm_${'A'.repeat(43)}`, ...bodyOf(route) }), 401, 'unauthorized')
    refused(await send(route, { key: 'eyJhbGciOi', ...bodyOf(route) }), 401, 'unauthorized')
  })

  it.each(ids(tested.filter(({ path }) => path.includes(':slug'))))('%s: another machine’s key opens nothing', async (_, route) => {
    const path = caseOf(route).path(at)
    refused(await send(route, { key: at.strangerKey, path, ...bodyOf(route) }), 404, 'not_found')
    refused(await send(route, { key: at.strangerKey, path: path.replace('/secret', '/nobody'), ...bodyOf(route) }), 404, 'not_found')
  })

  const ranks = ['viewer', 'operator', 'admin'] as const
  it.each(ids(tested.filter(({ access }) => access === 'operator' || access === 'admin')))('%s: wants its role', async (_, route) => {
    const needed = ranks.indexOf(route.access as 'operator' | 'admin')
    refused(await send(route, { key: at.keys[ranks[needed - 1]!], ...bodyOf(route) }), 403, 'forbidden')
    expect((await send(route, { key: at.keys[ranks[needed]!], ...bodyOf(route) })).status).toBe(route.success)
  })

  it.each(ids(tested.filter(({ access, path }) => path.includes(':slug') && (access === 'viewer' || access === 'operator' || access === 'admin'))))(
    '%s: a public machine’s strangers read only what is public',
    async (_, route) => {
      const path = caseOf(route).path(at).replace('/secret', '/open')
      refused(await send(route, { path, ...bodyOf(route) }), 401, 'unauthorized')
      refused(await send(route, { path, key: at.keys.admin, ...bodyOf(route) }), 403, 'forbidden')
    },
  )

  it.each(ids(tested.filter(({ access, path }) => path.includes(':slug') && access === 'public')))('%s: a public machine needs no key', async (_, route) => {
    const path = caseOf(route)
      .path(at)
      .replace('/secret', '/open')
      .replace(/zeqond=\d+/, `zeqond=${at.w.ledger.head(at.open.genesis)?.zeqondNumber}`)
    expect((await send(route, { path, ...bodyOf(route) })).status).toBe(route.success)
  })

  it.each(ids(tested.filter(({ path }) => path.includes(':slug'))))('%s: knows when there is no such machine', async (_, route) => {
    const path = caseOf(route).path(at).replace('/secret', '/nobody')
    refused(await send(route, { key: at.w.server.bootstrapToken, path, ...bodyOf(route) }), 404, 'not_found')
  })

  it.each(ids(tested.filter(({ id }) => cases[id]?.missing !== undefined)))('%s: says what is not there', async (_, route) => {
    const [path, body, status, error] = caseOf(route).missing!(at)
    refused(await send(route, { key: at.w.server.bootstrapToken, path, ...(body === undefined ? {} : { body }) }), status, error)
    expect(errorsOf(route).get(status)).toContain(error)
  })

  const withBody = ids(tested.filter(({ body }) => body !== null))
  it.each(withBody)('%s: refuses a body that is not as it should be', async (_, route) => {
    const key = at.w.server.bootstrapToken
    const path = caseOf(route).path(at)
    const good = JSON.stringify(caseOf(route).body!(at))
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '"text"',
      `${good} {}`,
      good.slice(0, -1),
      '{"a":1,"a":2}',
      '{"__proto__":{}}',
      '{"x":1.5}',
      '{"x":"\\ud800"}',
      '\uFEFF{}',
    ])
      expect([text, (await send(route, { key, path, text })).status]).toEqual([text, 400])
    const answer = await send(route, { key, path, body: { ...(JSON.parse(good) as object), surplus: 1 } })
    expect([answer.status, answer.json.ok]).toEqual([400, false])
    refused(await send(route, { key, path, text: good, headers: { 'content-type': 'text/plain' } }), 415, 'unsupported_media_type')
    refused(await send(route, { key, path, text: good, headers: { 'content-encoding': 'gzip' } }), 415, 'unsupported_media_type')
    refused(await send(route, { key, path, text: JSON.stringify({ x: 'y'.repeat(200_000) }) }), 413, 'payload_too_large')
  })
})
