/**
 * For local programs: speaks in a session that the person at Countersign hands over (docs/local-programs.md). Needs nothing but Node, 20 or
 * later; only types have to be stripped from it.
 */
import { readFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'

/** Bytes of the longest line a wallet sends: a text of 256 KiB, every character escaped. */
const LONGEST_LINE = 2 * 1024 * 1024
/** Bytes of one `send`. */
const MOST_DATA = 22_000
/** UTF-16 units of one `sendText`. */
const LONGEST_TEXT = 5_000

export type Message =
  | { readonly kind: 'app'; readonly name: string; readonly data: Uint8Array }
  /** Written by the person of the other side, or by its program. */
  | { readonly kind: 'text'; readonly text: string }

export interface Options {
  /** The profile's folder: the wallet's home, then the name of the profile. */
  readonly folder: string
  /** What the person reads of this program, 1 to 64 characters. */
  readonly program: string
  /** Id of the session, 64 hex digits; null or left out: the only one that is open. */
  readonly session?: string | null
  /** The person is being asked. */
  readonly onAsked?: () => void
  /** Gives up: `connect` rejects, or the session is closed for this program. */
  readonly signal?: AbortSignal
}

/** A session that was handed over. Iterating gives what comes, and ends when the session does; one iteration at a time. */
export interface Session extends AsyncIterable<Message> {
  readonly id: string
  /** Id of the peer on the relay. */
  readonly peer: string
  /** 1 to 64 characters, at most 22,000 bytes. Resolves when the wallet has stored it, which keeps it until the peer has it. @throws HandoverError */
  send(name: string, data: Uint8Array): Promise<void>
  /** At most 5,000 characters; it stands in the conversation like the person's own. */
  sendText(text: string): Promise<void>
  /** Leaves. What was acknowledged is still delivered. */
  close(): void
  /** Why it ended; never rejects. */
  readonly closed: Promise<string>
}

/** `reason`: the wallet's word for it (docs/local-programs.md), or `not-there` (no wallet, or a locked one), `lost`, `left`, `protocol`. */
export class HandoverError extends Error {
  readonly reason: string

  constructor(reason: string) {
    super(`The session is not handed over: ${reason}.`)
    this.name = 'HandoverError'
    this.reason = reason
  }
}

/** Where the wallet of this profile listens. @throws HandoverError `not-there`. */
const addressOf = (folder: string): string => {
  if (process.platform !== 'win32') return join(folder, 'programs.sock')
  try {
    return readFileSync(join(folder, 'programs.pipe'), 'utf8')
  } catch {
    throw new HandoverError('not-there')
  }
}

const readLines = (socket: Socket, onLine: (line: string) => void, onTooLong: () => void): void => {
  let parts: Buffer[] = []
  let held = 0
  socket.on('data', (chunk: Buffer) => {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...parts, chunk.subarray(start, end)]).toString('utf8')
      parts = []
      held = 0
      start = end + 1
      onLine(line)
    }
    if (start === chunk.length) return
    parts.push(chunk.subarray(start))
    held += chunk.length - start
    if (held > LONGEST_LINE) onTooLong()
  })
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const parse = (line: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

interface Waiting {
  readonly line: string
  readonly done: () => void
  readonly failed: (error: HandoverError) => void
}

/** Resolves when the person has approved. @throws HandoverError with the reason otherwise. */
export const connect = (options: Options): Promise<Session> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(addressOf(options.folder))
    let open: { readonly session: string; readonly peer: string; readonly window: number } | null = null
    let reason: string | null = null
    let connected = false
    let tellClosed: (reason: string) => void = () => {}
    const closed = new Promise<string>((told) => {
      tellClosed = told
    })
    /** Not written yet; written and not acknowledged, oldest first. */
    const queue: Waiting[] = []
    const sent: Waiting[] = []
    let acked = 0
    const came: Message[] = []
    let wake: () => void = () => {}

    const finish = (why: string): void => {
      if (reason !== null) return
      reason = why
      options.signal?.removeEventListener('abort', leave)
      socket.end()
      for (const { failed } of [...sent.splice(0), ...queue.splice(0)]) failed(new HandoverError(why))
      tellClosed(why)
      wake()
      reject(new HandoverError(why))
    }
    const leave = (): void => {
      finish('left')
      socket.destroy()
    }
    const flush = (): void => {
      while (open !== null && sent.length < open.window) {
        const next = queue.shift()
        if (next === undefined) return
        sent.push(next)
        socket.write(next.line)
      }
    }
    const write = (value: object): Promise<void> =>
      new Promise((done, failed) => {
        if (reason !== null) return failed(new HandoverError(reason))
        queue.push({ line: `${JSON.stringify(value)}\n`, done, failed })
        flush()
      })
    const receive = (message: Message): void => {
      came.push(message)
      wake()
    }

    const session = (id: string, peer: string): Session => ({
      id,
      peer,
      closed,
      send: (name, data) => {
        if (name.length < 1 || name.length > 64) return Promise.reject(new RangeError('A name has 1 to 64 characters.'))
        if (data.length > MOST_DATA) return Promise.reject(new RangeError(`A message has at most ${MOST_DATA} bytes.`))
        return write({ app: name, data: Buffer.from(data).toString('base64') })
      },
      sendText: (text) =>
        text.length < 1 || text.length > LONGEST_TEXT || /\p{Surrogate}/u.test(text)
          ? Promise.reject(new RangeError(`A text has 1 to ${LONGEST_TEXT} whole characters.`))
          : write({ text }),
      close: leave,
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const message = came.shift()
          if (message !== undefined) yield message
          else if (reason !== null) return
          else
            await new Promise<void>((next) => {
              wake = next
            })
        }
      },
    })

    readLines(
      socket,
      (text) => {
        const line = parse(text)
        if (reason !== null) return
        if (typeof line['closed'] === 'string') return finish(line['closed'])
        if (line['asked'] === 1) return options.onAsked?.()
        if (typeof line['app'] === 'string' && typeof line['data'] === 'string')
          return receive({ kind: 'app', name: line['app'], data: new Uint8Array(Buffer.from(line['data'], 'base64')) })
        if (typeof line['text'] === 'string') return receive({ kind: 'text', text: line['text'] })
        if (typeof line['ack'] === 'number') {
          for (; acked < line['ack'] && sent.length > 0; acked += 1) sent.shift()?.done()
          return flush()
        }
        if (line['open'] === 1 && typeof line['session'] === 'string' && typeof line['peer'] === 'string' && typeof line['window'] === 'number') {
          open = { session: line['session'], peer: line['peer'], window: line['window'] }
          return resolve(session(open.session, open.peer))
        }
        // What is not known comes from a later version, and is not for us.
      },
      () => leave(),
    )
    socket.on('connect', () => {
      connected = true
      socket.write(`${JSON.stringify({ hello: 1, program: options.program, session: options.session ?? null })}\n`)
    })
    socket.on('error', () => finish(connected ? 'lost' : 'not-there'))
    socket.on('close', () => finish('lost'))
    if (options.signal?.aborted) leave()
    else options.signal?.addEventListener('abort', leave, { once: true })
  })
