import { expect, test } from '@playwright/test'
import type { RunningApp } from './app.ts'
import { bringRequest, makePair, type Pair, said, sessionStates, unlock } from './pair.ts'
import { approvalReady, approve, openConversation, say, snapshot } from './person.ts'

let pair: Pair
test.beforeEach(async () => {
  pair = await makePair()
})
test.afterEach(() => pair.end())

const texts = async (app: RunningApp, peer: string, direction: 'ours' | 'theirs'): Promise<string[]> =>
  (await said(app, peer)).filter((message) => message.direction === direction).map((message) => message.text)

test('killed at any moment: an approval in its undo time is undecided, a session goes on, nothing is lost or comes twice', async () => {
  await bringRequest(pair)
  await test.step('in the three seconds of undo', () => killedWhileHeld(pair))
  await test.step('while talking', () => killedWhileTalking(pair))
})

const killedWhileTalking = async (pair: Pair): Promise<void> => {
  const { a, b } = pair
  const session = (await snapshot(pair.alice)).sessions[0]?.id
  const [fromAlice, fromBob]: [string[], string[]] = [[], []]
  const aliceSays = async (text: string): Promise<void> => {
    await say(pair.alice, text)
    await expect.poll(() => texts(pair.alice, b, 'ours')).toContain(text)
    fromAlice.push(text)
  }
  const bobSays = async (text: string): Promise<void> => {
    await say(pair.bob, text)
    await expect.poll(() => texts(pair.bob, a, 'ours')).toContain(text)
    fromBob.push(text)
  }
  const allArrived = async (): Promise<void> => {
    await expect.poll(() => texts(pair.bob, a, 'theirs'), { timeout: 40_000 }).toEqual(fromAlice)
    await expect.poll(() => texts(pair.alice, b, 'theirs'), { timeout: 40_000 }).toEqual(fromBob)
  }

  await aliceSays('alice, before')
  await bobSays('bob, before')
  await allArrived()

  // Written and killed at once: some of these are on the wire, some only in the database. Alice's app runs the relay too.
  for (const text of ['alice 1', 'alice 2', 'alice 3']) await aliceSays(text)
  await pair.alice.kill()
  await bobSays('bob, while alice is gone')
  await pair.start('alice')
  await unlock(pair.alice)
  expect((await snapshot(pair.alice)).sessions.map(({ id, state }) => [id, state])).toEqual([[session, 'open']])
  await allArrived()

  await openConversation(pair.alice, b)
  for (const text of ['bob 1', 'bob 2']) await bobSays(text)
  await pair.bob.kill()
  await aliceSays('alice, while bob is gone')
  await pair.start('bob')
  await unlock(pair.bob)
  expect((await snapshot(pair.bob)).sessions.map(({ id, state }) => [id, state])).toEqual([[session, 'open']])
  await allArrived()

  await openConversation(pair.bob, a)
  await bobSays('bob, after')
  await aliceSays('alice, after')
  await allArrived()
  // The window shows each of them once, and nothing of ours still waits.
  for (const text of fromAlice) await expect(pair.bob.main.getByText(text, { exact: true })).toHaveCount(1)
  for (const text of fromBob) await expect(pair.alice.main.getByText(text, { exact: true })).toHaveCount(1)
  for (const app of [pair.alice, pair.bob]) await expect.poll(async () => (await snapshot(app)).sessions[0]?.queued).toBe(0)
}

const killedWhileHeld = async (pair: Pair): Promise<void> => {
  await approvalReady(pair.bob, /Answer/)
  const approval = await pair.bob.approval()
  await approval.locator('[data-action=approve]').click()
  await approval.locator('[data-action=undo]').waitFor()
  const before = (await snapshot(pair.bob)).requests
  expect(before.map((request) => request.undoUntil !== null)).toEqual([true])
  // Alice goes as well: what Bob is asked again must not depend on hearing from her.
  await Promise.all([pair.bob.kill(), pair.alice.kill()])

  await pair.start('bob')
  await unlock(pair.bob)
  const after = await snapshot(pair.bob)
  expect(after.requests.map(({ id, sentence, undoUntil }) => ({ id, sentence, undoUntil }))).toEqual([
    { id: before[0]?.id, sentence: 'Answer alice and offer a session', undoUntil: null },
  ])
  expect(after.history).toEqual([])
  // It is brought up by itself after unlocking, and can be decided as if nothing had been.
  await approve(pair.bob, /Answer alice/)
  await expect
    .poll(async () => (await snapshot(pair.bob)).history.map(({ decision, by }) => `${decision} ${by}`), { timeout: 15_000 })
    .toEqual(['approve person'])

  await pair.start('alice')
  await unlock(pair.alice)
  await approve(pair.alice, /Open a session/)
  for (const app of [pair.alice, pair.bob]) await expect.poll(() => sessionStates(app), { timeout: 30_000 }).toEqual(['open'])
  await openConversation(pair.alice, pair.b)
  await openConversation(pair.bob, pair.a)
}
