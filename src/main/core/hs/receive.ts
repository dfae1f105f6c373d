import { names, type StandingOrders } from '../approvals/policy.ts'
import type { PeerId } from '../brand.ts'
import type { PeerBook } from '../peers/peer-book.ts'
import { compareKeys, isPinned, observeKeys, type PeerKeys } from '../peers/trust.ts'
import type { Ports } from '../ports.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../work.ts'
import type { Engine } from './engine.ts'
import { overheardHs } from './handshake.ts'
import { openBody, proofOf, SEC_KEEP_MS } from './inbound.ts'
import { localAt } from './local-time.ts'
import { type HsMessage, HsObject, parseHsMessage } from './messages.ts'
import type { Self } from './self.ts'
import type { Opened, Proof } from './thread.ts'

/** Strangers whose proved keys or offers are kept; beyond it an unasked confirm is dropped, so that nobody can fill the disk. */
export const MOST_STRANGERS = 2_000
/** hs objects addressed to others that are remembered, so that none can be turned on us. */
const MOST_OVERHEARD = 5_000

export interface ReceiveDeps {
  readonly ports: Ports
  /** When the message at hand came, Unix ms. */
  readonly receivedAt: () => number
  readonly store: Store
  readonly work: Work
  readonly self: Self
  readonly engine: Engine
  readonly peers: PeerBook
  readonly orders: StandingOrders
  readonly notice: (peer: PeerId | null, level: 'info' | 'caution' | 'danger', text: string) => void
  readonly dropped: (why: string) => void
}

export interface Receiver {
  /** A payload directed to us or to everybody, its outer fields checked. */
  message(from: PeerId, broadcast: boolean, payload: Readonly<Record<string, unknown>>): void
  /** A payload addressed to somebody else: nothing is done with it but remembering its hs. */
  overheard(payload: Readonly<Record<string, unknown>>): void
}

/** Turns checked payloads into the reducers' events: parses, proves, opens. What it refuses changes nothing. */
export const createReceiver = (deps: ReceiveDeps): Receiver => {
  const { ports, store, engine, peers, self } = deps
  const heard = new Set<string>()

  const replayed = (signPub: string, nonce: string, signature: string): boolean => heard.has(signature) || store.replay.seen(signPub, nonce)

  /** Told once, and only of a key that matters: a stranger's clock is a stranger's, and nobody may set a pinned peer's. */
  const zoned = (from: PeerId, { minutes, signPub }: { readonly minutes: number; readonly signPub: string }): void => {
    const peer = peers.get(from)
    const matters =
      peer.signPub === signPub || (peer.signPub === null && (engine.peekInitiator(from).wanted || engine.peekResponder(from).state === 'resp_confirm'))
    if (!matters || peer.zoneSkewMinutes === minutes) return
    deps.work.run(() => peers.put({ ...peer, zoneSkewMinutes: minutes, zoneSkewAccepted: false }))
    deps.notice(
      from,
      'caution',
      `This peer’s clock is ${Math.abs(minutes)} minutes ${minutes > 0 ? 'ahead of' : 'behind'} yours: a time zone, it seems. Allow it on the peer’s page.`,
    )
  }

  const prove = (from: PeerId, hs: HsObject | 'malformed' | undefined, type: 'init' | 'response', nonce: string): Proof => {
    const peer = peers.get(from)
    const proof = proofOf(hs, type, nonce, {
      self,
      localNow: localAt(ports.clock, deps.receivedAt()),
      replayed,
      acceptedZone: peer.zoneSkewAccepted ? peer.zoneSkewMinutes : null,
    })
    if (!proof.ok && 'zone' in proof && proof.zone) zoned(from, proof.zone)
    return proof.ok && hs !== undefined && hs !== 'malformed' ? { ...proof, hs } : proof
  }

  /** False when the keys are not those pinned: the peer is frozen and the message is dropped. */
  const admitted = (from: PeerId, keys: PeerKeys): boolean => {
    const peer = peers.get(from)
    const compared = compareKeys(peer, keys)
    if (compared === 'same') return true
    if (compared === 'changed') {
      deps.work.run(() => {
        peers.put(observeKeys(peer, keys, ports.clock.now()))
        deps.notice(from, 'danger', 'This peer’s key is not the one you pinned. Its sessions are frozen until you decide.')
      })
      return false
    }
    const t = engine.peekInitiator(from)
    const r = engine.peekResponder(from)
    // What a person looks at, or has answered, is not exchanged under their eyes.
    if (compared === 'other' && (t.asking || r.asking || r.state !== 'resp_ready')) {
      deps.notice(from, 'caution', 'Another key claims this peer’s id. It was not taken.')
      return false
    }
    deps.work.run(() => peers.put(observeKeys(peer, keys, ports.clock.now())))
    return true
  }

  const opened = (from: PeerId, role: 'initiator' | 'responder', message: Extract<HsMessage, { intent: 'request' | 'respond' }>, proved?: PeerKeys): Opened => {
    const thread = role === 'initiator' ? engine.peekInitiator(from) : engine.peekResponder(from)
    const keys = proved ?? (thread.signPub && thread.kxPub ? { signPub: thread.signPub, kxPub: thread.kxPub } : null)
    const peer = peers.get(from)
    const zone = peer.zoneSkewAccepted ? (peer.zoneSkewMinutes ?? 0) : 0
    const body = openBody(message, {
      self,
      keys,
      localNow: localAt(ports.clock, deps.receivedAt()) + zone * 60_000,
      repeated: (nonce) => store.messages.secSeen(`peer:${from}`, nonce),
    })
    // Remembered whatever becomes of the message: a repeat that is dropped must not be opened as new later on.
    if (body.kind === 'opened') store.messages.addSec(`peer:${from}`, body.secNonce, ports.clock.now() + SEC_KEEP_MS, ports.clock.now())
    return body
  }

  /** Unasked confirms must not use up the replay set either: what is accepted for a person has to find room in it. */
  const crowded = (): boolean => {
    if (store.peers.count() >= MOST_STRANGERS) return true
    if (store.replay.count() < MOST_STRANGERS) return false
    store.replay.prune(ports.clock.now())
    return store.replay.count() >= MOST_STRANGERS
  }

  const confirm = (from: PeerId, message: Extract<HsMessage, { intent: 'confirm' }>): void => {
    const t = engine.peekInitiator(from)
    const seen = t.offer?.nonce === message.my_nonce || store.nonces.received('initiator', from, message.my_nonce)
    if (seen || t.state !== 'init_ready') return engine.initiator(from, { type: 'confirm', nonce: message.my_nonce, seen, proof: { ok: false, why: 'absent' } })
    const proof = prove(from, message.hs, 'response', message.my_nonce)
    const meets = names(deps.orders.meet, from)
    // A stranger's word without proof is nothing; of a peer that is waited for, the person is told.
    if (!proof.ok) return t.wanted ? engine.initiator(from, { type: 'confirm', nonce: message.my_nonce, seen, proof }) : deps.dropped('confirm without proof')
    if (!t.wanted && !meets && !isPinned(peers.get(from)) && crowded()) return deps.dropped('confirm of a stranger, and too many strangers are kept')
    if (!admitted(from, proof)) return
    engine.initiator(from, { type: 'confirm', nonce: message.my_nonce, seen, proof })
  }

  const request = (from: PeerId, message: Extract<HsMessage, { intent: 'request' }>): void => {
    const t = engine.peekResponder(from)
    const seen = store.nonces.received('responder', from, message.my_nonce)
    const base = { type: 'request', yourNonce: message.your_nonce, myNonce: message.my_nonce, seen } as const
    const unproved: Proof = { ok: false, why: 'absent' }
    if (t.state !== 'resp_confirm') return engine.responder(from, { ...base, proof: unproved, opened: opened(from, 'responder', message) })
    // Nothing is verified, and nothing remembered, for a request that does not echo our confirm.
    if (message.your_nonce !== t.localNonce || seen) return engine.responder(from, { ...base, proof: unproved, opened: { kind: 'refused', why: 'plaintext' } })
    const proof = prove(from, message.hs, 'init', message.my_nonce)
    if (proof.ok && !admitted(from, proof)) return
    engine.responder(from, { ...base, proof, opened: opened(from, 'responder', message, proof.ok ? proof : undefined) }, proof.ok ? proof : undefined)
  }

  return {
    message: (from, broadcast, payload) => {
      const peer = peers.get(from)
      if (peers.frozen(from)) return deps.dropped(`message of a peer that is ${peer.trust}`)
      const parsed = parseHsMessage(payload)
      if (!parsed.ok) return deps.dropped(parsed.why)
      const { message } = parsed
      // Register and knock go to everybody, all else to one; the original drops the rest as well.
      const toAll = message.intent === 'register' || message.intent === 'knock'
      if (broadcast !== toAll) return deps.dropped(`${message.intent} ${broadcast ? 'to everybody' : 'to one'}`)
      switch (message.intent) {
        case 'register':
          return peer.policy.kind === 'mute' ? undefined : engine.responder(from, { type: 'register', directed: false })
        case 'knock':
          return message.peer !== self.id || peer.policy.kind === 'mute' ? undefined : engine.responder(from, { type: 'register', directed: true })
        case 'reconnect':
          return peer.policy.kind === 'mute' ? undefined : engine.responder(from, { type: 'reconnect', yourRef: message.your_ref })
        case 'confirm':
          return confirm(from, message)
        case 'request':
          return request(from, message)
        case 'respond': {
          const seen = store.nonces.received('initiator', from, message.my_nonce)
          return engine.initiator(from, {
            type: 'respond',
            yourNonce: message.your_nonce,
            myNonce: message.my_nonce,
            seen,
            opened: opened(from, 'initiator', message),
          })
        }
        case 'conclude':
          return engine.responder(from, { type: 'conclude', yourNonce: message.your_nonce, myRef: message.my_ref })
        case 'finish':
          return engine.initiator(from, { type: 'finish', yourRef: message.your_ref, myRef: message.my_ref })
        case 'close':
          return engine.responder(from, { type: 'close', yourRef: message.your_ref, myRef: message.my_ref })
      }
    },
    overheard: (payload) => {
      const hs = HsObject.safeParse(payload['hs'])
      if (!hs.success) return
      const known = overheardHs(hs.data)
      if (!known) return
      heard.add(known)
      if (heard.size > MOST_OVERHEARD)
        for (const oldest of heard) {
          heard.delete(oldest)
          break
        }
    },
  }
}
