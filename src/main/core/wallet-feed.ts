import type { AppDto, Patch } from '../../contract/index.ts'
import type { PeerId } from './brand.ts'
import type { DomainEvent, PublishedEvent } from './events.ts'
import type { Clock } from './ports.ts'
import type { Profile } from './profile.ts'
import type { Touched } from './work.ts'

export interface Published {
  readonly seq: number
  readonly event: DomainEvent
}

/** What the wallet tells the window and the command: patches with a sequence of their own, events, progress, and when to look. */
export interface Feed {
  readonly onPatch: Subscribe<{ seq: number; patch: Patch }>
  readonly onKdf: Subscribe<{ fraction: number }>
  readonly onApproval: Subscribe<void>
  readonly onReview: Subscribe<void>
  readonly onEvent: Subscribe<PublishedEvent>
  /** Number of the last patch. */
  seq(): number
  patch(change: Patch): void
  /** A slice of a longer piece of work: its own 0 to 1 becomes `from` to `to` of the whole. */
  progress(from?: number, to?: number): (fraction: number) => void
  approvalChanged(): void
  review(): void
  events(published: readonly Published[]): void
}
type Subscribe<T> = (listener: (value: T) => void) => () => void

const channel = <T>() => {
  const listeners = new Set<(value: T) => void>()
  return {
    on: (listener: (value: T) => void): (() => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tell: (value: T): void => {
      for (const listener of listeners) listener(value)
    },
  }
}

export const createFeed = (clock: Clock): Feed => {
  const [patches, kdf, approval, reviews, events] = [
    channel<{ seq: number; patch: Patch }>(),
    channel<{ fraction: number }>(),
    channel<void>(),
    channel<void>(),
    channel<PublishedEvent>(),
  ]
  let seq = 0
  let told = -1
  return {
    onPatch: patches.on,
    onKdf: kdf.on,
    onApproval: approval.on,
    onReview: reviews.on,
    onEvent: events.on,
    seq: () => seq,
    patch: (patch) => {
      seq += 1
      patches.tell({ seq, patch })
    },
    progress:
      (from = 0, to = 1) =>
      (fraction) => {
        const whole = Math.min(1, Math.max(0, from + fraction * (to - from)))
        // The derivation reports a thousand times; a bar has a hundred places.
        const place = Math.floor(whole * 100)
        if (place === told) return
        told = place
        kdf.tell({ fraction: whole })
      },
    approvalChanged: () => approval.tell(),
    review: () => reviews.tell(),
    events: (published) => {
      const at = new Date(clock.now()).toISOString()
      for (const { seq: number, event } of published) events.tell({ seq: number, at, ...event })
    },
  }
}

/** What of the open profile changed, as patches: the thing as it is now, or that it is gone. */
export const patchesOf = (profile: Profile, touched: ReadonlySet<Touched>, app: () => AppDto): Patch[] => {
  const patches: Patch[] = []
  const push = <T>(value: T | null | undefined, there: (value: T) => Patch, gone?: Patch): void => {
    if (value !== null && value !== undefined) patches.push(there(value))
    else if (gone) patches.push(gone)
  }
  for (const what of touched) {
    const colon = what.indexOf(':')
    const [kind, id] = [colon < 0 ? what : what.slice(0, colon), what.slice(colon + 1)]
    switch (kind) {
      case 'app':
        patches.push({ kind: 'app', app: app() })
        break
      case 'peer':
        push(profile.peer(id as PeerId), (peer) => ({ kind: 'peer', peer }), { kind: 'peerGone', id })
        break
      case 'session':
        push(profile.session(id), (session) => ({ kind: 'session', session }))
        break
      case 'handshake':
        push(profile.m2m.handshake(id), (handshake) => ({ kind: 'handshake', handshake }), { kind: 'handshakeGone', id })
        break
      case 'file':
        push(profile.m2m.file(id), (file) => ({ kind: 'file', file }))
        break
      case 'row':
        push(profile.m2m.row(Number(id)), (row) => ({ kind: 'row', row, total: Math.max(1, profile.m2m.places()) }))
        break
      case 'knock':
        push(profile.knock(id as PeerId), (knock) => ({ kind: 'knock', knock }), { kind: 'knockGone', peer: id })
        break
      case 'message':
        push(profile.message(Number(id)), (message) => ({ kind: 'message', message }))
        break
      case 'notice':
        push(profile.noticeOf(Number(id)), (notice) => ({ kind: 'notice', notice }))
        break
      case 'decision':
        push(profile.decision(Number(id)), (entry) => ({ kind: 'history', entry }))
        break
      case 'request': {
        const request = profile.approvals.request(id)
        push(request && profile.approvals.requestDto(request), (dto) => ({ kind: 'request', request: dto }), { kind: 'requestGone', id })
      }
    }
  }
  return patches
}
