import type { AppError, ErrorCode } from '../../contract/index.ts'

/** A failure with a code of the contract and one sentence a person can read; anything else thrown is a bug (INTERNAL). */
export class AppFault extends Error {
  readonly code: ErrorCode
  /** Unix ms; with THROTTLED and RATE. */
  readonly retryAt: number | undefined

  constructor(code: ErrorCode, text: string, options: { readonly retryAt?: number; readonly cause?: unknown } = {}) {
    super(text, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppFault'
    this.code = code
    this.retryAt = options.retryAt
  }
}

/** The value that crosses IPC for a thrown error. Unknown errors keep their text out: it could hold a path or a secret. */
export const toAppError = (error: unknown): AppError => {
  if (!(error instanceof AppFault)) return { code: 'INTERNAL', text: 'Something went wrong inside Countersign. The log has the details.' }
  return error.retryAt === undefined ? { code: error.code, text: error.message } : { code: error.code, text: error.message, retryAt: error.retryAt }
}
