import type { PeerPolicy, TrustState } from '../../../contract/index.ts'
import type { PeerId } from '../brand.ts'
import type { PeerRow } from '../store/rows.ts'

/** Both public keys of a peer, lower-case hex. */
export interface PeerKeys {
  readonly signPub: string
  readonly kxPub: string
}

export const newPeer = (id: PeerId, now: number): PeerRow => ({
  id,
  name: null,
  signPub: null,
  kxPub: null,
  trust: 'unknown',
  presented: null,
  profile: 'hs',
  firstSeen: now,
  lastSeen: now,
  pinnedAt: null,
  policy: { kind: 'ask' },
  wanted: false,
  zoneSkewMinutes: null,
  zoneSkewAccepted: false,
  extra: {},
})

const pinnedStates: readonly TrustState[] = ['pinned', 'verified', 'changed']
export const isPinned = (peer: PeerRow): boolean => peer.pinnedAt !== null && peer.signPub !== null

const sameKeys = (peer: PeerRow, keys: PeerKeys): boolean => peer.signPub === keys.signPub && peer.kxPub === keys.kxPub

/** How shown keys stand to those we hold: `none` held, the same, `other` than an unpinned one, or `changed` from a pinned one. */
export const compareKeys = (peer: PeerRow, keys: PeerKeys): 'none' | 'same' | 'other' | 'changed' => {
  if (peer.signPub === null || peer.kxPub === null) return 'none'
  if (sameKeys(peer, keys)) return 'same'
  return isPinned(peer) ? 'changed' : 'other'
}

/** Takes note of keys a peer proved. Trust follows the key bytes: a pinned peer with other keys is `changed`, and nothing else about it moves. */
export const observeKeys = (peer: PeerRow, { signPub, kxPub }: PeerKeys, now: number): PeerRow => {
  const keys = { signPub, kxPub }
  const seen = { ...peer, lastSeen: now }
  switch (compareKeys(peer, keys)) {
    case 'none':
    case 'other':
      return { ...seen, ...keys, trust: peer.trust === 'blocked' ? 'blocked' : 'seen', presented: null }
    case 'same':
      return seen
    case 'changed':
      return { ...seen, trust: peer.trust === 'blocked' ? 'blocked' : 'changed', presented: { ...keys } }
  }
}

/** First approval: these very keys are what the peer is from now on. */
export const pinKeys = (peer: PeerRow, { signPub, kxPub }: PeerKeys, now: number): PeerRow =>
  isPinned(peer) && sameKeys(peer, { signPub, kxPub })
    ? peer
    : { ...peer, signPub, kxPub, trust: peer.trust === 'blocked' ? 'blocked' : 'pinned', presented: null, pinnedAt: now }

/** The pinned key holds; what was presented instead is put aside. */
export const keepPinned = (peer: PeerRow): PeerRow => (peer.trust === 'changed' ? { ...peer, trust: 'pinned', presented: null } : peer)

/** Blocking hides the trust state, it does not forget the key. */
export const withPolicy = (peer: PeerRow, policy: PeerPolicy): PeerRow => {
  if (policy.kind === 'block') return { ...peer, policy, trust: 'blocked' }
  if (peer.trust !== 'blocked') return { ...peer, policy }
  const trust: TrustState = peer.presented ? 'changed' : isPinned(peer) ? 'pinned' : peer.signPub ? 'seen' : 'unknown'
  return { ...peer, policy, trust }
}

/** Nothing is sent to or taken from such a peer before a person decides. */
export const isFrozen = (peer: PeerRow): boolean => peer.trust === 'changed' || peer.trust === 'blocked'
export const isTrusted = (peer: PeerRow): boolean => pinnedStates.includes(peer.trust) && peer.trust !== 'changed'

/** Names and ids come from strangers: controls, bidi and zero-width characters are cut before anything is drawn or logged. */
export const cleanText = (text: string): string =>
  text.normalize('NFKC').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]/gu, '')

/** Longest name a peer can claim, UTF-16 units. */
const LONGEST_NAME = 64

/** The name a peer claims for itself: unsigned, so the first that was heard stays, and what anybody claims later under its id changes nothing. */
export const claimedName = (peer: PeerRow): string | null => (typeof peer.extra['claimed'] === 'string' ? peer.extra['claimed'] : null)

/** A claimed name made fit to be drawn, or null for what is not a name. */
export const admitName = (claim: unknown): string | null => {
  if (typeof claim !== 'string' || claim.length > LONGEST_NAME) return null
  const name = cleanText(claim).replace(/\s+/g, ' ').trim()
  return name === '' ? null : name
}

/** Names that look alike are one: a stranger must not borrow a known peer's. */
export const nameSkeleton = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[\s._\-·]/g, '')
    .replace(/[0oоο]/g, 'o')
    .replace(/[1ilіι|]/g, 'l')
    .replace(/[aаα]/g, 'a')
    .replace(/[eеε]/g, 'e')
    .replace(/[pрρ]/g, 'p')
    .replace(/[cс]/g, 'c')
    .replace(/[xхχ]/g, 'x')
    .replace(/[yу]/g, 'y')

/** An id cut for lists and logs, fit to be drawn. */
export const shortId = (peerId: string): string => {
  const id = cleanText(peerId)
  return id.length > 13 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id || '(no name)'
}

/** What stands where a name is wanted: the one the person gave, else the one claimed, else the id's beginning. Never shown without picture or words. */
export const labelOf = (peer: PeerRow): string => peer.name ?? claimedName(peer) ?? shortId(peer.id)
