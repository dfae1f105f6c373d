import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { startRelayServer } from '../relay/server.ts'
import { testPorts } from '../wallet.fixture.ts'

/**
 * Two processes and a relay; one kills itself with SIGKILL at a boundary and is started again. Every boundary by index is
 * in kill.test.ts; here a sample of each kind shows that a real kernel, socket and disk behave as that test supposes.
 */
const boundaries: [who: 'alice' | 'bob', boundary: string, nth: number][] = [
  ['alice', 'store: before the commit', 3],
  ['alice', 'socket: after the line was sent', 3],
  ['alice', 'outbox: before the row goes', 2],
  ['alice', 'line: after it was worked on', 2],
  ['bob', 'store: after the commit', 4],
  ['bob', 'socket: after the line was sent', 3],
  ['bob', 'outbox: before the row goes', 1],
  ['bob', 'outbox: after the row has gone', 2],
  ['bob', 'line: before it is worked on', 3],
]

interface Look {
  readonly sessions: [id: string, state: string, fingerprint: string, reason: string | null][]
  readonly said: [text: string, state: string][]
  readonly heard: string[]
  readonly decisions: [step: string, decision: string, by: string, reason: string | null][]
  readonly chain: boolean
}

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

interface Child {
  readonly process: ChildProcessWithoutNullStreams
  readonly lines: Interface
  readonly errors: () => string
  readonly gone: Promise<unknown[]>
}

const running = new Set<ChildProcessWithoutNullStreams>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

const start = (folder: string, port: number, name: string, boundary = '', nth = 0): Child => {
  const child = spawn(process.execPath, [
    '--no-warnings',
    '--import',
    file('../store/fixtures/raw-sql.mjs'),
    file('./fixtures/kill-child.ts'),
    join(folder, name),
    name,
    String(port),
    boundary,
    String(nth),
  ])
  running.add(child)
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  // A process that has died takes no more questions.
  child.stdin.on('error', () => undefined)
  return { process: child, lines: createInterface(child.stdout), errors: () => errors, gone: once(child, 'exit').finally(() => running.delete(child)) }
}

/** What the child sees, or null while it starts or when it has died. */
const look = async (child: Child): Promise<Look | null> => {
  if (child.process.exitCode !== null || child.process.signalCode !== null) return null
  const answered = once(child.lines, 'line').then(([line]) => JSON.parse(String(line)) as Look | 'open')
  child.process.stdin.write('?')
  const answer = await Promise.race([answered, child.gone.then(() => null)])
  return answer === 'open' ? null : answer
}

const talked = (at: Look | null): at is Look => at !== null && at.heard.length > 0 && at.said.some(([, state]) => state === 'done')

// Side by side: most of the time they wait for each other's timers.
describe.concurrent('SIGKILL', () => {
  it.each(boundaries)('%s, %s, number %i', { timeout: 600_000 }, async (who, boundary, nth) => {
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'countersign-kill-'))
    const relay = await startRelayServer(testPorts(), { port: 0 })
    const begin = (name: 'alice' | 'bob'): Child => (name === who ? start(folder, relay.port, name, boundary, nth) : start(folder, relay.port, name))
    const children = { alice: begin('alice'), bob: begin('bob') }
    try {
      let died = false
      // Asked in turn until both have said and heard their text; the one that dies is started again at once.
      for (;;) {
        const [alice, bob] = [await look(children.alice), await look(children.bob)]
        const { signalCode } = children[who].process
        if (!died && signalCode !== null) {
          expect(signalCode).toBe('SIGKILL')
          died = true
          children[who] = start(folder, relay.port, who)
        }
        for (const [name, child] of Object.entries(children)) expect([name, child.process.exitCode, child.errors()]).toEqual([name, null, ''])
        if (died && talked(alice) && talked(bob)) {
          expect([alice.heard, bob.heard]).toEqual([['text of bob'], ['text of alice']])
          expect(alice.sessions).toEqual([[expect.any(String), 'open', expect.any(String), null]])
          expect(bob.sessions).toEqual(alice.sessions)
          expect([alice.chain, bob.chain]).toEqual([true, true])
          expect(alice.decisions).toEqual([['request', 'auto', 'policy', 'first-contact']])
          expect(bob.decisions).toEqual([['confirm', 'auto', 'policy', 'first-contact']])
          break
        }
        await new Promise((next) => setTimeout(next, 50))
      }
      for (const child of Object.values(children)) {
        child.process.stdin.end()
        expect(await child.gone).toEqual([0, null])
      }
    } finally {
      for (const child of Object.values(children)) child.process.kill('SIGKILL')
      await relay.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
