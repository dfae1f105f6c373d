import { expect, type Page, test } from '@playwright/test'
import { launch, type RunningApp, temporaryHome } from './app.ts'
import { approve, choosePeer, createIdentity, freePort, goTo, openConversation, passphrase, skipBackup, snapshot } from './person.ts'

/** Two people with the app on one machine: own homes, one relay. The apps change when one is started again. */
export interface Pair {
  alice: RunningApp
  bob: RunningApp
  /** Ids of alice and bob. */
  readonly a: string
  readonly b: string
  readonly homes: { readonly alice: string; readonly bob: string }
  /** Starts the app of one of them (again) in the same home; it comes up locked. */
  start(who: 'alice' | 'bob'): Promise<RunningApp>
  /** Ends both apps, whatever state they are in, and removes their homes. */
  end(): Promise<void>
}

/** Starts both apps, makes an identity in each, and waits until each sees the other on the relay. `hs`: they speak the original agents' profile. */
export const makePair = async (profile: 'hs' | 'm2m' = 'hs'): Promise<Pair> => {
  const homes = { alice: temporaryHome(), bob: temporaryHome() }
  const env = { COUNTERSIGN_RELAY_PORT: String(await freePort()) }
  const started: RunningApp[] = []
  const begin = async (who: 'alice' | 'bob'): Promise<RunningApp> => {
    const app = await launch({
      home: homes[who].path,
      name: who,
      env: { ...env, COUNTERSIGN_DOWNLOADS: homes[who].path },
      args: profile === 'hs' ? ['--hs-only'] : [],
    })
    started.push(app)
    return app
  }
  const end = async (): Promise<void> => {
    await endAll(started)
    for (const home of Object.values(homes)) home.remove()
  }
  try {
    const [alice, bob] = await Promise.all([begin('alice'), begin('bob')])
    await Promise.all([createIdentity(alice, 'alice'), createIdentity(bob, 'bob')])
    await Promise.all([skipBackup(alice), skipBackup(bob)])
    const [a, b] = [await ownId(alice), await ownId(bob)]
    const sees = (app: RunningApp, id: string) => async () => (await snapshot(app)).peers.some((peer) => peer.id === id)
    await expect.poll(sees(alice, b), { timeout: 30_000 }).toBe(true)
    await expect.poll(sees(bob, a), { timeout: 30_000 }).toBe(true)
    const pair: Pair = {
      alice,
      bob,
      a,
      b,
      homes: { alice: homes.alice.path, bob: homes.bob.path },
      start: async (who) => {
        pair[who] = await begin(who)
        return pair[who]
      },
      end,
    }
    return pair
  } catch (error) {
    await end()
    throw error
  }
}

/** Ends apps, some of which may be gone already. When the test failed, pictures of their windows are kept beside its report. */
export const endAll = async (apps: readonly RunningApp[]): Promise<void> => {
  const failed = test.info().errors.length > 0
  for (const [n, app] of apps.entries()) {
    if (failed) {
      for (const window of app.electron.windows()) {
        const path = test.info().outputPath(`app-${n + 1}-${new URL(window.url()).host}.png`)
        await window.screenshot({ path, timeout: 5_000 }).catch(() => {})
      }
    }
    await app.kill()
  }
}

export const ownId = async (app: RunningApp): Promise<string> => (await snapshot(app)).app.profile?.myId ?? ''

/** Alice proposes a session, Bob answers: his approval window is open with the request, nothing decided. */
export const bringRequest = async ({ alice, bob, a, b }: Pair): Promise<void> => {
  await choosePeer(alice, b)
  await alice.main.getByRole('button', { name: 'Propose session' }).click()
  await goTo(bob, 'Proposals')
  await expect.poll(async () => (await snapshot(bob)).knocks.some((knock) => knock.peer === a), { timeout: 30_000 }).toBe(true)
  await bob.main
    .getByRole('button', { name: /Answer/ })
    .first()
    .click()
  await (await bob.approval()).locator('[data-action=approve]').waitFor()
}

/** From the drawn request to an open session, with both conversations on screen. */
export const openSession = async (pair: Pair): Promise<void> => {
  await approve(pair.bob, /Answer/)
  await approve(pair.alice, /Open a session/)
  for (const app of [pair.alice, pair.bob]) await expect.poll(() => sessionStates(app), { timeout: 30_000 }).toEqual(['open'])
  await openConversation(pair.alice, pair.b)
  await openConversation(pair.bob, pair.a)
}

export const sessionStates = async (app: RunningApp): Promise<string[]> => (await snapshot(app)).sessions.map((session) => session.state)

/** The core's stage; `reloading` while the document starts anew and cannot be asked. */
export const stageOf = (app: RunningApp): Promise<string> =>
  snapshot(app).then(
    ({ app: { stage } }) => stage,
    () => 'reloading',
  )

/** Types the passphrase into the unlock page and waits until the wallet is open. */
export const unlock = async (app: RunningApp, words: string = passphrase): Promise<void> => {
  await app.main.getByLabel('Passphrase', { exact: true }).fill(words)
  await app.main.getByRole('button', { name: 'Unlock' }).click()
  await expect.poll(() => stageOf(app), { timeout: 30_000 }).toBe('open')
}

/** What was said with a peer, oldest first, as the core has it. */
export const said = ({ main }: RunningApp, peer: string): Promise<{ direction: string; text: string; state: string }[]> =>
  main.evaluate(async (id) => {
    type Answer = { ok: boolean; value?: { messages: { direction: string; text: string; state: string }[] } }
    const { countersign } = window as unknown as { countersign: { invoke(name: string, args: object): Promise<Answer> } }
    const answer = await countersign.invoke('session.messages', { peer: id, before: null })
    return (answer.value?.messages ?? []).map(({ direction, text, state }) => ({ direction, text, state }))
  }, peer)

/** The hash under "You approve" in a drawn request: what a decision is bound to. */
export const shownHash = async (approval: Page): Promise<string> => {
  const digits = ((await approval.locator('[data-live=hash]').textContent()) ?? '').replace(/\s/g, '')
  expect(digits).toMatch(/^[0-9a-f]{64}$/)
  return digits
}
