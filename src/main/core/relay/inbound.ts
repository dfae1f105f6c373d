/**
 * The check that comes before anything else for what a relay brought: the outer shape of every message, of either
 * profile. Original agents fail open here, and a number for `from` ends them (W1, W2, W25–W27).
 */
import type { PeerId } from '../brand.ts'
import { isJsonObject, type JsonObject, type JsonValue } from './json-guard.ts'

/** Longest id of a peer, in UTF-16 units. Ours are UUIDs; an original's may be any text. */
export const MAX_ID_LENGTH = 256
const MAX_INTENT_LENGTH = 64

export type InboundDrop =
  /** No object. */
  | 'shape'
  /** `from`, `to` or `intent` missing, or of the wrong type. */
  | 'fields'
  /** `from`, `to` or `intent` empty or too long. */
  | 'length'
  /** A control, format or line-breaking character, or half a surrogate pair, in an id or intent: it would reach logs and windows (W28). */
  | 'characters'
  /** `from` is our own id: a spoof, or our own line reflected (W27). */
  | 'own'
  /** Directed to somebody else. Normal on a broadcast relay; nothing to report. */
  | 'elsewhere'

export type Inbound =
  | { readonly ok: true; readonly from: PeerId; readonly to: PeerId | null; readonly intent: string; readonly payload: JsonObject }
  | { readonly ok: false; readonly why: InboundDrop }

const no = (why: InboundDrop): Inbound => ({ ok: false, why })

const BAD_CHARACTER = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

const within = (text: string, limit: number): boolean => text.length >= 1 && text.length <= limit

/** Checks a decoded payload for the wallet whose id on the relay is `ownId`. Never throws; keeps every other field as it is. */
export const checkInbound = (payload: JsonValue, ownId: string): Inbound => {
  if (!isJsonObject(payload)) return no('shape')
  if (!Object.hasOwn(payload, 'from') || !Object.hasOwn(payload, 'to') || !Object.hasOwn(payload, 'intent')) return no('fields')
  const { from, to, intent } = payload
  if (typeof from !== 'string' || (to !== null && typeof to !== 'string') || typeof intent !== 'string') return no('fields')
  if (to === undefined) return no('fields')
  if (!within(from, MAX_ID_LENGTH) || !within(intent, MAX_INTENT_LENGTH) || (to !== null && !within(to, MAX_ID_LENGTH))) return no('length')
  if (BAD_CHARACTER.test(from) || BAD_CHARACTER.test(intent)) return no('characters')
  if (from === ownId) return no('own')
  if (to !== null && to !== ownId) return no('elsewhere')
  return { ok: true, from: from as PeerId, to: to as PeerId | null, intent, payload }
}
