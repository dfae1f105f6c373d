/** Countersign without a window, driven the way a person at a terminal would: bin/countersign.js and its JSON lines. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alive, until } from './ground.mjs'

const START_SECONDS = 60
/** Deriving a key takes about a second; on a busy machine much longer. */
const COMMAND_SECONDS = 90

/** @typedef {{ event: string, [name: string]: unknown }} Event */
/** @typedef {{ name: string, my_id: string, sign_pub_b64: string, kx_pub_b64: string }} Shown */
/**
 * @typedef {object} Run
 * @property {import('./ground.mjs').Child} child
 * @property {(name: string, match?: Record<string, unknown>) => Event[]} events those of this name whose fields match
 * @property {(command: Record<string, unknown>) => void} tell
 * @property {(handler: (event: Event) => void) => void} onEvent
 * @property {() => readonly string[]} unreadable lines on standard output that are not one JSON object with an event
 */
/**
 * @typedef {object} Wallet
 * @property {string} name
 * @property {Shown} shown
 * @property {() => Promise<void>} create
 * @property {(file: string, passphrase: string) => Promise<void>} importFrom
 * @property {(file: string, passphrase: string) => Promise<void>} exportTo
 * @property {(port: number, flags: readonly string[]) => Promise<Run>} start
 */

/**
 * @param {string} bin path of the command under test
 */
export function openCountersign(bin) {
  /**
   * @param {import('./ground.mjs').Ground} ground
   * @param {string} name
   * @param {readonly string[]} args
   * @param {NodeJS.ProcessEnv} env
   * @returns {Run}
   */
  const run = (ground, name, args, env) => {
    /** @type {Event[]} */
    const events = []
    /** @type {string[]} */
    const unreadable = []
    /** @type {((event: Event) => void)[]} */
    const handlers = []
    const child = ground.start(name, process.execPath, [bin, ...args], {
      env,
      onLine(line) {
        const event = parse(line)
        if (!event) return void (line.trim() && unreadable.push(line))
        events.push(event)
        for (const handler of handlers) handler(event)
      },
    })
    return {
      child,
      events: (wanted, match = {}) => events.filter((event) => event.event === wanted && Object.entries(match).every(([key, value]) => event[key] === value)),
      tell: (command) => child.write(JSON.stringify(command)),
      onEvent: (handler) => void handlers.push(handler),
      unreadable: () => unreadable,
    }
  }

  return {
    /**
     * The embedded relay alone.
     * @param {import('./ground.mjs').Ground} ground
     * @param {number} port
     */
    async startRelay(ground, port) {
      const relay = run(ground, 'countersign relay', ['relay', '--host', '127.0.0.1', '--port', String(port), '--json'], {
        ...process.env,
        COUNTERSIGN_HOME: join(ground.folder, 'home-relay'),
      })
      await until('our relay is ready', START_SECONDS, () => alive(relay.child) && relay.events('ready').length > 0)
      return relay.child
    },
    /**
     * A profile in a home folder of its own.
     * @param {import('./ground.mjs').Ground} ground
     * @param {string} name
     * @returns {Wallet}
     */
    wallet(ground, name) {
      const home = join(ground.folder, `home-${name}`)
      mkdirSync(home)
      const env = { ...process.env, COUNTERSIGN_HOME: home }
      const passphraseFile = join(home, '..', `${name}.passphrase`)
      writeFileSync(passphraseFile, `interop passphrase of ${name}`, { mode: 0o600 })
      const own = ['--name', name, '--passphrase-file', passphraseFile]
      /** @param {readonly string[]} args */
      const command = async (...args) => {
        const child = ground.start(`countersign ${args.join(' ')}`, process.execPath, [bin, ...args], { env })
        await until(`countersign ${args.slice(0, 2).join(' ')} ends`, COMMAND_SECONDS, () => child.code() !== undefined)
        if (child.code() !== 0) throw new Error(`countersign ${args.join(' ')} exited with ${child.code()}:\n${child.text().trim()}`)
        return child.text()
      }
      /** @param {string} passphrase */
      const foreign = (passphrase) => {
        const file = `${passphraseFile}.foreign`
        writeFileSync(file, passphrase, { mode: 0o600 })
        return file
      }
      const show = async () => {
        const text = await command('identity', 'show', '--name', name, '--json')
        const found = text
          .split('\n')
          .map(parseObject)
          .find((object) => object && typeof object['sign_pub_b64'] === 'string')
        if (!found) throw new Error(`countersign identity show --json printed no sign_pub_b64:\n${text}`)
        wallet.shown = /** @type {Shown} */ (/** @type {unknown} */ (found))
      }
      /** @type {Wallet} */
      const wallet = {
        name,
        shown: { name, my_id: '', sign_pub_b64: '', kx_pub_b64: '' },
        async create() {
          await command('identity', 'create', ...own, '--json')
          await show()
        },
        async importFrom(file, passphrase) {
          await command('identity', 'import', ...own, '--import-passphrase-file', foreign(passphrase), '--file', file, '--json')
          await show()
        },
        async exportTo(file, passphrase) {
          await command('identity', 'export', ...own, '--export-passphrase-file', foreign(passphrase), '--file', file, '--json')
        },
        async start(port, flags) {
          const agent = run(ground, `countersign ${name}`, ['agent', ...own, '--relay', `127.0.0.1:${port}`, '--hs-only', ...flags, '--json'], env)
          await until(`countersign ${name} is ready`, START_SECONDS, () => alive(agent.child) && agent.events('ready').length > 0)
          return agent
        },
      }
      return wallet
    },
  }
}
/** @typedef {ReturnType<typeof openCountersign>} Countersign */

/** @param {string} line */
function parseObject(line) {
  try {
    const value = JSON.parse(line)
    return value && typeof value === 'object' ? /** @type {Record<string, unknown>} */ (value) : null
  } catch {
    return null
  }
}

/**
 * @param {string} line
 * @returns {Event | null}
 */
function parse(line) {
  const object = parseObject(line)
  return object && typeof object['event'] === 'string' ? /** @type {Event} */ (object) : null
}
