import type { Connection } from './connection.ts'

/**
 * The id an AUTOINCREMENT table gives next. Asked for before the insert, because a sealed value is bound to its row's id;
 * inside the transaction of that insert, so that nobody else gets it.
 */
export const nextId = (
  db: Connection,
  table: 'message' | 'outbox' | 'event' | 'chain' | 'chain_row' | 'kept_head' | 'contract' | 'failed_transition' | 'token',
): number => {
  const last = db.get('SELECT seq FROM sqlite_sequence WHERE name = ?', table) as { seq: number } | undefined
  return (last?.seq ?? 0) + 1
}
