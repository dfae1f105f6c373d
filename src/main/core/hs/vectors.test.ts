import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { SignPub } from '../brand.ts'
import { fromBase64, fromHex, toBase64, toHex } from '../crypto/bytes.ts'
import { checkHs, deriveSessionKey, signHs } from './handshake.ts'
import { parseLocal } from './local-time.ts'
import type { HsObject, SecObject } from './messages.ts'
import { HsMessage } from './messages.ts'
import { pythonJson } from './python-json.ts'
import { openSec, sealSec } from './sec.ts'

/** Made by the unmodified original with pinned time and randomness; see fixtures/README.md. */
const vectors = JSON.parse(readFileSync(new URL('./fixtures/hs.json', import.meta.url), 'utf8'))

interface Agent {
  kx_priv_hex: string
  kx_pub_b64: string
  sign_seed_hex: string
  sign_pub_b64: string
}
const agents: Record<'A' | 'B', Agent> = vectors.keys
const signer = (agent: Agent) => ({ signSeed: fromHex(agent.sign_seed_hex), signPub: fromBase64(agent.sign_pub_b64), kxPub: fromBase64(agent.kx_pub_b64) })

/** Where we refuse what the original accepts, and why (docs/protocol.md, "What is refused"). */
const stricter: Record<string, string> = {
  future_timestamp_1_year_ahead_is_accepted: 'future',
  reflection_own_hs_accepted: 'own',
}

describe('session key', () => {
  it('is the original’s, from either side', () => {
    const key = vectors.derived_key.sym_key_hex
    expect(toHex(deriveSessionKey(fromHex(agents.A.kx_priv_hex), fromBase64(agents.B.kx_pub_b64)))).toBe(key)
    expect(toHex(deriveSessionKey(fromHex(agents.B.kx_priv_hex), fromBase64(agents.A.kx_pub_b64)))).toBe(key)
  })
})

describe('hs', () => {
  const at = parseLocal('2026-01-02T03:04:05.678') ?? 0
  it.each([
    ['init', 'A', 'init_from_A'],
    ['response', 'B', 'response_from_B'],
  ] as const)('signs %s as the original does', (type, who, name) => {
    const expected = vectors.hs_sign[name].hs
    expect(signHs(type, expected.nonce, at, signer(agents[who]))).toEqual(expected)
  })

  const cases: {
    name: string
    hs: HsObject
    expected_type: 'init' | 'response'
    expected_nonce: string
    seen_nonces: string[]
    now: string
    result: { ok: boolean; sym_key_hex?: string }
  }[] = vectors.hs_verify_cases
  it.each(cases.map((c) => [c.name, c] as const))('%s', (name, c) => {
    const own = name === 'reflection_own_hs_accepted' ? c.hs.sign_pub : agents.B.sign_pub_b64
    const proof = checkHs({
      hs: c.hs,
      type: c.expected_type,
      nonce: c.expected_nonce,
      // The original compares microseconds; local milliseconds are rounded up so that the 60.000001 s case stays stale.
      localNow: parseLocal(c.now.slice(0, 19))! + Math.ceil(Number(`0${c.now.slice(19)}`) * 1000),
      ownSignPub: toHex(fromBase64(own)) as SignPub,
      replayed: (_key, nonce) => c.seen_nonces.includes(nonce),
      acceptedZone: null,
    })
    if (stricter[name]) {
      expect(c.result.ok).toBe(true)
      expect(proof).toEqual({ ok: false, why: stricter[name] })
    } else {
      expect(proof.ok).toBe(c.result.ok)
      if (proof.ok && c.result.sym_key_hex) expect(toHex(deriveSessionKey(fromHex(agents.B.kx_priv_hex), fromHex(proof.kxPub)))).toBe(c.result.sym_key_hex)
    }
  })
  it('has every case of the original', () => expect(cases).toHaveLength(21))
})

describe('sec', () => {
  const seals: {
    obj: unknown
    plaintext_json: string
    sym_key_hex: string
    gcm_nonce_hex: string
    signer: 'A' | 'B'
    sec: SecObject
    signed_bytes_utf8: string
  }[] = vectors.sec_seal
  it.each(seals.map((c) => [c.plaintext_json, c] as const))('seals and opens %s', (_name, c) => {
    const agent = signer(agents[c.signer])
    const key = fromHex(c.sym_key_hex)
    expect(pythonJson(c.obj)).toBe(c.plaintext_json)
    const sec = sealSec(c.obj, { key, signSeed: agent.signSeed, nonce: fromHex(c.gcm_nonce_hex), localMs: parseLocal('2026-01-02T03:04:05')! })
    expect(sec).toEqual(c.sec)
    expect(pythonJson(sec.envelope)).toBe(c.signed_bytes_utf8)
    expect(openSec(c.sec, key, agent.signPub)).toEqual({ ok: true, value: c.obj })
  })

  const opens: { name: string; sym_key_hex: string; peer_sign_pub_b64: string; sec: unknown; result: { ok: boolean; obj?: unknown } }[] = vectors.sec_open_cases
  it.each(opens.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    const message = HsMessage.parse({ intent: 'respond', your_nonce: 'a', my_nonce: 'b', sec: c.sec })
    const sec = message.intent === 'respond' ? message.sec : undefined
    const opened = sec === undefined || sec === 'malformed' ? { ok: false as const } : openSec(sec, fromHex(c.sym_key_hex), fromBase64(c.peer_sign_pub_b64))
    expect(opened.ok).toBe(c.result.ok)
    if (opened.ok && c.result.obj !== undefined) expect(opened.value).toEqual(c.result.obj)
  })
  it('has every case of the original', () => expect([seals.length, opens.length]).toEqual([5, 8]))

  it('reads standard base64 only', () => expect(toBase64(fromBase64(agents.A.sign_pub_b64))).toBe(agents.A.sign_pub_b64))
})
