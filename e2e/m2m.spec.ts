import { expect, test } from '@playwright/test'
import { screenshot, temporaryHome } from './app.ts'
import { type Actors, auditByAnybody, closeOnLedger, shakeHands, type Told, talkAndSend } from './ledger-story.ts'
import { makePair } from './pair.ts'

test('two windows agree on a session, talk, send a file, close, and anybody can check it', async () => {
  test.setTimeout(420_000)
  const pair = await makePair('m2m')
  const folder = temporaryHome()
  const told: Told = {
    fact: (text, holds) => expect(holds, text).toBe(true),
    shot: async (page, name) => void (await screenshot(page, `m2m-${name}`)),
  }
  const actors: Actors = { alice: pair.alice, bob: pair.bob, a: pair.a, b: pair.b, downloads: pair.homes.bob, folder: folder.path }
  try {
    await shakeHands(actors, told)
    await talkAndSend(actors, told)
    await closeOnLedger(actors, told)
    await auditByAnybody(actors, told)
  } finally {
    await pair.end()
    folder.remove()
  }
})
