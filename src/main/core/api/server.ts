import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { AppFault } from '../fault.ts'
import type { Ledger } from '../ledger/ledger-types.ts'
import type { Cancel, Ports } from '../ports.ts'
import type { Work } from '../work.ts'
import { createApi, errorResponse } from './app.ts'
import type { ApiStore } from './context.ts'
import { mintSecret, secretHash } from './credentials.ts'
import { hostAllowed, isLoopback, originAllowed } from './hosts.ts'
import { openApiOf } from './openapi.ts'
import { createRateLimiter, type Limits } from './rate-limit.ts'
import { createStreams, type StreamLimits, standardStreamLimits } from './streams.ts'
import { createValidations } from './validations.ts'

export interface ApiServer {
  readonly host: string
  /** The port it listens on; the one the system chose where 0 was asked for. */
  readonly port: number
  /** Makes machines and is owner of all of them, until the server is closed; shown to the person, never stored. */
  readonly bootstrapToken: string
  /** Ends all streams and requests. Calling it again returns the same promise. */
  close(): Promise<void>
}

/** Milliseconds and counts; tests make them small. */
export interface ServerLimits {
  readonly headersMs: number
  readonly requestMs: number
  readonly checkMs: number
  readonly connections: number
}

const standardServerLimits: ServerLimits = { headersMs: 10_000, requestMs: 30_000, checkMs: 1_000, connections: 512 }
const HEADER_BYTES = 16_384
/** A connection on which nothing moves; streams have a heartbeat in this time. */
const IDLE_MS = 120_000
const KEEP_ALIVE_MS = 5_000
/** How long a request may take when the server is closed. */
const FAREWELL_MS = 500
const SWEEP_MS = 20

export interface ApiServerOptions {
  readonly ledger: Ledger
  readonly store: ApiStore
  readonly work: Pick<Work, 'run'>
  readonly version: string
  /** Default 127.0.0.1. */
  readonly host?: string
  readonly port: number
  /** Callers from loopback may make machines without the bootstrap token, if the server listens on nothing else. Default false. */
  readonly openBootstrap?: boolean
  readonly limits?: { readonly rate?: Limits; readonly server?: Partial<ServerLimits>; readonly streams?: Partial<StreamLimits> }
}

const RAW_ERRORS: Readonly<Record<string, readonly [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'headers_too_large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'request_timeout'],
}

/** What could not even be read as a request gets our form of an error as well. */
const answerRaw = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, reason, text] = RAW_ERRORS[error.code ?? ''] ?? ([400, 'Bad Request', 'invalid_request'] as const)
  const body = `${JSON.stringify({ ok: false, error: text })}\n`
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
}

/**
 * Starts the HTTP API (docs/api.md) of an open profile. The caller closes it before the profile is locked or closed.
 * @throws AppFault IN_USE when something listens on the port, RELAY when the address cannot be listened on.
 */
export const startApiServer = async (ports: Ports, options: ApiServerOptions): Promise<ApiServer> => {
  const host = options.host ?? '127.0.0.1'
  const local = host === 'localhost' || isLoopback(host)
  const limits = { ...standardServerLimits, ...options.limits?.server }
  const bootstrapToken = mintSecret(ports, 'zbt')
  const streams = createStreams(ports, options.ledger, { ...standardStreamLimits, ...options.limits?.streams })
  const document = openApiOf(options.version)
  const api = createApi({
    ports,
    ledger: options.ledger,
    store: options.store,
    work: options.work,
    limiter: createRateLimiter(ports.clock, options.limits?.rate),
    streams,
    validations: createValidations(ports.clock),
    bootstrapHash: secretHash(bootstrapToken),
    openBootstrap: local && options.openBootstrap === true,
    openApi: () => document,
  })
  const listener = getRequestListener(
    (request: Request, env: unknown) => {
      const { incoming } = env as { incoming: IncomingMessage }
      const address = incoming.socket.remoteAddress ?? ''
      if (!hostAllowed(local, incoming.headers.host)) return errorResponse(403, 'forbidden')
      if (!originAllowed(request.headers.get('origin'), incoming.headers.host)) return errorResponse(403, 'forbidden')
      // Hono answers HEAD by running GET and dropping its answer; a stream would stay behind.
      if (request.method === 'HEAD') return errorResponse(405, 'method_not_allowed')
      return api.fetch(request, { address })
    },
    // The process has other uses for the global Request and Response.
    { overrideGlobalObjects: false, errorHandler: () => errorResponse(400, 'invalid_request') },
  )
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES,
      noDelay: true,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  )
  server.maxConnections = limits.connections
  server.maxRequestsPerSocket = 1000
  server.setTimeout(IDLE_MS)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerRaw(error, socket as Socket))
  // Neither tunnels nor other protocols.
  server.on('upgrade', (_request, socket) => socket.destroy())
  server.on('connect', (_request, socket) => socket.destroy())

  try {
    const port = await new Promise<number>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, host, options.port)))
      server.listen({ host, port: options.port }, () => {
        const address = server.address()
        resolve(address !== null && typeof address === 'object' ? address.port : options.port)
      })
    })
    server.on('error', (error) => ports.log.warn('api: accept failed', { error: error.message }))
    ports.log.info('api: listening', { host, port })
    let closing: Promise<void> | null = null
    const close = async (): Promise<void> => {
      streams.close()
      const stopped = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      // What is under way may end; a connection that is only kept open, or takes its time, may not.
      let tries = 0
      let again: Cancel = () => {}
      const sweep = (): void => {
        tries += 1
        if (tries * SWEEP_MS < FAREWELL_MS) server.closeIdleConnections()
        else server.closeAllConnections()
        again = ports.clock.schedule(SWEEP_MS, sweep)
      }
      sweep()
      await stopped
      again()
    }
    return {
      host,
      port,
      bootstrapToken,
      close: () => {
        closing ??= close()
        return closing
      },
    }
  } catch (error) {
    streams.close()
    throw error
  }
}

const listenFault = (error: NodeJS.ErrnoException, host: string, port: number): AppFault => {
  if (error.code === 'EADDRINUSE') return new AppFault('IN_USE', `Port ${port} of ${host} is already in use.`, { cause: error })
  if (error.code === 'EACCES') return new AppFault('RELAY', `This account may not listen on port ${port}.`, { cause: error })
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') return new AppFault('RELAY', `${host} is not an address of this machine.`, { cause: error })
  return new AppFault('RELAY', `Cannot listen on ${host}, port ${port} (${error.code ?? error.message}).`, { cause: error })
}
