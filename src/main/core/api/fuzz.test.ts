import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HANDSHAKE } from '../ledger/handshake-contract.ts'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { type World, world } from './api.fixture.ts'
import { routes } from './routes.ts'

let w: World
let contract = ''
beforeAll(async () => {
  w = await world()
  const machine = w.machine('m', true)
  contract = w.ledger.createContract(machine.genesis, HANDSHAKE, 'test').contract.id
})
afterAll(async () => {
  await w.close()
  removeTempFolders()
})

const path = (route: (typeof routes)[number], part: string): string =>
  route.path
    .replace(':slug', 'm')
    .replace('/contracts/:id', `/contracts/${contract}`)
    .replace(/:[A-Za-z]+/g, part)
const plain = routes.filter(({ streams }) => streams !== true)
const anyRoute = fc.constantFrom(...plain)
/** Fields that routes know, so that more than the first check is reached. */
const field = fc.constantFrom(
  'slug',
  'type',
  'payload',
  'hash',
  'to',
  'input',
  'expected_state',
  'state_hash',
  'definition',
  'steps',
  'name',
  'scope',
  'states',
  'transitions',
  'token_id',
)
const object = fc.dictionary(field, fc.jsonValue({ maxDepth: 4 }))

describe('whatever is sent', () => {
  it('is answered in the form of the API, and never with a fault of the server', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRoute,
        fc.oneof(
          object.map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        async (route, text) => {
          const answer = await w.call(route.method, path(route, 'x'), { key: w.server.bootstrapToken, ...(route.method === 'GET' ? {} : { text }) })
          expect([route.id, text, answer.status < 500 || answer.status === 501]).toEqual([route.id, text, true])
          if (answer.status >= 400) expect(Object.keys(answer.json)).toEqual(['ok', 'error'])
        },
      ),
      { numRuns: 300 },
    )
  })

  it('in an address is no more than an address', async () => {
    const piece = fc.oneof(fc.constantFrom('%00', '..', '%2e%2e', '%', '%zz', '//', '\\', '?', '%2F', 'é', '"', '~'), fc.string({ maxLength: 6 }))
    await fc.assert(
      fc.asyncProperty(anyRoute, fc.array(piece, { maxLength: 4 }), fc.string({ maxLength: 12 }), async (route, pieces, query) => {
        const address = `${path(route, pieces.map(encodeURI).join(''))}?from=${encodeURIComponent(query)}&limit=${encodeURIComponent(query)}&zeqond=${encodeURIComponent(query)}`
        const answer = await w.call(route.method, address, { key: w.server.bootstrapToken })
        expect([address, answer.status < 500 || answer.status === 501]).toEqual([address, true])
      }),
      { numRuns: 200 },
    )
  })

  it('leaves a chain that verifies', () => {
    for (const machine of w.ledger.machines()) expect(w.ledger.verify(machine.genesis)).toMatchObject({ valid: true })
  })
})
