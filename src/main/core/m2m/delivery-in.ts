import type { Genesis, PeerId } from '../brand.ts'
import { fromUtf8, utf8 } from '../crypto/bytes.ts'
import type { Followed, HeadVerdict } from '../ledger/ledger-types.ts'
import { DAY, ticks, zeqondAt } from '../ledger/zeqond.ts'
import type { M2mOutboxEntry } from '../store/m2m-outbox.ts'
import { boxSignedBy, openBody, readBox } from './box.ts'
import { type CheckedCard, MAX_AHEAD, type VerifyCard } from './card.ts'
import type { CardBook, CardNews, KnownPeer } from './card-book.ts'
import { createActing, isInternal, type Outcome, refuse, seconds } from './delivery-act.ts'
import type { Sender } from './delivery-out.ts'
import { createPause } from './delivery-pace.ts'
import type { CardReport, DeliveryDeps } from './delivery-types.ts'
import { type Body, encodeBody, introduces, isFinal, MAX_SEALED_BODY_BYTES, parseBody } from './message.ts'

/** How long a repeat is recognised. */
const KEEP_MS = 25 * 3600_000
/** Messages that wait for rows: of one peer, of all. */
const MOST_PARKED = 64
const MOST_PARKED_ALL = 1_024
/** A stranger is asked for its card, and a repeat answered, no more often. */
const ASK_MS = 60_000
const REPEAT_MS = 500

export interface Receiver {
  receive(from: PeerId, payload: Readonly<Record<string, unknown>>): void
  /** Takes a card that verified into the book, and holds its head against the chain. Inside a transaction. */
  takeCard(from: PeerId, checked: CheckedCard): CardReport
  /** Asks for rows, once at a time for each chain. */
  sync(peer: KnownPeer, genesis: Genesis, from: number, internal: boolean): void
  /** No rows will come for what is parked of this peer. */
  unparkNone(genesis: Genesis): void
  start(): void
}

/** From a line's payload to the handler: verify, open, parse, once, in order, with its rows. */
export const createReceiver = (deps: DeliveryDeps, book: CardBook, verifyCard: VerifyCard, sender: Sender, own: () => Genesis): Receiver => {
  const { store, work, ledger, self } = deps
  const { clock, log } = deps.ports
  const { m2mInbox: inbox } = store
  const mayAsk = createPause(() => clock.monotonic(), ASK_MS)
  const mayRepeat = createPause(() => clock.monotonic(), REPEAT_MS)
  const mayNote = createPause(() => clock.monotonic(), ASK_MS)

  const dropped = (why: string): void => deps.dropped(`m2m: ${why}`)

  const unparkNone = (genesis: Genesis): void => {
    for (const entry of inbox.parked(genesis)) inbox.remove(genesis, entry.messageId)
  }
  const acting = createActing({ deps, sender, own, mayNote, unparkLater: (genesis) => work.after(() => unpark(genesis)), unparkNone })

  const headVerdict = (checked: CheckedCard): HeadVerdict | null => {
    if (checked.card.head === null || ledger.followed(checked.genesis) === undefined) return null
    const kept = [ledger.head(checked.genesis), ...ledger.keptHeads(checked.genesis)]
    // A card that was made before a row may come after it; only a later one denies the row.
    const newest = kept.every((head) => head === null || ticks(head.zeqondNumber) < ticks(checked.card.at))
    return ledger.keepHead(checked.card.head, { rotations: checked.card.rotations, newest })
  }

  const takeCard = (from: PeerId, checked: CheckedCard): CardReport => {
    const news = book.take(checked)
    if (news.kind === 'same') return { news, head: null }
    // Anyone can play back an old register as often as the relay lets him.
    const old = news.kind === 'stale' || news.kind === 'superseded' || news.kind === 'changed' || news.kind === 'self'
    if (old && !mayNote(`${news.kind} ${checked.hash}`)) return { news, head: null }
    const mine = news.kind === 'seen' || news.kind === 'refreshed' || news.kind === 'stale'
    const head = mine ? headVerdict(checked) : null
    if (head?.kind === 'contradiction') deps.onFork(from, checked.genesis, head)
    if (news.kind === 'self' && checked.genesis === own() && checked.card.head !== null) ledger.ownHead(checked.card.head, checked.card.rotations)
    deps.onCard(from, checked.card, { news, head })
    return { news, head }
  }

  const usable = (news: CardNews): KnownPeer | null =>
    news.kind === 'seen' || news.kind === 'refreshed' || news.kind === 'same' || news.kind === 'stale' ? news.peer : null

  /** A line that proves nothing: its sender may have new keys, or never have been met. */
  const askCard = (from: PeerId): void => {
    const peer = book.byId(from)
    if ((!deps.discoverable() && peer?.kept !== true) || deps.frozen(from) || !mayAsk(from)) return
    sender.once({ peerId: from, genesis: peer?.genesis ?? null, kxPub: null, knowsUs: false }, { t: 'card', want: true }, null)
  }

  /** Keeps what came of a message, and answers where the handler did not. Inside the message's transaction. */
  const settle = (peer: KnownPeer, body: Body, outcome: Outcome): void => {
    const entry = { genesis: peer.genesis, messageId: body.id, at: clock.now(), from: peer.peerId, parked: null, answer: null }
    if (outcome.kind === 'ignored') inbox.remove(peer.genesis, body.id)
    if (outcome.kind === 'done') inbox.put({ ...entry, answer: outcome.answer })
    if (outcome.kind === 'refused') {
      const answer = sender.once({ ...peer, kxPub: peer.keys.kx_pub }, { t: 'err', code: outcome.code, seq: outcome.seq }, body.id)
      if (outcome.final) inbox.put({ ...entry, answer })
      else inbox.remove(peer.genesis, body.id)
    }
    if (outcome.kind === 'parked') {
      const known = inbox.get(peer.genesis, body.id)
      if (known !== undefined) return
      if (inbox.parkedCount(peer.genesis) >= MOST_PARKED || inbox.parkedCount(null) >= MOST_PARKED_ALL) dropped('too much is parked')
      else inbox.put({ ...entry, parked: fromUtf8(encodeBody(body)) })
    }
  }

  /** Each in a transaction of its own: one that fails must not hold up the others. It comes again, since nobody has answered it. */
  const unpark = (genesis: Genesis): void => {
    for (let moved = true; moved; ) {
      moved = false
      for (const entry of inbox.parked(genesis)) {
        const peer = book.byGenesis(genesis)
        const parsed = entry.parked === null ? null : parseBody(utf8(entry.parked))
        try {
          work.run(() => {
            if (peer === undefined || parsed?.ok !== true || deps.frozen(peer.peerId)) return inbox.remove(genesis, entry.messageId)
            const outcome = acting.on(peer, parsed.body)
            if (outcome.kind === 'parked') return
            moved = true
            settle(peer, parsed.body, outcome)
          })
        } catch (error) {
          log.error('a parked message failed', { error: error instanceof Error ? error.message : String(error) })
          work.run(() => inbox.remove(genesis, entry.messageId))
        }
      }
    }
  }

  const onAnswer = (peer: KnownPeer, body: Body): M2mOutboxEntry | null => {
    if (body.re === null) return null
    const later = body.t === 'err' && (body.code === 'busy' || body.code === 'rate')
    const entry = sender.answered(body.re, peer.genesis, later ? 'later' : body.t === 'err' ? 'refused' : 'done')
    if (entry === null || body.t !== 'err') return entry
    if (isInternal(entry.thread) && !later) unparkNone(peer.genesis)
    if (!later && entry.thread !== null && !isInternal(entry.thread)) {
      deps.onRefused?.(entry.thread, peer.peerId, { id: entry.messageId, t: entry.t as Body['t'], code: body.code })
    }
    // To have nothing of what was asked for is an answer.
    const told = entry.t === 'sync' && (body.code === 'not_found' || body.code === 'forbidden')
    if (!later && !told)
      deps.note(peer.peerId, 'caution', `This peer did not take a message (${entry.t}): ${body.code}${body.seq === null ? '' : `, row ${body.seq}`}.`)
    return entry
  }

  const onCardMessage = (peer: KnownPeer, body: Extract<Body, { t: 'card' }>): void => {
    // An answer to a card is not answered: two wallets would go on for ever.
    if (body.want && (deps.discoverable() || peer.kept)) sender.once({ ...peer, kxPub: peer.keys.kx_pub }, { t: 'card', want: false }, body.id)
    else if (body.re === null) sender.once({ ...peer, kxPub: peer.keys.kx_pub }, { t: 'ack' }, body.id)
  }

  /** A message whose signature holds, inside its transaction. `presented`: the card inside it. */
  const process = (from: PeerId, body: Body, known: KnownPeer | undefined, presented: CheckedCard | null): void => {
    const usableCard = presented === null ? null : usable(takeCard(from, presented).news)
    // Whoever was told of it may have put it aside.
    const taken = usableCard === null ? null : (book.byGenesis(usableCard.genesis) ?? null)
    const peer = presented === null ? known : taken
    if (peer === undefined || peer === null) return dropped('the card is of another than was known')
    if (body.sg !== peer.genesis) return dropped('sg is not the sender')
    if (body.tg !== own() && !(body.tg === null && body.t === 'card')) return dropped('tg is not this machine')
    sender.heard(peer.genesis)
    if (body.tg !== null && !peer.knowsUs) book.mark(peer.genesis, { knowsUs: true })
    const now = ticks(zeqondAt(clock.now()))
    const at = ticks(body.at)
    const asked = onAnswer(peer, body)
    if (isFinal(body.t)) return
    if (body.t === 'card') return at < now - DAY || at > now + MAX_AHEAD ? dropped('a card message of another time') : onCardMessage(peer, body)
    if (deps.frozen(peer.peerId)) return dropped('the peer is frozen')
    const repeated = inbox.get(peer.genesis, body.id)
    if (repeated !== undefined) {
      if (repeated.answer !== null && mayRepeat(`${peer.genesis} ${body.id}`)) sender.repeat(peer.peerId, repeated.answer)
      return
    }
    if (at < now - DAY) return dropped('older than a day')
    if (at > now + MAX_AHEAD) {
      if (mayNote(`clock ${peer.genesis}`)) {
        deps.note(peer.peerId, 'caution', `The clock of this peer is ${seconds(at - now)} s ahead of yours. Nothing it sends is acted on until the two agree.`)
      }
      return settle(peer, body, refuse('clock', null, false))
    }
    inbox.prune(clock.now() - KEEP_MS)
    const outcome = body.t === 'rows' ? acting.onPage(peer, body, asked) : acting.on(peer, body)
    // Of whom no ledger is kept, as when there are too many, the card is not either: identities cost nothing on a relay.
    if (ledger.followed(peer.genesis) !== undefined) book.keep(peer.genesis)
    settle(peer, body, outcome)
  }

  const chainKeys = (genesis: Genesis | undefined) => (genesis === undefined ? undefined : keysOnChain(ledger.followed(genesis)))

  const receive: Receiver['receive'] = (from, payload) => {
    const box = readBox(payload)
    if (box === null) return dropped('not a message')
    if (payload['to'] !== self.id || payload['from'] !== from) return dropped('not addressed to this wallet alone')
    const known = book.byId(from)
    const proved = known !== undefined && boxSignedBy(box, known.keys.sign_pub)
    if (!proved && box.sealed) {
      dropped('not signed by the known key')
      return askCard(from)
    }
    const bytes = box.sealed && known !== undefined ? openBody(box.bytes, self, known.keys.kx_pub, { sg: known.genesis, tg: own() }) : box.bytes
    if (bytes === null || (box.sealed && bytes.length > MAX_SEALED_BODY_BYTES)) return dropped('does not open')
    const parsed = parseBody(bytes)
    if (!parsed.ok) return proved ? dropped(`format, ${parsed.why}`) : unproved(from)
    const { body } = parsed
    if (!proved && !introduces(body.t)) return unproved(from)
    let presented: CheckedCard | null = null
    if ('card' in body) {
      const genesis = known?.card.id === body.card.id ? known.genesis : undefined
      const verdict = verifyCard(body.card, { from, now: zeqondAt(clock.now()), chainKeys: chainKeys(genesis) })
      if (!verdict.ok) return dropped(`card, ${verdict.why}`)
      presented = verdict.checked
      if (!boxSignedBy(box, presented.keys.sign_pub)) return unproved(from)
    }
    work.run(() => process(from, body, known, presented))
  }

  const unproved = (from: PeerId): void => {
    dropped('not signed by a known key')
    askCard(from)
  }

  return {
    receive,
    takeCard,
    sync: acting.sync,
    unparkNone,
    start: () => {
      work.run(() => inbox.prune(clock.now() - KEEP_MS))
      for (const peer of book.all()) if (peer.kept) unpark(peer.genesis)
    },
  }
}

/** Keys in force of a verified chain. */
export const keysOnChain = (followed: Followed | undefined) => {
  const epoch = followed?.state.epochs.at(-1)
  return epoch === undefined ? undefined : { keys: { sign_pub: epoch.sign_pub, kx_pub: epoch.kx_pub, next: epoch.next }, generation: epoch.generation }
}
