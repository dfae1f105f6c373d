import type { KnockDto } from '../../../contract/index.ts'
import type { PeerId } from '../brand.ts'

/** Peers that show themselves on the relay are kept in memory only, so many; ids cost nothing to make up. */
export const MOST_PRESENT = 2_000
export const MOST_KNOCKS = 200
/** Heard from within so many ms: on the relay now. Registers come at most 10 s apart from ours, every second from an original. */
export const ONLINE_MS = 30_000

interface Presence {
  readonly firstSeen: number
  lastSeen: number
  address: string
  claimed: string | null
  /** The last name it claimed that was not taken, so that it is weighed once. */
  refused: string | null
}

export interface PresenceBook {
  /** Returns true when the peer was not on the relay before. */
  heard(id: PeerId, address: string, now: number): boolean
  /** The name it claims; the first one stays. */
  claim(id: PeerId, name: string): void
  refuse(id: PeerId, name: string): void
  get(id: PeerId): Readonly<Presence> | undefined
  all(): ReadonlyMap<PeerId, Readonly<Presence>>
  knock(id: PeerId, kind: KnockDto['kind'], now: number): KnockDto
  knocks(): KnockDto[]
  knockOf(id: PeerId): KnockDto | undefined
  unknock(id: PeerId): boolean
  forget(id: PeerId): void
}

/** Who is on the relay, and who asked for something. Bounded: the oldest entry gives way. */
export const createPresence = (gone: (what: `peer:${string}` | `knock:${string}`) => void): PresenceBook => {
  const present = new Map<PeerId, Presence>()
  const knocks = new Map<PeerId, KnockDto>()
  const drop = (map: Map<PeerId, unknown>, kind: 'peer' | 'knock'): void => {
    for (const oldest of map.keys()) {
      map.delete(oldest)
      gone(`${kind}:${oldest}`)
      return
    }
  }

  return {
    heard: (id, address, now) => {
      const known = present.get(id)
      const fresh = !known || now - known.lastSeen > ONLINE_MS
      // Deleted and set again: a Map's order is then the order of last being heard, and the first is the one to drop.
      present.delete(id)
      present.set(id, { firstSeen: known?.firstSeen ?? now, lastSeen: now, address, claimed: known?.claimed ?? null, refused: known?.refused ?? null })
      if (present.size > MOST_PRESENT) drop(present, 'peer')
      return fresh
    },
    claim: (id, name) => {
      const known = present.get(id)
      if (known) known.claimed ??= name
    },
    refuse: (id, name) => {
      const known = present.get(id)
      if (known) known.refused = name
    },
    get: (id) => present.get(id),
    all: () => present,
    knock: (peer, kind, now) => {
      const known = knocks.get(peer)
      const entry: KnockDto = { peer, kind, count: (known?.count ?? 0) + 1, firstAt: known?.firstAt ?? now, lastAt: now }
      knocks.set(peer, entry)
      if (knocks.size > MOST_KNOCKS) drop(knocks, 'knock')
      return entry
    },
    knocks: () => [...knocks.values()],
    knockOf: (id) => knocks.get(id),
    unknock: (id) => knocks.delete(id),
    forget: (id) => {
      present.delete(id)
      knocks.delete(id)
    },
  }
}
