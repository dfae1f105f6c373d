import type { z } from 'zod'
import { type AppError, type ArgsOf, fail, ok, type Result, type ResultOf } from '../../../contract/index.ts'
import { toAppError } from '../../core/fault.ts'
import type { Log } from '../../core/ports.ts'
import type { Answer } from '../wallet-api.ts'
import { createBucket, fits, type Limits, usualLimits } from './limits.ts'
import { type InvokeEventLike, isFrom, type Sender } from './sender.ts'

export interface Channel {
  readonly args: z.ZodType
  readonly result: z.ZodType
}
export type Channels = Readonly<Record<string, Channel>>

/** One function for each channel; an error it throws becomes the result. */
export type Handlers<C extends Channels> = { readonly [N in keyof C]: (args: ArgsOf<C[N]>) => Answer<ResultOf<C[N]>> }

export interface Registration<C extends Channels> {
  readonly channels: C
  readonly handlers: Handlers<C>
  readonly from: Sender
  readonly limits?: { readonly [N in keyof C]?: Limits }
  /** A further condition, as a trusted input event just before; asked after the sender check. Null lets the call pass. */
  readonly guards?: { readonly [N in keyof C]?: () => AppError | null }
}

/** What the registrar needs of Electron's ipcMain. */
export interface IpcLike {
  handle(name: string, listener: (event: InvokeEventLike, ...args: unknown[]) => Promise<Result<unknown>>): void
}

export interface Registrar {
  register<C extends Channels>(registration: Registration<C>): void
  /** Calls refused so far, by reason. */
  readonly refused: Readonly<Record<'sender' | 'guard' | 'rate' | 'size' | 'arguments', number>>
}

/**
 * The only way into main. Every call goes through the same gates, in this order: sender, guard, rate, size, schema of
 * the arguments, handler, schema of the result. Whatever happens, the answer is a `Result`; a renderer never sees an
 * exception of ours, whose text could hold a path or a secret.
 * @param monotonic milliseconds that only grow
 */
export const createRegistrar = (ipc: IpcLike, log: Log, monotonic: () => number): Registrar => {
  const refused = { sender: 0, guard: 0, rate: 0, size: 0, arguments: 0 }
  const refuse = (why: keyof typeof refused, name: string, answer: Result<never>): Result<never> => {
    refused[why] += 1
    log.warn('ipc call refused', { name, why, count: refused[why] })
    return answer
  }

  return {
    refused,
    register({ channels, handlers, from, limits, guards }) {
      for (const name of Object.keys(channels)) {
        const channel = channels[name]
        const handler = handlers[name] as ((args: unknown) => unknown) | undefined
        if (channel === undefined || handler === undefined) throw new Error(`no handler for ${name}`)
        const limit = limits?.[name] ?? usualLimits
        const bucket = createBucket(limit, monotonic)
        const guard = guards?.[name]

        ipc.handle(name, async (event, ...rest) => {
          if (!isFrom(event, from)) return refuse('sender', name, fail('FORBIDDEN', 'This window may not do that.'))
          const objection = guard?.()
          if (objection) return refuse('guard', name, { ok: false, error: objection })
          const wait = bucket.take()
          if (wait > 0) return refuse('rate', name, fail('RATE', 'Too many calls at once.', Date.now() + wait))
          if (rest.length !== 1 || !fits(rest[0], limit.bytes)) return refuse('size', name, fail('BAD_ARGUMENT', 'This is too large to be handled.'))
          const args = channel.args.safeParse(rest[0])
          if (!args.success) return refuse('arguments', name, fail('BAD_ARGUMENT', `This is not what ${name} takes.`))
          try {
            const result = channel.result.safeParse((await handler(args.data)) ?? {})
            if (result.success) return ok(result.data)
            log.error('ipc result does not fit its schema', { name, issues: result.error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`) })
            return fail('INTERNAL', 'Something went wrong inside Countersign. The log has the details.')
          } catch (error) {
            const answer = toAppError(error)
            if (answer.code === 'INTERNAL') log.error('ipc handler failed', { name, error: error instanceof Error ? error.stack : String(error) })
            return { ok: false, error: answer }
          } finally {
            wipe(args.data)
            wipe(rest[0])
          }
        })
      }
    },
  }
}

/** Overwrites the byte arrays among a call's arguments: the only ones are passphrases. */
const wipe = (args: unknown): void => {
  if (typeof args !== 'object' || args === null) return
  for (const value of Object.values(args)) if (value instanceof Uint8Array) value.fill(0)
}
