import { z } from 'zod'
import type { MachineDto } from '../../contract/index.ts'
import type { PeerId } from './brand.ts'
import { AppFault } from './fault.ts'
import type { Head } from './ledger/head.ts'
import type { ClockDoubt, Ledger } from './ledger/ledger-types.ts'
import type { Delivery } from './m2m/delivery-types.ts'
import type { Notice } from './notices.ts'
import type { Store } from './store/store.ts'
import type { Work } from './work.ts'

/** Whom there was to ask, who has told what it holds of the own ledger, and whether two histories were seen; sealed with the settings, gone when the recovery is over. */
const KEY = 'recovery'
const State = z.strictObject({ witnesses: z.array(z.string()), answered: z.array(z.string()), forkedAt: z.int().nullable() })
type State = z.infer<typeof State>
/** Peers asked that are no witnesses by our own books: those that were met after the backup was made. */
const MOST_OTHERS = 50

/** Restoring without a fork: nothing is appended before those who witnessed the own ledger were asked for its newest head (docs/ledger.md, "After a restore"). */
export interface Recovery {
  /** Asks again whoever has not answered: at the start, and when a peer is heard of. Does nothing while nothing is recovering. */
  ask(peer?: PeerId): void
  /** A page of the own ledger that a peer kept. `next`: it has more. */
  page(from: PeerId, message: { readonly rows: readonly unknown[]; readonly head: Head | null; readonly next: number | null }): void
  /** The peer holds nothing of the own ledger, or shows nothing of it. */
  nothing(from: PeerId): void
  /** The person goes on without those that have not answered. @throws AppFault STATE */
  goOn(): void
  dto(): MachineDto['recovering']
}

const reasons = {
  restored: 'This profile comes from a backup. Your peers may hold rows of your ledger that the backup does not have.',
  foreign_head: 'A peer holds a row of your ledger, signed by your key, that is not here: this profile is an old copy.',
  damaged: 'The end of your ledger does not verify. Your peers may hold the rows as they were.',
  keys: 'Your ledger has newer keys than this identity. Restore the backup that was made after they were replaced.',
} as const
const forkText = (seq: number): string =>
  `Two different rows were signed by your key for place ${seq} of your ledger, as happens when one profile runs twice. Nothing can be added to it any more.`

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')
/** Rows are stamped by this clock, for ever: a wrong one would be public, and a row cannot be taken back. */
const clockText = ({ kind, last, now }: ClockDoubt): string =>
  kind === 'behind'
    ? `This computer’s clock says ${dayOf(now)} UTC, but your last row was written at ${dayOf(last)} UTC. Nothing is written before you say that the clock is right.`
    : `This computer’s clock says ${dayOf(now)} UTC; when your ledger was last in use it was ${dayOf(last)} UTC. Nothing is written before you say that the clock is right.`

/** With the last own row: a peer that has another in its place shows two histories, not rows that do not fit. */
export const askFrom = (ledger: Pick<Ledger, 'own' | 'state'>): number => Math.max(0, ledger.state(ledger.own().genesis).nextSeq - 1)

export const createRecovery = (deps: {
  readonly ledger: Ledger
  readonly store: Store
  readonly work: Work
  /** The identity's present key, hex. */
  readonly signPub: () => string
  readonly delivery: () => Pick<Delivery, 'sync' | 'hasCard'>
  readonly labelOf: (peer: PeerId) => string
  readonly notice: Notice
  /** Inside the transaction that ends it, or that confirms the clock: rows may be written again. */
  readonly onOver: () => void
}): Recovery => {
  const { ledger, store, work } = deps
  const own = () => ledger.own().genesis
  const others = new Set<PeerId>()

  const state = (): State => State.safeParse(store.settings.get(KEY)).data ?? { witnesses: [], answered: [], forkedAt: null }
  const put = (change: Partial<State>): void => store.settings.set(KEY, { ...state(), ...change })

  /**
   * Those who can have witnessed it: pinned peers with a ledger of their own. One that is blocked or forgotten in the meantime has still not
   * answered: going on without it is the person's to decide.
   */
  const witnesses = (): PeerId[] => {
    const pinned = store.peers.all().filter((peer) => peer.pinnedAt !== null && peer.profile === 'm2m')
    return [...new Set([...state().witnesses, ...pinned.map((peer) => peer.id)])] as PeerId[]
  }
  const missing = (): PeerId[] => {
    const { answered } = state()
    return witnesses().filter((id) => !answered.includes(id))
  }

  /** The highest head of the own ledger that anybody showed, where it lies behind its end here. */
  const ahead = (): Head | null => {
    const head = ledger.recovering()?.head ?? null
    return head !== null && head.seq >= ledger.state(own()).nextSeq ? head : null
  }
  /** Where two histories begin that the own key signed, or null. It stays known: a higher head must not cover it. */
  const forkedAt = (): number | null => {
    const known = state().forkedAt
    if (known !== null) return known
    const head = ledger.recovering()?.head ?? null
    const held = head === null ? undefined : ledger.row(own(), head.seq)
    return head !== null && held !== undefined && held.stateHash !== head.stateHash ? head.seq : null
  }
  const noteFork = (seq: number): void => {
    if (state().forkedAt === null) {
      put({ forkedAt: seq })
      deps.notice(null, 'danger', forkText(seq))
    }
    work.touch('app')
  }
  /** The key in force at the end of the chain is the identity's no more. */
  const keysGone = (): boolean => {
    const machine = ledger.own()
    return ledger.recovering()?.reason === 'keys' || ledger.keyInForce(machine.genesis).signPub !== deps.signPub()
  }

  const finish = (): void => {
    const floor = ahead()
    // Rows that nobody has any more leave a gap, never a fork: the next row follows the head that was witnessed.
    if (floor !== null) {
      const first = ledger.state(own()).nextSeq
      ledger.skipTo(floor)
      const lost = first === floor.seq ? `Row ${first} is` : `Rows ${first} to ${floor.seq} are`
      deps.notice(null, 'caution', `Your ledger goes on after row ${floor.seq}. ${lost} lost: nobody who was asked has them. Every audit will say so.`)
    } else deps.notice(null, 'info', 'Your ledger goes on: nobody who was asked knows of rows that are not here.')
    // Of hosted machines there are no witnesses to ask.
    for (const machine of ledger.machines())
      if (machine.genesis !== own() && ledger.recovering(machine.genesis)?.reason === 'restored') ledger.clearRecovering(machine.genesis)
    ledger.clearRecovering()
    store.settings.remove(KEY)
    others.clear()
    work.touch('app')
    deps.onOver()
  }

  /** Goes on by itself only where that risks nothing that could be known. */
  const settle = (): void => {
    work.touch('app')
    const held = ledger.recovering()
    if (held === null) return
    const fork = forkedAt()
    if (fork !== null) return noteFork(fork)
    if (held.reason !== 'damaged' && !keysGone() && missing().length === 0) finish()
  }
  const note = (from: PeerId): void => {
    if (witnesses().includes(from) && !state().answered.includes(from)) put({ answered: [...state().answered, from] })
    settle()
  }

  const request = (peer: PeerId): void => {
    if (deps.delivery().hasCard(peer)) deps.delivery().sync(peer, own(), askFrom(ledger))
  }

  return {
    ask: (peer) => {
      if (ledger.recovering() === null) return
      work.run(() => {
        const all = witnesses()
        if (all.length !== state().witnesses.length) put({ witnesses: all })
        if (peer === undefined) for (const id of missing()) request(id)
        else if (missing().includes(peer)) request(peer)
        else if (!all.includes(peer) && !others.has(peer) && others.size < MOST_OTHERS && deps.delivery().hasCard(peer)) {
          others.add(peer)
          request(peer)
        }
        settle()
      })
    },
    page: (from, { rows, head, next }) => {
      if (ledger.recovering() === null) return
      work.run(() => {
        const before = ledger.state(own()).nextSeq
        const offered = rows.length === 0 ? null : ledger.adoptRows(rows)
        if (offered?.kind === 'fork' && offered.proof !== null) return noteFork(offered.proof.heads[0].seq)
        if (offered?.kind === 'fork' || offered?.kind === 'bad') {
          const why = offered.kind === 'fork' ? offered.why : offered.finding.why
          return deps.notice(from, 'danger', `What this peer holds of your ledger does not follow from yours: ${why}. Nothing of it was taken.`)
        }
        const after = ledger.state(own()).nextSeq
        // What one has may begin where another's ends.
        if (after > before && state().answered.length > 0) put({ answered: [] })
        // Only as long as it leads somewhere.
        if (next !== null && after > before) return request(from)
        if (!judgedHead(from, head)) return
        note(from)
        if (after > before) for (const id of missing()) request(id)
      })
    },
    nothing: (from) => {
      if (ledger.recovering() !== null) work.run(() => note(from))
    },
    goOn: () => {
      if (ledger.recovering() === null) {
        if (ledger.clockDoubt() === null) throw new AppFault('STATE', 'Nothing has to be settled.')
        return work.run(() => {
          ledger.confirmClock()
          work.touch('app')
          deps.onOver()
        })
      }
      if (keysGone()) throw new AppFault('STATE', reasons.keys)
      const fork = forkedAt()
      if (fork !== null) throw new AppFault('STATE', forkText(fork))
      work.run(finish)
    },
    dto: () => {
      const held = ledger.recovering()
      if (held === null) {
        const doubt = ledger.clockDoubt()
        return doubt === null ? null : { kind: 'clock', why: clockText(doubt), waitingFor: [], mayGoOn: true }
      }
      const fork = forkedAt()
      if (fork !== null) return { kind: 'peers', why: forkText(fork), waitingFor: [], mayGoOn: false }
      if (keysGone()) return { kind: 'peers', why: reasons.keys, waitingFor: [], mayGoOn: false }
      return { kind: 'peers', why: reasons[held.reason], waitingFor: missing().map(deps.labelOf), mayGoOn: true }
    },
  }

  /** Takes note of the highest head of the own ledger that a peer kept. False: it says nothing that could be relied on, so the peer has not answered. */
  function judgedHead(from: PeerId, head: Head | null): boolean {
    if (head === null || head.genesis !== own()) return true
    const rival = ledger.recovering()?.head ?? null
    const verdict = ledger.ownHead(head)
    if (verdict === 'foreign' && rival !== null && rival.seq === head.seq && rival.stateHash !== head.stateHash) {
      noteFork(head.seq)
      return false
    }
    if (verdict !== 'unsigned' || head.seq < ledger.state(own()).nextSeq) return true
    deps.notice(
      from,
      'danger',
      `This peer shows row ${head.seq} as the end of your ledger, but not signed by a key that is known here. Its answer does not count.`,
    )
    return false
  }
}
