import type { Zeqond } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import type { Json } from '../crypto/canonical-json.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { HANDSHAKE } from '../ledger/handshake-contract.ts'
import { headOf } from '../ledger/head.ts'
import type { Row } from '../ledger/row.ts'
import { signTagged } from '../ledger/signing.ts'
import { Party } from '../ledger/story.fixture.ts'
import { plusTicks } from '../ledger/zeqond.ts'
import type { Side, World } from './m2m.fixture.ts'
import { wordsCommit } from './match-words.ts'
import type { Outgoing } from './message.ts'
import { stepOf } from './rows-of.ts'
import { deriveKeys, keyConfirm, sessionId, sharedSecrets, type TranscriptParty } from './session.ts'
import type { Accept, Key, Propose } from './statement.ts'
import { ANSWERS, draftEnd, draftStep } from './statements.ts'
import { newInitiator, newResponder, type OwnRow, type Thread } from './thread.ts'

// For tests: a peer that has the keys of one side, its ledger and its delivery, and says whatever it is told to.

type Fields = Record<string, Json>
export type Lie = (input: Fields) => Fields

export interface Puppet {
  readonly side: Side
  thread: Thread
  /** Rows by name, own and the peer's. */
  row(name: OwnRow): Row
  /** Appends a step, with the lie in it before it is signed. */
  step(name: OwnRow, lie?: Lie, options?: { readonly definition?: unknown; readonly unsigned?: boolean; readonly contractId?: string }): Row[]
  end(kind: 'abort' | 'close' | 'seal', lie?: Lie): Row
  send(t: 'propose' | 'accept' | 'key' | 'activate' | 'seal' | 'close', rows: readonly Row[]): void
  say(message: Outgoing): void
}

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
let serial = 0

/** Takes over a side: its own engine hears nothing any more. `byte` fills its keys, as in the world. */
export const puppetOf = (world: World, side: Side, byte: number, role: 'initiator' | 'responder', nonce = '07'.repeat(32)): Puppet => {
  const peer = world.sides.find((one) => one !== side) as Side
  const keys = Party.keysOf(byte)
  const eph = SecretBytes.take(new Uint8Array(32).fill(serial + 60))
  const x = '0a'.repeat(16)
  serial += 1
  side.m2m = { ...side.m2m, message: () => null, gaveUp: () => undefined, tick: () => undefined, hasThread: () => true }
  const made = {
    id: '01'.repeat(16),
    peerId: peer.id,
    peerGenesis: peer.genesis,
    nonce,
    contractId: uuid(serial),
    suites: ['x25519'] as const,
    wordsCommit: wordsCommit({ x, self_genesis: side.genesis, peer_genesis: peer.genesis, session_nonce: nonce }),
    now: world.ports.now,
  }
  const pub = eph.use((bytes) => toHex(x25519PublicKey(bytes)))
  const rows = new Map<string, Row>()

  const inputOf = (row: Row): Fields => (row.payload as { input: Fields }).input
  const find = (name: OwnRow): Row => {
    const known = rows.get(name)
    if (known !== undefined) return known
    const theirs = side.ledger.sessionRows(peer.genesis, puppet.thread.nonce).find((row) => {
      const step = stepOf(row)
      return step !== null && `${step.role === 'initiator' ? 'A' : 'B'}${{ propose: 1, accept: 1, key: 2, activate: 3 }[step.kind]}` === name
    })
    if (theirs === undefined) throw new Error(`the puppet has not seen ${name}`)
    return theirs
  }
  const parties = () => ({
    self: { genesis: side.genesis, signPub: keys.sign_pub, kxPub: keys.kx_pub },
    peer: { genesis: peer.genesis, signPub: peer.ledger.keyInForce(peer.genesis).signPub, slug: peer.ledger.own().slug },
  })
  const agree = (): { id: string; confirm: SecretBytes } => {
    const [A1, B1, B2, A2] = (['A1', 'B1', 'B2', 'A2'] as const).map((name) => inputOf(find(name))) as unknown as [Propose, Accept, Key, Key]
    const party = (first: Propose | Accept, n: string, key: Key): TranscriptParty => ({
      genesis: first.self_genesis,
      sign_pub: first.self_pubkey,
      kx_pub: first.self_kx_pub,
      nonce: n,
      eph: key.ecdh_pub,
      kem: null,
    })
    const transcript = { suite: 'x25519' as const, a: party(A1, A1.session_nonce, A2), b: party(B1, B1.responder_nonce, B2) }
    const id = sessionId(transcript, { A1: find('A1').stateHash, B1: find('B1').stateHash, B2: find('B2').stateHash, A2: find('A2').stateHash })
    const other = role === 'initiator' ? transcript.b : transcript.a
    return { id, confirm: deriveKeys(sharedSecrets(role, { eph, kx: keys.kx }, { eph: other.eph, kx: other.kx_pub }), id).confirm }
  }

  const puppet: Puppet = {
    side,
    thread:
      role === 'initiator'
        ? { ...newInitiator({ ...made, x, lifetime: 111_196 }), eph: pub }
        : { ...newResponder({ ...made, y: '0b'.repeat(16), responderNonce: toHex(new Uint8Array(32).fill(serial)), expires: '1' as Zeqond }), eph: pub },
    row: find,
    step: (name, lie = (input) => input, options = {}) => {
      const answers = ANSWERS[name]
      const acked = answers === null ? null : find(answers)
      const active = name === 'A3' || name === 'B3'
      const agreed = active ? agree() : null
      if (agreed !== null) puppet.thread = { ...puppet.thread, sessionId: agreed.id }
      const contractId = options.contractId ?? puppet.thread.contractId
      const thread = { ...puppet.thread, contractId }
      const draft = draftStep(name, {
        ...parties(),
        thread,
        acked,
        peerSuites: ['x25519'],
        keyConfirm: agreed === null ? null : keyConfirm(agreed.confirm, role, agreed.id),
      })
      const head = acked === null ? (side.ledger.followed(peer.genesis)?.head ?? null) : headOf(peer.genesis, acked)
      const created: Row[] = []
      if (name === 'A1' || name === 'B1') created.push(side.ledger.createContract(side.genesis, options.definition ?? HANDSHAKE, 'm2m', { id: contractId }).row)
      const { row } = side.ledger.transition(side.genesis, contractId, {
        to: String(draft['to']),
        acked: head === null ? [] : [head.zeqondNumber],
        input: ({ stamp }) => {
          const whole: Fields = { ...draft, peer_head: head, ...(name === 'A1' ? { expires_zeqond: plusTicks(stamp, 111_196n) } : {}) }
          const unsigned = lie(whole)
          return options.unsigned === true ? unsigned : { ...unsigned, sig: signTagged(keys.seed, 'zeq.m2m.step.v1', unsigned) }
        },
      })
      rows.set(name, row)
      return [...created, row]
    },
    end: (kind, lie = (input) => input) => {
      const active = kind === 'seal' ? find(role === 'initiator' ? 'B3' : 'A3') : null
      const draft = draftEnd(kind, { ...parties(), thread: puppet.thread }, active === null ? { reason: 'user' } : { peerActive: active.stateHash })
      const head = active === null ? (side.ledger.followed(peer.genesis)?.head ?? null) : headOf(peer.genesis, active)
      const unsigned = lie({ ...draft, peer_head: head })
      return side.ledger.append(side.genesis, {
        type: 'event',
        payload: { type: `m2m.${kind}`, input: { ...unsigned, sig: signTagged(keys.seed, 'zeq.m2m.end.v1', unsigned) } },
        acked: head === null ? [] : [head.zeqondNumber],
      })
    },
    send: (t, list) => {
      const message = t === 'seal' || t === 'close' ? { t, rows: [...list] } : { t, rows: [...list], tokens: [] }
      puppet.say(message as Outgoing)
    },
    say: (message) => {
      side.work.run(() => side.delivery.send(peer.id, message, { thread: null }))
      world.settle()
    },
  }
  return puppet
}
