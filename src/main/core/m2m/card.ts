import { z } from 'zod'
import type { Genesis, PeerId, Zeqond as Tick } from '../brand.ts'
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../crypto/bytes.ts'
import { canonicalJson, type Json, parseRestrictedJson } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { firstIssue, Hex32, KxPub, OriginId, Signature, SignPub, Zeqond } from '../ledger/fields.ts'
import { ChainHeader, genesisHash } from '../ledger/genesis.ts'
import { Head, verifyHead } from '../ledger/head.ts'
import { checkRotate, type MachineKeys, Rotate, weakKey } from '../ledger/rotation.ts'
import { signTagged, verifyOwnSig } from '../ledger/signing.ts'
import { ticks } from '../ledger/zeqond.ts'
import { Suites } from './statement.ts'

/** A card as text, in bytes of UTF-8. */
export const MAX_CARD_BYTES = 8 * 1024
/** Statements of rotation a card carries; what came after them is asked of the chain. */
export const MAX_CARD_ROTATIONS = 8
const SCHEME = 'countersign://card/'
/** How far ahead of the own clock a row, card or message may be and still be acted on: one minute. */
export const MAX_AHEAD = 77n

/** Text of a peer's choice that reaches windows and logs. */
const BAD_CHARACTER = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
const RelayId = z
  .string()
  .min(1)
  .max(256)
  .refine((id) => !BAD_CHARACTER.test(id), 'a character that is not allowed in an id')
  .transform((id) => id as PeerId)
const Name = z
  .string()
  .max(64)
  .refine((name) => name === name.normalize('NFC'), 'a name is in Unicode form NFC')
  .refine((name) => !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name), 'a character that is not allowed in a name')

/**
 * Who a peer says it is, signed by its key in force. Keys are those of the genesis, so that the genesis can be recomputed;
 * `rotations` lead from them to the key in force.
 */
export const Card = z.strictObject({
  v: z.literal('zeq-card/1'),
  id: RelayId,
  name: Name,
  origin_id: OriginId,
  genesis_zeqond: Zeqond,
  sign_pub: SignPub,
  kx_pub: KxPub,
  next: Hex32.nullable(),
  rotations: z.array(Rotate).max(MAX_CARD_ROTATIONS),
  suites: Suites,
  public: z.boolean(),
  head: Head.nullable(),
  at: Zeqond,
  sig: Signature,
})
export type Card = z.infer<typeof Card>

/** A card that verified, with what follows from it. */
export interface CheckedCard {
  readonly card: Card
  readonly genesis: Genesis
  /** The keys in force: those of the last rotation. */
  readonly keys: MachineKeys
  /** Number of rotations before `keys`. */
  readonly generation: number
  /** SHA-256 of the canonical card, hex: equal cards are verified once. */
  readonly hash: string
}

export type CardRefusal = 'size' | 'format' | 'weak_key' | 'rotation' | 'signature' | 'id' | 'clock' | 'head'
export type CardVerdict = { readonly ok: true; readonly checked: CheckedCard } | { readonly ok: false; readonly why: CardRefusal; readonly text: string }

export interface CardContext {
  /** Who sent the line; null for a card from a file, a QR code or a link. */
  readonly from: PeerId | null
  readonly now: Tick
  /** Keys in force that the peer's own verified chain shows beyond the rotations a card has room for. */
  readonly chainKeys?: { readonly keys: MachineKeys; readonly generation: number } | undefined
}

/** Signs a card: Ed25519 over "zeq.card.v1" ‖ 0 ‖ JCS(card − sig) by the seed of the key in force. @throws ZodError for fields that no peer would accept. */
export const makeCard = (fields: Omit<Card, 'sig'>, seed: SecretBytes): Card => {
  const { v, id, name, origin_id, genesis_zeqond, sign_pub, kx_pub, next, rotations, suites, public: isPublic, head, at } = fields
  const unsigned = { v, id, name, origin_id, genesis_zeqond, sign_pub, kx_pub, next, rotations, suites, public: isPublic, head, at }
  return Card.parse({ ...unsigned, sig: signTagged(seed, 'zeq.card.v1', unsigned) })
}

/** The header of the chain that the card names; the slug is the end of `origin_id`. */
export const headerOfCard = (card: Card): ChainHeader =>
  ChainHeader.parse({
    slug: card.origin_id.slice(card.origin_id.lastIndexOf(':') + 1),
    origin_id: card.origin_id,
    genesis_zeqond: card.genesis_zeqond,
    sign_pub: card.sign_pub,
    kx_pub: card.kx_pub,
    next: card.next,
  })

const no = (why: CardRefusal, text: string): CardVerdict => ({ ok: false, why, text })

const textOf = (value: unknown): { readonly text: string } | { readonly why: string } => {
  try {
    return { text: canonicalJson(value as Json) }
  } catch (error) {
    if (error instanceof FormatError) return { why: error.message }
    throw error
  }
}

const keysOf = (card: Card, genesis: Genesis, context: CardContext): { readonly keys: MachineKeys; readonly generation: number } | { readonly why: string } => {
  let keys: MachineKeys = card
  for (const [index, rotation] of card.rotations.entries()) {
    const change = checkRotate(genesis, keys, index, rotation)
    if (!change.ok) return { why: `rotation ${index + 1}: ${change.why}` }
    keys = change.statement
  }
  const { chainKeys } = context
  // A card has room for eight; the verified chain may know more, and the card is then signed by a later key.
  if (card.rotations.length === MAX_CARD_ROTATIONS && chainKeys !== undefined && chainKeys.generation > MAX_CARD_ROTATIONS) return chainKeys
  return { keys: { sign_pub: keys.sign_pub, kx_pub: keys.kx_pub, next: keys.next }, generation: card.rotations.length }
}

/** What does not depend on when and from whom the card came; the expensive part, cached by hash. */
const checkContent = (card: Card, hash: string, context: CardContext): CardVerdict => {
  const weak = weakKey(card)
  if (weak !== null) return no('weak_key', weak)
  const genesis = genesisHash(headerOfCard(card))
  const inForce = keysOf(card, genesis, context)
  if ('why' in inForce) return no('rotation', inForce.why)
  if (!verifyOwnSig(inForce.keys.sign_pub, 'zeq.card.v1', card)) return no('signature', 'the card is not signed by the key in force')
  return { ok: true, checked: { card, genesis, hash, keys: inForce.keys, generation: inForce.generation } }
}

const checkHead = ({ card, genesis, keys }: CheckedCard): string | null => {
  if (card.head === null) return null
  if (card.head.genesis !== genesis) return 'the head is of another machine'
  return verifyHead(keys.sign_pub, card.head) ? null : 'the head is not signed by the key in force'
}

export type VerifyCard = (value: unknown, context: CardContext) => CardVerdict

/** How many verified cards are remembered by hash. */
const REMEMBERED = 2_000

/**
 * Verifies cards in the order of docs/delivery.md, "Cards": form, keys, genesis, rotations, signature, sender's id, clock, head. Cards come
 * every 30 s from each peer: what verified once is remembered by its hash and only compared with sender and clock again.
 */
export const createCardVerifier = (): VerifyCard => {
  const good = new Map<string, CheckedCard>()
  return (value, context) => {
    const text = textOf(value)
    if ('why' in text) return no('format', text.why)
    const bytes = utf8(text.text)
    if (bytes.length > MAX_CARD_BYTES) return no('size', `a card has at most ${MAX_CARD_BYTES} bytes`)
    const hash = sha256Hex(bytes)
    let checked = good.get(hash)
    const known = checked !== undefined
    if (checked === undefined) {
      const parsed = Card.safeParse(value)
      if (!parsed.success) return no('format', firstIssue(parsed.error))
      const content = checkContent(parsed.data, hash, context)
      if (!content.ok) return content
      checked = content.checked
    }
    if (context.from !== null && checked.card.id !== context.from) return no('id', 'the card is of another id than its sender')
    if (ticks(checked.card.at) > ticks(context.now) + MAX_AHEAD) {
      return no('clock', `the card is ${String(ticks(checked.card.at) - ticks(context.now))} ticks ahead of the own clock`)
    }
    const head = known ? null : checkHead(checked)
    if (head !== null) return no('head', head)
    // Eight rotations lean on what the chain showed at the time: not remembered.
    if (!known && checked.card.rotations.length < MAX_CARD_ROTATIONS) {
      if (good.size >= REMEMBERED) good.clear()
      good.set(hash, checked)
    }
    return { ok: true, checked }
  }
}

/** The card as a link for a QR code; without its head, which would be old by the time it is scanned and makes the code denser. */
export const cardLink = (card: Card): string => SCHEME + toBase64Url(utf8(canonicalJson(card)))

/** The value inside a link, not verified. @throws FormatError for another scheme, wrong base64url, too much text, or JSON that could be read in two ways. */
export const readCardLink = (link: string): Json => {
  if (!link.startsWith(SCHEME)) throw new FormatError('not a link to a card')
  if (link.length > SCHEME.length + Math.ceil((MAX_CARD_BYTES * 4) / 3)) throw new FormatError('the card is too long')
  return readCardText(fromUtf8(fromBase64Url(link.slice(SCHEME.length))))
}

/** The value inside a card's file, not verified. @throws FormatError as `readCardLink`. */
export const readCardText = (text: string): Json => {
  if (text.length > MAX_CARD_BYTES || utf8(text).length > MAX_CARD_BYTES) throw new FormatError('the card is too long')
  return parseRestrictedJson(text)
}
