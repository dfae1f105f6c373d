import type { AppError, ErrorCode } from '../../contract/index.ts'

/** docs/interfaces.md, "Exit codes". */
export const EXIT = { done: 0, refused: 1, usage: 2, passphrase: 3, inUse: 4, relay: 5, internal: 70 } as const

const codes: Partial<Record<ErrorCode, number>> = {
  WRONG_PASSPHRASE: EXIT.passphrase,
  THROTTLED: EXIT.passphrase,
  IN_USE: EXIT.inUse,
  RELAY: EXIT.relay,
  STALE: EXIT.refused,
  EXPIRED: EXIT.refused,
  STATE: EXIT.refused,
  INTERNAL: EXIT.internal,
}

/** Everything else (names, files, formats) is something the caller gave us. */
export const exitCodeOf = (error: AppError): number => codes[error.code] ?? EXIT.usage
