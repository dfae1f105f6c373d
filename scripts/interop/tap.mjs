/** A silent client of the relay that keeps every line: what was really on the wire, whoever tells otherwise. */
import { connect } from 'node:net'

/** @typedef {{ at: number, from: string, to: string | null, intent: string, payload: Record<string, unknown>, typed: boolean, raw: string }} Heard */

/**
 * @param {number} port
 * @returns {Promise<{ heard: Heard[], unreadable: string[], close: () => void }>}
 */
export function openTap(port) {
  /** @type {Heard[]} */
  const heard = []
  /** @type {string[]} */
  const unreadable = []
  let rest = ''
  const socket = connect({ host: '127.0.0.1', port })
  socket.setEncoding('utf8').on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const one = read(line)
      if (one) heard.push(one)
      else unreadable.push(line)
    }
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject).on('error', () => {})
      resolve({ heard, unreadable, close: () => void socket.destroy() })
    })
  })
}

/**
 * @param {string} line
 * @returns {Heard | null}
 */
function read(line) {
  try {
    const { content } = JSON.parse(line)
    const envelope = JSON.parse(content)
    const payload = envelope._payload
    if (typeof payload?.from !== 'string') return null
    return {
      at: Date.now(),
      from: payload.from,
      to: payload.to ?? null,
      intent: String(payload.intent),
      payload,
      typed: typeof envelope._version === 'string' && typeof envelope._type === 'object',
      raw: content,
    }
  } catch {
    return null
  }
}
