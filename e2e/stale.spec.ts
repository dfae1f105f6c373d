import { expect, type Page, test } from '@playwright/test'
import { type RunningApp, screenshot } from './app.ts'
import { bringRequest, makePair, openSession, type Pair, shownHash } from './pair.ts'
import { approvalReady, snapshot } from './person.ts'

/** What was shown is what is done, or nothing is done. */
let pair: Pair
test.beforeEach(async () => {
  pair = await makePair()
  await bringRequest(pair)
})
test.afterEach(() => pair.end())

const undecided = async (app: RunningApp): Promise<void> => {
  const { requests, history, sessions } = await snapshot(app)
  expect([requests.map(({ undoUntil }) => undoUntil), history, sessions]).toEqual([[null], [], []])
}

const press = async (app: RunningApp, expected: RegExp): Promise<void> => {
  await approvalReady(app, expected)
  await (await app.approval()).locator('[data-action=approve]').click()
}

/** Something in main changes what the request is about: the name that the person gave the peer stands in every sentence. */
const rename = async ({ main }: RunningApp, peer: string, name: string): Promise<void> => {
  const answer = await main.evaluate(
    (args) => (window as unknown as { countersign: { invoke(name: string, args: object): Promise<{ ok: boolean }> } }).countersign.invoke('peer.name', args),
    { peer, name },
  )
  expect(answer.ok).toBe(true)
}

const changedState = async ({ a, bob }: Pair): Promise<void> => {
  const approval = await bob.approval()
  await approvalReady(bob, /Answer alice and offer/)
  const drawn = await shownHash(approval)
  await rename(bob, a, 'mallory')
  await approval.locator('[data-action=approve]').click()
  await expect(approval.locator('main')).toContainText('Answer mallory and offer')
  await expect(approval.locator('body')).toContainText('What was shown is no longer what would be done. Here is the request anew.')
  await expect(approval.locator('main')).not.toContainText('alice')
  expect(await shownHash(approval)).not.toBe(drawn)
  await undecided(bob)
  await screenshot(approval, 'stale-shown-anew')

  // Changed in the three seconds between the approval and its execution: what counts is the state at execution.
  await press(bob, /Answer mallory and offer/)
  await approval.locator('[data-action=undo]').waitFor()
  await rename(bob, a, 'trent')
  await expect(approval.locator('main')).toContainText('Answer trent and offer', { timeout: 10_000 })
  await expect(approval.locator('body')).toContainText('What was shown is no longer what would be done. Here is the request anew.')
  await undecided(bob)
  await screenshot(approval, 'stale-at-execution')
}

/** All that the request says, without the clock that runs in it. */
const said = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const copy = document.querySelector('main article')?.cloneNode(true)
    if (!(copy instanceof Element)) return ''
    for (const live of copy.querySelectorAll('[data-live=expiry]')) live.remove()
    return copy.textContent ?? ''
  })

/** Each changes the drawn document in another way; all leave it looking like a request that could be approved. */
const changes: Readonly<Record<string, (page: Page, pair: Pair) => Promise<void>>> = {
  'a text node of the sentence': (page) =>
    page.evaluate(() => {
      const node = document.querySelector('main h1')?.firstChild
      if (node) node.nodeValue = 'Answer trent and offer a session'
    }),
  'digits of the peer’s id': (page, pair) =>
    page.evaluate((id) => {
      const walker = document.createTreeWalker(document.querySelector('main') ?? document.body, NodeFilter.SHOW_TEXT)
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        if (node.nodeValue?.includes(id.slice(0, 4))) node.nodeValue = node.nodeValue.replace(id.slice(0, 4), '0000')
      }
    }, pair.a),
  'the label of the button': (page) =>
    page.evaluate(() => {
      const verb = document.querySelector('[data-action=approve] .verb')
      if (verb) verb.textContent = 'Read more'
    }),
  'the hash that is shown': (page) =>
    page.evaluate(() => {
      const walker = document.createTreeWalker(document.querySelector('[data-live=hash]') ?? document.body, NodeFilter.SHOW_TEXT)
      const node = walker.nextNode()
      if (node) node.nodeValue = '00000000'
    }),
  'a warning that is hidden': (page) =>
    page.evaluate(() => {
      const notice = document.querySelector<HTMLElement>('main .notice')
      if (notice) notice.hidden = true
    }),
  'a reassuring sentence that is added': (page) =>
    page.evaluate(() => {
      const line = document.createElement('p')
      line.textContent = 'Verified by Countersign.'
      document.querySelector('main article')?.append(line)
    }),
}

const changedDocument = async (pair: Pair): Promise<void> => {
  const { bob } = pair
  const approval = await bob.approval()
  const drawn = await shownHash(approval)
  const asDrawn = await said(approval)
  for (const [what, change] of Object.entries(changes)) {
    await test.step(what, async () => {
      await approvalReady(bob, /./)
      await change(approval, pair)
      expect(await approval.evaluate(() => document.querySelector('[data-action=approve]')?.getAttribute('data-phase'))).toBe('ready')
      await approval.locator('[data-action=approve]').click()
      await expect(approval.locator('[data-part=alert]')).toHaveText(
        'The window no longer showed what it was given, so nothing was decided. Here is the request anew.',
      )
      await expect(approval.locator('main h1')).toHaveText('Answer alice and offer a session')
      await expect(approval.locator('main .notice')).toBeVisible()
      await expect(approval.locator('main')).not.toContainText('Verified by Countersign.')
      expect(await shownHash(approval)).toBe(drawn)
      await undecided(bob)
    })
  }
  await screenshot(approval, 'stale-document')
  expect(await said(approval)).toBe(asDrawn)
}

test('what was changed after it was drawn is refused with the reason and shown anew, and that can be approved', async () => {
  await test.step('the document was changed', () => changedDocument(pair))
  await test.step('what it is about was changed', () => changedState(pair))
  const drawn = await shownHash(await pair.bob.approval())
  await openSession(pair)
  expect((await snapshot(pair.bob)).history.map(({ decision, by, viewHash }) => [decision, by, viewHash])).toEqual([['approve', 'person', drawn]])
})
