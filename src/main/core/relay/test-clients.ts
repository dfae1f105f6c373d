/** Plain sockets that talk to a relay, for the tests of this folder. */
import { connect, type Socket } from 'node:net'
import { vi } from 'vitest'

export interface TestClient {
  readonly socket: Socket
  /** Its address as the relay writes it. */
  readonly address: string
  readonly received: () => string
  readonly lines: () => string[]
  readonly ended: () => boolean
  readonly closed: () => boolean
}

/** Polls; fails with the last error after 20 s, which only a hang takes. */
export const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 20_000, interval: 5 })

/** Connects; with `reading` false it never reads. */
export const openClient = (port: number, options: { readonly host?: string; readonly reading?: boolean } = {}): Promise<TestClient> =>
  new Promise((resolve, reject) => {
    const host = options.host ?? '127.0.0.1'
    const chunks: Buffer[] = []
    let ended = false
    let closed = false
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
    socket.on('error', reject)
    socket.on('end', () => {
      ended = true
    })
    socket.on('close', () => {
      closed = true
    })
    socket.on('connect', () => {
      if (options.reading === false) socket.pause()
      else socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      const received = (): string => Buffer.concat(chunks).toString('latin1')
      resolve({
        socket,
        received,
        ended: () => ended,
        closed: () => closed,
        address: host.includes(':') ? `[${host}]:${socket.localPort}` : `${host}:${socket.localPort}`,
        lines: () => received().split('\n').slice(0, -1),
      })
    })
  })
