import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import Database from 'better-sqlite3'
import { launch, type RunningApp, temporaryHome } from './app.ts'
import {
  approvalReady,
  approve,
  chooseFile,
  choosePeer,
  createIdentity,
  freePort,
  goTo,
  openConversation,
  passphrase,
  review,
  saveFile,
  say,
  skipBackup,
  snapshot,
  until,
} from './person.ts'

// The demo: two wallets in real windows, every decision by pointer. What it tells is read from the windows and from
// both databases, and a step that did not happen ends it with exit code 1.

const output = process.env['COUNTERSIGN_DEMO_OUTPUT'] ?? join(process.cwd(), 'demo-output')
const appFolder = process.env['COUNTERSIGN_DEMO_APP'] ?? process.cwd()
const transcript: string[] = []
const started = Date.now()
let checks = 0
let shots = 0

const tell = (line: string): void => {
  transcript.push(line)
  console.log(line)
}
/** A fact that must hold; the first that does not ends the demo. */
const fact = (text: string, holds: boolean): void => {
  if (!holds) throw new Error(`this did not happen: ${text}`)
  checks += 1
  tell(`  ✓ ${text}`)
}
const shot = async (page: Page, name: string): Promise<void> => {
  shots += 1
  await page.screenshot({ path: join(output, `${String(shots).padStart(2, '0')}-${name}.png`) })
}

/** What is in the clear of a profile's database; names, ids and messages are sealed in it. */
const database = (home: string, name: string) => {
  const db = new Database(join(home, name, 'countersign.db'), { readonly: true, fileMustExist: true })
  try {
    const one = (sql: string): number => Number((db.prepare(sql).get() as { n: number }).n)
    return {
      threads: (
        db.prepare('SELECT role, state, exchange_count AS rounds FROM role_state ORDER BY role').all() as { role: string; state: string; rounds: number }[]
      ).map((t) => `${t.role} ${t.state}`),
      decisions: one('SELECT count(*) AS n FROM decision'),
      ours: one("SELECT count(*) AS n FROM message WHERE direction = 'ours'"),
      theirs: one("SELECT count(*) AS n FROM message WHERE direction = 'theirs'"),
      sessions: one('SELECT count(*) AS n FROM session'),
      outbox: one('SELECT count(*) AS n FROM outbox'),
    }
  } finally {
    db.close()
  }
}

const sessionsOf = async (app: RunningApp) => (await snapshot(app)).sessions

/** Proposes (or reconnects) as alice, answers as bob, and decides both prompts. */
const openSession = async (
  alice: RunningApp,
  bob: RunningApp,
  a: string,
  b: string,
  button: 'Propose session' | 'Reconnect',
  round: number,
): Promise<string> => {
  const before = (await sessionsOf(alice)).length
  await choosePeer(alice, b)
  await shot(alice.main, `alice-peer-${round}`)
  await alice.main.getByRole('button', { name: button, exact: true }).click()
  await goTo(bob, 'Proposals')
  await until('alice at bob’s door', async () => (await snapshot(bob)).knocks.some((k) => k.peer === a))
  await shot(bob.main, `bob-proposals-${round}`)
  fact(`bob sees that alice asks (${(await snapshot(bob)).knocks.find((k) => k.peer === a)?.kind})`, true)
  await bob.main
    .getByRole('button', { name: /Answer/ })
    .first()
    .click()
  const prompt = await review(bob)
  await shot(prompt, `bob-approval-confirm-${round}`)
  const answered = await approve(bob, /Answer/, () => shot(prompt, `bob-approval-ready-${round}`))
  fact(`bob approved: “${answered}”`, answered.startsWith('Answer'))
  const other = await review(alice)
  await approvalReady(alice, /Open a session/)
  await shot(other, `alice-approval-request-${round}`)
  const opened = await approve(alice, /Open a session/)
  fact(`alice approved: “${opened}”`, opened.startsWith('Open a session'))
  await until('both sessions open', async () => {
    const [x, y] = [await sessionsOf(alice), await sessionsOf(bob)]
    return x.length === before + 1 && y.length === before + 1 && x.at(-1)?.state === 'open' && y.at(-1)?.state === 'open'
  })
  const [x, y] = [(await sessionsOf(alice)).at(-1), (await sessionsOf(bob)).at(-1)]
  fact(`both windows show session ${x?.id.slice(0, 8)}… open`, x?.id === y?.id && x !== undefined)
  fact(`both hold the same key, fingerprint ${x?.fingerprint}`, x?.fingerprint === y?.fingerprint && /^[0-9a-f]{8}$/.test(x?.fingerprint ?? ''))
  return x?.id ?? ''
}

const talk = async (from: RunningApp, to: RunningApp, fromName: string, toName: string, text: string): Promise<void> => {
  await say(from, text)
  await to.main.getByText(text, { exact: true }).first().waitFor({ timeout: 30_000 })
  fact(`${fromName} wrote “${text}”; ${toName}’s window shows it`, true)
}

const closeSession = async (alice: RunningApp, bob: RunningApp, round: number): Promise<void> => {
  await alice.main.getByRole('button', { name: 'Close session…' }).click()
  const prompt = await review(alice)
  await approvalReady(alice, /Close the session/)
  await shot(prompt, `alice-approval-close-${round}`)
  const sentence = await approve(alice, /Close the session/)
  fact(`alice held the button: “${sentence}”`, sentence.startsWith('Close the session'))
  await until('both closed', async () => [(await sessionsOf(alice)).at(-1)?.state, (await sessionsOf(bob)).at(-1)?.state].every((s) => s === 'closed'))
  fact('both windows show it closed', true)
  // The references are kept on both sides; the last closes are on their way for three seconds more.
  await until('alice may reconnect', async () => (await snapshot(alice)).peers.some((p) => p.may.reconnect))
}

const story = async (): Promise<void> => {
  const homes = { alice: temporaryHome(), bob: temporaryHome(), elsewhere: temporaryHome() }
  const port = await freePort()
  const env = { COUNTERSIGN_RELAY_PORT: String(port) }
  const apps: RunningApp[] = []
  const open = async (name: string, home: string): Promise<RunningApp> => {
    const app = await launch({ home, name, env, app: appFolder })
    apps.push(app)
    return app
  }
  try {
    tell('1. Two wallets start')
    const [alice, bob] = await Promise.all([open('alice', homes.alice.path), open('bob', homes.bob.path)])
    await shot(alice.main, 'onboarding')
    await Promise.all([createIdentity(alice, 'alice'), createIdentity(bob, 'bob')])
    await shot(alice.main, 'backup-offer')
    await Promise.all([skipBackup(alice), skipBackup(bob)])
    await until(
      'both on the relay',
      async () => (await snapshot(alice)).app.relay.state === 'connected' && (await snapshot(bob)).app.relay.state === 'connected',
    )
    const [first, second] = [(await snapshot(alice)).app, (await snapshot(bob)).app]
    const [a, b] = [first.profile?.myId ?? '', second.profile?.myId ?? '']
    fact(`alice is ${a}, key words ${first.profile?.words.slice(0, 4).join(' · ')}`, a !== '')
    fact(`bob is ${b}, key words ${second.profile?.words.slice(0, 4).join(' · ')}`, b !== '' && b !== a)
    fact(
      `one of them runs the relay on port ${port}, the other joined it`,
      first.relay.port === port && second.relay.port === port && first.relay.joined !== second.relay.joined,
    )

    tell('2. They meet, and each step is approved')
    await openSession(alice, bob, a, b, 'Propose session', 1)
    fact('each has pinned the other’s key', (await snapshot(alice)).peers[0]?.trust === 'pinned' && (await snapshot(bob)).peers[0]?.trust === 'pinned')

    tell('3. They talk')
    await openConversation(alice, b)
    await openConversation(bob, a)
    await talk(alice, bob, 'alice', 'bob', 'Hello bob, this is alice.')
    await talk(bob, alice, 'bob', 'alice', 'Hello alice. The words matched.')
    await talk(alice, bob, 'alice', 'bob', 'Then we are agreed: ☃ at noon.')
    await shot(alice.main, 'alice-session')
    await shot(bob.main, 'bob-session')
    const [da, db] = [database(homes.alice.path, 'alice'), database(homes.bob.path, 'bob')]
    fact(
      `alice’s database: ${da.threads.join(', ')}; ${da.ours} messages out, ${da.theirs} in, ${da.decisions} decision`,
      da.ours === 2 && da.theirs === 1 && da.decisions === 1,
    )
    fact(
      `bob’s database: ${db.threads.join(', ')}; ${db.ours} message out, ${db.theirs} in, ${db.decisions} decision`,
      db.ours === 1 && db.theirs === 2 && db.decisions === 1,
    )

    tell('4. They close, and open again')
    await closeSession(alice, bob, 1)
    await shot(alice.main, 'alice-session-closed')
    const old = (await sessionsOf(alice))[0]?.id
    const again = await openSession(alice, bob, a, b, 'Reconnect', 2)
    fact('it is another session', again !== old)
    await openConversation(alice, b)
    await openConversation(bob, a)
    await talk(alice, bob, 'alice', 'bob', 'Back again.')
    await talk(bob, alice, 'bob', 'alice', 'Welcome back.')
    await closeSession(alice, bob, 2)
    await goTo(bob, 'Proposals')
    await shot(bob.main, 'bob-history')
    const [ea, eb] = [database(homes.alice.path, 'alice'), database(homes.bob.path, 'bob')]
    fact(
      `alice’s database: ${ea.sessions} sessions, ${ea.decisions} decisions, nothing left to send`,
      ea.sessions === 2 && ea.decisions === 4 && ea.outbox === 0,
    )
    fact(`bob’s database: ${eb.sessions} sessions, ${eb.decisions} decisions, nothing left to send`, eb.sessions === 2 && eb.decisions === 2 && eb.outbox === 0)

    tell('5. Alice backs her identity up, and restores it elsewhere')
    await goTo(alice, 'Settings')
    await shot(alice.main, 'settings')
    await alice.main
      .getByRole('link', { name: 'Backup' })
      .or(alice.main.getByRole('button', { name: 'Backup', exact: true }))
      .or(alice.main.getByRole('tab', { name: 'Backup' }))
      .first()
      .click()
    const file = join(homes.alice.path, 'alice.csbackup')
    await saveFile(alice, file)
    await alice.main.getByLabel('Your passphrase', { exact: true }).fill(passphrase)
    await alice.main.getByRole('button', { name: 'Write backup…' }).click()
    await until('the backup is proved', async () => (await snapshot(alice)).app.backup.verifiedAt !== null)
    await shot(alice.main, 'settings-backup')
    fact(
      `the backup was written, read back and opened: ${(await snapshot(alice)).app.backup.fileName}`,
      (await snapshot(alice)).app.backup.fileName === 'alice.csbackup',
    )
    await alice.main.getByRole('button', { name: 'Lock' }).first().click()
    await until('alice is locked', async () => (await snapshot(alice)).app.stage === 'locked')
    await shot(alice.main, 'unlock')
    const locked = await snapshot(alice)
    fact('locked, her window knows no peer and no session any more', locked.peers.length === 0 && locked.sessions.length === 0)
    await alice.close()

    const restored = await open('alice', homes.elsewhere.path)
    await restored.main.getByText('Restore from a backup').click()
    await chooseFile(restored, file)
    await restored.main.getByRole('button', { name: /Choose file/ }).click()
    await restored.main.getByLabel('Passphrase of the backup').fill(passphrase)
    await restored.main.getByLabel(/Name/).first().fill('alice')
    await shot(restored.main, 'restore')
    await restored.main.getByRole('button', { name: 'Restore identity' }).click()
    await until('the identity is restored', async () => (await snapshot(restored)).app.stage === 'open')
    const back = await snapshot(restored)
    fact(
      `restored elsewhere: the same id and key words (${back.app.profile?.words.slice(0, 2).join(' · ')})`,
      back.app.profile?.myId === a && back.app.profile.signPub === first.profile?.signPub,
    )
    fact(`with bob’s pin and ${back.history.length} decisions`, back.peers.find((p) => p.id === b)?.trust === 'pinned' && back.history.length === 4)
    await until('the restored wallet sees bob', async () => (await snapshot(restored)).peers.some((p) => p.id === b && p.online))
    await openSession(restored, bob, a, b, 'Reconnect', 3)
    fact('bob takes it for the same alice: no key changed', (await snapshot(bob)).peers.find((p) => p.id === a)?.trust === 'pinned')
    await restored.main.emulateMedia({ colorScheme: 'dark' })
    await goTo(restored, 'Peers')
    await shot(restored.main, 'peers-dark')
  } catch (error) {
    for (const [i, app] of apps.entries()) await app.main.screenshot({ path: join(output, `failed-${i}.png`), timeout: 5_000 }).catch(() => {})
    throw error
  } finally {
    for (const app of apps) await app.close().catch(() => {})
    for (const home of Object.values(homes)) home.remove()
  }
}

rmSync(output, { recursive: true, force: true })
mkdirSync(output, { recursive: true })
try {
  await story()
  tell('')
  tell(`Done: ${checks} facts hold, ${shots} pictures in demo-output, ${Math.round((Date.now() - started) / 1000)} s.`)
} catch (error) {
  tell('')
  tell(`Failed after ${checks} facts: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
  process.exitCode = 1
} finally {
  writeFileSync(join(output, 'transcript.txt'), `${transcript.join('\n')}\n`)
}
