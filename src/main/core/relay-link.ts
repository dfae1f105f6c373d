import type { RelayDto } from '../../contract/index.ts'
import { AppFault } from './fault.ts'
import type { Ports } from './ports.ts'
import { type RelayServer, startRelayServer } from './relay/server.ts'
import { createTcpTransport } from './relay/tcp-transport.ts'
import type { Transport, TransportEvent, TransportState } from './relay/transport.ts'

export interface RelayChoice {
  readonly mode: 'embedded' | 'address'
  readonly host: string
  readonly port: number
}

/** The wallet's one way to a relay, which can be pointed elsewhere while it runs. Listeners stay. */
export interface RelayLink extends Transport {
  use(choice: RelayChoice): Promise<void>
  dto(): RelayDto
}

/**
 * In embedded mode the relay is part of the app: the first app on a machine runs it, later ones join it, and when the
 * first one goes the next takes over.
 */
export const createRelayLink = (ports: Ports, first: RelayChoice): RelayLink => {
  const handlers = new Set<(event: TransportEvent) => void>()
  let choice = first
  let transport: Transport | null = null
  let off: () => void = () => {}
  let server: RelayServer | null = null
  let serverError: string | null = null
  let running = false
  let starting = false

  const emit = (event: TransportEvent): void => {
    for (const handler of [...handlers]) handler(event)
  }

  const takeOver = async (): Promise<void> => {
    if (choice.mode !== 'embedded' || server || starting || !running) return
    starting = true
    try {
      const own = await startRelayServer(ports, { host: choice.host, port: choice.port })
      // Turned off, or pointed elsewhere, while it was starting.
      if (!running || choice.mode !== 'embedded' || own.port !== choice.port) await own.close()
      else server = own
      serverError = null
    } catch (error) {
      // Another app has the port: its relay is joined. Whatever else listens there shows as a failing connection.
      if (!(error instanceof AppFault && error.code === 'IN_USE')) serverError = error instanceof AppFault ? error.message : 'The relay could not be started.'
    } finally {
      starting = false
    }
  }

  const connect = (): void => {
    transport = createTcpTransport(ports, { host: choice.host, port: choice.port })
    off = transport.on((event) => {
      if (event.type === 'state' && event.state.name === 'waiting') void takeOver()
      emit(event)
    })
    transport.start()
  }

  const disconnect = async (): Promise<void> => {
    off()
    off = () => {}
    const [old, own] = [transport, server]
    transport = null
    server = null
    await old?.stop()
    await own?.close()
  }

  let changing: Promise<void> = Promise.resolve()
  let stopped = false
  const change = async (next: RelayChoice): Promise<void> => {
    if (next.mode === choice.mode && next.host === choice.host && next.port === choice.port) return
    const was = running
    running = false
    await disconnect()
    choice = next
    emit({ type: 'state', state: { name: 'off' } })
    if (!was || stopped) return
    running = true
    await takeOver()
    // Stopped while it was starting: nothing is left behind.
    if (stopped) await disconnect()
    else connect()
  }

  const state = (): TransportState => transport?.state ?? { name: 'off' }

  return {
    start: () => {
      if (running) return
      running = true
      void takeOver().then(() => {
        if (running && !transport) connect()
      })
    },
    stop: async () => {
      stopped = true
      running = false
      await changing
      await disconnect()
      emit({ type: 'state', state: { name: 'off' } })
    },
    use: (next) => {
      changing = changing.then(() => change(next))
      return changing
    },
    send: (line) => transport?.send(line) ?? false,
    get state() {
      return state()
    },
    on: (handler) => {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    dto: () => {
      const now = state()
      return {
        mode: choice.mode,
        host: choice.host,
        port: choice.port,
        state: now.name,
        joined: choice.mode === 'embedded' && server === null && now.name === 'connected',
        retryAt: now.name === 'waiting' ? Math.round(now.retryAt) : null,
        error: serverError ?? (now.name === 'waiting' ? now.error : null),
      }
    },
  }
}
