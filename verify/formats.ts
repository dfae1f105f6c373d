import { admitEd25519, ed25519Verify } from '../src/main/core/crypto/ed25519.ts'
import { sha256Hex } from '../src/main/core/crypto/hash.ts'
import { admitX25519 } from '../src/main/core/crypto/x25519.ts'

/** Canonical JSON, hashes, signatures, and the exact form of every part of a chain, a bundle and a proof. */
export type Json = undefined | null | boolean | number | string | Json[] | Obj
export type Obj = { [name: string]: Json }
export const isObj = (value: Json): value is Obj => typeof value === 'object' && value !== null && !Array.isArray(value)
/** What cannot be read at all, as opposed to what can be read and is wrong. */
export class Unreadable extends Error {}
/** RFC 8785 for strings, safe integers, booleans, null, arrays, objects. @throws Unreadable for `__proto__`, lone surrogates, depth over 16. */
export const write = (value: Json, depth = 0): string => {
  const names = isObj(value) ? Object.keys(value).sort() : []
  const plain = typeof value === 'string' ? value.isWellFormed() : typeof value === 'number' ? Number.isSafeInteger(value) : value !== undefined
  if (!plain || names.includes('__proto__') || (depth > 15 && typeof value === 'object' && value !== null)) throw new Unreadable('not canonical JSON')
  if (Array.isArray(value)) return `[${value.map((x) => write(x, depth + 1)).join(',')}]`
  return isObj(value) ? `{${names.map((name) => `${write(name)}:${write(value[name], depth + 1)}`).join(',')}}` : JSON.stringify(value)
}
/** Reads what `write` would write and nothing else: no duplicate key (it would be lost), no −0, no 1.0, no space comes through. @throws Unreadable */
export const parse = (text: string): Json => {
  try {
    const value = JSON.parse(text) as Json
    if (write(value) === text) return value
  } catch {}
  throw new Unreadable('not canonical JSON')
}
export const tagged = (tag: string, value: Json) => new TextEncoder().encode(`${tag}\0${write(value)}`)
export const bytesOf = (hex: Json) => new Uint8Array(Buffer.from(String(hex), 'hex'))
export const hash = (tag: string, value: Json): string => sha256Hex(tagged(tag, value))
/** Is it signed by this key, in its own field `sig`, over all its other fields? */
export const signedBy = (key: string, tag: string, { sig, ...said }: Obj) => fits(h64, sig) && ed25519Verify(bytesOf(key), tagged(tag, said), bytesOf(sig))
export const [maySign, mayKx] = [(key: Json) => admitEd25519(bytesOf(key)), (key: Json) => admitX25519(bytesOf(key))]

/** A literal, a pattern, one of several, a predicate, or an object with these fields and no other. `undefined` = it may be missing. */
export type Test = string | null | undefined | RegExp | Test[] | ((value: Json) => boolean) | { [name: string]: Test }
export const fits = (test: Test, value: Json): boolean => {
  if (test instanceof RegExp) return typeof value === 'string' && test.test(value)
  if (Array.isArray(test)) return test.some((one) => fits(one, value))
  if (typeof test === 'function') return test(value)
  if (typeof test !== 'object' || test === null) return test === value
  return isObj(value) && Object.keys({ ...test, ...value }).every((name) => Object.hasOwn(test, name) && fits(test[name], value[name]))
}
function each(one: Test, most = Infinity, least = 0) {
  return (v: Json) => Array.isArray(v) && v.length >= least && v.length <= most && v.every((x) => fits(one, x))
}
const hex = (bytes: number) => new RegExp(`^[0-9a-f]{${2 * bytes}}$`)
const upTo = (most: number, least = 0) => new RegExp(`^.{${least},${most}}$`, 's')
const [any, count] = [(v: Json) => v !== undefined, (v: Json) => typeof v === 'number' && v >= 0]
const [h32, h64, tick, slug, name] = [hex(32), hex(64), /^(0|[1-9][0-9]{0,17})$/, /^[a-z0-9-]{1,64}$/, upTo(64, 1)]
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
export const HEAD = { genesis: h32, seq: count, stateHash: h32, zeqondNumber: tick, sig: h64 }
export const HEADER: Test = { slug, origin_id: /^[\x21-\x7e]{1,200}:[a-z0-9-]{1,64}$/, genesis_zeqond: tick, sign_pub: h32, kx_pub: h32, next: [h32, null] }
const linked = { originId: upTo(300), seq: count, zeqondNumber: tick, prevHash: h32, transitionType: /^(contract(_created)?|event|state|file|connection)$/ }
export const ROW: Test = { ...linked, transitionId: uuid, payloadHash: h32, proofDigest: [h32, null], payload: [isObj, null], stateHash: h32, headSig: h64 }
const [party, SUITES, salt, none] = [['initiator', 'responder'], ['x25519', 'x25519mlkem768'], [hex(16), undefined], undefined]
const callers = /^(?!m2m[.]|hs[.]step$|machine[.]custody$).{1,64}$/s
export const PAYLOAD: { [type: string]: Test } = {
  contract_created: { contract_id: uuid, definition: isObj },
  contract: { contract_id: uuid, from: name, to: name, operator: name, input: isObj },
  event: [
    { type: 'hs.step', input: { role: party, step: name, peer_sign_pub: h32, hs_hash: [h32, null], decision_hash: [h32, null] }, salt },
    { type: 'machine.custody', input: { custody: 'host' }, salt },
    { type: /^m2m[.].{0,60}$/s, input: isObj, salt },
    { type: callers, payload: any, salt },
    { type: callers, hash: h32, salt },
  ],
  state: { state_hash: h32, salt },
  file: { file_hash: h32, name: [upTo(256), none], bytes: [count, none], mime: [upTo(128), none], salt },
  connection: { direction: ['inbound', 'outbound', none], peer_hash: [upTo(128), none], protocol: [upTo(32), none], state: ['open', 'close', none], salt },
}
const signed = { v: 'zeq-m2m/1', self_genesis: h32, sig: h64 }
const between = { ...signed, session_nonce: h32, peer_genesis: h32, decision_hash: [h32, null] }
const STATES = ['proposed', 'accepted_pending', 'keyed', 'active']
const own = { ...between, role: party, self_pubkey: h32, peer_pubkey: h32, peer_slug: slug, contract_id: uuid, definition_hash: h32, from: STATES, to: STATES }
const suites = (v: Json) => Array.isArray(v) && each(SUITES, 2, 1)(v) && v[0] !== v[1]
const reason = ['user', 'rejected', 'expired', 'glare', 'suite', 'clock', 'key_changed', 'bad_peer', 'lost_state', 'done', 'age', 'revoked']
/** Statements: of the rows of a contract, of the events that end a session, of a machine about its keys. */
export const STEP: Test = [
  { ...own, kind: 'propose', self_kx_pub: h32, suites, expires_zeqond: tick, words_commit: h32, peer_head: [HEAD, null] },
  { ...own, kind: 'accept', self_kx_pub: h32, responder_nonce: h32, suites, suite: SUITES, ack_hash: h32, ack_stmt_hash: h32, peer_head: HEAD },
  { ...own, kind: 'key', ecdh_pub: h32, kem: [hex(1184), hex(1088), null], ack_hash: h32, ack_stmt_hash: h32, peer_head: HEAD },
  { ...own, kind: 'activate', peer_keyed_hash: h32, peer_keyed_stmt_hash: h32, session_id: h32, key_confirm: h32, peer_head: HEAD },
]
export const END: Test = [
  { ...between, kind: 'seal', session_id: h32, peer_active_hash: h32, peer_head: HEAD },
  { ...between, kind: 'abort', session_id: [h32, null], reason, peer_head: [HEAD, null] },
  { ...between, kind: 'close', session_id: h32, reason, peer_head: [HEAD, null] },
]
export const ROTATE = { ...signed, kind: 'rotate', n: count, sign_pub: h32, kx_pub: h32, next: [h32, null], reason: ['planned', 'compromised', 'lost'] }
export const REVOKE: Test = { ...signed, kind: 'revoke', reason: ['retired', 'compromised', 'lost'] }
const profile = { chain: 'zeq-chain/1', m2m: 'zeq-m2m/1', zeqond_rule: 'floor(unix_ms/777)' }
const confirm_keys = (v: Json) => isObj(v) && each(h32)([...Object.keys(v), ...Object.values(v)])
const [pins, legacy_hs] = [each({ genesis: h32, name: upTo(64), method: [upTo(32), null], at: [tick, null] }), each({ row_seq: count, hs: isObj })]
const facts = { v: 'zeq-bundle/1', made_at: tick, exporter: h32, profile, chains: each(any, 2, 1), sessions: [each(h32, Infinity, 1), null], sig: h64 }
export const BUNDLE: { [name: string]: Test } = { ...facts, confirm_keys, heads: each(HEAD, 10_000), pins, legacy_hs }
export const PROOF: Test = { v: 'zeq-equivocation/1', chain: HEADER, rotations: each(ROTATE, 1000), heads: each(HEAD, 2, 2) }
