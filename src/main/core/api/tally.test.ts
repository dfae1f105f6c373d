import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex } from '../crypto/bytes.ts'
import type { Json } from '../crypto/canonical-json.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { HANDSHAKE, HANDSHAKE_HASH } from '../ledger/handshake-contract.ts'
import type { Machine } from '../ledger/ledger.ts'
import { signTagged } from '../ledger/signing.ts'
import { plusTicks } from '../ledger/zeqond.ts'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { type World, world } from './api.fixture.ts'

/** A propose step as its party signs it, with the host's key. */
const signedStep = (w: World, machine: Machine, contractId: string, nonce: string): Record<string, Json> => {
  const record = w.store.chains.get(machine.genesis)!
  const seed = SecretBytes.take(fromHex((record.info as { keys: { sign: string } }).keys.sign))
  const plain = {
    v: 'zeq-m2m/1',
    kind: 'propose',
    role: 'initiator',
    session_nonce: nonce,
    self_genesis: machine.genesis,
    self_pubkey: machine.header.sign_pub,
    peer_genesis: '11'.repeat(32),
    peer_pubkey: '22'.repeat(32),
    peer_slug: 'bob',
    contract_id: contractId,
    definition_hash: HANDSHAKE_HASH,
    from: 'proposed',
    to: 'accepted_pending',
    decision_hash: null,
    self_kx_pub: machine.header.kx_pub,
    suites: ['x25519'],
    expires_zeqond: plusTicks(machine.header.genesis_zeqond, 386n),
    words_commit: '00'.repeat(32),
    peer_head: null,
  }
  return { ...plain, sig: signTagged(seed, 'zeq.m2m.step.v1', plain) }
}

let w: World
let machine: Machine
beforeAll(async () => {
  w = await world()
  machine = w.machine('alice', true)
})
afterAll(async () => {
  await w.close()
  removeTempFolders()
})

const propose = async (change: (input: Record<string, Json>) => Record<string, Json> = (input) => input) => {
  const { id } = w.ledger.createContract(machine.genesis, HANDSHAKE, 'test').contract
  const input = change(signedStep(w, machine, id, id.replaceAll('-', '').repeat(2)))
  return (await w.call('POST', `/api/chain/alice/contracts/${id}/transition`, { key: w.server.bootstrapToken, body: { to: 'accepted_pending', input } })).json
}

describe('tally tokens', () => {
  it('are minted for a signed step, and can be read and checked by anyone', async () => {
    const done = await propose()
    expect(done).toMatchObject({ ok: true, tally: { tokenId: expect.stringMatching(/^ZT-[0-9a-f]{32}$/), remaining: null } })
    const { tokenId } = done.tally
    const { json } = await w.call('GET', `/api/chain/alice/tally/token/${tokenId}`)
    expect(json.token).toMatchObject({
      tokenId,
      machineSlug: 'alice',
      operator_chain: ['KO42'],
      result_digest: done.proof_digest,
      minted_at_zeqond: String(done.zeqond_number),
      burned_at_zeqond: null,
      audit_row_id: String(done.seq),
      statement: { peer_genesis: '11'.repeat(32), audit_state_hash: done.state_hash },
    })
    const checked = await w.call('POST', '/api/chain/alice/tally/verify', { body: { token_id: tokenId } })
    expect(checked.json).toMatchObject({ valid: true, token_id: tokenId, audit_log_match: true, proof_match: true, minted_at_zeqond: done.zeqond_number })
    expect((await w.call('GET', '/api/chain/alice/tally/supply')).json).toMatchObject({ tokens_minted: 1, tokens_burned: 0, max_supply: null })
  })

  it('are not minted for a step that nobody signed, or that another key did: the step itself stands', async () => {
    const minted = async () => (await w.call('GET', '/api/chain/alice/tally/supply')).json.tokens_minted
    const before = await minted()
    expect(await propose(({ sig: _, ...unsigned }) => unsigned)).toEqual(expect.not.objectContaining({ tally: expect.anything() }))
    expect(await propose((input) => ({ ...input, peer_slug: 'mallory' }))).toMatchObject({ ok: true, new_state: 'accepted_pending' })
    expect(await minted()).toBe(before)
  })

  it('belong to one machine, and what is none is not found', async () => {
    const { tally } = await propose()
    w.machine('other', true)
    const get = async (path: string, body?: object) => {
      const answer = await w.call(body === undefined ? 'GET' : 'POST', path, body === undefined ? {} : { body })
      return [answer.status, answer.json.error]
    }
    expect(await get(`/api/chain/other/tally/token/${tally.tokenId}`)).toEqual([404, 'token_not_found'])
    expect(await get('/api/chain/alice/tally/token/ZT-nothing')).toEqual([404, 'token_not_found'])
    expect(await get('/api/chain/other/tally/verify', { token_id: tally.tokenId })).toEqual([404, 'token_not_found'])
    expect(await get('/api/chain/alice/tally/verify', {})).toEqual([400, 'invalid_request'])
    expect(await get('/api/chain/alice/tally/verify', { token_id: tally.tokenId, more: 1 })).toEqual([400, 'invalid_request'])
    expect(await get('/api/chain/nobody/tally/token/x')).toEqual([401, 'unauthorized'])
  })
})
