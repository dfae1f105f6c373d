import { z } from 'zod'
import type { Genesis, PeerId } from '../brand.ts'
import { canonicalJson, type Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import { ticks, zeqondAt } from '../ledger/zeqond.ts'
import { type Card, createCardVerifier, MAX_CARD_ROTATIONS, makeCard } from './card.ts'
import { createCardBook, type KnownPeer } from './card-book.ts'
import { isInternal, seconds } from './delivery-act.ts'
import { createReceiver, keysOnChain } from './delivery-in.ts'
import { createSender } from './delivery-out.ts'
import { createPause } from './delivery-pace.ts'
import type { CardReport, Delivery, DeliveryDeps } from './delivery-types.ts'

/** Between two words to the person about the clock of one peer. */
const NOTE_MS = 60_000

/** The key `m2m` of a register; what is inside the card is the verifier's to judge. */
const RegisterKey = z.strictObject({ v: z.literal('zeq-m2m/1'), card: z.unknown() })

/** A name as a card can hold it. */
const cardName = (name: string): string =>
  [...name.normalize('NFC').replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '')].slice(0, 64).join('').slice(0, 64).normalize('NFC')

/**
 * Delivery of the m2m profile (docs/delivery.md, "Messages"): what leaves is made in the transaction that wants it, repeated until it is answered,
 * and given up in the end; what comes is verified before it is read, and reaches its handler once, behind all rows it builds on.
 */
export const createDelivery = (deps: DeliveryDeps): Delivery => {
  const { store, work, ledger, self } = deps
  const { clock } = deps.ports
  const verifyCard = createCardVerifier()
  const mayNote = createPause(() => clock.monotonic(), NOTE_MS)
  // Never changes, and asking the store for it at each message would open sealed rows.
  let ownGenesis: Genesis | undefined
  const own = (): Genesis => (ownGenesis ??= ledger.own().genesis)
  let made: { readonly key: string; readonly card: Card } | null = null

  const card = (): Card => {
    const machine = ledger.own()
    const { header } = machine
    const fields = {
      v: 'zeq-card/1' as const,
      id: self.id,
      name: cardName(self.name),
      origin_id: header.origin_id,
      genesis_zeqond: header.genesis_zeqond,
      sign_pub: header.sign_pub,
      kx_pub: header.kx_pub,
      next: header.next,
      rotations: ledger.rotations(machine.genesis).slice(0, MAX_CARD_ROTATIONS),
      suites: [...deps.suites],
      public: machine.isPublic,
      // An end that may not be the end would look like a ledger that was cut.
      head: machine.status === 'recovering' ? null : ledger.head(machine.genesis),
    }
    const key = canonicalJson(fields as unknown as Json)
    // The same card each time: peers verify one they know by its hash alone.
    if (made?.key !== key) made = { key, card: makeCard({ ...fields, at: zeqondAt(clock.now()) }, self.signPriv) }
    return made.card
  }

  const book = createCardBook({
    work,
    store: store.m2mCards,
    self: () => {
      const machine = ledger.own()
      return {
        genesis: machine.genesis,
        signPubs: new Set([machine.header.sign_pub, ...ledger.rotations(machine.genesis).map((rotation) => rotation.sign_pub)]),
      }
    },
    keysOf: (genesis, known) => {
      const last = known.rotations.at(-1) ?? known
      const chain = known.rotations.length === MAX_CARD_ROTATIONS ? keysOnChain(ledger.followed(genesis)) : undefined
      if (chain !== undefined && chain.generation > MAX_CARD_ROTATIONS) return chain
      return { keys: { sign_pub: last.sign_pub, kx_pub: last.kx_pub, next: last.next }, generation: known.rotations.length }
    },
  })
  const sender = createSender(
    {
      ...deps,
      onGaveUp: (thread, peerId, message) => {
        const peer = book.byId(peerId)
        if (!isInternal(thread)) return deps.onGaveUp(thread, peerId, message)
        if (peer !== undefined) receiver.unparkNone(peer.genesis)
      },
    },
    book,
    card,
    own,
  )
  const receiver = createReceiver(deps, book, verifyCard, sender, own)

  const find = (ref: PeerId | Genesis): KnownPeer | undefined => book.byGenesis(ref as Genesis) ?? book.byId(ref as PeerId)

  const heard = (from: PeerId): void => {
    const peer = book.byId(from)
    if (peer !== undefined) sender.heard(peer.genesis)
  }

  /** A card from outside, or why it is none. */
  const taken = (value: unknown, from: PeerId | null): CardReport | string => {
    const known = from === null ? undefined : book.byId(from)
    const verdict = verifyCard(value, {
      from,
      now: zeqondAt(clock.now()),
      chainKeys: known === undefined ? undefined : keysOnChain(ledger.followed(known.genesis)),
    })
    if (!verdict.ok && verdict.why === 'clock' && from !== null && mayNote(known === undefined ? 'clock' : `clock ${from}`)) {
      // Its signature holds; of strangers one is told of at a time, since anybody can make one up.
      const ahead = seconds(ticks((value as Card).at) - ticks(zeqondAt(clock.now())))
      const text = `The clock of this peer is ${Math.round(ahead / 60)} min ahead of yours, so its card is not taken. One of the two clocks is wrong.`
      work.run(() => deps.note(from, 'caution', text))
    }
    if (!verdict.ok) return `${verdict.why}: ${verdict.text}`
    if (known?.hash === verdict.checked.hash) return { news: { kind: 'same', peer: known }, head: null }
    return work.run(() => receiver.takeCard(verdict.checked.card.id, verdict.checked))
  }

  return {
    card,
    registerKey: () => ({ v: 'zeq-m2m/1', card: card() }),
    fromRegister: (from, m2m) => {
      const key = RegisterKey.safeParse(m2m)
      const report = key.success ? taken(key.data.card, from) : 'not the key of this profile'
      if (typeof report === 'string') return deps.dropped(`m2m: register, ${report.slice(0, 200)}`)
      heard(from)
    },
    importCard: (value) => {
      const report = taken(value, null)
      if (typeof report !== 'string') {
        const { news } = report
        if ('peer' in news) work.run(() => book.keep(news.peer.genesis))
        return report
      }
      deps.note(null, 'caution', `This card was refused (${report.slice(0, 200)}).`)
      return null
    },
    heard,
    hasCard: (peerId) => book.byId(peerId) !== undefined,
    peerOf: find,
    receive: receiver.receive,
    send: sender.send,
    cancel: (thread) => {
      store.m2mOutbox.drop(thread)
    },
    sync: (to, genesis, from) => {
      const peer = find(to)
      if (peer === undefined) throw new AppFault('NOT_FOUND', 'This peer has not shown a card.')
      work.run(() => receiver.sync(peer, genesis, from, false))
    },
    adopt: (presented) => work.run(() => book.replace(presented)),
    forget: (peerId) =>
      work.run(() => {
        const peer = book.byId(peerId)
        if (peer === undefined) return
        store.m2mOutbox.dropPeer(peer.genesis)
        receiver.unparkNone(peer.genesis)
        book.forget(peer.genesis)
      }),
    resign: () => work.run(sender.resign),
    slowDown: () => sender.pace.slowDown(),
    start: receiver.start,
    pump: sender.pump,
    nextDue: sender.nextDue,
    tick: sender.tick,
  }
}
