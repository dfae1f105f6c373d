import { expect } from 'vitest'
import { HANDSHAKE } from '../ledger/handshake-contract.ts'
import type { Machine } from '../ledger/ledger.ts'
import type { Answered, World } from './api.fixture.ts'

/** What a test of a route needs beside the route itself. */
export interface Case {
  /** Path with its parameters filled in, for a call that succeeds. */
  path(at: At): string
  readonly body?: (at: At) => unknown
  check?(answer: Answered, at: At): void
  /** Paths (and bodies) of what is not there, with the error. */
  readonly missing?: (at: At) => readonly [path: string, body: unknown, status: number, error: string]
}

/** One world for all cases: a private machine with a contract, a public one. */
export interface At {
  readonly w: World
  readonly secret: Machine
  readonly open: Machine
  /** Of the private machine. */
  readonly keys: Readonly<Record<'viewer' | 'operator' | 'admin', string>>
  readonly strangerKey: string
  /** A fresh contract of the private machine in its first state. */
  readonly contract: () => string
  readonly spare: () => string
}

/** No contract and no key has this id. */
const none = '00000000-0000-4000-8000-000000000000'
const hash = 'AB'.repeat(32)
let n = 0
const slug = (path: string) => (at: At) => `/api/chain/${at.secret.slug}${path}`
const written = (answer: Answered): void => {
  expect(answer.json).toMatchObject({ ok: true, zeqondNumber: expect.any(Number), transitionId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
}

/** By the route's id: a call that succeeds, what its answer must say, and what is not there. */
export const cases: Readonly<Record<string, Case>> = {
  createMachine: {
    path: () => '/api/chain/state-machines',
    body: () => ({ slug: `made-${(n += 1)}`, is_public: true, display_name: 'Made', purpose: null, parent_origin: 'zeq-dev' }),
    check: ({ json }) => {
      expect(json.api_key).toMatch(/^zsm_[A-Za-z0-9_-]{43}$/)
      expect(json.machine).toMatchObject({ parent_origin: 'zeq-dev', is_public: true, status: 'active', custody: 'host', owner_zid: null })
      expect(json.machine.genesis_zeqond).toMatch(/^[0-9]+$/)
    },
  },
  listMachines: {
    path: () => '/api/chain/state-machines',
    check: ({ json }) => {
      const slugs = json.machines.map((m: { slug: string }) => m.slug)
      expect(slugs).toContain('open')
      expect(slugs).toContain('secret')
    },
  },
  getMachine: {
    path: (at) => `/api/chain/state-machines/${at.secret.slug}`,
    check: ({ json }, at) =>
      expect(json.machine).toMatchObject({ slug: 'secret', genesis: at.secret.genesis, region: 'local', sign_pub: at.secret.header.sign_pub }),
  },
  clock: {
    path: () => '/api/chain/clock',
    check: ({ json }) => {
      expect(json.zeqond_rule).toBe('floor(unix_ms/777)')
      expect(json.zeqond).toBe(String(Math.floor(json.unix_ms / 777)))
    },
  },
  aggregateList: {
    path: () => '/api/chain/aggregate/list',
    check: ({ json }) => {
      expect(json.machines.map((m: { slug: string }) => m.slug)).not.toContain('secret')
      expect(json.machines.find((m: { slug: string }) => m.slug === 'open')).toMatchObject({ sm_id: expect.any(String), parent_origin: 'countersign' })
    },
  },
  aggregateEvents: { path: () => '/api/chain/aggregate/sse' },
  exploreEvents: { path: slug('/explore/sse') },
  openApi: { path: () => '/api/openapi.json', check: ({ json }) => expect(json.openapi).toBe('3.1.0') },
  listTemplates: { path: () => '/api/contracts/templates', check: ({ json }) => expect(json.templates[0].id).toBe('m2m_handshake') },
  getTemplate: {
    path: () => '/api/contracts/templates/m2m_handshake',
    check: ({ json }) => expect(json.template.definition.name).toBe('m2m_handshake'),
    missing: () => ['/api/contracts/templates/nothing', undefined, 404, 'Template not found'],
  },
  deployTemplate: {
    path: () => '/api/contracts/templates/m2m_handshake/deploy',
    body: () => ({ slug: 'secret' }),
    check: ({ json }) =>
      expect(json).toMatchObject({ ok: true, template_id: 'm2m_handshake', contract: { currentState: 'proposed', originId: 'countersign:secret' } }),
    missing: () => ['/api/contracts/templates/m2m_handshake/deploy', { slug: 'nobody' }, 404, 'Machine not found'],
  },
  simulateContract: {
    path: () => '/api/contracts/simulate',
    body: () => ({ definition: HANDSHAKE, steps: ['accepted_pending', 'keyed'] }),
    check: ({ json }) => expect(json).toMatchObject({ valid: true, final_state: 'keyed' }),
  },
  latestState: {
    path: slug('/state'),
    check: ({ json }, at) => expect(json.state.stateHash).toBe(at.w.ledger.head(at.secret.genesis)?.stateHash),
  },
  blockAt: {
    path: (at) => `/api/chain/secret/block?zeqond=${at.w.ledger.head(at.secret.genesis)?.zeqondNumber}`,
    check: ({ json }) =>
      expect(json.block).toMatchObject({ originId: 'countersign:secret', zspEnvelope: null, id: expect.any(String), zeqondNumber: expect.any(String) }),
    missing: () => ['/api/chain/secret/block?zeqond=1', undefined, 404, 'no_block_at_zeqond'],
  },
  explore: {
    path: slug('/explore?limit=2'),
    check: ({ json }) => {
      expect(json).toMatchObject({ slug: 'secret', limit: 2, to: null, count: json.blocks.length })
      expect(json.rows).toEqual(json.blocks)
      expect(json.next).toEqual({ from: json.blocks.at(-1).zeqondNumber, after_id: json.blocks.at(-1).id })
    },
  },
  validateChain: {
    path: slug('/pohc/validate'),
    check: ({ json }, at) =>
      expect(json).toMatchObject({
        ok: true,
        valid: true,
        broken_at: null,
        count: at.w.ledger.count(at.secret.genesis),
        genesis_zeqond: at.secret.header.genesis_zeqond,
      }),
  },
  appendEvent: { path: slug('/event'), body: () => ({ type: 'reading', payload: { celsius: '21.5' } }), check: written },
  appendState: { path: slug('/state'), body: () => ({ state_hash: hash }), check: written },
  appendFile: { path: slug('/file'), body: () => ({ file_hash: hash, name: 'a.txt', bytes: 3, mime: 'text/plain' }), check: written },
  appendConnection: { path: slug('/connection'), body: () => ({ direction: 'inbound', peer_hash: 'x', protocol: 'tcp', state: 'open' }), check: written },
  submitTransaction: { path: slug('/tx/submit'), check: ({ json }) => expect(json).toEqual({ ok: false, error: 'not_implemented' }) },
  createContract: {
    path: slug('/contracts'),
    body: () => HANDSHAKE,
    check: ({ json }) => {
      expect(json.id).toBe(json.contract.id)
      expect(json.contract).toMatchObject({ name: 'm2m_handshake', version: '1.0', currentState: 'proposed', createdBy: 'bootstrap' })
    },
    missing: () => ['/api/chain/secret/contracts', { template_id: 'nothing' }, 404, 'Template not found'],
  },
  createCustomContract: { path: slug('/contracts/custom'), body: () => HANDSHAKE, check: ({ json }) => expect(json.contract.definition).toEqual(HANDSHAKE) },
  listContracts: { path: slug('/contracts'), check: ({ json }) => expect(json.contracts.length).toBeGreaterThan(0) },
  getContract: {
    path: (at) => `/api/chain/secret/contracts/${at.contract()}`,
    check: ({ json }) => expect(json).toMatchObject({ contract: { currentState: 'proposed' }, transitions: [] }),
    missing: () => [`/api/chain/secret/contracts/${none}`, undefined, 404, 'contract_not_found'],
  },
  transition: {
    path: (at) => `/api/chain/secret/contracts/${at.contract()}/transition`,
    body: () => ({ to: 'accepted_pending', input: { peer_slug: 'bob' } }),
    check: ({ json }) =>
      expect(json).toMatchObject({
        ok: true,
        previous_state: 'proposed',
        new_state: 'accepted_pending',
        zeqond_number: expect.any(Number),
        proof_digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        result: { operator: 'KO42', R_t: expect.stringMatching(/^[01]\.[0-9]{6}$/) },
      }),
    missing: () => [`/api/chain/secret/contracts/${none}/transition`, { to: 'keyed' }, 404, 'contract_not_found'],
  },
  verifyContract: {
    path: (at) => `/api/chain/secret/contracts/${at.contract()}/verify`,
    check: ({ json }) => expect(json).toMatchObject({ valid: true, broken_at: null, current_state: 'proposed', total_transitions: 0 }),
    missing: () => [`/api/chain/secret/contracts/${none}/verify`, undefined, 404, 'contract_not_found'],
  },
  tokenSupply: { path: slug('/tally/supply'), check: ({ json }) => expect(json).toMatchObject({ machine_slug: 'secret', tokens_minted: 0, tokens_burned: 0 }) },
  createKey: {
    path: slug('/api-keys'),
    body: () => ({ name: 'sensor', scope: 'operator', rate_limit_tier: 'standard', expires_at: '2999-01-01T00:00:00Z' }),
    check: ({ json }) => {
      expect(json.api_key).toMatch(/^zsm_[A-Za-z0-9_-]{43}$/)
      expect(json.api_key.startsWith(json.prefix)).toBe(true)
    },
  },
  listKeys: { path: slug('/api-keys'), check: ({ json }) => expect(JSON.stringify(json)).not.toMatch(/zsm_[A-Za-z0-9_-]{12}/) },
  revokeKey: {
    path: (at) => `/api/chain/secret/api-keys/${at.spare()}`,
    check: ({ json }) => expect(json.revoked).toMatch(/^[0-9a-f-]{36}$/),
    missing: () => [`/api/chain/secret/api-keys/${none}`, undefined, 404, 'key_not_found'],
  },
}
