import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { openStore } from './store.ts'
import { columnKey, faultOf, myId, peer, removeTempFolders, tempFolder, testPorts } from './testing.fixture.ts'

afterAll(removeTempFolders)

const file = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const nodeArgs = (mode: string, folder: string): string[] => ['--no-warnings', '--import', file('raw-sql.mjs'), file('child.ts'), mode, folder]

// Each child is a Node of its own; on a busy machine ten of them take longer than the usual limit.
vi.setConfig({ testTimeout: 180_000 })

let child: ChildProcessWithoutNullStreams | undefined
afterEach(() => {
  child?.kill('SIGKILL')
  child = undefined
})

const start = (mode: string, folder: string): ChildProcessWithoutNullStreams => {
  child = spawn(process.execPath, nodeArgs(mode, folder))
  return child
}

const errorsOf = (process: ChildProcessWithoutNullStreams): { text: string } => {
  const held = { text: '' }
  process.stderr.on('data', (chunk: Buffer) => {
    held.text += chunk.toString()
  })
  return held
}

it('refuses a profile that another process has, says why, and takes it over when that one is killed', async () => {
  const folder = tempFolder()
  const holder = start('hold', folder)
  const errors = errorsOf(holder)
  for await (const line of createInterface(holder.stdout)) {
    expect(line, errors.text).toBe('open')
    break
  }
  const fault = faultOf(() => openStore(testPorts(), { folder, myId }))
  expect([fault.code, fault.message]).toEqual(['IN_USE', expect.stringContaining('Another running Countersign has this profile open') as string])
  // A refused attempt must not have loosened the holder's lock.
  expect(faultOf(() => openStore(testPorts(), { folder, myId })).code).toBe('IN_USE')
  const gone = once(holder, 'exit')
  holder.kill('SIGKILL')
  await gone
  const store = openStore(testPorts(), { folder, myId })
  expect(store.locked).toBe(true)
  store.close()
})

it('refuses a second store in the same process, also while the first lives on', () => {
  const folder = tempFolder()
  const first = openStore(testPorts(), { folder, myId })
  expect(faultOf(() => openStore(testPorts(), { folder, myId })).code).toBe('IN_USE')
  first.publicSettings.set('still', 'works')
  expect(faultOf(() => openStore(testPorts(), { folder, myId })).code).toBe('IN_USE')
  first.close()
  const second = openStore(testPorts(), { folder, myId })
  expect(second.publicSettings.get('still')).toBe('works')
  second.close()
})

/** Everything in the store agrees on how many steps there were. */
const steps = (folder: string): number => {
  const store = openStore(testPorts(), { folder, myId })
  try {
    store.unlock(columnKey())
    const n = store.decisions.count()
    const thread = store.threads.all()[0]
    const outbox = store.outbox.due(1e15)
    expect({
      thread: [thread?.exchangeCount ?? 0, thread?.extra ?? { n: 0 }],
      chain: store.decisions.verifyChain(),
      events: [store.events.last(), store.events.since(Math.max(0, n - 1)).map((event) => event.data)],
      messages: store.messages.page(peer('p'), null, 1).messages.map((message) => [message.id, message.text]),
      outbox: outbox.map((row) => row.payload),
      replay: store.replay.count(),
      received: store.nonces.received('initiator', thread?.peerId ?? peer('none'), `nonce ${n}`),
      next: store.nonces.received('initiator', thread?.peerId ?? peer('none'), `nonce ${n + 1}`),
    }).toEqual({
      thread: [n, { n }],
      chain: expect.objectContaining({ holds: true, count: n }) as unknown,
      events: [n, n === 0 ? [] : [{ n }]],
      messages: n === 0 ? [] : [[n, `text ${n}`]],
      outbox: n === 0 ? [] : [{ n }],
      replay: n,
      received: n > 0,
      next: false,
    })
    return n
  } finally {
    store.close()
  }
}

it('holds whole steps only, and every finished one, after SIGKILL at any moment', async () => {
  const folder = tempFolder()
  for (let round = 0; round < 10; round += 1) {
    const writer = start('write', folder)
    const errors = errorsOf(writer)
    const gone = once(writer, 'exit')
    const stopAfter = randomInt(1, 60)
    let seen = 0
    let last = 0
    for await (const line of createInterface(writer.stdout)) {
      last = Number(line)
      seen += 1
      if (seen === stopAfter) writer.kill('SIGKILL')
    }
    await gone
    expect(seen, errors.text).toBeGreaterThanOrEqual(stopAfter)
    expect(steps(folder)).toBeGreaterThanOrEqual(last)
  }
})

it.skipIf(process.platform === 'win32')('rolls a step back when the system refuses a write in the middle of it, and goes on reading', async () => {
  const folder = tempFolder()
  openStore(testPorts(), { folder, myId }).close()
  // Blocks of 512 bytes in a POSIX sh, of 1024 in some: 2 or 4 MB, reached by the write-ahead log.
  child = spawn('sh', ['-c', 'ulimit -f 4000; exec "$@"', 'sh', process.execPath, ...nodeArgs('limit', folder)])
  const errors = errorsOf(child)
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) lines.push(line)
  const n = Number(lines.at(-3) ?? 0)
  expect(n, errors.text).toBeGreaterThan(5)
  expect(lines.at(-2)).toMatch(/^fault (UNREADABLE|DISK_FULL)$/)
  expect(lines.at(-1)).toBe(`thread ${n} decisions ${n} events ${n}`)
  expect(steps(folder)).toBe(n)
})
