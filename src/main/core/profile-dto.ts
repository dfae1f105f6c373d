import type { HistoryDto, KnockDto, PeerDto, Step } from '../../contract/index.ts'
import { fromHex } from './crypto/bytes.ts'
import { keyPicture } from './crypto/key-picture.ts'
import { keyWords } from './crypto/key-words.ts'
import type { InitiatorThread, ResponderThread } from './hs/thread.ts'
import { isFrozen, labelOf } from './peers/trust.ts'
import type { DecisionEntry, PeerRow } from './store/rows.ts'

export interface PeerParts {
  readonly peer: PeerRow
  readonly now: number
  readonly online: boolean
  readonly initiator: InitiatorThread
  readonly responder: ResponderThread
  readonly knock: KnockDto | undefined
  readonly sessions: number
  readonly genesis: string | null
  readonly caught: PeerDto['caught']
  /** Of a peer with a card: where its handshakes stand. */
  readonly m2m: { readonly text: string | null; readonly busy: boolean } | null
}

/** One line on where things stand with a peer, the more pressing first. */
const statusOf = ({ peer, initiator, responder, knock }: PeerParts): string | null => {
  if (peer.trust === 'changed') return 'Its key is not the one you pinned'
  if (peer.trust === 'blocked') return 'Blocked'
  if (initiator.asking || responder.asking) return 'Waits for your decision'
  if (initiator.session || responder.session) return 'Session open'
  if (initiator.state === 'init_finalize_propose' || initiator.state === 'init_finalize_close' || responder.state === 'resp_finalize') return 'Closing'
  if (responder.state === 'resp_confirm') return 'Answered; waiting for the peer'
  if (initiator.wanted) return 'Waiting for the peer to answer'
  if (knock) return knock.kind === 'reconnect' ? 'Asks to open the session again' : 'Asks for a session'
  return null
}

const shownKey = (signPub: string) => ({ words: keyWords(fromHex(signPub)), picture: keyPicture(fromHex(signPub)) })

/** What the window may know of a peer, with everything it may not work out for itself: trust, status, what can be done. */
export const peerDto = (parts: PeerParts): PeerDto => {
  const { peer, initiator, responder, knock } = parts
  const shown = peer.signPub ? shownKey(peer.signPub) : { words: [], picture: null }
  const frozen = isFrozen(peer)
  const idle = initiator.state === 'init_ready' && !initiator.asking && !initiator.wanted
  const reconnects = initiator.peerReference !== null
  const answers =
    !frozen &&
    !responder.asking &&
    responder.state !== 'resp_confirm' &&
    responder.state !== 'resp_finalize' &&
    (responder.session === null || knock?.kind === 'meet') &&
    (knock !== undefined || parts.online)
  const { presented } = peer
  const barred = parts.caught !== null
  return {
    id: peer.id,
    name: peer.name,
    label: labelOf(peer),
    signPub: peer.signPub,
    kxPub: peer.kxPub,
    words: shown.words,
    picture: shown.picture,
    trust: peer.trust,
    presented: presented ? { ...presented, ...shownKey(presented.signPub) } : null,
    profile: peer.profile,
    genesis: parts.genesis,
    caught: parts.caught,
    firstSeen: peer.firstSeen,
    lastSeen: peer.lastSeen,
    online: parts.online,
    pinnedAt: peer.pinnedAt,
    policy: peer.policy,
    wanted: initiator.wanted,
    sessions: parts.sessions,
    zoneSkewMinutes: peer.zoneSkewMinutes,
    zoneSkewAccepted: peer.zoneSkewAccepted,
    may: parts.m2m
      ? { propose: !frozen && !barred && !parts.m2m.busy, answer: false, reconnect: false }
      : { propose: !frozen && idle && !reconnects, answer: answers, reconnect: !frozen && idle && reconnects },
    reason: frozen
      ? peer.trust === 'blocked'
        ? 'This peer is blocked.'
        : 'Decide on the changed key first.'
      : barred
        ? 'Its ledger contradicts itself. Nothing is agreed with it any more.'
        : initiator.wanted && !initiator.session
          ? 'Proposed already; the peer has not answered.'
          : null,
    status: parts.m2m && !frozen ? parts.m2m.text : statusOf(parts),
  }
}

export const historyDto = (entry: DecisionEntry, label: string): HistoryDto => ({
  seq: entry.seq,
  at: entry.at,
  peer: entry.peer,
  label,
  step: entry.step as Step,
  decision: entry.decision,
  by: entry.by,
  reason: entry.reason ?? null,
  viewHash: entry.view_hash,
})
