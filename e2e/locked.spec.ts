import { expect, type Page, test } from '@playwright/test'
import { type RunningApp, screenshot } from './app.ts'
import { bringRequest, makePair, openSession, type Pair, shownHash, stageOf, unlock } from './pair.ts'
import { approvalReady, goTo, snapshot } from './person.ts'

let pair: Pair
test.beforeEach(async () => {
  pair = await makePair()
})
test.afterEach(() => pair.end())

type Answer = { ok: boolean; value?: { approval: unknown; selfName: string }; error?: { code: string } }

const ask = (approval: Page, name: string, args: object): Promise<Answer> =>
  approval.evaluate(
    ([channel, given]) =>
      (window as unknown as { countersignApproval: { invoke(name: string, args: object): Promise<Answer> } }).countersignApproval.invoke(channel, given),
    [name, args] as const,
  )

/** All that V8 still holds of a document after a collection: strings of every kind, whatever refers to them. */
const heap = async (app: RunningApp, page: Page): Promise<string> => {
  const session = await app.electron.context().newCDPSession(page)
  let text = ''
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    text += chunk
  })
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  return text
}

/** What a document keeps where it outlives the document: storages of the browser. */
const stored = (page: Page): Promise<string> =>
  page.evaluate(async () =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases(), window.name, history.state]),
  )

test('a locked wallet shows nothing, approves nothing and keeps nothing in the window, and has it all again when unlocked', async () => {
  await bringRequest(pair)
  await test.step('a request waits', () => requestWaits(pair))
  await test.step('a session is open', () => sessionIsOpen(pair))
})

const requestWaits = async ({ a, bob }: Pair): Promise<void> => {
  await approvalReady(bob, /Answer alice/)
  const approval = await bob.approval()
  const [request] = (await snapshot(bob)).requests
  const viewHash = await shownHash(approval)
  const decide = { requestId: request?.id ?? '', viewHash, decision: 'approve', scope: 'step', uncompared: false, reason: null }

  await bob.main.getByRole('button', { name: 'Lock', exact: true }).click()
  await expect.poll(() => stageOf(bob)).toBe('locked')
  await expect(bob.main.getByText('1 request waits')).toBeVisible()

  // A hand on the approval window is there, and the lock alone stands in the way.
  await expect
    .poll(async () => {
      await approval.mouse.click(280, 400)
      return (await ask(approval, 'approval.decide', decide)).error?.code
    })
    .toBe('LOCKED')
  expect(await ask(approval, 'approval.current', {})).toEqual({ ok: true, value: { approval: null, selfName: 'bob' } })
  await approval.mouse.click(280, 400)
  expect((await ask(approval, 'approval.move', { by: 1 })).error?.code).toBe('LOCKED')
  await expect(approval.locator('[data-action=approve], [data-action=reject]')).toHaveCount(0)
  for (const page of [bob.main, approval]) {
    const text = `${await page.content()} ${await page.locator('body').innerText()}`
    for (const secret of [a, a.slice(0, 8), 'alice', 'Answer']) expect(text).not.toContain(secret)
  }
  const locked = await snapshot(bob)
  expect({ ...locked, app: null }).toEqual({
    seq: locked.seq,
    app: null,
    peers: [],
    requests: [],
    knocks: [],
    history: [],
    sessions: [],
    handshakes: [],
    files: [],
    notices: [],
  })
  expect(locked.app.waiting).toBe(1)
  await screenshot(bob.main, 'locked')
  // Nothing to look at: the approval window puts itself away.
  await expect.poll(() => bob.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().filter((window) => window.isVisible()).length)).toBe(1)

  await unlock(bob)
  const after = await snapshot(bob)
  expect(after.requests.map(({ id, undoUntil }) => [id, undoUntil])).toEqual([[request?.id, null]])
  expect(after.history).toEqual([])
}

const sessionIsOpen = async (pair: Pair): Promise<void> => {
  const { a, bob } = pair
  await openSession(pair)
  const secret = 'a sentence nobody else should read'
  await pair.alice.main.getByRole('textbox', { name: /Write to/ }).fill(secret)
  await pair.alice.main.getByRole('button', { name: 'Send' }).click()
  await expect(bob.main.getByText(secret)).toBeVisible({ timeout: 20_000 })
  await bob.main.getByRole('textbox', { name: /Write to/ }).fill('a draft of bob')
  for (const page of ['Peers', 'Proposals', 'Sessions'] as const) await goTo(bob, page)
  const approval = await bob.approval()
  const [peer] = (await snapshot(bob)).peers
  const secrets = [a, peer?.signPub ?? a, secret, 'a draft of bob']
  // That the search can find them is part of the proof.
  const open = await heap(bob, bob.main)
  for (const each of secrets) expect(open.includes(each)).toBe(true)

  await bob.main.getByRole('button', { name: 'Lock', exact: true }).click()
  await expect.poll(() => stageOf(bob)).toBe('locked')
  await expect(bob.main.getByRole('button', { name: 'Unlock' })).toBeVisible()
  for (const page of [bob.main, approval]) {
    const dom = await page.content()
    const kept = await stored(page)
    const left = await heap(bob, page)
    for (const each of secrets) expect([dom.includes(each), kept.includes(each), left.includes(each)]).toEqual([false, false, false])
  }
}
