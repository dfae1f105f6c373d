// @ts-check
/**
 * Which Electron do development, tests and the demo run in? The pinned one where its binary is here or can be had
 * within 20 s, else the fallback (electron-runtime/fallback.mjs), prepared once into node_modules/.cache.
 *
 *   node scripts/electron-runtime.mjs                    prepare; say which on stderr, its folder on stdout
 *   node scripts/electron-runtime.mjs -- command args    prepare, then run the command in the environment that uses it
 *
 * ELECTRON_RUNTIME=pinned waits for the pinned one as long as it takes and refuses anything else; =fallback takes
 * the fallback even where the pinned one is there. ELECTRON_OVERRIDE_DIST_PATH, when set already, is left alone.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fallbackPackage, prepareFallback } from './electron-runtime/fallback.mjs'
import { findPinned } from './electron-runtime/pinned.mjs'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const cache = join(root, 'node_modules/.cache/electron-runtime')

/**
 * @typedef {object} ElectronRuntime
 * @property {'pinned' | 'fallback' | 'given'} kind
 * @property {string} version
 * @property {string} dist folder with the executable
 * @property {string} why one line that says which runtime runs, and why
 * @property {Record<string, string>} env to be added to the environment of whatever starts Electron
 */

/**
 * Makes an Electron ready and says which. Later calls cost next to nothing. Throws with a sentence for people when
 * there is none.
 * @param {{ choice?: string | undefined }} [options] `choice`: as the environment's ELECTRON_RUNTIME
 * @returns {Promise<ElectronRuntime>}
 */
export async function prepareElectron({ choice = process.env['ELECTRON_RUNTIME'] } = {}) {
  if (choice !== undefined && choice !== '' && choice !== 'pinned' && choice !== 'fallback')
    throw new Error(`ELECTRON_RUNTIME is "${choice}": neither pinned nor fallback`)
  const given = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  if (given) return givenRuntime(given)

  const started = performance.now()
  let why = 'as ELECTRON_RUNTIME asks'
  if (choice !== 'fallback') {
    const pinned = await findPinned({ root, cache, insist: choice === 'pinned' })
    if ('dist' in pinned) return runtime('pinned', pinned.version, pinned.dist, 'the pinned version')
    if (choice === 'pinned') throw new Error(`The pinned Electron ${pinned.version} cannot be used: ${pinned.why}.`)
    why = `the pinned ${pinned.version} cannot run: ${pinned.why}`
  }
  const dist = await prepareFallback({ root, cache })
  const seconds = Math.round((performance.now() - started) / 1000)
  return runtime(
    'fallback',
    fallbackPackage.electron,
    dist,
    `fallback for development, tests and demo; ${why}${seconds > 0 ? `; prepared in ${seconds} s` : ''}`,
  )
}

/** @param {string} dist */
function givenRuntime(dist) {
  const file = join(dist, 'version')
  if (!existsSync(file)) throw new Error(`ELECTRON_OVERRIDE_DIST_PATH is ${dist}, which holds no Electron`)
  return runtime('given', readFileSync(file, 'utf8').trim(), dist, 'as ELECTRON_OVERRIDE_DIST_PATH asks')
}

/**
 * @param {ElectronRuntime['kind']} kind
 * @param {string} version
 * @param {string} dist
 * @param {string} why
 * @returns {ElectronRuntime}
 */
function runtime(kind, version, dist, why) {
  return { kind, version, dist, why: `Electron ${version} (${why})`, env: { ELECTRON_OVERRIDE_DIST_PATH: dist, ELECTRON_EXEC_PATH: join(dist, 'electron') } }
}

/** @param {readonly string[]} args */
async function main(args) {
  const dashes = args.indexOf('--')
  if (dashes > 0 || (dashes < 0 && args.length > 0)) throw new Error('usage: node scripts/electron-runtime.mjs [-- command [arguments]]')
  const electron = await prepareElectron()
  console.error(electron.why)
  const [command, ...rest] = args.slice(dashes + 1)
  if (dashes < 0 || command === undefined) return console.log(electron.dist)
  const child = spawn(command, rest, { stdio: 'inherit', env: { ...process.env, ...electron.env } })
  child.on('error', (error) => fail(`${command} cannot be started: ${error.message}`))
  child.on('close', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}

/** @param {string} text */
function fail(text) {
  console.error(text)
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2)).catch((error) => fail(error.message))
