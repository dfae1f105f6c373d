/**
 * The database of an original agent, `HSAgent-<uuid>.db` (docs/protocol.md, "The original's database"): HSAgent_1's
 * tables, of which HSAgent_0 lacks the four columns of keys. Our own first migration has the same columns and indexes.
 */

export const cryptoColumns = ['peer_sign_pub', 'peer_kx_pub', 'hs_derived_at', 'last_secure_at'] as const

const common = `self_id TEXT NOT NULL, role TEXT NOT NULL CHECK(role IN ('initiator','responder')), peer_id TEXT NOT NULL`
const created = 'created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP'

/** What the original's own CREATE statements leave in `sqlite_schema`. `crypto`: HSAgent_1. */
export const originalSchema = (crypto: boolean): readonly string[] => [
  `CREATE TABLE role_state (id INTEGER PRIMARY KEY, ${common}, state TEXT, local_nonce TEXT, peer_nonce TEXT, local_reference TEXT, peer_reference TEXT, exchange_count INTEGER NOT NULL DEFAULT 0, finalize_retry_count INTEGER NOT NULL DEFAULT 0, peer_address TEXT, ${crypto ? 'peer_sign_pub TEXT, peer_kx_pub TEXT, hs_derived_at DATETIME, last_secure_at DATETIME, ' : ''}${created}, updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
  `CREATE TABLE nonce_event (id INTEGER PRIMARY KEY, ${common}, flow TEXT NOT NULL CHECK(flow IN ('sent','received')), nonce TEXT NOT NULL, ${created})`,
  'CREATE UNIQUE INDEX uq_role_peer ON role_state(self_id, role, peer_id)',
  'CREATE INDEX ix_role_scan ON role_state(self_id, role)',
  'CREATE INDEX ix_nonce_triplet ON nonce_event(self_id, role, peer_id)',
  ...(crypto ? ['CREATE INDEX ix_nonce_exists ON nonce_event(self_id, role, peer_id, flow, nonce)'] : []),
]

/** The states the original knows, by role; the first is where a thread begins and ends. */
export const originalStates = {
  initiator: ['init_ready', 'init_exchange', 'init_finalize_propose', 'init_finalize_close'],
  responder: ['resp_ready', 'resp_confirm', 'resp_exchange', 'resp_finalize'],
} as const

/** Unix ms as SQLite's CURRENT_TIMESTAMP: `YYYY-MM-DD HH:MM:SS`, UTC. */
export const sqlTime = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

/** Unix ms of `YYYY-MM-DD HH:MM:SS`, UTC; undefined for anything else. */
export const fromSqlTime = (text: string): number | undefined => {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined
  const at = Date.parse(`${text.replace(' ', 'T')}Z`)
  return Number.isNaN(at) || at < 0 ? undefined : at
}
