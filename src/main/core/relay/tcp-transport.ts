/** The TCP client of a relay: framing, bounded buffers, reconnecting. */
import { connect, type Socket } from 'node:net'
import { AppFault } from '../fault.ts'
import type { Cancel, Ports } from '../ports.ts'
import { type BackoffOptions, backoffDelay, defaultBackoff } from './backoff.ts'
import { connectionSentence } from './connection-error.ts'
import { fitsRelay, MAX_LINE_BYTES } from './envelope.ts'
import { createLineSplitter, decodeUtf8, type LineSplitter } from './line.ts'
import type { Transport, TransportEvent, TransportState } from './transport.ts'

export interface TcpTransportOptions {
  readonly host: string
  readonly port: number
  readonly backoff?: Partial<BackoffOptions>
  /** Bytes that may wait for the kernel before send says no; at least 128 KiB, and 1 MiB by default. */
  readonly bufferBytes?: number
  /** Longest line read, bytes without newline. Default 65,536. */
  readonly maxLineBytes?: number
  /** After so long without a byte, ms, see whether the relay's machine is still there. Default 45 s. */
  readonly quietMs?: number
}

const CONNECT_MS = 10_000
const STOP_MS = 1_000
const KEEP_ALIVE_MS = 30_000

/**
 * A transport to the relay at `host`:`port`. Nothing happens before `start`.
 * @throws AppFault BAD_ARGUMENT for a port outside 1 to 65535.
 */
export const createTcpTransport = (ports: Ports, options: TcpTransportOptions): Transport => {
  const { host, port } = options
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new AppFault('BAD_ARGUMENT', `${port} is not a port.`)
  const backoff = { ...defaultBackoff, ...options.backoff }
  // Below Node's own mark no `drain` would come.
  const bufferBytes = Math.max(options.bufferBytes ?? 1024 * 1024, 128 * 1024)
  const quietMs = options.quietMs ?? 45_000
  const { clock, log } = ports
  const handlers = new Set<(event: TransportEvent) => void>()
  let state: TransportState = { name: 'off' }
  let socket: Socket | null = null
  let attempt = 0
  let connectedAt = 0
  let heardAt = 0
  let wantsRoom = false
  let lastError: string | null = null
  /** The one timer of the present state: connect deadline, retry, or watch for silence. */
  let timer: Cancel | null = null
  let stopping: Promise<void> | null = null

  const emit = (event: TransportEvent): void => {
    for (const handler of [...handlers]) {
      try {
        handler(event)
      } catch (error) {
        log.error('transport: handler failed', { error: error instanceof Error ? error.message : String(error) })
      }
    }
  }
  const enter = (next: TransportState): void => {
    state = next
    emit({ type: 'state', state })
  }
  const setTimer = (ms: number, run: () => void): void => {
    timer?.()
    timer = clock.schedule(ms, run)
  }
  const clearTimer = (): void => {
    timer?.()
    timer = null
  }

  const open = (): void => {
    enter({ name: 'connecting' })
    if (state.name !== 'connecting' || socket !== null) return // a handler has stopped it
    lastError = null
    const opened = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, autoSelectFamily: true })
    socket = opened
    const splitter = readLines(() => socket === opened)
    setTimer(CONNECT_MS, () => fail(opened, 'The relay does not answer.'))
    opened.on('connect', () => connected(opened))
    opened.on('data', (chunk: Buffer) => {
      heardAt = clock.monotonic()
      splitter.push(chunk)
    })
    opened.on('end', () => splitter.end())
    opened.on('drain', () => {
      if (!wantsRoom || socket !== opened) return
      wantsRoom = false
      emit({ type: 'writable' })
    })
    opened.on('error', (error: NodeJS.ErrnoException) => {
      lastError ??= connectionSentence(error)
    })
    opened.on('close', () => closed(opened))
  }

  const readLines = (current: () => boolean): LineSplitter =>
    createLineSplitter(
      options.maxLineBytes ?? MAX_LINE_BYTES,
      (bytes) => {
        if (!current()) return
        const line = decodeUtf8(bytes)
        emit(line === null ? { type: 'notUtf8', bytes: bytes.length } : { type: 'line', line })
      },
      (bytes) => {
        if (current()) emit({ type: 'tooLong', bytes })
      },
    )

  const connected = (opened: Socket): void => {
    if (socket !== opened) return
    connectedAt = clock.monotonic()
    heardAt = connectedAt
    watchSilence(opened, quietMs)
    enter({ name: 'connected' })
  }

  /**
   * A relay whose machine vanished sends nothing, not even a reset, and while our own lines are unacknowledged the
   * kernel's keep-alive stays silent for a quarter of an hour. So after a long silence we see whether the port still opens.
   */
  const watchSilence = (opened: Socket, ms: number): void =>
    setTimer(ms, () => {
      const quietFor = clock.monotonic() - heardAt
      if (quietFor < quietMs) return watchSilence(opened, quietMs - quietFor)
      const second = connect({ host, port, autoSelectFamily: true })
      const verdict = (alive: boolean): void => {
        second.destroy()
        if (socket !== opened || state.name !== 'connected') return
        if (alive || clock.monotonic() - heardAt < quietMs) watchSilence(opened, quietMs)
        else fail(opened, 'The relay does not answer any more.')
      }
      second.on('connect', () => verdict(true))
      second.on('error', () => verdict(false))
      setTimer(CONNECT_MS, () => verdict(false))
    })

  const fail = (opened: Socket, text: string): void => {
    lastError = text
    opened.destroy()
  }

  const closed = (opened: Socket): void => {
    if (socket !== opened) return
    socket = null
    wantsRoom = false
    clearTimer()
    if (stopping !== null) return
    const wasStable = state.name === 'connected' && clock.monotonic() - connectedAt >= backoff.stableMs
    attempt = wasStable ? 1 : attempt + 1
    const delay = backoffDelay(backoff, attempt, randomFraction(ports))
    setTimer(delay, open)
    enter({ name: 'waiting', retryAt: clock.now() + delay, attempt, error: lastError ?? 'The relay closed the connection.' })
  }

  const stop = async (): Promise<void> => {
    clearTimer()
    const ending = socket
    if (ending !== null && !ending.destroyed) {
      await new Promise<void>((resolve) => {
        ending.on('close', () => resolve())
        const deadline = clock.schedule(STOP_MS, () => ending.destroy())
        ending.on('close', deadline)
        if (state.name === 'connected') ending.end()
        else ending.destroy()
      })
    }
    socket = null
    attempt = 0
    enter({ name: 'off' })
  }

  return {
    start() {
      if (state.name === 'off' && stopping === null) open()
    },
    stop() {
      if (state.name === 'off') return Promise.resolve()
      stopping ??= stop().finally(() => {
        stopping = null
      })
      return stopping
    },
    send(line) {
      if (line === '' || line.indexOf('\n') !== line.length - 1) throw new AppFault('BAD_ARGUMENT', 'A line has one newline, at its end.')
      if (!fitsRelay(line)) throw new AppFault('BAD_ARGUMENT', 'This is too long for a relay.')
      if (socket === null || state.name !== 'connected' || stopping !== null || !socket.writable) return false
      if (socket.writableLength + line.length > bufferBytes) {
        wantsRoom = true
        return false
      }
      socket.write(line)
      return true
    },
    get state() {
      return state
    },
    on(handler) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
  }
}

const randomFraction = (ports: Ports): number => {
  const [a = 0, b = 0] = ports.random.bytes(2)
  return (a * 256 + b) / 65_536
}
