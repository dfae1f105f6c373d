import type { Genesis, PeerId } from '../brand.ts'
import { utf8 } from '../crypto/bytes.ts'
import { canonicalJson } from '../crypto/canonical-json.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { MachineKeys, Rotate } from '../ledger/rotation.ts'
import { ticks } from '../ledger/zeqond.ts'
import type { M2mCards } from '../store/m2m-cards.ts'
import type { Work } from '../work.ts'
import type { Card, CheckedCard } from './card.ts'

export interface KnownPeer extends CheckedCard {
  readonly peerId: PeerId
  /** The own chain up to this seq has reached it; −1 for nothing. */
  readonly shown: number
  /** It has written to us, so it has our card and can open what is sealed to it. */
  readonly knowsUs: boolean
  /** Stored: it was written to, or wrote. Others are forgotten when there are too many, or with the process. */
  readonly kept: boolean
}

/** What a card that verified says, compared with what is known (docs/delivery.md, "Cards"). */
export type CardNews =
  /** A genesis that was not known. Nothing is asked. */
  | { readonly kind: 'seen'; readonly peer: KnownPeer }
  /** Known, and newer: name, suites, head, keys by proper rotation. `movedFrom`: the id it had before. */
  | { readonly kind: 'refreshed'; readonly peer: KnownPeer; readonly movedFrom: PeerId | null; readonly rotated: boolean }
  /** The very card that is known. */
  | { readonly kind: 'same'; readonly peer: KnownPeer }
  /** Older than the one that is known: nothing is taken from it. */
  | { readonly kind: 'stale'; readonly peer: KnownPeer }
  /** Signed by keys that the peer has rotated away: it is a thief's or very old. */
  | { readonly kind: 'superseded'; readonly peer: KnownPeer; readonly presented: CheckedCard }
  /** The id or the key belongs to another machine, or a second rotation for the same keys: a person decides. */
  | { readonly kind: 'changed'; readonly why: 'id' | 'sign_key' | 'rotation'; readonly known: KnownPeer; readonly presented: CheckedCard }
  /** Our own keys. */
  | { readonly kind: 'self' }

/** Peers that were only seen; beyond it the one seen first is forgotten. */
const MOST_SEEN = 2_000

export interface CardBook {
  byId(id: PeerId): KnownPeer | undefined
  byGenesis(genesis: Genesis): KnownPeer | undefined
  all(): KnownPeer[]
  take(checked: CheckedCard): CardNews
  /** As `take`, after a person has decided for it: whatever had its id or key before is forgotten. */
  replace(checked: CheckedCard): KnownPeer
  /** Stores the peer, if it was only seen. */
  keep(genesis: Genesis): void
  mark(genesis: Genesis, change: { readonly shown?: number; readonly knowsUs?: boolean }): void
  forget(genesis: Genesis): void
}

const sameRotation = (a: Rotate | undefined, b: Rotate | undefined): boolean =>
  a === undefined || b === undefined || (a.sign_pub === b.sign_pub && a.kx_pub === b.kx_pub && a.next === b.next)

export interface BookDeps {
  /** Every change is made inside one of its transactions. */
  readonly work: Pick<Work, 'after' | 'onRollback'>
  readonly store: M2mCards
  readonly self: () => { readonly genesis: Genesis; readonly signPubs: ReadonlySet<string> }
  /** Keys in force of a stored card; the ledger knows those beyond the rotations a card has room for. */
  readonly keysOf: (genesis: Genesis, card: Card) => { readonly keys: MachineKeys; readonly generation: number }
}

/** Who is who: the last card of each peer, by genesis and by id. */
export const createCardBook = ({ work, store, self, keysOf }: BookDeps): CardBook => {
  const peers = new Map<Genesis, KnownPeer>()
  const ids = new Map<PeerId, Genesis>()
  /** What the transaction at hand has changed, as it was before. */
  const before = new Map<Genesis, KnownPeer | undefined>()

  const changing = (genesis: Genesis): void => {
    if (before.size === 0) work.after(() => before.clear())
    if (!before.has(genesis)) before.set(genesis, peers.get(genesis))
  }
  work.onRollback(() => {
    for (const [genesis, peer] of before) {
      if (peer === undefined) peers.delete(genesis)
      else peers.set(genesis, peer)
    }
    before.clear()
    index()
  })
  const index = (): void => {
    ids.clear()
    for (const peer of peers.values()) ids.set(peer.peerId, peer.genesis)
  }

  const set = (peer: KnownPeer): KnownPeer => {
    const old = peers.get(peer.genesis)
    changing(peer.genesis)
    if (old !== undefined && old.peerId !== peer.peerId && ids.get(old.peerId) === peer.genesis) ids.delete(old.peerId)
    peers.set(peer.genesis, peer)
    ids.set(peer.peerId, peer.genesis)
    if (peer.kept) store.put({ genesis: peer.genesis, peerId: peer.peerId, card: peer.card, shown: peer.shown, knowsUs: peer.knowsUs })
    return peer
  }
  const drop = (genesis: Genesis): void => {
    const peer = peers.get(genesis)
    if (peer === undefined) return
    changing(genesis)
    peers.delete(genesis)
    if (ids.get(peer.peerId) === genesis) ids.delete(peer.peerId)
    if (peer.kept) store.remove(genesis)
  }
  const makeRoom = (): void => {
    let seen = 0
    let first: Genesis | undefined
    for (const peer of peers.values()) {
      if (peer.kept) continue
      first ??= peer.genesis
      seen += 1
    }
    if (seen >= MOST_SEEN && first !== undefined) drop(first)
  }
  const add = (checked: CheckedCard, kept: boolean): KnownPeer => {
    if (!kept) makeRoom()
    return set({ ...checked, peerId: checked.card.id, shown: -1, knowsUs: false, kept })
  }
  /** A peer of another genesis that has this id or signs with one of these keys. */
  const rivalOf = (checked: CheckedCard): { readonly why: 'id' | 'sign_key'; readonly known: KnownPeer } | null => {
    const atId = ids.get(checked.card.id)
    const known = atId === undefined ? undefined : peers.get(atId)
    if (known !== undefined && known.genesis !== checked.genesis) return { why: 'id', known }
    const keys = new Set<string>([checked.card.sign_pub, checked.keys.sign_pub])
    for (const peer of peers.values())
      if (peer.genesis !== checked.genesis && (keys.has(peer.card.sign_pub) || keys.has(peer.keys.sign_pub))) return { why: 'sign_key', known: peer }
    return null
  }

  for (const entry of store.all()) {
    const hash = sha256Hex(utf8(canonicalJson(entry.card)))
    peers.set(entry.genesis, { ...entry, ...keysOf(entry.genesis, entry.card), hash, kept: true })
  }
  index()

  return {
    byId: (id) => {
      const genesis = ids.get(id)
      return genesis === undefined ? undefined : peers.get(genesis)
    },
    byGenesis: (genesis) => peers.get(genesis),
    all: () => [...peers.values()],
    take: (checked) => {
      const known = peers.get(checked.genesis)
      if (known !== undefined && known.hash === checked.hash && ids.get(checked.card.id) === checked.genesis) return { kind: 'same', peer: known }
      const own = self()
      if (checked.genesis === own.genesis || own.signPubs.has(checked.keys.sign_pub) || own.signPubs.has(checked.card.sign_pub)) return { kind: 'self' }
      const rival = rivalOf(checked)
      if (rival !== null) return { kind: 'changed', why: rival.why, known: rival.known, presented: checked }
      if (known === undefined) return { kind: 'seen', peer: add(checked, false) }
      if (!checked.card.rotations.every((rotation, i) => sameRotation(rotation, known.card.rotations[i]))) {
        return { kind: 'changed', why: 'rotation', known, presented: checked }
      }
      const newer = ticks(checked.card.at) >= ticks(known.card.at)
      if (checked.generation < known.generation) return newer ? { kind: 'superseded', peer: known, presented: checked } : { kind: 'stale', peer: known }
      if (!newer && checked.generation === known.generation) return { kind: 'stale', peer: known }
      const peer = set({ ...known, ...checked, peerId: checked.card.id })
      return {
        kind: 'refreshed',
        peer,
        movedFrom: known.peerId === peer.peerId ? null : known.peerId,
        rotated: checked.generation > known.generation,
      }
    },
    replace: (checked) => {
      for (let rival = rivalOf(checked); rival !== null; rival = rivalOf(checked)) drop(rival.known.genesis)
      const known = peers.get(checked.genesis)
      return known === undefined ? add(checked, true) : set({ ...known, ...checked, peerId: checked.card.id, kept: true })
    },
    keep: (genesis) => {
      const peer = peers.get(genesis)
      if (peer !== undefined && !peer.kept) set({ ...peer, kept: true })
    },
    mark: (genesis, change) => {
      const peer = peers.get(genesis)
      if (peer === undefined) return
      const next = { ...peer, ...change }
      if (next.shown !== peer.shown || next.knowsUs !== peer.knowsUs) set(next)
    },
    forget: drop,
  }
}
