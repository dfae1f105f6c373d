/** The lines between a local program and the wallet (docs/local-programs.md): one JSON object each, UTF-8, ended by `\n`. */
import { z } from 'zod'
import { fromBase64, toBase64 } from '../../crypto/bytes.ts'
import { admitName } from '../../peers/trust.ts'
import { decodeUtf8 } from '../../relay/line.ts'
import { TEXT_PART } from '../channel/header.ts'

/** Bytes of a line of a program, without its newline. */
export const LONGEST_LINE = 32 * 1024
/** Bytes a program may have sent before it was let in: a hello takes less. */
export const MOST_BEFORE_OPEN = 1_024
/** UTF-16 units of a text. However it is escaped, it stays within what a conversation takes. */
const LONGEST_TEXT = 5_000
/** Characters of base64 that `app` messages have at most (22,000 bytes). */
const LONGEST_DATA = Math.ceil(TEXT_PART / 3) * 4

/** Why a connection ended, as the program is told. */
export type Closed =
  /** The person said no, or nobody decided in time. */
  | 'rejected'
  | 'expired'
  | 'locked'
  /** The session is over, or frozen because of its peer. */
  | 'session-over'
  /** No open session of that id; none at all, or more than one, where none was named. */
  | 'no-session'
  | 'several-sessions'
  /** Another program has the session. */
  | 'taken'
  /** Too many connections wait, or too many were rejected lately: later. */
  | 'busy'
  | 'no-hello'
  | 'version'
  | 'malformed'
  | 'too-long'
  /** A line came before the program was let in; or more unacknowledged ones than the window holds. */
  | 'too-early'
  | 'too-fast'
  /** It does not read what it is sent. */
  | 'too-slow'
  /** The person took the session back. */
  | 'taken-back'
  /** The wallet cannot keep messages at the moment, for instance on a full disk. */
  | 'failed'

export type WalletLine =
  | { readonly asked: 1 }
  | { readonly open: 1; readonly session: string; readonly peer: string; readonly window: number }
  | { readonly app: string; readonly data: string }
  | { readonly text: string }
  | { readonly ack: number }
  | { readonly closed: Closed }

export interface Hello {
  /** Fit to be drawn. */
  readonly program: string
  /** 64 hex digits, or null: the only open one. */
  readonly session: string | null
}
export type Said = { readonly kind: 'app'; readonly name: string; readonly bytes: Uint8Array } | { readonly kind: 'text'; readonly text: string }

// Half a character would reach the peer as another one.
const wellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text)
const Greeting = z.object({ hello: z.int() })
const Hello = z.strictObject({
  hello: z.literal(1),
  program: z.string().min(1).max(64).refine(wellFormed),
  session: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
})
const App = z.strictObject({ app: z.string().min(1).max(64).refine(wellFormed), data: z.string().max(LONGEST_DATA) })
const Text = z.strictObject({ text: z.string().min(1).max(LONGEST_TEXT).refine(wellFormed) })

/** The JSON value of a line; undefined for bytes that are no JSON in UTF-8. */
const jsonOf = (line: Uint8Array): unknown => {
  const text = decodeUtf8(line)
  if (text === null) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The first line of a program. Never throws. */
export const readHello = (line: Uint8Array): Hello | 'version' | 'malformed' => {
  const value = jsonOf(line)
  const parsed = Hello.safeParse(value)
  if (!parsed.success) {
    const greeting = Greeting.safeParse(value)
    return greeting.success && greeting.data.hello !== 1 ? 'version' : 'malformed'
  }
  const program = admitName(parsed.data.program)
  return program === null ? 'malformed' : { program, session: parsed.data.session }
}

/** A later line of a program; null for what is none. Never throws. */
export const readSaid = (line: Uint8Array): Said | null => {
  const value = jsonOf(line)
  const text = Text.safeParse(value)
  if (text.success) return { kind: 'text', text: text.data.text }
  const app = App.safeParse(value)
  if (!app.success) return null
  try {
    const bytes = fromBase64(app.data.data)
    return bytes.length > TEXT_PART ? null : { kind: 'app', name: app.data.app, bytes }
  } catch {
    return null
  }
}

export const appLine = (name: string, bytes: Uint8Array): WalletLine => ({ app: name, data: toBase64(bytes) })

export const writeLine = (line: WalletLine): string => `${JSON.stringify(line)}\n`
