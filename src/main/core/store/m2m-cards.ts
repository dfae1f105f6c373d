import { z } from 'zod'
import type { Genesis } from '../brand.ts'
import { Genesis as GenesisField } from '../ledger/fields.ts'
import { Card } from '../m2m/card.ts'
import type { Connection } from './connection.ts'
import { PeerIdText } from './rows.ts'
import type { Sealing } from './sealing.ts'

/** What is known of a peer of the m2m profile. */
export const M2mCardEntry = z.strictObject({
  genesis: GenesisField,
  peerId: PeerIdText,
  /** As verified when it was put. */
  card: Card,
  /** The own chain up to this seq has reached it; −1 for nothing. */
  shown: z.int().min(-1),
  /** It has written to the own genesis, so it can open what is sealed to it. */
  knowsUs: z.boolean(),
})
export type M2mCardEntry = z.infer<typeof M2mCardEntry>

/** `m2m_card`: the last card of each peer. */
export interface M2mCards {
  put(entry: M2mCardEntry): void
  remove(genesis: Genesis): void
  all(): M2mCardEntry[]
}

export const createM2mCards = (db: Connection, sealing: Sealing): M2mCards => ({
  put: (value) => {
    const entry = M2mCardEntry.parse(value)
    const key = sealing.blind('m2m_peer', entry.genesis)
    db.run(
      'INSERT INTO m2m_card (genesis, sealed) VALUES (?, ?) ON CONFLICT (genesis) DO UPDATE SET sealed = excluded.sealed',
      key,
      sealing.seal('m2m_card.sealed', [key], entry),
    )
  },
  remove: (genesis) => {
    db.run('DELETE FROM m2m_card WHERE genesis = ?', sealing.blind('m2m_peer', genesis))
  },
  all: () => {
    sealing.mustBeUnlocked()
    return db.all('SELECT genesis, sealed FROM m2m_card').map((found) => {
      const raw = found as { genesis: string; sealed: unknown }
      return sealing.open('m2m_card.sealed', [raw.genesis], raw.sealed, M2mCardEntry)
    })
  },
})
