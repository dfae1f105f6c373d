import { expect, test } from '@playwright/test'
import { screenshot } from './app.ts'
import { makePair, type Pair } from './pair.ts'
import { approvalReady, approve, choosePeer, reject, snapshot } from './person.ts'

let pair: Pair
test.beforeAll(async () => {
  pair = await makePair()
})
test.afterAll(() => pair.end())

test('what lets a peer begin without asking is approved by the owner first', async () => {
  const { alice, b } = pair
  const policyOf = async () => (await snapshot(alice)).peers.find((peer) => peer.id === b)?.policy.kind
  await choosePeer(alice, b)
  await alice.main.getByRole('radio', { name: 'Keep alive' }).click()
  await approvalReady(alice, /without asking you when it reconnects/)
  await screenshot(await alice.approval(), 'policy-approval')
  expect(await policyOf()).toBe('ask')
  await reject(alice)
  await expect.poll(async () => (await snapshot(alice)).requests.length).toBe(0)
  expect(await policyOf()).toBe('ask')

  await alice.main.getByRole('radio', { name: 'Keep alive' }).click()
  await approve(alice, /without asking you when it reconnects/)
  await expect.poll(policyOf, { timeout: 20_000 }).toBe('keep-alive')
  expect((await snapshot(alice)).history.map((entry) => [entry.step, entry.decision, entry.by])).toEqual([
    ['policy', 'approve', 'person'],
    ['policy', 'reject', 'person'],
  ])
  // Taking it back is stricter, and needs no approval.
  await alice.main.getByRole('radio', { name: 'Always ask' }).click()
  await expect.poll(policyOf).toBe('ask')
  await screenshot(alice.main, 'policy-history')
})
