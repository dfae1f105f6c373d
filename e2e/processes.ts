import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryHome } from './app.ts'
import { until } from './person.ts'

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}
export interface Running {
  readonly child: ChildProcess
  readonly events: Record<string, unknown>[]
  readonly ended: Promise<Ended>
  tell(command: object | string): void
  find(event: string, match?: Record<string, unknown>): Record<string, unknown> | undefined
}

/** The command as it is built, in processes of its own, each with a home in one temporary folder. */
export const processes = () => {
  const home = temporaryHome()
  const running: ChildProcess[] = []

  const file = (name: string, text: string | Uint8Array): string => {
    const path = join(home.path, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const secret = file('passphrase', 'a fine long passphrase\n')

  const start = (folder: string, ...args: string[]): Running => {
    const child = spawn('node', ['bin/countersign.js', ...args], {
      env: { ...process.env, COUNTERSIGN_HOME: join(home.path, folder) },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    running.push(child)
    const events: Record<string, unknown>[] = []
    let [out, err, rest] = ['', '', '']
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text
      rest += text
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.startsWith('{')) events.push(JSON.parse(line))
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
    const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, out, err })))
    return {
      child,
      events,
      ended,
      tell: (command) => void child.stdin?.write(typeof command === 'string' ? command : `${JSON.stringify(command)}\n`),
      find: (event, match = {}) => events.findLast((e) => e['event'] === event && Object.entries(match).every(([key, value]) => e[key] === value)),
    }
  }
  const run = async (folder: string, ...args: string[]): Promise<Ended> => {
    const process = start(folder, ...args)
    process.child.stdin?.end()
    return process.ended
  }
  return {
    home: home.path,
    /** A file beside the homes, and its path. */
    file,
    /** Path of the file with the passphrase of every profile. */
    secret,
    start,
    run,
    create: (folder: string, name: string) => run(folder, 'identity', 'create', '--name', name, '--passphrase-file', secret, '--json', '--quiet'),
    agent: async (folder: string, name: string, port: number, ...args: string[]): Promise<Running> => {
      const made = start(folder, 'agent', '--name', name, '--passphrase-file', secret, '--relay', `127.0.0.1:${port}`, '--json', ...args)
      await until(`${name} is ready`, async () => made.find('ready') !== undefined)
      return made
    },
    end: (): void => {
      for (const child of running) child.kill('SIGKILL')
      home.remove()
    },
  }
}
