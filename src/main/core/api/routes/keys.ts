import { z } from 'zod'
import { ApiKeyScope } from '../../store/api-keys.ts'
import { mintKey } from '../credentials.ts'
import { created, machineRoute, ok, type Route, refuse } from '../route.ts'

/** Keys of one machine: more would be a mistake, and each is a way in. */
const MOST_KEYS = 100

const Expiry = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

export const keyRoutes: readonly Route[] = [
  machineRoute({
    method: 'POST',
    path: '/api/chain/:slug/api-keys',
    id: 'createKey',
    summary: 'Make a key; it is shown once',
    access: 'admin',
    budget: 'write',
    success: 201,
    errors: [[409, 'too_many_keys']],
    body: z.strictObject({
      name: z.string().min(1).max(64),
      scope: ApiKeyScope.default('operator'),
      rate_limit_tier: z.string().min(1).max(32).default('standard'),
      expires_at: Expiry.nullish(),
    }),
    handle: ({ context, machine, body }) => {
      const { ports, store } = context
      const expiresAt = body.expires_at ?? null
      if (expiresAt !== null && expiresAt <= ports.clock.now()) return refuse(400, 'invalid_request')
      if (store.apiKeys.of(machine.genesis).length >= MOST_KEYS) return refuse(409, 'too_many_keys')
      const { secret, row } = mintKey(ports, { genesis: machine.genesis, name: body.name, scope: body.scope, tier: body.rate_limit_tier, expiresAt })
      store.apiKeys.add(row)
      return created({ id: row.id, api_key: secret, prefix: row.prefix })
    },
  }),
  machineRoute({
    method: 'GET',
    path: '/api/chain/:slug/api-keys',
    id: 'listKeys',
    summary: 'Keys of the machine, without their secrets',
    access: 'admin',
    budget: 'read',
    success: 200,
    handle: ({ context, machine }) =>
      ok({
        api_keys: context.store.apiKeys.of(machine.genesis).map((key) => ({
          id: key.id,
          name: key.name,
          scope: key.scope,
          rate_limit_tier: key.tier,
          prefix: key.prefix,
          created_at: new Date(key.createdAt).toISOString(),
          expires_at: key.expiresAt === null ? null : new Date(key.expiresAt).toISOString(),
        })),
      }),
  }),
  machineRoute({
    method: 'DELETE',
    path: '/api/chain/:slug/api-keys/:id',
    id: 'revokeKey',
    summary: 'Revoke a key; its streams end',
    access: 'admin',
    budget: 'write',
    success: 200,
    errors: [[404, 'key_not_found']],
    handle: ({ context, machine, params }) =>
      context.store.apiKeys.remove(machine.genesis, params['id'] ?? '') ? ok({ revoked: params['id'] ?? '' }) : refuse(404, 'key_not_found'),
  }),
]
