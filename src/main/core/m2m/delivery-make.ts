import type { Genesis, PeerId } from '../brand.ts'
import { FormatError } from '../crypto/errors.ts'
import { AppFault } from '../fault.ts'
import type { Row } from '../ledger/row.ts'
import { zeqondAt } from '../ledger/zeqond.ts'
import { sealBody, type Wire, wireOf } from './box.ts'
import type { Card } from './card.ts'
import { skeletonOf } from './delivery-sync.ts'
import type { DeliveryDeps } from './delivery-types.ts'
import { type Body, encodeBody, introduces, MAX_BODY_BYTES, MAX_SEALED_BODY_BYTES, type Outgoing } from './message.ts'

/** Skeletons put before a message's rows so that its receiver needs not ask for them. */
const MOST_FILLING = 35

/** Whom a message is made for; without genesis: a stranger that is asked who it is. */
export interface Addressee {
  readonly peerId: PeerId
  readonly genesis: Genesis | null
  readonly kxPub: string | null
  readonly knowsUs: boolean
}

/** Makes messages: common fields, card, the rows between, encoding, seal and signature. */
export const createMaker = (deps: DeliveryDeps, ownCard: () => Card, own: () => Genesis) => {
  const { ledger, self } = deps
  const { clock, random } = deps.ports

  /** A peer that cannot know our key cannot open what is sealed with it; and a card that is sealed introduces nobody. */
  const isSealed = (to: Addressee, t: Outgoing['t']): boolean => to.kxPub !== null && t !== 'card' && t !== 'rotate' && (t !== 'propose' || to.knowsUs)

  const bodyOf = (to: Addressee, message: Outgoing, id: string, re: string | null): Body => {
    const card = introduces(message.t) ? { card: ownCard() } : {}
    return { v: 1, id, re, sg: own(), tg: to.genesis, at: zeqondAt(clock.now()), ...message, ...card } as Body
  }

  const encoded = (to: Addressee, body: Body): Uint8Array<ArrayBuffer> | null => {
    const bytes = encodeBody(body)
    return bytes.length > (isSealed(to, body.t) ? MAX_SEALED_BODY_BYTES : MAX_BODY_BYTES) ? null : bytes
  }

  const wireFor = (to: Addressee, t: Outgoing['t'], bytes: Uint8Array): Wire => {
    if (to.kxPub === null || to.genesis === null || !isSealed(to, t)) return wireOf(bytes, false, self.signPriv)
    return wireOf(sealBody(bytes, random.bytes(12), self, to.kxPub, { sg: own(), tg: to.genesis }), true, self.signPriv)
  }

  /** The rows between what the peer has seen and the message's own, withheld; null when there are too many, or one is not at hand. */
  const filled = (rows: readonly Row[], shown: number): Row[] | null => {
    const [last] = rows.slice(-1)
    if (last === undefined) return null
    const from = Math.min(shown + 1, rows[0]?.seq ?? 0)
    if (last.seq - from + 1 - rows.length > MOST_FILLING || last.seq - from + 1 === rows.length) return null
    const bySeq = new Map(ledger.rows(own(), { fromSeq: from, toSeq: last.seq, limit: MOST_FILLING + rows.length }).map((row) => [row.seq, skeletonOf(row)]))
    for (const row of rows) bySeq.set(row.seq, row)
    return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
  }

  const withRows = (message: Outgoing): readonly Row[] | null => ('rows' in message && message.t !== 'rows' && message.rows.length > 0 ? message.rows : null)

  const make = (
    to: Addressee & { readonly shown: number },
    message: Outgoing,
    id: string,
    re: string | null,
  ): { readonly body: Body; readonly bytes: Uint8Array } => {
    try {
      const rows = withRows(message)
      const whole = rows === null ? null : filled(rows, to.shown)
      if (whole !== null) {
        const body = bodyOf(to, { ...message, rows: whole } as Outgoing, id, re)
        const bytes = encoded(to, body)
        if (bytes !== null) return { body, bytes }
      }
      const body = bodyOf(to, message, id, re)
      const bytes = encoded(to, body)
      if (bytes !== null) return { body, bytes }
    } catch (error) {
      if (error instanceof FormatError) throw new AppFault('BAD_ARGUMENT', `This message cannot be sent: ${error.message}.`)
      throw error
    }
    throw new AppFault('BAD_ARGUMENT', 'This message is too large for one line of the relay.')
  }

  return { make, wireFor, withRows }
}
