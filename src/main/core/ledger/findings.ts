/** What an audit can find. One code one meaning; docs/ledger.md has the catalogue. */
export const findingCodes = [
  'FORMAT',
  'SEQ',
  'ORIGIN',
  'LINK',
  'PAYLOAD_HASH',
  'STATE_HASH',
  'HEAD_SIG',
  'HEAD',
  'ZEQOND_BACKWARD',
  'PEER_MISMATCH',
  'SELF',
  'WEAK_KEY',
  'DEFINITION_MISMATCH',
  'DUPLICATE_CONTRACT',
  'ILLEGAL_TRANSITION',
  'STEP_SIG',
  'UNSIGNED',
  'STATEMENT_BINDING',
  'PROOF',
  'NONCE_REUSE',
  'ROLE',
  'ACK_MISMATCH',
  'SUITE',
  'EXPIRED',
  'CAUSALITY',
  'SESSION_ID',
  'KEY_CONFIRM',
  'SEAL',
  'END',
  'END_SIG',
  'ROTATION',
  'AFTER_REVOKE',
  'SUPERSEDED',
  'WITNESSED_HEAD_SIG',
  'ROLLBACK',
  'HISTORY_CHANGED',
  'EQUIVOCATION',
  'BUNDLE_SIG',
] as const
export type FindingCode = (typeof findingCodes)[number]

/** A row by its seq, or one of the two other parts of an exported chain. */
export type ChainPlace = number | 'header' | 'head'

/** A finding on one chain, before it is known whose chain that is. */
export interface ChainFinding {
  readonly code: FindingCode
  /** One sentence; the values in it are bounded. */
  readonly why: string
  readonly at: ChainPlace
}
