import { z } from 'zod'
import { Slug } from '../../ledger/fields.ts'
import { mintKey } from '../credentials.ts'
import { machineDto } from '../dto.ts'
import { atLeast, created, machineRoute, ok, type Route, refuse, roleOn, route } from '../route.ts'

/** Words that stand where a slug would in another route's path. */
const RESERVED = ['state-machines', 'aggregate', 'clock']
/** Machines in one list. */
const MOST = 100

const Create = z.strictObject({
  slug: Slug.optional(),
  is_public: z.boolean().default(false),
  display_name: z.string().max(255).nullish(),
  purpose: z.string().max(4000).nullish(),
  parent_origin: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/)
    .optional(),
  sign_pub: z.string().optional(),
  kx_pub: z.string().optional(),
  next: z.string().nullish(),
})

export const machineRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/api/chain/state-machines',
    id: 'createMachine',
    summary: 'Spin up a machine; its first key is shown once',
    access: 'bootstrap',
    budget: 'spin_up',
    success: 201,
    errors: [
      [400, 'invalid_slug'],
      [409, 'slug_taken'],
      [501, 'own_custody_unsupported'],
    ],
    body: Create,
    invalid: (error) => (error.issues.some((issue) => issue.path[0] === 'slug') ? 'invalid_slug' : 'invalid_request'),
    handle: ({ context, body }) => {
      const { ledger, ports, store } = context
      // Rows of such a machine would have to come signed by keys we do not have; no route takes signed rows.
      if (body.sign_pub !== undefined || body.kx_pub !== undefined || (body.next ?? null) !== null) return refuse(501, 'own_custody_unsupported')
      if (body.slug !== undefined && RESERVED.includes(body.slug)) return refuse(400, 'invalid_slug')
      if (body.slug !== undefined && ledger.machine({ slug: body.slug }) !== undefined) return refuse(409, 'slug_taken')
      const machine = ledger.create({
        slug: body.slug,
        isPublic: body.is_public,
        displayName: body.display_name ?? null,
        purpose: body.purpose ?? null,
        parentOrigin: body.parent_origin,
      })
      const { secret, row } = mintKey(ports, { genesis: machine.genesis, name: 'spin-up', scope: 'admin', tier: 'standard', expiresAt: null })
      store.apiKeys.add(row)
      return created({ machine: machineDto(machine, 'admin'), api_key: secret })
    },
  }),
  route({
    method: 'GET',
    path: '/api/chain/state-machines',
    id: 'listMachines',
    summary: 'Own and public machines, at most 100',
    access: 'anyone',
    budget: 'read',
    success: 200,
    handle: ({ context, caller }) => {
      const seen = context.ledger
        .machines()
        .map((machine) => ({ machine, role: roleOn(caller, machine) }))
        .filter(({ machine, role }) => machine.isPublic || atLeast(role, 'viewer'))
      // The caller's own come first: with many public ones they must not fall off the end.
      const own = seen.filter(({ role }) => role !== 'none')
      const rest = seen.filter(({ role }) => role === 'none')
      return ok({ machines: [...own, ...rest].slice(0, MOST).map(({ machine, role }) => machineDto(machine, role)) })
    },
  }),
  machineRoute({
    method: 'GET',
    path: '/api/chain/state-machines/:slug',
    id: 'getMachine',
    summary: 'One machine',
    access: 'public',
    budget: 'read',
    success: 200,
    anonymous: [401, 'forbidden'],
    handle: ({ machine, role }) => ok({ machine: machineDto(machine, role) }),
  }),
]
