/**
 * A second verifier of zeq-chain/1 and zeq-m2m/1, written from the specification and sharing nothing with the program's own
 * audit but the primitives Ed25519, X25519 and SHA-256: a mistake would have to be made twice to go unseen. Reads two chains,
 * a bundle or an equivocation proof, and says what is wrong with them in the codes of docs/ledger.md. Never throws on what a file says.
 */
import { admitEd25519, ed25519Verify } from '../src/main/core/crypto/ed25519.ts'
import { hmacSha256, sha256 } from '../src/main/core/crypto/hash.ts'
import { admitX25519 } from '../src/main/core/crypto/x25519.ts'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type Obj = { [name: string]: Json }
export type Finding = { code: string; why: string; chain?: string; seq?: number; session?: string }
type Where = { chain?: string; seq?: number; session?: string }
type Add = (code: string, why: string, where?: Where) => void
type Head = { genesis: string; seq: number; stateHash: string; zeqondNumber: string; sig: string }
type Keys = { sign_pub: string; kx_pub: string; next: string | null; from: number }
type Row = Head & { [name in 'originId' | 'prevHash' | 'transitionType' | 'transitionId' | 'payloadHash' | 'headSig']: string } & {
  proofDigest: string | null
  payload: Obj | null
}
/** A statement in its row, flattened to strings where the shape below says so. */
type Said = { row: Row; s: { [name: string]: string }; head: Head | null; type: string }
type Chain = { name: string; slug: string; genesis: string; rows: Row[]; signed: Set<Row>; keys: Keys[]; steps: Said[]; ends: Said[]; hidden: number }
export type Session = { session_nonce: string; initiator: string; status: string; suite: string | null; session_id: string | null; confirmed: boolean }
export type Report = { ok: boolean; status: string; who: Obj; keys: Obj; sessions: Session[]; hidden: number; findings: Finding[] }
export type Options = { sessions?: string[] | null; confirmKeys?: { [id: string]: string }; heads?: Json[]; expectGenesis?: string[]; skew?: number }

const DEFINITION = '2078fdb1e20b6b00bcec63e2879bb0c9996ecce15f34dbcd91cbb45d391100b5'
const DAY = 111_196n
const STATES = ['proposed', 'accepted_pending', 'keyed', 'active']
const SUITES = ['x25519', 'x25519mlkem768']

/* ---- canonical JSON: strings, safe integers, booleans, null, arrays, objects; depth at most 16 ---- */

/** What cannot be read at all, as opposed to what can be read and is wrong. */
export class Unreadable extends Error {}

const restricted = (value: Json, depth: number): boolean => {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (value === null || typeof value !== 'object') return true
  const names = Array.isArray(value) ? [] : Object.keys(value)
  return depth < 16 && names.every((name) => name !== '__proto__' && name.isWellFormed()) && Object.values(value).every((x) => restricted(x, depth + 1))
}
/**
 * Reads what `write` would write and nothing else: so no duplicate key (it would be lost), no −0, no 1.0, no space comes through.
 * @throws Unreadable for that, for floats, `__proto__`, lone surrogates, depth over 16, and what is not JSON.
 */
export const parse = (text: string): Json => {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    throw new Unreadable('not JSON')
  }
  if (!restricted(value, 0) || write(value) !== text) throw new Unreadable('not canonical JSON')
  return value
}
/** RFC 8785 for the values `parse` gives. */
export const write = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : 1))
  return `{${keys.map((key) => `${JSON.stringify(key)}:${write(value[key] as Json)}`).join(',')}}`
}

const encode = (text: string) => new TextEncoder().encode(text)
const tagged = (tag: string, value: Json) => encode(`${tag}\0${write(value)}`)
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
/** H(tag, value) of the specification, in hex. */
export const hash = (tag: string, value: Json): string => toHex(sha256(tagged(tag, value)))
const without = (value: Obj, name: string): Obj => Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
const verifies = (key: string, tag: string, value: Json, sig: string) => ed25519Verify(bytesOf(key), tagged(tag, value), bytesOf(sig))

/* ---- shapes: exactly the named fields, each of its format ---- */

/** A literal, a pattern, one of several, a predicate, or an object with exactly these fields. */
type Test = string | null | RegExp | Test[] | ((value: Json | undefined) => boolean) | { [name: string]: Test }
const isObj = (value: Json | undefined): value is Obj => typeof value === 'object' && value !== null && !Array.isArray(value)
const fits = (test: Test | undefined, value: Json | undefined): boolean => {
  if (test instanceof RegExp) return typeof value === 'string' && test.test(value)
  if (Array.isArray(test)) return test.some((one) => fits(one, value))
  if (typeof test === 'function') return test(value)
  if (typeof test !== 'object' || test === null) return test === value
  return isObj(value) && Object.keys({ ...test, ...value }).every((key) => Object.hasOwn(test, key) && Object.hasOwn(value, key) && fits(test[key], value[key]))
}
const hex = (bytes: number) => new RegExp(`^[0-9a-f]{${2 * bytes}}$`)
const text = (value: Json | undefined) => typeof value === 'string'
const count = (value: Json | undefined) => typeof value === 'number' && value >= 0
const list = (value: Json | undefined) => Array.isArray(value)
const [h32, h64, tick, slug] = [hex(32), hex(64), /^(0|[1-9][0-9]{0,17})$/, /^[a-z0-9-]{1,64}$/]
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const head = { genesis: h32, seq: count, stateHash: h32, zeqondNumber: tick, sig: h64 }
const suites = (value: Json | undefined) =>
  Array.isArray(value) && value.length > 0 && new Set(value).size === value.length && value.every((x) => fits(SUITES, x))
const header = { slug, origin_id: /^.{1,255}:[a-z0-9-]{1,64}$/, genesis_zeqond: tick, sign_pub: h32, kx_pub: h32, next: [h32, null] }
const types = ['contract_created', 'contract', 'event', 'state', 'file', 'connection']
const linked = { originId: text, seq: count, zeqondNumber: tick, prevHash: h32, transitionType: types, transitionId: uuid }
const row = { ...linked, payloadHash: h32, proofDigest: [h32, null], payload: [isObj, null], stateHash: h32, headSig: h64 }
const signed = { v: 'zeq-m2m/1', self_genesis: h32, sig: h64 }
const between = { ...signed, session_nonce: h32, peer_genesis: h32, decision_hash: [h32, null] }
const parties = { role: ['initiator', 'responder'], self_pubkey: h32, peer_pubkey: h32, peer_slug: slug }
const own = { ...between, ...parties, contract_id: uuid, definition_hash: h32, from: STATES, to: STATES }
const acks = { ack_hash: h32, ack_stmt_hash: h32, peer_head: head }
const reason = ['user', 'rejected', 'expired', 'glare', 'suite', 'clock', 'key_changed', 'bad_peer', 'lost_state', 'done', 'age', 'revoked']
const STATEMENT: { [kind: string]: Test } = {
  propose: { ...own, kind: 'propose', self_kx_pub: h32, suites, expires_zeqond: tick, words_commit: h32, peer_head: [head, null] },
  accept: { ...own, kind: 'accept', self_kx_pub: h32, responder_nonce: h32, suites, suite: SUITES, ...acks },
  key: { ...own, kind: 'key', ecdh_pub: h32, kem: [hex(1184), hex(1088), null], ...acks },
  activate: { ...own, kind: 'activate', peer_keyed_hash: h32, peer_keyed_stmt_hash: h32, session_id: h32, key_confirm: h32, peer_head: head },
  seal: { ...between, kind: 'seal', session_id: h32, peer_active_hash: h32, peer_head: head },
  abort: { ...between, kind: 'abort', session_id: [h32, null], reason, peer_head: [head, null] },
  close: { ...between, kind: 'close', session_id: h32, reason, peer_head: [head, null] },
  rotate: { ...signed, kind: 'rotate', n: count, sign_pub: h32, kx_pub: h32, next: [h32, null], reason: ['planned', 'compromised', 'lost'] },
  revoke: { ...signed, kind: 'revoke', reason: ['retired', 'compromised', 'lost'] },
}
/** Role and move of a step; a key and an activation are either role's. */
const PATH: { [kind: string]: string } = { propose: 'initiator 0', accept: 'responder 0', key: ' 1', activate: ' 2' }
const payloadFits = (type: string, payload: Obj): boolean => {
  if (type === 'contract_created') return fits({ contract_id: uuid, definition: isObj }, payload)
  if (type === 'contract') return fits({ contract_id: uuid, from: text, to: text, operator: text, input: () => true }, payload)
  const [name, said] = [payload['type'], without(payload, fits(hex(16), payload['salt']) ? 'salt' : '')]
  if (type !== 'event') return true
  if (typeof name !== 'string' || name.length > 64) return false
  if (/^(m2m[.].*|hs[.]step|machine[.]custody)$/s.test(name)) return fits({ type: text, input: isObj }, said)
  return Object.keys(said).length === 2 && (Object.hasOwn(said, 'payload') || fits(h32, said['hash']))
}

/* ---- one chain ---- */

const genesisOf = (c: Obj) =>
  hash('zeq.genesis.v1', Object.fromEntries(['origin_id', 'genesis_zeqond', 'sign_pub', 'kx_pub', 'next'].map((key) => [key, c[key] as Json])))
const inForce = (keys: Keys[], seq: number): Keys => keys.findLast((k) => k.from <= seq) ?? (keys[0] as Keys)
const headSigned = (key: string, { sig, ...body }: Head) => verifies(key, 'zeq.head.v1', body, sig)
const headOf = (c: Chain, r: Row): Head => ({ genesis: c.genesis, seq: r.seq, stateHash: r.stateHash, zeqondNumber: r.zeqondNumber, sig: r.headSig })
const isHeadAt = (h: Head | null, r: Row) => h?.seq === r.seq && h.stateHash === r.stateHash && h.zeqondNumber === r.zeqondNumber
const admitted = (k: { sign_pub: string; kx_pub: string }) => admitEd25519(bytesOf(k.sign_pub)) && admitX25519(bytesOf(k.kx_pub))
/** The keys after a rotation statement, or why it is none. */
const rotated = (keys: Keys[], genesis: string, s: Obj, from: number): Keys | string => {
  const next = { sign_pub: String(s['sign_pub']), kx_pub: String(s['kx_pub']) }
  if (!fits(STATEMENT['rotate'], s)) return 'FORMAT'
  if (!admitted(next)) return 'WEAK_KEY'
  if (s['self_genesis'] !== genesis || s['n'] !== keys.length || hash('zeq.next.v1', next) !== keys.at(-1)?.next) return 'ROTATION'
  if (!verifies(next.sign_pub, 'zeq.m2m.rotate.v1', without(s, 'sig'), String(s['sig']))) return 'ROTATION'
  return { ...next, next: s['next'] as string | null, from }
}

const readChain = (raw: Json | undefined, name: string, report: Add): Chain | null => {
  const add = (code: string, why: string, seq?: number) => report(code, why, seq === undefined ? { chain: name } : { chain: name, seq })
  if (!fits({ ...header, rows: list, head: [isObj, null] }, raw)) {
    add('FORMAT', 'the header of the chain')
    return null
  }
  const top = raw as Obj & Keys & { rows: Json[]; slug: string }
  const made = { name, slug: top.slug, genesis: genesisOf(top), keys: [{ ...top, from: 0 }] }
  const chain: Chain = { ...made, rows: [], signed: new Set(), steps: [], ends: [], hidden: 0 }
  if (!admitted(top)) add('WEAK_KEY', 'a key of the genesis')
  if (!String(top['origin_id']).endsWith(`:${top.slug}`)) add('ORIGIN', 'the slug is not that of the origin')
  let [prev, expected, z, revoked] = [chain.genesis as string | null, 0, BigInt(String(top['genesis_zeqond'])), false]
  for (const [i, item] of top.rows.entries()) {
    if (!fits(row, item)) {
      add('FORMAT', 'a row', i)
      ;[prev, expected] = [null, expected + 1]
      continue
    }
    const r = item as unknown as Row
    const at = r.seq
    if (at !== expected) add('SEQ', `expected row ${expected}`, at)
    if (prev !== null && at === expected && r.prevHash !== prev) add('LINK', 'does not follow the row before', at)
    if (r.originId !== top['origin_id']) add('ORIGIN', 'a row of another origin', at)
    if (BigInt(r.zeqondNumber) < z) add('ZEQOND_BACKWARD', 'earlier than the row before', at)
    if (r.payload !== null && hash('zeq.payload.v1', r.payload) !== r.payloadHash) add('PAYLOAD_HASH', 'the payload is not the one hashed', at)
    const { payload, stateHash, headSig, ...body } = r as Row & Obj
    if (hash('zeq.row.v1', { v: 1, ...body }) !== stateHash) add('STATE_HASH', 'the row is not the one hashed', at)
    if (revoked) add('AFTER_REVOKE', 'a row after the key was revoked', at)
    if (payload === null) chain.hidden += 1
    else if (!payloadFits(r.transitionType, payload)) add('FORMAT', `the payload of a row of type ${r.transitionType}`, at)
    else if (r.transitionType === 'event' && isObj(payload['input']) && !revoked) revoked = readEvent(chain, r, payload['input'], String(payload['type']), add)
    if (headSigned(inForce(chain.keys, at).sign_pub, headOf(chain, r))) chain.signed.add(r)
    else add('HEAD_SIG', 'the head is not signed by the key in force', at)
    if (r.transitionType !== 'contract' && r.proofDigest !== null) add('PROOF', 'a proof on a row that takes no step', at)
    ;[prev, expected, z] = [stateHash, at + 1, BigInt(r.zeqondNumber)]
    chain.rows.push(r)
  }
  const last = chain.rows.at(-1)
  const h = top['head'] as Head | null
  if (!fits([head, null], top['head'])) add('FORMAT', 'the head')
  else if ((h === null) !== (last === undefined)) add('HEAD', 'a head without a row, or a row without a head')
  else if (h && last && !(h.genesis === chain.genesis && isHeadAt(h, last))) add('HEAD', 'the head is not the last row')
  else if (h !== null && !headSigned(inForce(chain.keys, h.seq).sign_pub, h)) add('HEAD', 'the head is not signed by the key in force')
  readContracts(chain, add)
  return chain
}

type AddAt = (code: string, why: string, seq?: number) => void
const said = (r: Row, s: Obj, type: string): Said => ({ row: r, s: s as Said['s'], head: (s['peer_head'] ?? null) as Head | null, type })

/** An event of the profile. True when it revokes the key. */
const readEvent = (chain: Chain, r: Row, s: Obj, type: string, add: AddAt): boolean => {
  const kind = type.slice('m2m.'.length)
  if (!type.startsWith('m2m.')) return false
  if (!['seal', 'abort', 'close', 'rotate', 'revoke'].includes(kind) || !fits(STATEMENT[kind], s)) {
    add(s['sig'] === undefined ? 'UNSIGNED' : 'FORMAT', `a statement of type ${type}`, r.seq)
    return false
  }
  if (kind === 'rotate') {
    const keys = rotated(chain.keys, chain.genesis, s, r.seq)
    if (typeof keys === 'string') add(keys, 'a rotation that does not open the commitment', r.seq)
    else chain.keys.push(keys)
    return false
  }
  const tag = kind === 'revoke' ? 'zeq.m2m.rotate.v1' : 'zeq.m2m.end.v1'
  const good = verifies(inForce(chain.keys, r.seq).sign_pub, tag, without(s, 'sig'), String(s['sig']))
  if (!good) add(kind === 'revoke' ? 'ROTATION' : 'END_SIG', 'the statement is not signed by the key in force', r.seq)
  if (s['self_genesis'] !== chain.genesis) add('STATEMENT_BINDING', 'a statement of another machine', r.seq)
  if (kind !== 'revoke') chain.ends.push(said(r, s, kind))
  return kind === 'revoke' && good && s['self_genesis'] === chain.genesis
}

/** Replays every contract from its initial state. */
const readContracts = (chain: Chain, add: AddAt): void => {
  const contracts = new Map<string, { state: string | undefined; definition: Obj; pinned: boolean; first: Said | null }>()
  const nonces = new Map<string, string>()
  for (const r of chain.rows) {
    if (r.payload === null || !r.transitionType.startsWith('contract') || !payloadFits(r.transitionType, r.payload)) continue
    const { contract_id, definition, from, to, operator, input } = r.payload as { [name: string]: string } & { definition: Obj; input: Json }
    const known = contracts.get(String(contract_id))
    if (r.transitionType === 'contract_created') {
      if (known !== undefined) add('DUPLICATE_CONTRACT', 'a contract made twice', r.seq)
      const pinned = hash('zeq.contract.v1', definition) === DEFINITION
      const state = Object.entries(isObj(definition['states']) ? definition['states'] : {}).find(([, s]) => isObj(s) && s['initial'] === true)?.[0]
      if (!pinned && definition['name'] === 'm2m_handshake') add('DEFINITION_MISMATCH', 'not the handshake that is pinned', r.seq)
      contracts.set(String(contract_id), { state, definition, pinned, first: null })
      continue
    }
    const digest = hash('zeq.input.v1', isObj(input) ? without(input, 'sig') : input)
    if (r.proofDigest !== hash('zeq.ko42.v1', { operators: ['KO42'], zeqond: r.zeqondNumber, input_digest: digest }))
      add('PROOF', 'not the digest of this step', r.seq)
    const edges = known?.definition['transitions']
    const legal = Array.isArray(edges) && edges.some((e) => isObj(e) && e['from'] === from && e['to'] === to && e['operator'] === operator)
    if (known === undefined || !legal || known.state !== from) add('ILLEGAL_TRANSITION', 'the contract does not allow this step here', r.seq)
    if (known !== undefined) known.state = to
    const statement = isObj(input) && (Object.hasOwn(input, 'session_nonce') || input['v'] === 'zeq-m2m/1')
    if (!statement && known?.pinned !== true) continue
    if (known !== undefined && !known.pinned) add('DEFINITION_MISMATCH', 'a handshake by another contract', r.seq)
    if (!isObj(input) || input['sig'] === undefined) {
      add('UNSIGNED', 'a step that nobody signed', r.seq)
      continue
    }
    const kind = String(input['kind'])
    if (!Object.hasOwn(PATH, kind) || !fits(STATEMENT[kind], input)) {
      add('FORMAT', 'the statement of a step', r.seq)
      continue
    }
    const step = said(r, input, kind)
    const s = step.s
    const keys = inForce(chain.keys, r.seq)
    const first = known?.first?.s ?? s
    if (known !== undefined) known.first ??= step
    if (!verifies(keys.sign_pub, 'zeq.m2m.step.v1', without(input, 'sig'), String(s['sig']))) add('STEP_SIG', 'not signed by the key in force', r.seq)
    const bound = s['self_genesis'] === chain.genesis && s['self_pubkey'] === keys.sign_pub && (s['self_kx_pub'] ?? keys.kx_pub) === keys.kx_pub
    const here = s['contract_id'] === contract_id && s['definition_hash'] === DEFINITION && s['from'] === from && s['to'] === to
    if (!bound || !here || s['session_nonce'] !== first['session_nonce'] || s['self_pubkey'] !== first['self_pubkey'])
      add('STATEMENT_BINDING', 'says another machine, key, contract or session than its row', r.seq)
    const [role, move] = String(PATH[kind]).split(' ')
    const moved = s['from'] === STATES[Number(move)] && s['to'] === STATES[Number(move) + 1]
    if ((role || s['role']) !== s['role'] || !moved || s['role'] !== first['role']) add('ROLE', 'a step that is not this role’s', r.seq)
    if (s['peer_genesis'] !== first['peer_genesis'] || s['peer_pubkey'] !== first['peer_pubkey'])
      add('PEER_MISMATCH', 'another peer within one contract', r.seq)
    if (s['peer_genesis'] === chain.genesis) add('SELF', 'names itself as its peer', r.seq)
    if (s['ecdh_pub'] !== undefined && !admitX25519(bytesOf(s['ecdh_pub']))) add('WEAK_KEY', 'an ephemeral key of low order', r.seq)
    const initiator = s['role'] === 'initiator' ? chain.genesis : s['peer_genesis']
    for (const nonce of [`${initiator} ${s['session_nonce']}`, ...(kind === 'accept' ? [`responder ${s['responder_nonce']}`] : [])]) {
      if ((nonces.get(nonce) ?? contract_id) !== contract_id) add('NONCE_REUSE', 'a nonce of an earlier handshake', r.seq)
      nonces.set(nonce, String(contract_id))
    }
    chain.steps.push(step)
  }
}

/* ---- two chains ---- */

/** Step 6 of the procedure: is a head somebody kept still on its chain? */
const checkWitness = (c: Chain, h: Head, add: (code: string, why: string) => void): void => {
  const key = inForce(c.keys, h.seq)
  const there = c.rows.find((r) => r.seq === h.seq)
  const same = there !== undefined && isHeadAt(h, there)
  if (!headSigned(key.sign_pub, h)) {
    const given = c.keys.some((k) => k.from < key.from && headSigned(k.sign_pub, h))
    if (given) return add('SUPERSEDED', 'a head signed by a key since given up')
    if (same || there === undefined) return add('WITNESSED_HEAD_SIG', 'a head that the peer did not sign')
    return add('HISTORY_CHANGED', 'another row was witnessed here')
  }
  if (there === undefined) {
    const later = c.rows.some((r) => r.seq < h.seq && c.signed.has(r) && BigInt(r.zeqondNumber) > BigInt(h.zeqondNumber))
    return later ? add('EQUIVOCATION', 'a later row lies below a head that is gone') : add('ROLLBACK', 'a head that was witnessed is gone')
  }
  if (same) return
  if (c.signed.has(there)) add('EQUIVOCATION', 'two signed heads at one place')
  else add('HISTORY_CHANGED', 'another row was witnessed here')
}

const checkSession = (nonce: string, a: Chain, b: Chain, o: Options, report: Add): Session => {
  const skew = BigInt(o.skew ?? 0)
  const acked = (s: Said['s'], peer: Chain) => peer.rows.some((r) => r.stateHash === (s['ack_hash'] ?? s['peer_keyed_hash']))
  const of = (c: Chain, peer: Chain) => c.steps.filter(({ s }) => s['session_nonce'] === nonce && (s['peer_genesis'] === peer.genesis || acked(s, peer)))
  const leads = (c: Chain, peer: Chain) => of(c, peer).some(({ s }) => s['role'] === 'initiator')
  const flip = !leads(a, b) && (leads(b, a) || of(a, b).length > 0)
  const [A, B] = flip ? [b, a] : [a, b]
  const add = (code: string, why: string, c?: Chain, r?: Row) => report(code, why, { session: nonce, ...(c && r ? { chain: c.name, seq: r.seq } : {}) })
  const slots: { [slot: string]: Said } = {}
  for (const c of [A, B])
    for (const step of of(c, c === A ? B : A)) {
      const [peer, letter] = c === A ? [B, 'A'] : [A, 'B']
      const { s, row: r } = step
      if ((s['role'] === 'initiator') !== (letter === 'A')) add('ROLE', 'both sides take one role', c, r)
      const theirs = of(peer, c)[0]?.s['self_pubkey']
      const key = theirs === undefined ? peer.keys.some((k) => k.sign_pub === s['peer_pubkey']) : theirs === s['peer_pubkey']
      if (s['peer_genesis'] !== peer.genesis || s['peer_slug'] !== peer.slug || !key) add('PEER_MISMATCH', 'names another peer', c, r)
      slots[letter + { propose: 1, accept: 1, key: 2, activate: 3 }[step.type]] ??= step
    }
  const { A1, A2, A3, B1, B2, B3 } = slots
  const answers = (acker: Said | undefined, acked: Said | undefined, c: Chain) => {
    if (acker === undefined) return
    const s = acker.s
    const statement = s['ack_stmt_hash'] ?? s['peer_keyed_stmt_hash']
    const match = acked && (s['ack_hash'] ?? s['peer_keyed_hash']) === acked.row.stateHash && statement === hash('zeq.m2m.stmt.v1', acked.s)
    if (!match || !isHeadAt(acker.head, acked.row)) add('ACK_MISMATCH', 'does not acknowledge the row it should', c, acker.row)
    if (acked && z(acker) + skew < z(acked)) add('CAUSALITY', 'earlier than the row it acknowledges', c, acker.row)
  }
  const within = (x: Said | undefined, y: Said | undefined, c: Chain) =>
    x && y && z(x) > z(y) + DAY && add('EXPIRED', 'a day after the row it answers', c, x.row)
  const z = (x: Said) => BigInt(x.row.zeqondNumber)
  for (const x of [B1, B2]) answers(x, A1, B)
  for (const x of [A2, A3]) answers(x, B2, A)
  answers(B3, A2, B)
  within(B2, B1, B)
  within(A2, B2, A)
  within(A3, A2, A)
  within(B3, A2, B)
  if (A1 && BigInt(A1.s['expires_zeqond'] ?? 0) > z(A1) + DAY) add('EXPIRED', 'open for more than a day', A, A1.row)
  if (A1 && B1 && z(B1) > BigInt(A1.s['expires_zeqond'] ?? 0)) add('EXPIRED', 'accepted too late', B, B1.row)
  const suite = B1?.s['suite'] ?? null
  const offered = (x: Said) => x.s['suites'] as unknown as string[]
  if (A1 && B1 && suite !== offered(A1).find((name) => offered(B1).includes(name))) add('SUITE', 'not the best suite both have', B, B1.row)
  const kem = (step: Said | undefined, c: Chain, bytes: number) => {
    if (step && (suite === 'x25519mlkem768' ? !fits(hex(bytes), step.s['kem']) : step.s['kem'] !== null))
      add('SUITE', 'a KEM that does not fit the suite', c, step.row)
  }
  kem(B2, B, 1184)
  kem(A2, A, 1088)
  let id: string | null = null
  if (A1 && B1 && B2 && A2) {
    const side = ({ s }: Said, { s: { ecdh_pub: eph, kem } }: Said, of: string | undefined): Json => {
      const identity = { genesis: s['self_genesis'], sign_pub: s['self_pubkey'], kx_pub: s['self_kx_pub'] }
      return { ...identity, nonce: of, eph, kem: kem ? toHex(sha256(bytesOf(kem))) : null } as Obj
    }
    const transcript = { suite, a: side(A1, A2, nonce), b: side(B1, B2, B1.s['responder_nonce']) }
    id = hash('zeq.m2m.session.v1', { transcript, rows: [A1, B1, B2, A2].map((x) => x.row.stateHash) })
  }
  let macs = 0
  const confirm = id === null ? undefined : o.confirmKeys?.[id]
  for (const step of [A3, B3]) {
    if (step === undefined) continue
    const c = step === A3 ? A : B
    if (step.s['session_id'] !== id) add('SESSION_ID', 'not the id of these rows', c, step.row)
    const mac = confirm && toHex(hmacSha256(bytesOf(confirm), tagged('zeq.m2m.confirm.v1', { role: step.s['role'] as string, session_id: id })))
    if (mac === step.s['key_confirm']) macs += 1
    else if (mac !== undefined) add('KEY_CONFIRM', 'the peers do not hold one key', c, step.row)
  }
  const seal = (c: Chain, peer: Chain, theirs: Said | undefined) => {
    const ends = c.ends.filter(({ s }) => s['session_nonce'] === nonce && s['peer_genesis'] === peer.genesis)
    return checkEnds(ends, id, c, of(c, peer), theirs, add) ? 1 : 0
  }
  const seals = seal(A, B, B3) + seal(B, A, A3)
  const both = A3 && B3 ? (seals > 0 ? 'SEALED' : 'ACTIVE_BOTH') : undefined
  const keyed = A2 && B2 ? 'KEYED_BOTH' : (A2 ?? B2) && 'KEYED_ONE'
  const status = both ?? ((A3 ?? B3) && 'ACTIVE_ONE') ?? keyed ?? (B1 && 'ACCEPTED') ?? (A1 && 'PROPOSED') ?? 'NONE'
  return { session_nonce: nonce, initiator: A.name, status, suite, session_id: id, confirmed: macs === 2 }
}

/** Seals, aborts and closes of one side of a session; true when it sealed. */
type AddRow = (code: string, why: string, c: Chain, r: Row) => void
const checkEnds = (ends: Said[], id: string | null, c: Chain, steps: Said[], theirs: Said | undefined, add: AddRow): boolean => {
  const active = steps.find((x) => x.type === 'activate')
  let [sealed, ended] = [false, null as Row | null]
  for (const { row: r, s, type, head: h } of ends) {
    const past = active !== undefined && active.row.seq < r.seq
    if (ended !== null) add('END', 'said after the own end', c, r)
    // An abort may leave out an id that is known by then; it may not invent one.
    if (s['session_id'] !== id && !(type === 'abort' && s['session_id'] === null)) add('SESSION_ID', 'not the id of these rows', c, r)
    if (type === 'seal') {
      const good = past && theirs && s['peer_active_hash'] === theirs.row.stateHash && isHeadAt(h, theirs.row)
      if (!good || sealed) add('SEAL', 'does not seal what was activated', c, r)
      sealed = true
      continue
    }
    if (past !== (type === 'close') || !steps.some((x) => x.row.seq < r.seq)) add('END', 'ends what is not there to be ended', c, r)
    ended ??= r
  }
  for (const x of steps) if (ended !== null && x.row.seq > ended.seq) add('END', 'a step after the own end', c, x.row)
  return sealed
}

/** Judges one chain or two (§12 of the specification). Chains are headers with `rows` and `head`, as in a bundle. */
export const audit = (chains: Json[], o: Options = {}): Report => auditChains(chains, o).report

const auditChains = (raw: Json[], o: Options): { report: Report; chains: Chain[] } => {
  const findings: Finding[] = []
  const add: Add = (code, why, where) => void findings.push({ code, why, ...where })
  const chains = raw.map((c, i) => readChain(c, i === 0 ? 'a' : 'b', add)).filter((c) => c !== null)
  const [a, b] = chains
  const sessions: Session[] = []
  for (const expected of o.expectGenesis ?? []) if (!chains.some((c) => c.genesis === expected)) add('PEER_MISMATCH', `not the chain of ${expected}`)
  if (a && b) {
    const bytes = (c: Chain) => c.keys.flatMap((k) => [k.sign_pub, k.kx_pub])
    if (a.genesis === b.genesis || bytes(a).some((k) => bytes(b).includes(k))) add('SELF', 'the two chains share a key')
    const about = [a, b].flatMap((c) => [...c.steps, ...c.ends].filter((x) => x.s['peer_genesis'] === (c === a ? b : a).genesis))
    const order = [...about].sort((x, y) => Number(BigInt(x.row.zeqondNumber) - BigInt(y.row.zeqondNumber)))
    for (const nonce of o.sessions ?? new Set(order.map((x) => String(x.s['session_nonce'])))) sessions.push(checkSession(nonce, a, b, o, add))
  }
  for (const c of chains)
    for (const { head: h, row: r, s } of [...c.steps, ...c.ends]) {
      if (h === null) continue
      const peer = chains.find((x) => x !== c && x.genesis === s['peer_genesis'])
      const where = { chain: c.name, seq: r.seq, session: String(s['session_nonce']) }
      if (h.genesis !== s['peer_genesis']) add('PEER_MISMATCH', 'records a head of another chain', where)
      else if (peer !== undefined) checkWitness(peer, h, (code, why) => add(code, why, where))
      if (BigInt(r.zeqondNumber) + BigInt(o.skew ?? 0) < BigInt(h.zeqondNumber)) add('CAUSALITY', 'earlier than a head it records', where)
    }
  for (const h of o.heads ?? []) {
    const c = chains.find((x) => isObj(h) && x.genesis === h['genesis'])
    if (!fits(head, h)) add('FORMAT', 'a head')
    else if (c !== undefined) checkWitness(c, h as unknown as Head, (code, why) => add(code, why, { chain: c.name, seq: Number((h as Obj)['seq']) }))
  }
  const per = (value: (c: Chain) => Json): Obj => Object.fromEntries(chains.map((c) => [c.name, value(c)]))
  const report = { ok: findings.length === 0, status: sessions.at(-1)?.status ?? 'NONE', who: per((c) => c.genesis), keys: per((c) => c.keys.length), sessions }
  return { report: { ...report, hidden: chains.reduce((n, c) => n + c.hidden, 0), findings }, chains }
}

/* ---- files ---- */

const each = (test: Test) => (value: Json | undefined) => Array.isArray(value) && value.every((x) => fits(test, x))
const confirmKeys = (value: Json | undefined) => isObj(value) && Object.entries(value).every(([id, key]) => fits(h32, id) && fits(h32, key))
const profile = { chain: 'zeq-chain/1', m2m: 'zeq-m2m/1', zeqond_rule: 'floor(unix_ms/777)' }
const two = (value: Json | undefined) => Array.isArray(value) && (value.length === 1 || value.length === 2)
const pins = each({ genesis: h32, name: text, method: [text, null], at: [tick, null] })
const facts = { v: 'zeq-bundle/1', made_at: tick, exporter: h32, profile, chains: two, sessions: [each(h32), null], sig: h64 }
const BUNDLE: { [name: string]: Test } = { ...facts, confirm_keys: confirmKeys, heads: each(head), pins, legacy_hs: each({ row_seq: count, hs: isObj }) }
const PROOF = { v: 'zeq-equivocation/1', chain: header, rotations: each(isObj), heads: each(head) }

const verifyBundle = (file: Obj, o: Options): Report => {
  const wrong = Object.keys({ ...BUNDLE, ...file }).filter((name) => !Object.hasOwn(BUNDLE, name) || !fits(BUNDLE[name], file[name]))
  const part = <T>(name: string, otherwise: T): T => (wrong.includes(name) ? otherwise : (file[name] as T))
  const options = { ...o, sessions: part('sessions', null), confirmKeys: part('confirm_keys', {}), heads: part<Json[]>('heads', []) }
  const { report, chains } = auditChains(part<Json[]>('chains', []), options)
  const add: Add = (code, why, where) => void report.findings.push({ code, why, ...where })
  for (const s of report.sessions) if (s.status === 'NONE') add('FORMAT', 'a named session is on neither chain', { session: s.session_nonce })
  for (const name of wrong) add('FORMAT', `the part ${name} of the bundle`)
  const exporter = chains.find((c) => c.genesis === file['exporter'])
  const key = exporter?.keys.at(-1)?.sign_pub
  if (!key || !fits(h64, file['sig']) || !verifies(key, 'zeq.bundle.v1', without(file, 'sig'), String(file['sig'])))
    add('BUNDLE_SIG', 'not signed by its exporter')
  for (const { row_seq, hs } of part<{ row_seq: number; hs: Obj }[]>('legacy_hs', [])) {
    const input = exporter?.rows.find((r) => r.seq === row_seq)?.payload?.['input']
    if (!isObj(input) || input['hs_hash'] !== hash('zeq.hs.v1', hs)) add('STATEMENT_BINDING', 'an hs that its row does not record', { seq: row_seq })
  }
  return { ...report, ok: report.findings.length === 0 }
}

/** What a proof file proves: `EQUIVOCATION` when one key of the machine signed two histories, else the code of what is wrong with it. */
const proofOf = (file: Obj): string => {
  if (!fits(PROOF, file) || (file['heads'] as Json[]).length !== 2) return 'FORMAT'
  const top = file['chain'] as Obj & Keys
  const genesis = genesisOf(top)
  const keys: Keys[] = [{ ...top, from: 0 }]
  if (!admitted(top)) return 'WEAK_KEY'
  if (!String(top['origin_id']).endsWith(`:${top['slug']}`)) return 'ORIGIN'
  for (const s of file['rotations'] as Obj[]) {
    const next = rotated(keys, genesis, s, 0)
    if (typeof next === 'string') return next
    keys.push(next)
  }
  const [low, high] = (file['heads'] as unknown as Head[]).toSorted((x, y) => x.seq - y.seq) as [Head, Head]
  // One key for both: a thief of a key since given up could else sign the second one.
  if (!keys.some((k) => [low, high].every((h) => h.genesis === genesis && headSigned(k.sign_pub, h)))) return 'WITNESSED_HEAD_SIG'
  const fork = low.seq === high.seq ? low.stateHash !== high.stateHash : BigInt(low.zeqondNumber) > BigInt(high.zeqondNumber)
  return fork ? 'EQUIVOCATION' : 'HEAD'
}

const verifyProof = (file: Obj): Report => {
  const code = proofOf(file)
  const why = code === 'EQUIVOCATION' ? 'one key signed two histories' : 'the file proves nothing'
  return { ok: false, status: 'NONE', who: {}, keys: {}, sessions: [], hidden: 0, findings: [{ code, why }] }
}

/** Judges the text of a bundle or of an equivocation proof. @throws Unreadable when it is neither, or not canonical. */
export const verifyFile = (content: string, o: Options = {}): Report => {
  if (!content.endsWith('\n')) throw new Unreadable('no newline at its end')
  const file = parse(content.slice(0, -1))
  if (!isObj(file) || !['zeq-bundle/1', 'zeq-equivocation/1'].includes(String(file['v']))) throw new Unreadable('neither a bundle nor a proof')
  return file['v'] === 'zeq-bundle/1' ? verifyBundle(file, o) : verifyProof(file)
}
