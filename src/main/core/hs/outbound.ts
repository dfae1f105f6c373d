import { encodeClientLine, fitsRelay, type SendableObject } from '../relay/envelope.ts'
import type { HsDraft, HsObject, SecObject } from './messages.ts'
import { type Self, sealText, signOwnHs } from './self.ts'

export interface Rendering {
  readonly self: Self
  readonly localNow: number
  /** 12 random bytes for each call. */
  readonly gcmNonce: () => Uint8Array
  /** Text of a queued message; undefined when it is gone. */
  readonly textOf: (message: number) => string | undefined
  /** Exchange key of the thread's peer; null when the thread has none (any more). */
  readonly peerKxPub: string | null
}

/**
 * The client line for a draft, or null when it cannot be sent any more (its key or text is gone). Signature time and
 * sealing are made now, not when the draft was written: an hs is good for a minute only, and the outbox may wait longer.
 * Keys are in the original's order and `from` comes last, as its SEND hook puts it.
 */
export const renderDraft = (to: string | null, draft: HsDraft, r: Rendering): string | null => {
  const payload = payloadOf(to, draft, r)
  if (payload === null) return null
  const line = encodeClientLine({ ...payload, from: r.self.id })
  return fitsRelay(line) ? line : null
}

const payloadOf = (to: string | null, draft: HsDraft, r: Rendering): SendableObject | null => {
  switch (draft.intent) {
    case 'knock':
      return { to: null, intent: 'knock', peer: draft.peer, name: r.self.name }
    case 'reconnect':
      return { to, your_ref: draft.your_ref, intent: 'reconnect' }
    case 'confirm':
      return { to, intent: 'confirm', my_nonce: draft.my_nonce, hs: plainHs(signOwnHs(r.self, 'response', draft.my_nonce, r.localNow)) }
    case 'request': {
      const sec = body(draft.body, r)
      if (sec === null) return null
      const hs = draft.hs === null ? {} : { hs: plainHs(signOwnHs(r.self, draft.hs, draft.my_nonce, r.localNow)) }
      return { to, intent: 'request', your_nonce: draft.your_nonce, my_nonce: draft.my_nonce, sec: plainSec(sec), ...hs }
    }
    case 'respond': {
      const sec = body(draft.body, r)
      return sec === null ? null : { to, intent: 'respond', your_nonce: draft.your_nonce, my_nonce: draft.my_nonce, sec: plainSec(sec) }
    }
    case 'conclude':
      return { to, intent: 'conclude', your_nonce: draft.your_nonce, my_ref: draft.my_ref }
    case 'finish':
    case 'close':
      return { to, intent: draft.intent, your_ref: draft.your_ref, my_ref: draft.my_ref }
  }
}

/** Sealed always: a round without words carries an empty message, so that a listener cannot tell it from one with. */
const body = (message: number | null, r: Rendering): SecObject | null => {
  const text = message === null ? '' : r.textOf(message)
  if (text === undefined || r.peerKxPub === null) return null
  return sealText(r.self, r.peerKxPub, text, r.gcmNonce(), r.localNow)
}

const plainHs = (hs: HsObject): SendableObject => ({ ...hs })
const plainSec = (sec: SecObject): SendableObject => ({
  envelope: { nonce: sec.envelope.nonce, ciphertext: sec.envelope.ciphertext, hash: sec.envelope.hash, ts: sec.envelope.ts },
  sig: sec.sig,
})
