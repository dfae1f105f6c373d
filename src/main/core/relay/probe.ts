/** Finds out whether a relay is listening at an address, so that a second app on a machine joins the first one's. */
import { connect, type Socket } from 'node:net'
import type { Cancel, Ports } from '../ports.ts'
import { decodeRelayLine, encodeClientLine, MAX_LINE_BYTES } from './envelope.ts'
import { createLineSplitter, decodeUtf8 } from './line.ts'

export type ProbeResult =
  /** A line sent on one connection arrived on another, wrapped as a relay does. */
  | 'relay'
  /** Something listens that is no relay, or does not answer in time. */
  | 'other'
  /** Nothing listens, or no way there. */
  | 'nothing'

const AGAIN_MS = 200

/**
 * Opens two connections to `host`:`port`, sends a random line on one and waits for it on the other; the protocol has no
 * greeting to ask for. The line is a typed envelope directed to nobody, because an original agent's process ends on
 * anything that is no JSON object (W1).
 * @param timeoutMs in all. Never rejects.
 */
export const probeRelay = (ports: Ports, host: string, port: number, timeoutMs = 2_000): Promise<ProbeResult> =>
  new Promise((resolve) => {
    const token = Buffer.from(ports.random.bytes(16)).toString('hex')
    const line = encodeClientLine({ to: `nobody-${token}`, intent: 'probe', from: `probe-${token}` })
    const sockets: Socket[] = []
    let again: Cancel | null = null
    let reached = false
    let done = false

    const finish = (result: ProbeResult): void => {
      if (done) return
      done = true
      deadline()
      again?.()
      for (const socket of sockets) socket.destroy()
      resolve(result)
    }
    const deadline = ports.clock.schedule(timeoutMs, () => finish(reached ? 'other' : 'nothing'))
    const open = (connected: (socket: Socket) => void): Socket => {
      const socket = connect({ host, port, noDelay: true, autoSelectFamily: true })
      sockets.push(socket)
      socket.on('connect', () => {
        reached = true
        if (!done) connected(socket)
      })
      socket.on('error', () => finish(reached ? 'other' : 'nothing'))
      socket.on('close', () => finish('other'))
      return socket
    }
    // The receiver first. That the relay has accepted it is not known, so the line is sent again until it arrives.
    const receiver = open(() => {
      open((sender) => {
        const send = (): void => {
          sender.write(line)
          again = ports.clock.schedule(AGAIN_MS, send)
        }
        sender.resume()
        send()
      })
    })
    const splitter = createLineSplitter(
      MAX_LINE_BYTES,
      (bytes) => {
        const text = decodeUtf8(bytes)
        const decoded = text === null ? null : decodeRelayLine(text)
        if (decoded?.kind === 'message' && decoded.payload['from'] === `probe-${token}`) finish('relay')
      },
      () => {},
    )
    receiver.on('data', (chunk: Buffer) => splitter.push(chunk))
  })
