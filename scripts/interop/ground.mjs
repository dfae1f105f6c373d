/** The ground an interop run stands on: a temporary folder, free ports, child processes that never outlive the run. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killGroup } from '../child-process.mjs'

const POLL_MS = 50
/** How long a child may take to end after it was asked to, before its group is killed. */
const END_MS = 10_000

/**
 * @typedef {object} Child
 * @property {string} name
 * @property {() => string} text everything it wrote so far, both streams, without terminal colours
 * @property {(line: string) => void} write one line to its standard input
 * @property {() => number | null | undefined} code undefined while it runs, null when a signal ended it
 * @property {Promise<number | null>} ended
 * @property {(signal?: NodeJS.Signals) => Promise<number | null>} stop
 */
/**
 * @typedef {object} Ground
 * @property {string} folder
 * @property {(name: string, command: string, args: readonly string[], options?: { cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void }) => Child} start
 * @property {() => readonly Child[]} children
 * @property {(keep: boolean) => Promise<void>} end
 */

/** @returns {Ground} */
export function createGround() {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-interop-'))
  /** @type {Map<Child, import('node:child_process').ChildProcess>} */
  const running = new Map()
  /** @type {Child[]} */
  const all = []
  const killAll = () => {
    for (const child of running.values()) killGroup(child.pid)
  }
  process.once('exit', killAll)
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]))
    process.once(signal, () => process.exit(code))

  return {
    folder,
    start(name, command, args, { cwd = folder, env = process.env, onLine } = {}) {
      // A group of its own: bin/countersign.js may have re-executed itself, and its grandchild has to go as well.
      const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
      let text = ''
      let rest = ''
      /** @type {number | null | undefined} */
      let code
      child.stdout.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
        if (!onLine) return
        const lines = `${rest}${chunk}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) onLine(line)
      })
      child.stderr.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      child.stdin.on('error', () => {}) // it ended before it read; its exit is what gets reported
      /** @type {Promise<number | null>} */
      const ended = new Promise((resolve) => {
        child.on('error', (error) => {
          text += `${command} cannot be started: ${error.message}\n`
          running.delete(handle)
          code = 127
          resolve(code)
        })
        child.on('close', (status) => {
          running.delete(handle)
          code = status
          resolve(code)
        })
      })
      /** @type {Child} */
      const handle = {
        name,
        text: () => text.replaceAll(COLOURS, ''),
        write: (line) => void child.stdin.write(`${line}\n`),
        code: () => code,
        ended,
        async stop(signal = 'SIGTERM') {
          if (code !== undefined) return code
          child.kill(signal)
          const timer = setTimeout(() => killGroup(child.pid), END_MS)
          const status = await ended
          clearTimeout(timer)
          return status
        },
      }
      running.set(handle, child)
      all.push(handle)
      return handle
    },
    children: () => all,
    async end(keep) {
      killAll()
      await Promise.all([...running.keys()].map((child) => child.ended))
      process.off('exit', killAll)
      if (!keep) rmSync(folder, { recursive: true, force: true })
    },
  }
}

// The originals colour their log.
const COLOURS = /\x1b\[\d*m/g

/**
 * A port that was free a moment ago on loopback.
 * @returns {Promise<number>}
 */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

/**
 * True while a child runs; throws with its last lines once it has ended, so that nobody waits for what cannot come.
 * @param {Child} child
 */
export function alive(child) {
  if (child.code() === undefined) return true
  throw new Error(`${child.name} ended with ${child.code()}:\n${child.text().trim().split('\n').slice(-8).join('\n')}`)
}

/**
 * Polls until `condition` gives something truthy and resolves with it; rejects naming `what` after `seconds`.
 * @template T
 * @param {string} what
 * @param {number} seconds
 * @param {() => T | Promise<T>} condition
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, seconds, condition) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
