import type { StoredRow } from '../../store/ledger-records.ts'
import type { HostedMachine } from '../context.ts'
import { parentOf, registryDto, tickNumber } from '../dto.ts'
import { machineRoute, ok, type Route, route } from '../route.ts'

const eventOf = (machine: HostedMachine, { row }: StoredRow) => ({
  slug: machine.slug,
  type: row.transitionType,
  zeqond: tickNumber(row.zeqondNumber),
  stateHash: row.stateHash,
  transitionId: row.transitionId,
})

export const streamRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/chain/aggregate/list',
    id: 'aggregateList',
    summary: 'Registry of the public machines',
    access: 'anyone',
    budget: 'read',
    success: 200,
    handle: ({ context }) => {
      const machines = context.ledger
        .machines()
        .filter((machine) => machine.isPublic)
        .slice(0, 500)
      return ok({ count: machines.length, machines: machines.map(registryDto) })
    },
  }),
  route({
    method: 'GET',
    path: '/api/chain/aggregate/sse',
    id: 'aggregateEvents',
    summary: 'Rows of all public machines as they are written',
    access: 'anyone',
    budget: 'read',
    success: 200,
    streams: true,
    errors: [[429, 'too_many_streams']],
    handle: ({ context, stillAllowed }) => ({
      stream: (address) =>
        context.streams.open({
          address,
          allowed: stillAllowed,
          pick: (machine, row) => (machine.isPublic ? { ...eventOf(machine, row), sm_id: machine.id, parent_origin: parentOf(machine) } : null),
        }),
    }),
  }),
  machineRoute({
    method: 'GET',
    path: '/api/chain/:slug/explore/sse',
    id: 'exploreEvents',
    summary: 'Rows of one machine as they are written',
    access: 'public',
    budget: 'read',
    success: 200,
    streams: true,
    errors: [[429, 'too_many_streams']],
    handle: ({ context, machine: watched, stillAllowed }) => ({
      stream: (address) =>
        context.streams.open({
          address,
          allowed: stillAllowed,
          pick: (machine, row) => (machine.genesis === watched.genesis ? eventOf(machine, row) : null),
        }),
    }),
  }),
]
