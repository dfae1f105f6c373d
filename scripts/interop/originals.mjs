/** The original system, unmodified, from checkouts outside this repository: its relay, its agents, their databases. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { alive, until } from './ground.mjs'

const PROBE = fileURLToPath(new URL('./probe.py', import.meta.url))
const START_SECONDS = 30

/**
 * A row of the original's role_state, see docs/protocol.md.
 * @typedef {{ self_id: string, role: 'initiator' | 'responder', peer_id: string, state: string | null, local_reference: string | null, peer_reference: string | null, peer_sign_pub: string | null, peer_kx_pub: string | null, hs_derived_at: string | null, last_secure_at: string | null, exchange_count: number }} RoleRow
 */
/**
 * @typedef {object} Agent
 * @property {string} name
 * @property {string} id
 * @property {string} folder where agent.py, its identity and its database are
 * @property {string} database
 * @property {() => string[]} log lines of every run, the dumps of whole messages left out
 * @property {(pattern: RegExp | string) => number} logged how many of these lines contain it
 * @property {(role: 'initiator' | 'responder', peer: string) => RoleRow | undefined} row
 * @property {(kxPubBase64: string) => Promise<{ my_id: string, kx_pub_b64: string, sign_pub_b64: string, prefix: string, fingerprint: string }>} key
 * @property {() => Promise<void>} start
 * @property {() => Promise<number | null>} stop
 * @property {() => boolean} alive
 */

/**
 * Checks the checkouts and Python. The message of what it throws says what to install.
 * @param {string} folder holds summoner-core and summoner-agents
 * @param {string} python
 */
export async function openOriginals(folder, python) {
  const core = join(folder, 'summoner-core')
  const agentSource = join(folder, 'summoner-agents', 'agents', 'agent_HSAgent_1')
  for (const [path, repository] of /** @type {const} */ ([
    [join(core, 'summoner', 'server'), 'summoner-core'],
    [join(agentSource, 'agent.py'), 'summoner-agents'],
  ])) {
    if (!existsSync(path)) throw new Error(`${path} is missing: ${folder} must hold a checkout of https://github.com/Summoner-Network/${repository}`)
  }
  // No byte code into the checkouts: they stay as they were cloned.
  const env = {
    ...process.env,
    PYTHONPATH: [core, process.env['PYTHONPATH']].filter(Boolean).join(delimiter),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUTF8: '1',
  }
  /** @param {readonly string[]} args */
  const probe = async (...args) => JSON.parse((await promisify(execFile)(python, [PROBE, ...args], { env })).stdout)
  /** @type {string[]} */
  let missing
  try {
    missing = await probe('modules')
  } catch (error) {
    throw new Error(`${python} does not run (${/** @type {Error} */ (error).message.split('\n')[0]}): install Python 3.9 or newer, or name one in PYTHON`)
  }
  if (missing.length > 0) {
    throw new Error(
      `${python} lacks ${missing.join(', ')}: ${python} -m pip install ${missing.map((name) => `'${name}'`).join(' ')} (Debian: apt-get install python3-aiosqlite python3-cryptography), or name a Python that has them in PYTHON`,
    )
  }

  return {
    /**
     * The Python relay.
     * @param {import('./ground.mjs').Ground} ground
     * @param {number} port
     */
    async startRelay(ground, port) {
      const child = ground.start('python relay', python, [PROBE, 'relay', core, '127.0.0.1', String(port)], { env })
      await until('the Python relay listens', START_SECONDS, () => alive(child) && child.text().includes('Python server listening'))
      return child
    },
    /**
     * A copy of agent_HSAgent_1 in its own folder (it writes its identity and database beside agent.py); not started.
     * @param {import('./ground.mjs').Ground} ground
     * @param {string} name also its passphrase: my_id_pw_NAME
     * @param {number} port
     * @param {string} [files] a folder whose files (an exported identity and database) go beside agent.py first
     * @returns {Agent}
     */
    agent(ground, name, port, files) {
      const home = mkdtempSync(join(ground.folder, `original-${name}-`))
      cpSync(agentSource, home, { recursive: true })
      if (files) cpSync(files, home, { recursive: true })
      writeFileSync(
        join(home, 'interop.json'),
        JSON.stringify({ host: '127.0.0.1', port, logger: { log_level: 'INFO', enable_console_log: true, enable_file_log: false } }),
      )
      /** @type {import('./ground.mjs').Child[]} */
      const runs = []
      let watched = false
      /** @type {Record<string, { roles: RoleRow[] } | null>} */
      let snapshot = {}
      /** @type {Agent} */
      const agent = {
        name,
        id: '',
        folder: home,
        database: '',
        log: () => runs.flatMap((run) => run.text().split('\n')).filter((line) => !line.includes('[recv][hook]') && !line.includes('[send][hook]')),
        logged: (pattern) => agent.log().filter((line) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line))).length,
        row: (role, peer) => snapshot[agent.database]?.roles.find((row) => row.role === role && row.peer_id === peer),
        key: (kxPub) => probe('key', home, name, kxPub),
        alive: () => runs.length > 0 && runs.at(-1)?.code() === undefined,
        async start() {
          const child = ground.start(`original ${name}`, python, ['agent.py', '--name', name, '--config', 'interop.json'], { cwd: home, env })
          runs.push(child)
          await until(`original ${name} connects`, START_SECONDS, () => alive(child) && child.text().includes('Connected to server'))
          const databases = readdirSync(home).filter((file) => /^HSAgent-.*\.db$/.test(file))
          if (databases.length !== 1 || !databases[0]) throw new Error(`original ${name} has ${databases.length} databases: ${databases.join(' ')}`)
          agent.id = databases[0].slice('HSAgent-'.length, -'.db'.length)
          agent.database = join(home, databases[0])
          if (!watched) ground.start(`database of ${name}`, python, [PROBE, 'watch', agent.database], { env, onLine: (line) => (snapshot = JSON.parse(line)) })
          watched = true
          await until(`the database of ${name} is read`, START_SECONDS, () => snapshot[agent.database])
        },
        stop: async () => (await runs.at(-1)?.stop()) ?? null,
      }
      return agent
    },
  }
}
/** @typedef {Awaited<ReturnType<typeof openOriginals>>} Originals */
