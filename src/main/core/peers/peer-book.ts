import type { PeerId } from '../brand.ts'
import type { Clock } from '../ports.ts'
import type { PeerRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../work.ts'
import type { PresenceBook } from './presence.ts'
import { admitName, claimedName, isFrozen, nameSkeleton, newPeer, type PeerKeys } from './trust.ts'

/** The persisted peers, and how to make one of a stranger the person or a proof made matter. */
export interface PeerBook {
  get(id: PeerId): PeerRow
  put(peer: PeerRow): void
  addressOf(id: PeerId): string | null
  /** Blocked, or with a changed key; from memory, since every event asks. */
  frozen(id: PeerId): boolean
  /** A name somebody claims for an id: one that looks like a name that is known already, or like ours, is not taken. */
  claim(id: PeerId, name: unknown): void
  /** Who showed this signing key (hex). */
  bySignPub(signPub: string): PeerId | undefined
  /** From memory, since it is drawn after each row. */
  pinnedCount(): number
  /** The row is gone. */
  forget(id: PeerId): void
}

export const createPeerBook = (deps: {
  readonly store: Store
  readonly work: Work
  readonly clock: Clock
  readonly presence: PresenceBook
  readonly selfName: string
  /** Keys that a peer's card proved; null for one without a card. */
  readonly cardOf: (id: PeerId) => PeerKeys | null
  /** Sessions that are drawn with the peer's trust. */
  readonly sessionsOf: (id: PeerId) => readonly string[]
}): PeerBook => {
  const { store, work, clock, presence } = deps
  const frozen = new Set<PeerId>()
  const pinned = new Set<PeerId>()
  const taken = new Map<PeerId, readonly string[]>()
  const keys = new Map<string, PeerId>()

  const learn = (peer: PeerRow): void => {
    if (isFrozen(peer)) frozen.add(peer.id)
    else frozen.delete(peer.id)
    if (peer.pinnedAt === null) pinned.delete(peer.id)
    else pinned.add(peer.id)
    if (peer.signPub) keys.set(peer.signPub, peer.id)
    taken.set(
      peer.id,
      [peer.name, claimedName(peer)].flatMap((name) => (name ? [nameSkeleton(name)] : [])),
    )
  }
  const learnAll = (): void => {
    const rows = store.peers.all()
    frozen.clear()
    pinned.clear()
    taken.clear()
    keys.clear()
    for (const peer of rows) learn(peer)
  }
  learnAll()
  // What memory holds of a transaction that failed is wrong; the database is right.
  work.onRollback(learnAll)

  return {
    get: (id) => {
      const seen = presence.get(id)
      const row = store.peers.get(id)
      const claimed = seen?.claimed ? { claimed: seen.claimed } : {}
      if (row) return { ...row, lastSeen: Math.max(row.lastSeen, seen?.lastSeen ?? 0), extra: { ...claimed, ...row.extra } }
      const stranger = { ...newPeer(id, seen?.firstSeen ?? clock.now()), lastSeen: seen?.lastSeen ?? clock.now(), extra: claimed }
      const card = deps.cardOf(id)
      return card ? { ...stranger, signPub: card.signPub, kxPub: card.kxPub, trust: 'seen', profile: 'm2m' } : stranger
    },
    put: (peer) =>
      work.run(() => {
        const before = store.peers.get(peer.id)
        store.peers.put(peer)
        learn(peer)
        work.touch(`peer:${peer.id}`)
        if (before?.trust !== peer.trust) {
          // What freezes or thaws, and what may be written, is drawn with the sessions.
          for (const session of deps.sessionsOf(peer.id)) work.touch(`session:${session}`)
          work.emit({ event: 'peer', peer: peer.id, profile: peer.profile, trust: peer.trust, first: false })
        }
        if ((before?.pinnedAt ?? null) !== peer.pinnedAt) work.touch('app')
      }),
    addressOf: (id) => presence.get(id)?.address ?? null,
    frozen: (id) => frozen.has(id),
    pinnedCount: () => pinned.size,
    claim: (id, claim) => {
      const seen = presence.get(id)
      if (claim === undefined || seen?.claimed || seen?.refused === claim) return
      const name = admitName(claim)
      if (!name) return
      const skeleton = nameSkeleton(name)
      const others =
        [...taken].some(([other, names]) => other !== id && names.includes(skeleton)) ||
        [...presence.all()].some(([other, seen]) => other !== id && seen.claimed !== null && nameSkeleton(seen.claimed) === skeleton)
      if (others || skeleton === nameSkeleton(deps.selfName)) presence.refuse(id, name)
      else presence.claim(id, name)
    },
    bySignPub: (signPub) => keys.get(signPub),
    forget: (id) => {
      frozen.delete(id)
      pinned.delete(id)
      taken.delete(id)
      for (const [key, holder] of keys) if (holder === id) keys.delete(key)
    },
  }
}
