import { z } from 'zod'
import type { Access, Route } from './route.ts'
import { routes } from './routes.ts'

type Doc = { readonly [key: string]: unknown }

const ROLE: Readonly<Record<Access, string>> = {
  anyone: 'nobody needs a key',
  public: 'public machines: nobody needs a key; private ones: viewer and above',
  viewer: 'viewer and above',
  operator: 'operator and above',
  admin: 'admin and above',
  key: 'any key',
  bootstrap: 'the bootstrap token, or a caller from loopback where that is switched on',
}

const schemaOf = (schema: z.ZodType): Doc => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}

const errorBody: Doc = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }

/** Every error a route can answer, by status. */
export const errorsOf = (route: Route): ReadonlyMap<number, readonly string[]> => {
  const found = new Map<number, string[]>()
  const add = (status: number, error: string): void => {
    const known = found.get(status) ?? []
    if (!known.includes(error)) found.set(status, [...known, error])
  }
  add(403, 'forbidden')
  if (route.access !== 'anyone') add(...(route.anonymous ?? ([401, 'unauthorized'] as const)))
  add(401, 'unauthorized')
  if (route.path.includes(':slug')) add(404, 'not_found')
  if (route.body !== null || route.query !== null) add(400, 'invalid_request')
  if (route.body !== null) {
    add(413, 'payload_too_large')
    add(415, 'unsupported_media_type')
  }
  if (route.budget !== null) add(429, 'RATE_LIMIT_EXCEEDED')
  if (route.repeatable === true) add(422, 'idempotency_key_reused')
  if (route.method !== 'GET') add(409, 'conflict')
  add(503, 'locked')
  for (const [status, error] of route.errors ?? []) add(status, error)
  return new Map([...found].sort(([a], [b]) => a - b))
}

const parameters = (route: Route): Doc[] => {
  const inPath = [...route.path.matchAll(/:([A-Za-z]+)/g)].map((match) => ({ name: match[1], in: 'path', required: true, schema: { type: 'string' } }))
  const query = route.query === null ? {} : schemaOf(route.query)
  const required = (query as { required?: readonly string[] }).required ?? []
  const inQuery = Object.entries((query as { properties?: Doc }).properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
  const token = route.streams === true ? [{ name: 'token', in: 'query', required: false, schema: { type: 'string' } }] : []
  const once = route.repeatable === true ? [{ name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', maxLength: 200 } }] : []
  return [...inPath, ...inQuery, ...token, ...once]
}

const operation = (route: Route): Doc => {
  const open = route.access === 'anyone' || route.access === 'public'
  const answer =
    route.streams === true
      ? { description: 'Server-sent events', content: { 'text/event-stream': { schema: { type: 'string' } } } }
      : { description: 'Done', content: { 'application/json': { schema: { $ref: '#/components/schemas/Ok' } } } }
  return {
    operationId: route.id,
    summary: route.summary,
    description: `Access: ${ROLE[route.access]}.`,
    security: open ? [{}, { key: [] }] : [{ key: [] }],
    parameters: parameters(route),
    ...(route.body === null ? {} : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body) } } } }),
    responses: {
      ...(route.success === 501 ? {} : { [route.success]: answer }),
      ...Object.fromEntries([...errorsOf(route)].map(([status, errors]) => [status, { description: errors.join(' · '), content: errorBody }])),
    },
  }
}

/** The OpenAPI 3.1 document of the table of routes. */
export const openApiOf = (version: string): Doc => {
  const paths: Record<string, Record<string, Doc>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:([A-Za-z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Countersign ledger', version, description: 'Zeq-compatible HTTP API of a wallet’s machines; docs/api.md says where it differs.' },
    paths,
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'zsm_… of one machine' } },
      schemas: {
        Ok: { type: 'object', required: ['ok'], properties: { ok: { const: true } } },
        Error: { type: 'object', required: ['ok', 'error'], additionalProperties: false, properties: { ok: { const: false }, error: { type: 'string' } } },
      },
    },
  }
}
