// @ts-check
/**
 * `npm test`: everything that must hold, in the order of what it costs. Goes on after a failure, so that one run
 * tells all; the last line is the sum, each check counted as one test.
 *
 *   node scripts/test.mjs [--only lint|unused|types|layers|build|unit|e2e [filter]]
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectEnv } from './child-process.mjs'
import { openDisplay } from './display.mjs'
import { prepareElectron } from './electron-runtime.mjs'
import { assertHeadless } from './headless-bundle.mjs'
import { ensureSystemPackages } from './system-packages.mjs'
import { inWords, ofCheck, ofPlaywright, ofVitest, sum } from './test-counts.mjs'

/** @typedef {import('./test-counts.mjs').Counts} Counts */

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const results = join(root, 'test-results')

/**
 * Runs one of the project's tools with its output as it comes; resolves with its exit code.
 * @param {string} tool
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<number>}
 */
const tool = (tool, args, env = {}) =>
  new Promise((done) => {
    const child = spawn(tool, args, { cwd: root, stdio: 'inherit', env: { ...projectEnv, ...env } })
    child.on('error', (error) => {
      console.error(`${tool} cannot be started: ${error.message}`)
      done(127)
    })
    child.on('close', (code) => done(code ?? 1))
  })

/**
 * @param {string} name
 * @returns {unknown} null when there is none
 */
const report = (name) => {
  try {
    return JSON.parse(readFileSync(join(results, name), 'utf8'))
  } catch {
    return null
  }
}

/** @type {Record<string, (filter: readonly string[]) => Promise<Counts>>} */
const steps = {
  lint: async () => ofCheck((await tool('biome', ['check', '--error-on-warnings', '.'])) === 0),
  unused: async () => ofCheck((await tool('knip', [])) === 0),
  types: async () => ofCheck((await tool('tsc', ['-b'])) === 0),
  layers: async () => ofCheck((await tool('node', ['scripts/layers.mjs'])) === 0),
  build: async () => {
    if ((await tool('electron-vite', ['build', '--logLevel', 'warn'])) !== 0) return sum([ofCheck(false), ofCheck(false)])
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    return sum([ofCheck(true), ofCheck(holds(() => assertHeadless(join(root, 'out/main/headless.js'), Object.keys(dependencies))))])
  },
  unit: async (filter) => {
    const [code] = await Promise.all([
      tool('vitest', ['run', ...filter, '--reporter=default', '--reporter=json', `--outputFile=${join(results, 'unit.json')}`]),
      // Costs 18 s the first time; whether it worked is asked again, and said, before the end-to-end tests.
      prepareElectron().catch(() => null),
    ])
    return ofVitest(report('unit.json'), code)
  },
  e2e: async (filter) => {
    const electron = await prepareElectron()
    console.log(electron.why)
    const display = await openDisplay()
    try {
      const code = await tool('playwright', ['test', ...filter], { ...electron.env, ...display.env })
      return ofPlaywright(report('e2e.json'), code)
    } finally {
      display.close()
    }
  },
}

/**
 * @param {() => void} check
 * @returns {boolean}
 */
function holds(check) {
  try {
    check()
    return true
  } catch (error) {
    console.error(/** @type {Error} */ (error).message)
    return false
  }
}

/**
 * @param {Error} error
 * @returns {Counts}
 */
function refused(error) {
  console.error(error.message)
  return ofCheck(false)
}

/**
 * The steps to run. End-to-end tests run the built app, so it is built for them.
 * @param {readonly string[]} args
 */
function chosen(args) {
  if (args.length === 0) return { names: Object.keys(steps), filter: [] }
  const [flag, name = '', ...filter] = args
  if (flag !== '--only' || !Object.hasOwn(steps, name)) throw new Error(`usage: node scripts/test.mjs [--only ${Object.keys(steps).join('|')} [filter]]`)
  return { names: name === 'e2e' ? ['build', 'e2e'] : [name], filter }
}

async function main() {
  const { names, filter } = chosen(process.argv.slice(2))
  ensureSystemPackages()
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  /** @type {Counts[]} */
  const all = []
  for (const name of names) {
    console.log(`\n── ${name}`)
    const started = performance.now()
    const step = steps[name]
    const counts = step === undefined ? ofCheck(false) : await step(filter).catch(refused)
    console.log(`── ${name}: ${inWords(counts)} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
    all.push(counts)
  }
  const total = sum(all)
  console.log(`\n${inWords(total)}`)
  process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)
}

main().catch((error) => {
  console.error(error.message)
  console.log(`\n${inWords(ofCheck(false))}`)
  process.exit(1)
})
