import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { launch, type RunningApp, screenshot, temporaryHome } from './app.ts'
import { endAll, ownId, stageOf } from './pair.ts'
import { createIdentity, freePort, passphrase, skipBackup, snapshot } from './person.ts'

const home = temporaryHome()
const apps: RunningApp[] = []
let env: Record<string, string>
let alice: RunningApp
test.beforeAll(async () => {
  env = { COUNTERSIGN_RELAY_PORT: String(await freePort()) }
  alice = await launch({ home: home.path, name: 'alice', env })
  apps.push(alice)
  await createIdentity(alice, 'alice')
  await skipBackup(alice)
})
test.afterAll(async () => {
  await endAll(apps)
  home.remove()
})

/** Starts a program to its end, or until it has said what is waited for (it may then show a dialog and wait for a hand). */
const runs = (command: string, args: readonly string[], until?: RegExp): Promise<{ code: number | null; text: string }> =>
  new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: process.cwd(), env: { ...process.env, ...env, COUNTERSIGN_HOME: home.path }, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    const take = (chunk: string): void => {
      text += chunk
      if (until?.test(text)) child.kill('SIGKILL')
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.on('error', failed)
    child.on('close', (code) => done({ code, text }))
  })
const electron = process.env['ELECTRON_EXEC_PATH'] ?? 'electron'
const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []

test('a second window app for the same profile is refused with the reason, and the first goes on', async () => {
  const second = await runs(electron, [...asRoot, '.', '--name', 'alice'])
  expect(second.code).toBe(4)
  expect(second.text).toContain('IN_USE: Countersign is open already for alice.')
  expect(await stageOf(alice)).toBe('open')
})

test('started without a name, where the only profile is in use, it says so and does not open', async () => {
  const second = await runs(electron, [...asRoot, '.'], /countersign: IN_USE/)
  expect(second.text).toContain('countersign: IN_USE: Another running Countersign has this profile open.')
  expect(await stageOf(alice)).toBe('open')
})

test('the command on the same profile is refused with the reason and exit code 4', async () => {
  const file = join(home.path, 'passphrase')
  writeFileSync(file, `${passphrase}\n`, { mode: 0o600 })
  const second = await runs('node', ['bin/countersign.js', 'agent', '--name', 'alice', '--passphrase-file', file])
  expect(second.text).toContain('IN_USE')
  expect(second.code).toBe(4)
  expect(await stageOf(alice)).toBe('open')
})

test('another profile beside it is fine, and its picker refuses the one in use with the reason', async () => {
  const bob = await launch({ home: home.path, name: 'bob', env })
  apps.push(bob)
  // Nobody of that name is here yet: it is to be made. The others are one step back.
  await bob.main.getByRole('button', { name: 'Back' }).click()
  await expect(bob.main.getByRole('button', { name: /^alice/ })).toBeVisible()
  await bob.main.getByRole('button', { name: /Another identity/ }).click()
  await createIdentity(bob, 'bob')
  await skipBackup(bob)
  expect(await ownId(bob)).not.toBe(await ownId(alice))
  await expect.poll(async () => (await snapshot(alice)).peers.length, { timeout: 30_000 }).toBe(1)
  await bob.main.getByRole('button', { name: 'Lock', exact: true }).click()
  await bob.main.getByRole('button', { name: 'Switch identity' }).click()
  await bob.main.getByRole('button', { name: /^alice/ }).click()
  await expect(bob.main.locator('[role=alert][data-code=IN_USE]')).toContainText('Another running Countersign has this profile open.')
  await screenshot(bob.main, 'second-in-use')
  await bob.main.getByRole('button', { name: /^bob/ }).click()
  await expect.poll(() => stageOf(bob)).toBe('locked')
  expect(await stageOf(alice)).toBe('open')
})
