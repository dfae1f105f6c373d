import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import Database from 'better-sqlite3'
import { launch, type RunningApp, temporaryHome } from './app.ts'
import { type Actors, auditByAnybody, closeOnLedger, shakeHands, type Told, talkAndSend } from './ledger-story.ts'
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
  await shot(alice.main, `carol-peer-${round}`)
  await alice.main.getByRole('button', { name: button, exact: true }).click()
  await goTo(bob, 'Proposals')
  await until('carol at dave’s door', async () => (await snapshot(bob)).knocks.some((k) => k.peer === a))
  await shot(bob.main, `dave-proposals-${round}`)
  fact(`dave sees that carol asks (${(await snapshot(bob)).knocks.find((k) => k.peer === a)?.kind})`, true)
  await bob.main
    .getByRole('button', { name: /Answer/ })
    .first()
    .click()
  const prompt = await review(bob)
  await shot(prompt, `dave-approval-confirm-${round}`)
  const answered = await approve(bob, /Answer/, () => shot(prompt, `dave-approval-ready-${round}`))
  fact(`dave approved: “${answered}”`, answered.startsWith('Answer'))
  const other = await review(alice)
  await approvalReady(alice, /Open a session/)
  await shot(other, `carol-approval-request-${round}`)
  const opened = await approve(alice, /Open a session/)
  fact(`carol approved: “${opened}”`, opened.startsWith('Open a session'))
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
  await shot(prompt, `carol-approval-close-${round}`)
  const sentence = await approve(alice, /Close the session/)
  fact(`carol held the button: “${sentence}”`, sentence.startsWith('Close the session'))
  await until('both closed', async () => [(await sessionsOf(alice)).at(-1)?.state, (await sessionsOf(bob)).at(-1)?.state].every((s) => s === 'closed'))
  fact('both windows show it closed', true)
  // The references are kept on both sides; the last closes are on their way for three seconds more.
  await until('alice may reconnect', async () => (await snapshot(alice)).peers.some((p) => p.may.reconnect))
}

interface Stage {
  /** Starts an app; all are ended with the stage. */
  open(name: string, home: string, options?: { readonly hsOnly?: boolean }): Promise<RunningApp>
  readonly homes: { readonly alice: string; readonly bob: string; readonly elsewhere: string; readonly carol: string; readonly dave: string }
  readonly folder: string
  readonly port: number
}

const idOf = async (app: RunningApp): Promise<string> => (await snapshot(app)).app.profile?.myId ?? ''

const meet = async (one: RunningApp, other: RunningApp, names: readonly [string, string]): Promise<readonly [string, string]> => {
  await Promise.all([createIdentity(one, names[0]), createIdentity(other, names[1])])
  await Promise.all([skipBackup(one), skipBackup(other)])
  await until('both on the relay', async () => (await snapshot(one)).app.relay.state === 'connected' && (await snapshot(other)).app.relay.state === 'connected')
  return [await idOf(one), await idOf(other)]
}

/** Two wallets that keep ledgers, from the first start to a bundle that anybody can check. */
const ledgerStory = async (stage: Stage): Promise<Actors> => {
  tell('1. Two wallets start')
  const [alice, bob] = await Promise.all([stage.open('alice', stage.homes.alice), stage.open('bob', stage.homes.bob)])
  await shot(alice.main, 'onboarding')
  const [a, b] = await meet(alice, bob, ['alice', 'bob'])
  const [first, second] = [(await snapshot(alice)).app, (await snapshot(bob)).app]
  fact(`alice is ${a}, key words ${first.profile?.words.slice(0, 4).join(' · ')}`, a !== '')
  fact(`bob is ${b}, key words ${second.profile?.words.slice(0, 4).join(' · ')}`, b !== '' && b !== a)
  fact(`each has a ledger of its own: ${first.machine?.originId}, ${second.machine?.originId}`, first.machine?.rows === 0 && second.machine?.rows === 0)
  fact(
    `one of them runs the relay on port ${stage.port}, the other joined it`,
    first.relay.port === stage.port && second.relay.port === stage.port && first.relay.joined !== second.relay.joined,
  )
  const actors: Actors = { alice, bob, a, b, downloads: stage.homes.bob, folder: stage.folder }
  const told: Told = { fact, shot }
  tell('2. They agree on a session; each step is approved, and on both ledgers')
  await shakeHands(actors, told)
  fact('each has pinned the other’s key', (await snapshot(alice)).peers[0]?.trust === 'pinned' && (await snapshot(bob)).peers[0]?.trust === 'pinned')
  tell('3. They talk, and alice sends a file')
  await talkAndSend(actors, told)
  tell('4. They close')
  await closeOnLedger(actors, told)
  tell('5. Anybody checks it, from one file')
  await auditByAnybody(actors, told)
  return actors
}

/** A backup that is older than the ledger does not fork it: the peer is asked what it witnessed. */
const restoreStory = async (stage: Stage, { alice, bob, a, b, ...rest }: Actors): Promise<void> => {
  tell('6. Alice backs her identity up, writes on, and restores the older backup elsewhere')
  const before = (await snapshot(alice)).app
  await goTo(alice, 'Settings')
  await shot(alice.main, 'settings')
  await alice.main
    .getByRole('link', { name: 'Backup' })
    .or(alice.main.getByRole('button', { name: 'Backup', exact: true }))
    .or(alice.main.getByRole('tab', { name: 'Backup' }))
    .first()
    .click()
  const file = join(stage.homes.alice, 'alice.csbackup')
  await saveFile(alice, file)
  await alice.main.getByLabel('Your passphrase', { exact: true }).fill(passphrase)
  await alice.main.getByRole('button', { name: 'Write backup…' }).click()
  await until('the backup is proved', async () => (await snapshot(alice)).app.backup.verifiedAt !== null)
  await shot(alice.main, 'settings-backup')
  const { backup } = (await snapshot(alice)).app
  fact(`the backup was written, read back and opened: ${backup.fileName}`, backup.fileName === 'alice.csbackup')
  await shakeHands({ alice, bob, a, b, ...rest }, { fact, shot: () => Promise.resolve() })
  const rows = (await snapshot(alice)).app.machine?.rows ?? 0
  fact(`alice’s ledger has ${rows} rows, the backup ${before.machine?.rows}`, rows > (before.machine?.rows ?? 0))
  await alice.main.getByRole('button', { name: 'Lock' }).first().click()
  await until('alice is locked', async () => (await snapshot(alice)).app.stage === 'locked')
  await shot(alice.main, 'unlock')
  const locked = await snapshot(alice)
  fact('locked, her window knows no peer and no session any more', locked.peers.length === 0 && locked.sessions.length === 0)
  await alice.close()

  const restored = await stage.open('alice', stage.homes.elsewhere)
  await restored.main.getByText('Restore from a backup').click()
  await chooseFile(restored, file)
  await restored.main.getByRole('button', { name: /Choose file/ }).click()
  await restored.main.getByLabel('Passphrase of the backup').fill(passphrase)
  await restored.main.getByLabel(/Name/).first().fill('alice')
  await shot(restored.main, 'restore')
  await restored.main.getByRole('button', { name: 'Restore identity' }).click()
  await until('the identity is restored', async () => (await snapshot(restored)).app.stage === 'open')
  const back = (await snapshot(restored)).app
  fact(
    `restored elsewhere: the same id, key words and ledger (${back.profile?.words.slice(0, 2).join(' · ')})`,
    back.profile?.myId === a && back.profile.signPub === before.profile?.signPub && back.machine?.genesis === before.machine?.genesis,
  )
  await until('the ledger to be whole again', async () => (await snapshot(restored)).app.machine?.recovering === null, 90_000)
  const whole = (await snapshot(restored)).app.machine?.rows ?? 0
  fact(`bob gave back the rows he had witnessed: ${whole} rows again, and only then may anything be appended`, whole >= rows)
  await shakeHands({ alice: restored, bob, a, b, ...rest }, { fact, shot: () => Promise.resolve() })
  await goTo(bob, 'Audit')
  await bob.main.getByRole('button', { name: 'Another audit' }).click()
  await bob.main.getByRole('button', { name: 'Show evidence' }).first().click()
  await bob.main.getByText('Everything that can be checked holds.').first().waitFor({ timeout: 30_000 })
  fact('bob’s audit of all sessions holds: nothing was forked', true)
  await restored.main.emulateMedia({ colorScheme: 'dark' })
  await goTo(restored, 'Ledger')
  await shot(restored.main, 'ledger-dark')
}

/** Two wallets that speak the profile of the original agents, which have no ledger. */
const legacyStory = async (stage: Stage): Promise<void> => {
  tell('7. Two others speak the profile of the original agents')
  const [carol, dave] = await Promise.all([stage.open('carol', stage.homes.carol, { hsOnly: true }), stage.open('dave', stage.homes.dave, { hsOnly: true })])
  const [c, d] = await meet(carol, dave, ['carol', 'dave'])
  await openSession(carol, dave, c, d, 'Propose session', 1)
  await openConversation(carol, d)
  await openConversation(dave, c)
  await talk(carol, dave, 'carol', 'dave', 'Hello dave, this is carol.')
  await talk(dave, carol, 'dave', 'carol', 'Hello carol: ☃ at noon.')
  await shot(carol.main, 'carol-session')
  const [dc, dd] = [database(stage.homes.carol, 'carol'), database(stage.homes.dave, 'dave')]
  fact(`carol’s database: ${dc.threads.join(', ')}; ${dc.decisions} decision`, dc.ours === 1 && dc.theirs === 1 && dc.decisions === 1)
  fact(`dave’s database: ${dd.threads.join(', ')}; ${dd.decisions} decision`, dd.ours === 1 && dd.theirs === 1 && dd.decisions === 1)
  await closeSession(carol, dave, 1)
  const old = (await sessionsOf(carol))[0]?.id
  const again = await openSession(carol, dave, c, d, 'Reconnect', 2)
  fact('it is another session', again !== old)
  await openConversation(carol, d)
  await closeSession(carol, dave, 2)
  const machine = (await snapshot(carol)).app.machine
  fact(`carol’s own ledger keeps each step, with what dave signed: ${machine?.rows} rows`, (machine?.rows ?? 0) === 8)
  await goTo(dave, 'Proposals')
  await shot(dave.main, 'dave-history')
}

const story = async (): Promise<void> => {
  const made = {
    alice: temporaryHome(),
    bob: temporaryHome(),
    elsewhere: temporaryHome(),
    carol: temporaryHome(),
    dave: temporaryHome(),
    folder: temporaryHome(),
  }
  const port = await freePort()
  const apps: RunningApp[] = []
  const stage: Stage = {
    open: async (name, home, options) => {
      const env = { COUNTERSIGN_RELAY_PORT: String(port), COUNTERSIGN_DOWNLOADS: home }
      const app = await launch({ home, name, env, app: appFolder, args: options?.hsOnly ? ['--hs-only'] : [] })
      apps.push(app)
      return app
    },
    homes: { alice: made.alice.path, bob: made.bob.path, elsewhere: made.elsewhere.path, carol: made.carol.path, dave: made.dave.path },
    folder: made.folder.path,
    port,
  }
  try {
    const actors = await ledgerStory(stage)
    await restoreStory(stage, actors)
    for (const app of apps.splice(0)) await app.close().catch(() => {})
    await legacyStory(stage)
  } catch (error) {
    for (const [i, app] of apps.entries()) await app.main.screenshot({ path: join(output, `failed-${i}.png`), timeout: 5_000 }).catch(() => {})
    throw error
  } finally {
    for (const app of apps) await app.close().catch(() => {})
    for (const home of Object.values(made)) home.remove()
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
