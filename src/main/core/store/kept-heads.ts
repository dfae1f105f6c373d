import { Head } from '../ledger/head.ts'
import type { Connection } from './connection.ts'
import { nextId } from './row-ids.ts'
import type { Sealing } from './sealing.ts'

export interface KeptHead {
  readonly id: number
  readonly head: Head
}

/** Most kept for one chain. Only its owner's key can fill it, and heads that its rows confirm are let go. */
export const MAX_KEPT_HEADS = 256

/** `kept_head`: whole signed heads of followed chains that no stored row stands for. */
export interface KeptHeads {
  /** Keeping one twice does nothing. Past the limit the oldest but the first goes: the first contact's word is the dearest. */
  add(chain: number, head: Head): void
  /** Lowest seq first. */
  all(chain: number): KeptHead[]
  remove(id: number): void
}

export const createKeptHeads = (db: Connection, sealing: Sealing): KeptHeads => ({
  add: (chain, value) =>
    db.transaction(() => {
      const head = Head.parse(value)
      const hash = sealing.blind('chain_row', `${chain}|head|${head.stateHash}|${head.zeqondNumber}`)
      if (db.get('SELECT id FROM kept_head WHERE chain = ? AND seq = ? AND hash = ?', chain, head.seq, hash) !== undefined) return
      const id = nextId(db, 'kept_head')
      db.run(
        'INSERT INTO kept_head (id, chain, seq, hash, sealed) VALUES (?, ?, ?, ?, ?)',
        id,
        chain,
        head.seq,
        hash,
        sealing.seal('kept_head.sealed', [chain, head.seq, id, hash], head),
      )
      if ((db.get('SELECT count(*) AS n FROM kept_head WHERE chain = ?', chain) as { n: number }).n > MAX_KEPT_HEADS)
        db.run('DELETE FROM kept_head WHERE id = (SELECT id FROM kept_head WHERE chain = ? ORDER BY id LIMIT 1 OFFSET 1)', chain)
    }),
  all: (chain) => {
    sealing.mustBeUnlocked()
    return db.all('SELECT id, chain, seq, hash, sealed FROM kept_head WHERE chain = ? ORDER BY seq, id', chain).map((raw) => {
      const row = raw as { id: number; chain: number; seq: number; hash: string; sealed: unknown }
      return { id: row.id, head: sealing.open('kept_head.sealed', [row.chain, row.seq, row.id, row.hash], row.sealed, Head) }
    })
  },
  remove: (id) => void db.run('DELETE FROM kept_head WHERE id = ?', id),
})
