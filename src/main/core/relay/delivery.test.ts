import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { BroadcastLog, linePrefix } from './broadcast-log.ts'
import { createDelivery } from './delivery.ts'
import { encodeRelayLine } from './envelope.ts'
import { addOwn, createMember, type Member } from './member.ts'
import { createPacing } from './pacing.ts'
import { until } from './test-clients.ts'

/** A socket whose kernel takes bytes at once while `open`, and otherwise when `drain` is called. */
const fakeSocket = () => {
  let written = ''
  let pending: (() => void) | null = null
  const gate = { open: true }
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      const take = (): void => {
        written += chunk.toString('latin1')
        done()
      }
      if (gate.open) take()
      else pending = take
    },
  })
  const drain = (): void => {
    gate.open = true
    pending?.()
    pending = null
  }
  return { socket: stream as unknown as Socket, gate, drain, written: () => written }
}

const setUp = (queueBytes: number) => {
  const log = new BroadcastLog(65_536, queueBytes)
  const members = new Set<Member>()
  const overflown: Member[] = []
  const delivery = createDelivery(
    log,
    members,
    createPacing(queueBytes, 1),
    queueBytes,
    (member) => overflown.push(member),
    () => {},
  )
  const prefix = linePrefix('a:1')
  const add = (socket: Socket): Member => {
    const member = createMember(socket, 'a:1', log.end)
    member.onFlushed = () => {
      member.blocked = false
      delivery.pump(member)
    }
    members.add(member)
    return member
  }
  const append = (by: Member, text: string): void => {
    const start = log.end
    log.append(prefix, Buffer.from(text))
    addOwn(by, start, log.end)
  }
  return { log, members, overflown, delivery, add, append }
}

describe('delivery', () => {
  it('reports a member that lags too much instead of reading what the log has forgotten', () => {
    const { log, overflown, delivery, add, append } = setUp(300_000)
    const speaker = add(fakeSocket().socket)
    const late = add(fakeSocket().socket)
    while (log.end < 2_000_000) append(speaker, 'x'.repeat(1000))
    expect(() => log.slice(0, log.end, 1)).toThrow(RangeError)
    delivery.pump(late)
    expect(overflown).toEqual([late])
  })

  it('goes on where it stopped when a socket takes bytes again, and leaves out the member’s own lines', async () => {
    const { delivery, add, append } = setUp(1_000_000)
    const [one, two] = [fakeSocket(), fakeSocket()]
    const [a, b] = [add(one.socket), add(two.socket)]
    two.gate.open = false
    let wanted = ''
    for (let i = 0; i < 50; i++) {
      append(i % 3 === 0 ? b : a, `line ${i}`)
      if (i % 3 !== 0) wanted += encodeRelayLine('a:1', `line ${i}`)
      delivery.pump(b)
    }
    expect(b.blocked).toBe(true)
    expect(two.written()).toBe('')
    two.drain()
    await until(() => expect(two.written()).toBe(wanted))
    expect(b.own).toEqual([])
  })

  it('serves a thousand members in portions, who spoke last first', async () => {
    const { members, delivery, add, append } = setUp(1_000_000)
    const sockets = Array.from({ length: 1000 }, fakeSocket)
    for (const { socket } of sockets) add(socket)
    const all = [...members]
    const [first, last] = [all[0], all[999]]
    if (first === undefined || last === undefined) throw new Error('members')
    append(last, 'earlier')
    delivery.appended(last)
    await until(() => expect(sockets[998]?.written()).toBe(encodeRelayLine('a:1', 'earlier')))
    append(first, 'now')
    delivery.appended(first)
    await new Promise(setImmediate)
    expect(sockets[999]?.written()).toBe(encodeRelayLine('a:1', 'now'))
    expect(sockets[998]?.written()).toBe(encodeRelayLine('a:1', 'earlier'))
    expect(delivery.unserved()).toBeGreaterThan(0)
    await until(() => expect(sockets[998]?.written()).toBe(encodeRelayLine('a:1', 'earlier') + encodeRelayLine('a:1', 'now')))
    await until(() => expect(delivery.unserved()).toBe(0))
  })
})
