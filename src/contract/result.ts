import { z } from 'zod'

/** Every way a command can fail, as a value. The text beside it is for people; the code is for programs. */
export const errorCodes = [
  'BAD_ARGUMENT', // does not fit the channel's schema
  'FORBIDDEN', // wrong sender, document or gesture
  'RATE', // too many calls
  'CANCELLED', // the person closed a file dialog
  'NOT_FOUND',
  'EXISTS', // the name is taken
  'NAME', // not a plain file name
  'WEAK_PASSPHRASE',
  'WRONG_PASSPHRASE', // or an altered file: authenticated encryption cannot tell which
  'THROTTLED', // details.retryAt says when
  'LOCKED',
  'IN_USE', // another process has the profile
  'TRUNCATED', // file shorter than its format needs
  'FORMAT', // file or text is not what it claims to be
  'VERSION', // a version this build does not know
  'KDF_BOUNDS', // key derivation weaker or costlier than allowed
  'UNREADABLE', // the file system refused
  'DISK_FULL',
  'FUTURE', // database written by a newer Countersign
  'CORRUPT',
  'STALE', // what was shown is no longer what would be done
  'EXPIRED',
  'STATE', // not possible in the present state
  'RELAY', // relay unreachable
  'INTERNAL',
] as const

export const ErrorCode = z.enum(errorCodes)
export type ErrorCode = z.infer<typeof ErrorCode>

export const AppError = z.strictObject({
  code: ErrorCode,
  /** One sentence that can be shown as it is. */
  text: z.string().max(1000),
  /** Unix ms; only with THROTTLED and RATE. */
  retryAt: z.number().optional(),
})
export type AppError = z.infer<typeof AppError>

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AppError }

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })
export const fail = (code: ErrorCode, text: string, retryAt?: number): { readonly ok: false; readonly error: AppError } => ({
  ok: false,
  error: retryAt === undefined ? { code, text } : { code, text, retryAt },
})
