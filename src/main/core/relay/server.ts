/** The embedded relay (docs/protocol.md, relay): listens, counts connections, hands them to the hub. */
import { createServer, type Server, type Socket } from 'node:net'
import { AppFault } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { formatRemoteAddr } from './address.ts'
import { createHub, type HubStats } from './hub.ts'
import { defaultRelayLimits, type RelayLimits } from './relay-limits.ts'

export interface RelayServer {
  readonly host: string
  /** The port it listens on; the one the system chose where 0 was asked for. */
  readonly port: number
  stats(): RelayStats
  /** Says farewell to all clients and stops listening. Calling it again returns the same promise. */
  close(): Promise<void>
}

export interface RelayStats extends HubStats {
  /** Connections refused because of the caps. */
  readonly refused: number
}

export interface RelayServerOptions {
  /** `127.0.0.1` unless other machines are to reach it. */
  readonly host?: string
  readonly port: number
  readonly limits?: Partial<RelayLimits>
}

/** Finds a client that vanished without a word, in about 70 s: idle time, then ten probes a second apart. */
const KEEP_ALIVE_MS = 60_000
const BACKLOG = 4096

/**
 * Starts a relay.
 * @throws AppFault IN_USE when something listens on the port already (probeRelay tells whether it is a relay to join),
 *   RELAY when the address cannot be listened on for another reason.
 */
export const startRelayServer = async (ports: Ports, options: RelayServerOptions): Promise<RelayServer> => {
  const host = options.host ?? '127.0.0.1'
  const limits = { ...defaultRelayLimits, ...options.limits }
  const hub = createHub(ports, limits)
  const perAddress = new Map<string, number>()
  let refused = 0

  const refuse = (socket: Socket, text: string): void => {
    refused += 1
    socket.on('error', () => {})
    socket.resume()
    socket.end(text)
    const deadline = ports.clock.schedule(limits.leaveMs, () => socket.destroy())
    socket.on('close', deadline)
  }

  // allowHalfOpen: a client that has sent its end still gets its last lines and the farewell, as from the original.
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) => {
    const { remoteAddress: address, remotePort: port } = socket
    if (address === undefined || port === undefined) {
      socket.on('error', () => {})
      socket.destroy() // reset before it was accepted
      return
    }
    const already = perAddress.get(address) ?? 0
    if (hub.size >= limits.maxClients || already >= limits.maxClientsPerAddress) return refuse(socket, 'Warning: This relay is full.\n')
    perAddress.set(address, already + 1)
    socket.on('close', () => {
      const left = (perAddress.get(address) ?? 1) - 1
      if (left === 0) perAddress.delete(address)
      else perAddress.set(address, left)
    })
    hub.join(socket, formatRemoteAddr(address, port))
  })
  // Beyond the cap a few get the notice, the rest is closed before it costs anything.
  server.maxConnections = limits.maxClients + 64
  server.on('drop', () => {
    refused += 1
  })

  const port = await listen(server, host, options.port)
  // Out of file descriptors, for one: such a connection is lost, the others are not.
  server.on('error', (error) => ports.log.warn('relay: accept failed', { error: error.message }))
  ports.log.info('relay: listening', { host, port })

  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    await hub.close()
    await stopped
  }
  return {
    host,
    port,
    stats: () => ({ ...hub.stats(), refused }),
    close() {
      closing ??= close()
      return closing
    },
  }
}

const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenFault(error, host, port))
    server.once('error', failed)
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', failed)
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : port)
    })
  })

const listenFault = (error: NodeJS.ErrnoException, host: string, port: number): AppFault => {
  if (error.code === 'EADDRINUSE') return new AppFault('IN_USE', `Port ${port} of ${host} is already in use.`, { cause: error })
  if (error.code === 'EACCES') return new AppFault('RELAY', `This account may not listen on port ${port}.`, { cause: error })
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') return new AppFault('RELAY', `${host} is not an address of this machine.`, { cause: error })
  return new AppFault('RELAY', `Cannot listen on ${host}, port ${port} (${error.code ?? error.message}).`, { cause: error })
}
