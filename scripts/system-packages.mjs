// @ts-check
/**
 * The Debian packages that building and running the real windows takes. All there: says nothing. As root: installs
 * what is missing. Otherwise: prints the one command that does, and exits 1.
 *
 *   node scripts/system-packages.mjs
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What is needed; where a package has another name in a newer Debian, both, the first one wanted first. */
export const needed = [
  ['gcc'],
  ['g++'],
  ['libgtk-3-0', 'libgtk-3-0t64'],
  ['libnss3'],
  ['libatk-bridge2.0-0', 'libatk-bridge2.0-0t64'],
  ['libcups2', 'libcups2t64'],
  ['libgbm1'],
  ['libasound2', 'libasound2t64'],
  ['fontconfig'],
  ['xvfb'],
  ['xauth'],
]

/**
 * The packages of `needed` of which none of the names is installed, by the wanted name.
 * @param {string} status lines `name status` of dpkg-query's ${Package} ${db:Status-Status}
 * @returns {string[]}
 */
export function missingFrom(status) {
  const installed = new Set(
    status
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return needed.filter((names) => !names.some((name) => installed.has(name))).map(([name]) => name ?? '')
}

/** The placeholders are those of dpkg-query, not of JavaScript. */
const FORMAT = `\${Package} \${db:Status-Status}\n`

/** @returns {string[]} */
function missing() {
  const query = spawnSync('dpkg-query', ['-W', '-f', FORMAT, ...needed.flat()], { encoding: 'utf8' })
  if (query.error) return []
  return missingFrom(query.stdout)
}

/** Installs or explains. Throws with the sentence for people when packages are missing and stay so. */
export function ensureSystemPackages() {
  if (process.platform !== 'linux') return
  const packages = missing()
  if (packages.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (process.getuid?.() !== 0) throw new Error(`Countersign's windows need system packages that are not installed. Run:\n  sudo ${command}`)

  console.error(`Installing system packages: ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  apt(['update', '-q'], env)
  apt(['install', '-y', '-q', '--no-install-recommends', ...packages], env)
  const left = missing()
  if (left.length > 0) throw new Error(`These system packages are still missing after ${command}: ${left.join(' ')}`)
}

/**
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function apt(args, env) {
  const run = spawnSync('apt-get', args, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (run.status === 0) return
  const why = run.error?.message ?? `${run.stdout}${run.stderr}`.trim().split('\n').slice(-8).join('\n')
  throw new Error(`apt-get ${args.join(' ')} failed:\n${why}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    ensureSystemPackages()
  } catch (error) {
    console.error(/** @type {Error} */ (error).message)
    process.exit(1)
  }
}
