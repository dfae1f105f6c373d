import type { Zeqond as Tick } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import type { Json } from '../crypto/canonical-json.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { deriveKeys, keyConfirm, sessionId, sharedSecrets } from '../m2m/session.ts'
import { moveOf, type Role, type StepKind } from '../m2m/statement.ts'
import type { Side, StepName } from './audit-report.ts'
import { type ChainState, startChain } from './chain.ts'
import { ChainHeader, nextCommitment } from './genesis.ts'
import { HANDSHAKE, HANDSHAKE_HASH } from './handshake-contract.ts'
import { type Head, headOf, signHead } from './head.ts'
import { signKeyStatement } from './rotation.ts'
import { payloadHash, proofDigest, type Row, stateHash, statementHash } from './row.ts'
import { signTagged } from './signing.ts'
import { plusTicks } from './zeqond.ts'

type Fields = Record<string, Json>

/** A party with its keys; generation 1 is committed to in the genesis. `byte` fills its seeds. */
export class Party {
  state: ChainState
  rows: Row[] = []
  #serial = 0
  seed: SecretBytes
  keys: { sign_pub: string; kx_pub: string; kx: SecretBytes }
  readonly header: ChainHeader
  readonly byte: number

  constructor(slug: string, byte: number, tick = '2310560600') {
    this.byte = byte
    const made = Party.keysOf(byte)
    this.header = ChainHeader.parse({
      slug,
      origin_id: `zeq-dev:${slug}`,
      genesis_zeqond: tick,
      sign_pub: made.sign_pub,
      kx_pub: made.kx_pub,
      next: nextCommitment(Party.keysOf(byte + 100)),
    })
    this.state = startChain(this.header)
    this.seed = made.seed
    this.keys = made
  }

  static keysOf(byte: number) {
    const [sign, kx] = [new Uint8Array(32).fill(byte), new Uint8Array(32).fill(byte + 50)]
    return { seed: SecretBytes.copy(sign), sign_pub: toHex(ed25519PublicKey(sign)), kx: SecretBytes.copy(kx), kx_pub: toHex(x25519PublicKey(kx)) }
  }

  get genesis() {
    return this.state.genesis
  }

  get tick(): Tick {
    return this.state.zeqond
  }

  uuid(): string {
    this.#serial += 1
    return `00000000-0000-4000-8000-${String(this.byte).padStart(4, '0')}${String(this.#serial).padStart(8, '0')}`
  }

  /** Appends whatever it is given, rightly hashed and signed: an owner may lie on its own chain. */
  append(
    transitionType: Row['transitionType'],
    payload: Json,
    over: { tick?: Tick; proofDigest?: string | null; seq?: number; prevHash?: string; seed?: SecretBytes } = {},
  ): Row {
    const zeqondNumber = over.tick ?? plusTicks(this.tick, 1n)
    const content = {
      originId: this.header.origin_id,
      seq: over.seq ?? this.state.nextSeq,
      zeqondNumber,
      prevHash: over.prevHash ?? this.state.links[0]!,
      transitionType,
      transitionId: this.uuid(),
      payloadHash: payloadHash(payload),
      proofDigest: over.proofDigest === undefined ? proofDigest(transitionType, zeqondNumber, payload) : over.proofDigest,
    }
    const hash = stateHash(content)
    const headSig = signHead(over.seed ?? this.seed, { genesis: this.genesis, seq: content.seq, stateHash: hash, zeqondNumber })
    const row = { ...content, payload, stateHash: hash, headSig }
    this.rows.push(row)
    this.state = { ...this.state, nextSeq: content.seq + 1, links: [hash], zeqond: zeqondNumber }
    return row
  }

  event(type: string, input: Fields): Row {
    return this.append('event', { type, input })
  }

  /** Signs and appends a seal, abort or close. */
  end(input: Fields, tag: 'zeq.m2m.end.v1' | 'zeq.head.v1' = 'zeq.m2m.end.v1'): Row {
    return this.event(`m2m.${String(input['kind'])}`, { ...input, sig: signTagged(this.seed, tag, input) })
  }

  rotate(over: Fields = {}, reason = 'planned'): Row {
    const next = Party.keysOf(this.byte + 100)
    const statement = {
      v: 'zeq-m2m/1',
      kind: 'rotate',
      self_genesis: this.genesis,
      n: 1,
      sign_pub: next.sign_pub,
      kx_pub: next.kx_pub,
      next: null,
      reason,
      ...over,
    }
    const row = this.append('event', { type: 'm2m.rotate', input: signKeyStatement(next.seed, statement) }, { seed: next.seed })
    this.seed = next.seed
    this.keys = next
    return row
  }

  head(row: Row = this.rows.at(-1)!): Head {
    return headOf(this.genesis, row)
  }

  /** The chain as it is exported. */
  raw(rows: readonly Row[] = this.rows) {
    const last = rows.at(-1)
    return { header: this.header, rows: [...rows], head: last === undefined ? null : this.head(last) }
  }

  /** Where a second history begins: a copy up to `seq`, same keys. */
  fork(seq: number): Party {
    const twin = new Party(this.header.slug, this.byte, this.header.genesis_zeqond)
    const rows = this.rows.slice(0, seq)
    const last = rows.at(-1)
    twin.rows = rows
    twin.#serial = 1000
    twin.state = { ...this.state, nextSeq: seq, links: [last?.stateHash ?? this.genesis], zeqond: last?.zeqondNumber ?? this.header.genesis_zeqond }
    return twin
  }
}

export interface StoryOptions {
  /** Changes a statement before its owner signs it. */
  readonly change?: Partial<Record<StepName | 'A4' | 'B4', (input: Fields) => Fields>>
  /** Signs with another key, or not at all. */
  readonly forge?: Partial<Record<StepName, 'other' | 'unsigned'>>
  /** Payload fields of a step's row. */
  readonly payload?: Partial<Record<StepName, (payload: Fields) => Fields>>
  /** Tick of a step's row. */
  readonly tick?: Partial<Record<StepName, (party: Party) => Tick>>
  readonly proof?: Partial<Record<StepName, string | null>>
  readonly definition?: Json
  /** After this step nothing more happens. */
  readonly until?: StepName | 'seal'
  readonly nonce?: string
  readonly responderNonce?: string
  /** Runs before a step. */
  readonly before?: Partial<Record<StepName, () => void>>
}

export interface Story {
  readonly a: Party
  readonly b: Party
  readonly rows: Partial<Record<StepName | 'A4' | 'B4', Row>>
  readonly id: string
  readonly confirm: string
  readonly nonce: string
}

const ORDER = ['A1', 'B1', 'B2', 'A2', 'A3', 'B3'] as const
const KINDS: Readonly<Record<StepName, StepKind>> = { A1: 'propose', B1: 'accept', B2: 'key', A2: 'key', A3: 'activate', B3: 'activate' }

/** A whole handshake between two parties, true except where the options lie. */
export const story = (options: StoryOptions = {}, a: Party = new Party('alice', 1), b: Party = new Party('bob', 3)): Story => {
  const nonce = options.nonce ?? '07'.repeat(32)
  const responderNonce = options.responderNonce ?? '08'.repeat(32)
  const eph = { A: SecretBytes.take(new Uint8Array(32).fill(5)), B: SecretBytes.take(new Uint8Array(32).fill(6)) }
  const pub = (secret: SecretBytes) => secret.use((s) => toHex(x25519PublicKey(s)))
  const rows: Partial<Record<StepName | 'A4' | 'B4', Row>> = {}
  const contracts: Partial<Record<Side, string>> = {}
  let [id, confirm] = ['', SecretBytes.take(new Uint8Array(32))]
  const input = (name: StepName) => (rows[name]!.payload as { input: Fields }).input
  const party = (name: StepName) => (name.startsWith('A') ? a : b)

  const fieldsOf = (name: StepName): Fields => {
    const ack = (of: StepName) => ({ ack_hash: rows[of]!.stateHash, ack_stmt_hash: statementHash(input(of)), peer_head: { ...party(of).head(rows[of]!) } })
    if (name === 'A1')
      return { self_kx_pub: a.keys.kx_pub, suites: ['x25519'], expires_zeqond: plusTicks(a.tick, 387n), words_commit: '00'.repeat(32), peer_head: null }
    if (name === 'B1') return { self_kx_pub: b.keys.kx_pub, responder_nonce: responderNonce, suites: ['x25519'], suite: 'x25519', ...ack('A1') }
    if (name === 'B2') return { ecdh_pub: pub(eph.B), kem: null, ...ack('A1') }
    if (name === 'A2') return { ecdh_pub: pub(eph.A), kem: null, ...ack('B2') }
    const of = name === 'A3' ? 'B2' : 'A2'
    const { ack_hash: peer_keyed_hash, ack_stmt_hash: peer_keyed_stmt_hash, peer_head } = ack(of)
    return { peer_keyed_hash, peer_keyed_stmt_hash, session_id: id, key_confirm: keyConfirm(confirm, name === 'A3' ? 'initiator' : 'responder', id), peer_head }
  }

  const agree = (): void => {
    const side = (p: Party, n: string, one: StepName, key: StepName) => ({
      genesis: p.genesis,
      sign_pub: p.keys.sign_pub,
      kx_pub: String(input(one)['self_kx_pub']),
      nonce: n,
      eph: String(input(key)['ecdh_pub']),
      kem: null,
    })
    const hashes = { A1: rows.A1!.stateHash, B1: rows.B1!.stateHash, B2: rows.B2!.stateHash, A2: rows.A2!.stateHash }
    id = sessionId({ suite: 'x25519', a: side(a, nonce, 'A1', 'A2'), b: side(b, String(input('B1')['responder_nonce']), 'B1', 'B2') }, hashes)
    confirm = deriveKeys(sharedSecrets('initiator', { eph: eph.A, kx: a.keys.kx }, { eph: pub(eph.B), kx: b.keys.kx_pub }), id).confirm
  }

  const step = (name: StepName): void => {
    options.before?.[name]?.()
    const [self, peer, side] = name.startsWith('A') ? ([a, b, 'a'] as const) : ([b, a, 'b'] as const)
    const role: Role = side === 'a' ? 'initiator' : 'responder'
    if (contracts[side] === undefined) {
      contracts[side] = self.uuid()
      self.append('contract_created', { contract_id: contracts[side], definition: options.definition ?? (HANDSHAKE as unknown as Json) })
    }
    const move = moveOf(role, KINDS[name])!
    const plain: Fields = {
      v: 'zeq-m2m/1',
      kind: KINDS[name],
      role,
      session_nonce: nonce,
      self_genesis: self.genesis,
      self_pubkey: self.keys.sign_pub,
      peer_genesis: peer.genesis,
      peer_pubkey: peer.keys.sign_pub,
      peer_slug: peer.header.slug,
      contract_id: contracts[side],
      definition_hash: HANDSHAKE_HASH,
      from: move.from,
      to: move.to,
      decision_hash: null,
      ...fieldsOf(name),
    }
    const unsigned = options.change?.[name]?.(plain) ?? plain
    const forged = options.forge?.[name]
    const signed =
      forged === 'unsigned'
        ? unsigned
        : { ...unsigned, sig: signTagged(forged === 'other' ? SecretBytes.take(new Uint8Array(32).fill(9)) : self.seed, 'zeq.m2m.step.v1', unsigned) }
    const payload = { contract_id: contracts[side], from: move.from, to: move.to, operator: 'KO42', input: signed }
    const tick = options.tick?.[name]?.(self) ?? [plusTicks(self.tick, 1n), peer.tick].reduce((x, y) => (BigInt(y) > BigInt(x) ? y : x))
    const proof = options.proof?.[name]
    rows[name] = self.append('contract', options.payload?.[name]?.(payload) ?? payload, { tick, ...(proof === undefined ? {} : { proofDigest: proof }) })
    if (name === 'A2') agree()
  }

  const seal = (name: 'A4' | 'B4'): void => {
    const [self, peer, of] = name === 'A4' ? ([a, b, 'B3'] as const) : ([b, a, 'A3'] as const)
    const plain: Fields = {
      v: 'zeq-m2m/1',
      kind: 'seal',
      session_nonce: nonce,
      self_genesis: self.genesis,
      peer_genesis: peer.genesis,
      decision_hash: null,
      session_id: id,
      peer_active_hash: rows[of]!.stateHash,
      peer_head: { ...peer.head(rows[of]!) },
    }
    rows[name] = self.end(options.change?.[name]?.(plain) ?? plain)
  }

  for (const name of ORDER) {
    step(name)
    if (options.until === name) return { a, b, rows, id, confirm: confirm.use(toHex), nonce }
  }
  seal('A4')
  seal('B4')
  return { a, b, rows, id, confirm: confirm.use(toHex), nonce }
}

/** Fields of an end statement of this session by one of its parties. */
export const endOf = (told: Story, self: Party, kind: 'close' | 'abort' | 'seal', over: Fields = {}): Fields => ({
  v: 'zeq-m2m/1',
  kind,
  session_nonce: told.nonce,
  self_genesis: self.genesis,
  peer_genesis: (self === told.a ? told.b : told.a).genesis,
  decision_hash: null,
  session_id: told.id === '' ? null : told.id,
  reason: 'done',
  peer_head: null,
  ...over,
})
