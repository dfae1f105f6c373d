import { utf8 } from '../crypto/bytes.ts'
import type { Ledger, Machine } from '../ledger/ledger-types.ts'
import type { Cancel, Ports } from '../ports.ts'
import type { StoredRow } from '../store/ledger-records.ts'
import { refuse } from './route.ts'

/** Streams at once, of all clients and of one address. */
export interface StreamLimits {
  readonly all: number
  readonly perAddress: number
  /** Chunks a client may be behind before it is dropped: a reader that stops must not fill our memory. */
  readonly behind: number
  readonly heartbeatMs: number
}

export const standardStreamLimits: StreamLimits = { all: 256, perAddress: 16, behind: 256, heartbeatMs: 30_000 }

export interface Subscription {
  /** What is sent of a row; null for nothing. */
  readonly pick: (machine: Machine, row: StoredRow) => { readonly [key: string]: unknown } | null
  /** Looked at before each event and at each heartbeat: a revoked key or a machine made private ends the stream. */
  readonly allowed: () => boolean
  readonly address: string
}

export interface EventStreams {
  /** `:ready`, then one `data:` line a row, `:heartbeat` in between. @throws Refusal 429 when there are too many. */
  open(subscription: Subscription): ReadableStream<Uint8Array>
  readonly size: number
  /** Ends all streams and listens no more. */
  close(): void
}

interface Client {
  readonly subscription: Subscription
  readonly send: (text: string) => void
  readonly end: () => void
}

/** The rows of the ledger as server-sent events. One listener and one timer for all clients. */
export const createStreams = (ports: Ports, ledger: Pick<Ledger, 'on'>, limits: StreamLimits = standardStreamLimits): EventStreams => {
  const clients = new Set<Client>()
  let closed = false

  /** One client's trouble is neither that of the others nor of whoever wrote the row, which is committed by now. */
  const tell = (client: Client, text: () => string | null): void => {
    try {
      if (!client.subscription.allowed()) return client.end()
      const line = text()
      if (line !== null) client.send(line)
    } catch {
      // The store is locked or closed, or the stream is over already: nothing more is said to this client.
      client.end()
    }
  }
  const off = ledger.on((machine, row) => {
    for (const client of [...clients]) {
      tell(client, () => {
        const event = client.subscription.pick(machine, row)
        return event === null ? null : `data: ${JSON.stringify(event)}\n\n`
      })
    }
  })
  let heartbeat: Cancel = () => {}
  const beat = (): void => {
    for (const client of [...clients]) tell(client, () => ':heartbeat\n\n')
    if (!closed) heartbeat = ports.clock.schedule(limits.heartbeatMs, beat)
  }
  heartbeat = ports.clock.schedule(limits.heartbeatMs, beat)

  const open = (subscription: Subscription): ReadableStream<Uint8Array> => {
    const ofAddress = [...clients].filter((client) => client.subscription.address === subscription.address).length
    if (closed || clients.size >= limits.all || ofAddress >= limits.perAddress) return refuse(429, 'too_many_streams')
    let client: Client | null = null
    const leave = (): void => {
      if (client !== null) clients.delete(client)
      client = null
    }
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          client = {
            subscription,
            send: (text) => {
              // desiredSize counts what nobody has read yet. What is queued may still be read; nothing is added to it.
              if ((controller.desiredSize ?? 0) <= 0) {
                leave()
                controller.close()
                return
              }
              controller.enqueue(utf8(text))
            },
            end: () => {
              if (client === null) return
              leave()
              controller.close()
            },
          }
          clients.add(client)
          controller.enqueue(utf8(':ready\n\n'))
        },
        cancel: leave,
      },
      { highWaterMark: limits.behind },
    )
  }

  return {
    open,
    get size() {
      return clients.size
    },
    close: () => {
      if (closed) return
      closed = true
      off()
      heartbeat()
      for (const client of [...clients]) client.end()
    },
  }
}
