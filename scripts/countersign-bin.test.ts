import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const repository = resolve(import.meta.dirname, '..')
/** Says what runs it, then does what its first argument says. */
const program = `
  console.log(JSON.stringify({ napi: process.versions.napi, args: process.argv.slice(2), pid: process.pid, child: process.env.FAKE_OLD === undefined }))
  const [what, value] = process.argv.slice(2)
  if (what === 'exit') process.exitCode = Number(value)
  if (what === 'wait') { process.on('SIGTERM', () => { require('fs').writeFileSync(value, 'clean'); process.exit(0) }); setInterval(() => {}, 1000) }
`
/** Makes a process believe it is an old Node, but not the one it starts. */
const fakeOld = `if (process.env.FAKE_OLD) { Object.defineProperty(process, 'versions', { value: { ...process.versions, napi: '9' } }); delete process.env.FAKE_OLD; delete process.env.NODE_OPTIONS }`

let folder = ''
const started: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-bin-'))
  mkdirSync(join(folder, 'bin'))
  copyFileSync(join(repository, 'bin/countersign.js'), join(folder, 'bin/countersign.js'))
  writeFileSync(join(folder, 'old.cjs'), fakeOld)
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const put = (file: string, text: string): void => {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}
const ownNode = (): void => {
  mkdirSync(join(folder, `node_modules/node-${process.platform}-${process.arch}/bin`), { recursive: true })
  symlinkSync(process.execPath, join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`))
}
const start = (args: readonly string[], old: boolean) => {
  const env = { ...process.env, ...(old ? { FAKE_OLD: '1', NODE_OPTIONS: `--require ${join(folder, 'old.cjs')}` } : {}) }
  const child = spawn(process.execPath, [join(folder, 'bin/countersign.js'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (text) => (said.out += text))
  child.stderr.on('data', (text) => (said.err += text))
  const ended = new Promise<number | NodeJS.Signals | null>((done) => child.on('close', (code, signal) => done(signal ?? code)))
  return { child, said, ended }
}

test.each([false, true])('gives the program its arguments and its exit code back (too old a Node: %s)', async (old) => {
  put('out/main/headless.js', program)
  ownNode()
  const { said, ended } = start(['exit', '3', '--name', 'a b'], old)
  expect(await ended).toBe(3)
  expect(JSON.parse(said.out)).toMatchObject({ napi: process.versions.napi, args: ['exit', '3', '--name', 'a b'] })
})

test('without a Node that will do it says so', async () => {
  put('out/main/headless.js', program)
  const { said, ended } = start(['exit', '0'], true)
  expect(await ended).toBe(70)
  expect(said.err).toMatch(/^countersign: INTERNAL: Node .* is too old .* Install Node 22[.]14 or newer[.]\n$/)
})

test('a signal reaches the program, which ends cleanly', async () => {
  put('out/main/headless.js', program)
  ownNode()
  const { child, said, ended } = start(['wait', join(folder, 'ended')], true)
  await vi.waitUntil(() => said.out.includes('\n'), { timeout: 20_000 })
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(readFileSync(join(folder, 'ended'), 'utf8')).toBe('clean')
})

test('killed outright, it takes the program with it', async () => {
  put('out/main/headless.js', program)
  ownNode()
  const { child, said, ended } = start(['wait', join(folder, 'ended')], true)
  await vi.waitUntil(() => said.out.includes('\n'), { timeout: 20_000 })
  child.kill('SIGKILL')
  await vi.waitUntil(() => existsSync(join(folder, 'ended')), { timeout: 20_000 })
  await ended
})

test('a checkout that is not built is built once, also by two calls at once', async () => {
  put(
    'node_modules/electron-vite/bin/electron-vite.js',
    `const fs = require('fs'); fs.appendFileSync('builds', 'x'); fs.mkdirSync('out/main', { recursive: true }); fs.writeFileSync('out/main/headless.js.part', ${JSON.stringify(program)}); fs.renameSync('out/main/headless.js.part', 'out/main/headless.js')`,
  )
  const calls = [start(['exit', '0'], false), start(['exit', '0'], false)]
  expect(await Promise.all(calls.map(({ ended }) => ended))).toEqual([0, 0])
  expect(readFileSync(join(folder, 'builds'), 'utf8')).toBe('x')
  expect(calls.map(({ said }) => said.err).join('')).toBe('countersign: building\n')
})

test('a build that fails says why and leaves no lock behind', async () => {
  put('node_modules/electron-vite/bin/electron-vite.js', "console.error('no such file: x.ts'); process.exit(1)")
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { said, ended } = start(['exit', '0'], false)
    expect(await ended).toBe(70)
    expect(said.err).toContain('the build failed\nno such file: x.ts')
  }
})

test('where nothing can be built it says what to do', async () => {
  const { said, ended } = start([], false)
  expect(await ended).toBe(70)
  expect(said.err).toContain('npm install && npm run build')
})
