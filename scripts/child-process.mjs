// @ts-check
/** Starting programs from scripts: a promise that tells what failed, and groups that end together. */
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const tools = join(fileURLToPath(new URL('..', import.meta.url)), 'node_modules/.bin')

/** The environment with the project's own tools, its Node among them, before the machine's. */
export const projectEnv = { ...process.env, PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` }

/** Lines of a failed program's output that are worth repeating. */
const TAIL = 12

/**
 * Runs a program, without a shell, to its end. Resolves with its standard output; rejects with the command, why it
 * ended and the last lines it wrote. With `timeout` (ms) the program gets a process group of its own and the whole
 * group is killed when time is up or when this process ends: a download often runs in a grandchild, which would
 * outlive its parent.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeout?: number }} [options]
 * @returns {Promise<string>}
 */
export function run(command, args, { cwd, env = projectEnv, timeout } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, detached: timeout !== undefined, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    let late = false
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text))
    const expire = () => {
      late = true
      killGroup(child.pid)
    }
    const timer = timeout === undefined ? undefined : setTimeout(expire, timeout)
    const release = timeout === undefined ? () => {} : killWithUs(child)
    const settle = () => {
      clearTimeout(timer)
      release()
    }
    child.on('error', (error) => {
      settle()
      reject(new Error(`${command} cannot be started: ${error.message}`))
    })
    child.on('close', (code, signal) => {
      settle()
      if (code === 0) return resolve(out)
      const why = late ? `took longer than ${(timeout ?? 0) / 1000} s` : signal ? `was ended by ${signal}` : `exited with ${code}`
      const tail = `${out}${err}`.trim().split('\n').slice(-TAIL).join('\n')
      reject(Object.assign(new Error(`${[command, ...args].join(' ')}\n${why}${tail && `:\n${tail}`}`), { late }))
    })
  })
}

/**
 * Makes sure that a detached child's group does not outlive this process. Returns what takes the watch off again.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void}
 */
export function killWithUs(child) {
  const end = () => killGroup(child.pid)
  /** @param {NodeJS.Signals} signal */
  const endBy = (signal) => {
    release()
    end()
    process.kill(process.pid, signal)
  }
  const release = () => {
    process.off('exit', end)
    for (const signal of SIGNALS) process.off(signal, endBy)
  }
  process.on('exit', end)
  for (const signal of SIGNALS) process.on(signal, endBy)
  return release
}

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * SIGKILL to a process group; nothing when it is gone already.
 * @param {number | undefined} pid
 */
export function killGroup(pid) {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
  }
}
