import type { Genesis } from '../brand.ts'
import { utf8 } from '../crypto/bytes.ts'
import type { CheckedRow } from '../ledger/chain.ts'
import type { Followed } from '../ledger/ledger-types.ts'
import type { Row } from '../ledger/row.ts'
import { ticks, zeqondAt } from '../ledger/zeqond.ts'
import type { M2mOutboxEntry } from '../store/m2m-outbox.ts'
import type { Wire } from './box.ts'
import { headerOfCard, MAX_AHEAD } from './card.ts'
import type { KnownPeer } from './card-book.ts'
import type { Sender } from './delivery-out.ts'
import { createPages } from './delivery-sync.ts'
import type { DeliveryDeps, Inbound } from './delivery-types.ts'
import { type Body, type ErrCode, parseBody } from './message.ts'

/** Rows that are fetched to understand one message. */
const MOST_MISSING = 10_000
/** How long a peer is asked for rows that its own message needs. */
const ROWS_MS = 15 * 60_000
/** Chains of peers that are kept. */
const MOST_FOLLOWED = 5_000

/** Threads of the delivery itself in the outbox. */
const SYNC = 'delivery:sync:'
export const isInternal = (thread: string | null): boolean => thread?.startsWith(SYNC) === true

/** What to do with a message: what it is answered with, and whether a repeat is judged anew. */
export type Outcome =
  | { readonly kind: 'done'; readonly answer: Wire | null }
  | { readonly kind: 'refused'; readonly code: ErrCode; readonly seq: number | null; readonly final: boolean }
  | { readonly kind: 'parked' }
  | { readonly kind: 'ignored' }

type WithRows = Extract<Body, { readonly rows: unknown; readonly t: Exclude<Body['t'], 'rows'> }>
const hasRows = (body: Body): body is WithRows => 'rows' in body && body.t !== 'rows'

export const refuse = (code: ErrCode, seq: number | null, final: boolean): Outcome => ({ kind: 'refused', code, seq, final })

/** `count` ticks in whole seconds, for people. */
export const seconds = (count: bigint): number => Math.round((Number(count) * 777) / 1000)

export interface Acting {
  /** What the message does, inside its transaction. */
  on(peer: KnownPeer, body: Body): Outcome
  /** A page of rows; `asked`: our request that it answers. */
  onPage(peer: KnownPeer, body: Extract<Body, { t: 'rows' }>, asked: M2mOutboxEntry | null): Outcome
  /** Asks for rows, once at a time for each chain. */
  sync(peer: KnownPeer, genesis: Genesis, from: number, internal: boolean): void
}

interface ActingParts {
  readonly deps: DeliveryDeps
  readonly sender: Sender
  readonly own: () => Genesis
  /** May a note with this name be made now? */
  readonly mayNote: (name: string) => boolean
  /** Rows have come: what waits for them may go on after the commit. */
  readonly unparkLater: (genesis: Genesis) => void
  /** No rows will come for what is parked. */
  readonly unparkNone: (genesis: Genesis) => void
}

/** What verified messages do: their rows go to the ledger, then they to the handler; requests for rows are served. */
export const createActing = ({ deps, sender, own, mayNote, unparkLater, unparkNone }: ActingParts): Acting => {
  const { store, ledger } = deps
  const { clock } = deps.ports
  const outbox = store.m2mOutbox
  const pages = createPages(deps)

  const sync: Acting['sync'] = (peer, genesis, from, internal) => {
    const thread = `${internal ? SYNC : 'sync:'}${peer.genesis}:${genesis}`
    if (outbox.has(thread)) return
    // What waits for these rows comes again, since nobody has answered it: a stranger who shows a gap does not keep us asking for a day.
    sender.send(peer.genesis, { t: 'sync', genesis, from, to: null }, { thread, giveUpAt: internal ? clock.now() + ROWS_MS : undefined })
  }

  const handed = (peer: KnownPeer, body: Body, followed: Followed, rows: readonly CheckedRow[], page?: readonly Row[]): Inbound => {
    const { v: _v, sg: _sg, tg: _tg, ...fields } = body
    const tokens = 'tokens' in body ? body.tokens : []
    return { ...fields, from: peer.peerId, genesis: peer.genesis, peer: followed, card: peer, rows, tokens, ...(page === undefined ? {} : { page }) } as Inbound
  }

  /** Runs the handler; what it sends with `re` is the answer, otherwise an ack is. */
  const handle = (peer: KnownPeer, message: Inbound): Outcome => {
    const wires = sender.watch(message.id)
    try {
      const answer = deps.onMessage(message)
      if (answer === 'later') return { kind: 'ignored' }
      if (answer !== null) sender.send(peer.genesis, answer, { thread: null, re: message.id })
      const wire = wires.at(-1)
      return { kind: 'done', answer: wire ?? sender.once({ ...peer, kxPub: peer.keys.kx_pub }, { t: 'ack' }, message.id) }
    } finally {
      sender.watch(null)
    }
  }

  const follow = (peer: KnownPeer): Followed | null => {
    const followed = ledger.followed(peer.genesis)
    if (followed !== undefined) return followed
    return ledger.followedCount() >= MOST_FOLLOWED ? null : ledger.follow(headerOfCard(peer.card), peer.peerId)
  }

  const actOnRows = (peer: KnownPeer, body: WithRows): Outcome => {
    const followed = follow(peer)
    if (followed === null) return refuse('busy', null, false)
    if (body.rows.length === 0) return handle(peer, handed(peer, body, followed, []))
    const now = ticks(zeqondAt(clock.now()))
    const ahead = body.rows.find((row) => ticks(row.zeqondNumber) > now + MAX_AHEAD)
    if (ahead !== undefined) {
      if (mayNote(`clock ${peer.genesis}`)) {
        deps.note(
          peer.peerId,
          'caution',
          `A row of this peer is ${seconds(ticks(ahead.zeqondNumber) - now)} s ahead of your clock. One of the two clocks is wrong.`,
        )
      }
      return refuse('clock', ahead.seq, false)
    }
    const offered = ledger.offer(peer.genesis, body.rows)
    if (offered.kind === 'gap') {
      const first = body.rows.at(-1)?.seq ?? 0
      if (first - offered.from > MOST_MISSING) return refuse('too_large', null, true)
      sync(peer, peer.genesis, offered.from, true)
      return { kind: 'parked' }
    }
    if (offered.kind === 'bad') {
      deps.note(peer.peerId, 'danger', `A row of this peer does not verify (${offered.finding.code}): ${offered.finding.why}.`)
      return refuse('bad_row', typeof offered.finding.at === 'number' ? offered.finding.at : null, true)
    }
    if (offered.kind === 'fork') {
      deps.onFork(peer.peerId, peer.genesis, offered)
      return refuse('bad_row', null, true)
    }
    for (const token of 'tokens' in body ? body.tokens : []) {
      if (token.genesis !== peer.genesis || !body.rows.some((row) => row.stateHash === token.audit_state_hash) || !ledger.keepToken(token).ok) {
        deps.note(peer.peerId, 'caution', 'A receipt of this peer does not fit its row.')
        return refuse('bad_row', token.seq, true)
      }
    }
    if (offered.kind === 'extended') unparkLater(peer.genesis)
    const told = new Set(body.rows.flatMap((row) => (row.payload === null ? [] : [row.seq])))
    return handle(
      peer,
      handed(
        peer,
        body,
        ledger.followed(peer.genesis) ?? followed,
        offered.rows.filter((row) => told.has(row.row.seq)),
      ),
    )
  }

  /** A page that was asked for; anything else is only acknowledged. */
  const actOnPage: Acting['onPage'] = (peer, body, asked) => {
    const ack = (): Outcome => ({ kind: 'done', answer: sender.once({ ...peer, kxPub: peer.keys.kx_pub }, { t: 'ack' }, body.id) })
    const request = asked === null ? null : parseBody(utf8(asked.body))
    if (asked === null || request?.ok !== true || request.body.t !== 'sync' || request.body.genesis !== body.genesis) return ack()
    const followed = follow(peer)
    if (followed === null) return refuse('busy', null, false)
    if (body.genesis === own()) {
      if (body.head !== null && body.head.genesis === body.genesis) ledger.ownHead(body.head)
      return handle(peer, handed(peer, body, followed, [], body.rows))
    }
    if (body.genesis !== peer.genesis) return ack()
    const now = ticks(zeqondAt(clock.now()))
    if (body.rows.some((row) => ticks(row.zeqondNumber) > now + MAX_AHEAD)) return refuse('clock', null, true)
    const before = followed.nextSeq
    if (body.rows.length > 0) {
      const offered = ledger.offer(peer.genesis, body.rows, { acceptGap: true })
      if (offered.kind === 'bad') {
        deps.note(peer.peerId, 'danger', `A row of this peer does not verify (${offered.finding.code}): ${offered.finding.why}.`)
        unparkNone(peer.genesis)
        return refuse('bad_row', typeof offered.finding.at === 'number' ? offered.finding.at : null, true)
      }
      if (offered.kind === 'fork') {
        deps.onFork(peer.peerId, peer.genesis, offered)
        unparkNone(peer.genesis)
        return refuse('bad_row', null, true)
      }
    }
    noteGaps(peer, followed)
    const head = body.head?.genesis === peer.genesis ? ledger.keepHead(body.head) : null
    if (head?.kind === 'contradiction') deps.onFork(peer.peerId, peer.genesis, head)
    const after = ledger.followed(peer.genesis)?.nextSeq ?? before
    // Only as long as it leads somewhere: a peer could name a next page for ever.
    if (body.next !== null && after > before) sync(peer, peer.genesis, after, isInternal(asked.thread))
    else if (after === before) unparkNone(peer.genesis)
    if (after > before) unparkLater(peer.genesis)
    return isInternal(asked.thread) ? ack() : handle(peer, handed(peer, body, ledger.followed(peer.genesis) ?? followed, []))
  }

  /** Rows that even their owner does not send any more. The chain goes on behind them; an audit will say so. */
  const noteGaps = (peer: KnownPeer, before: Followed): void => {
    for (const [first, last] of ledger.followed(peer.genesis)?.gaps.slice(before.gaps.length) ?? []) {
      deps.note(peer.peerId, 'caution', `Rows ${first} to ${last} of this peer’s ledger are missing.`)
    }
  }

  const serve = (peer: KnownPeer, body: Extract<Body, { t: 'sync' }>): Outcome => {
    const page = pages.serve(peer, body.genesis, body.from, body.to)
    if (typeof page === 'string') return refuse(page, null, false)
    sender.once({ ...peer, kxPub: peer.keys.kx_pub }, { t: 'rows', genesis: body.genesis, rows: [...page.rows], head: page.head, next: page.next }, body.id)
    // Reading has no effect, so a repeat is simply read again; to keep pages for repeats would fill the disk.
    return { kind: 'ignored' }
  }

  const actOn = (peer: KnownPeer, body: Body): Outcome => {
    if (hasRows(body)) return actOnRows(peer, body)
    if (body.t === 'sync') return serve(peer, body)
    const followed = follow(peer)
    return followed === null ? refuse('busy', null, false) : handle(peer, handed(peer, body, followed, []))
  }

  return { on: actOn, onPage: actOnPage, sync }
}
