import { TallyToken } from '../ledger/tally.ts'
import type { Connection } from './connection.ts'
import { nextId } from './row-ids.ts'
import type { Sealing } from './sealing.ts'

/** `token`: tally tokens, ours and those of peers. */
export interface Tokens {
  /** Keeping one twice does nothing. */
  add(token: TallyToken): void
  get(tokenId: string): TallyToken | undefined
  /** Of a row, by its stateHash. */
  ofRow(stateHash: string): TallyToken | undefined
  /** Oldest first. */
  all(): TallyToken[]
}

const columns = 'id, token_id, hash, sealed'

export const createTokens = (db: Connection, sealing: Sealing): Tokens => {
  const read = (raw: unknown): TallyToken => {
    const row = raw as { id: number; token_id: string; hash: string; sealed: unknown }
    return sealing.open('token.sealed', [row.id, row.token_id, row.hash], row.sealed, TallyToken)
  }
  const one = (column: 'token_id' | 'hash', value: string): TallyToken | undefined => {
    const raw = db.get(`SELECT ${columns} FROM token WHERE ${column} = ? ORDER BY id LIMIT 1`, sealing.blind('token', value))
    return raw === undefined ? undefined : read(raw)
  }
  return {
    add: (value) =>
      db.transaction(() => {
        const token = TallyToken.parse(value)
        const tokenId = sealing.blind('token', token.token_id)
        if (db.get('SELECT id FROM token WHERE token_id = ?', tokenId) !== undefined) return
        const hash = sealing.blind('token', token.audit_state_hash)
        const id = nextId(db, 'token')
        db.run(
          'INSERT INTO token (id, token_id, hash, sealed) VALUES (?, ?, ?, ?)',
          id,
          tokenId,
          hash,
          sealing.seal('token.sealed', [id, tokenId, hash], token),
        )
      }),
    get: (tokenId) => one('token_id', tokenId),
    ofRow: (stateHash) => one('hash', stateHash),
    all: () => {
      sealing.mustBeUnlocked()
      return db.all(`SELECT ${columns} FROM token ORDER BY id`).map(read)
    },
  }
}
