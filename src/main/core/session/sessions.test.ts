import { afterEach, beforeEach, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import { expectTalk, heard, openHonestSession } from '../hs/puppet.fixture.ts'
import { openWorld, type Side, type World } from '../world.fixture.ts'
import { LONGEST_MESSAGE, MOST_QUEUED } from './sessions.ts'

let world: World
let alice: Side
let bob: Side
let session: string

beforeEach(() => {
  world = openWorld('sessions')
  ;[alice, bob] = world.sides
  session = openHonestSession(world)
})
afterEach(() => world.close())

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppFault) return error.code
    throw error
  }
  return 'nothing thrown'
}
const end = (): void => {
  alice.profile.close(session)
  alice.approveAll()
  world.calm(15_000)
}

it('says the same on both sides: id, key, steps, and what this protocol cannot show', () => {
  const [a, b] = [alice.profile.session(session), bob.profile.session(session)]
  expect(a).toMatchObject({ role: 'initiator', state: 'open', may: { send: true, close: true } })
  expect(b).toMatchObject({ id: a?.id, fingerprint: a?.fingerprint, role: 'responder', state: 'open' })
  expect(a?.fingerprint).toMatch(/^[0-9a-f]{8}$/)
  expect(a?.checks).toEqual(b?.checks)
  expect(a?.checks.filter((c) => !c.holds).map((c) => c.text)).toEqual([
    'Sender id is signed by its protocol',
    'Fresh keys for this session',
    'Evidence on their own ledger',
  ])
  end()
  const [after, other] = [alice.profile.session(session), bob.profile.session(session)]
  expect(after?.steps.map((s) => [s.name, s.by, s.at !== null])).toEqual([
    ['Confirm', 'them', true],
    ['Request', 'us', true],
    ['Conclude', 'us', true],
    ['Close', 'us', true],
  ])
  expect(other?.steps.map((s) => [s.name, s.by, s.at !== null])).toEqual([
    ['Confirm', 'us', true],
    ['Request', 'them', true],
    ['Conclude', 'them', true],
    ['Close', 'them', true],
  ])
})

it('carries texts in order, one a round, whatever is in them', () => {
  const texts = ['first', '', 'null', '{"a": 1}', '☃ 𝒳', '\u0000\u001b[31m', '\u202eabc', ' ', '1e5', 'x'.repeat(LONGEST_MESSAGE)].filter((t) => t !== '')
  for (const text of texts) {
    alice.profile.send(session, text)
    bob.profile.send(session, text)
  }
  expect(alice.profile.session(session)?.queued).toBeGreaterThan(5)
  for (let i = 0; i < 40 && heard(bob, alice).length < texts.length; i += 1) world.calm(5_000)
  world.calm(5_000)
  expect(heard(bob, alice)).toEqual(texts)
  expect(heard(alice, bob)).toEqual(texts)
  expect(alice.profile.session(session)).toMatchObject({ sent: texts.length, received: texts.length, queued: 0 })
})

it('refuses what cannot be carried, and keeps nothing of it', () => {
  expect(codeOf(() => alice.profile.send(session, 'x'.repeat(LONGEST_MESSAGE + 1)))).toBe('BAD_ARGUMENT')
  expect(codeOf(() => alice.profile.send(session, 'half \ud800'))).toBe('BAD_ARGUMENT')
  expect(codeOf(() => alice.profile.send('no such session', 'x'))).toBe('NOT_FOUND')
  expect(alice.profile.messages(bob.self.id, null).messages.filter((m) => m.direction === 'ours')).toEqual([])
  alice.connect(false)
  for (let i = 0; i <= MOST_QUEUED; i += 1) alice.profile.send(session, `text ${i}`)
  expect(codeOf(() => alice.profile.send(session, 'one too many'))).toBe('STATE')
})

it.each(['x', '\u0001', '☃', '"', '\\', '𝒳'])('the longest text of %j that is taken fits a line and arrives; a longer one is refused', (unit) => {
  let [most, tooMany] = [1, LONGEST_MESSAGE + 1]
  // Nobody answers meanwhile: what is taken is only queued, up to the limit of what may wait.
  alice.connect(false)
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2)
    const code = codeOf(() => alice.profile.send(session, unit.repeat(middle)))
    expect(['nothing thrown', 'BAD_ARGUMENT']).toContain(code)
    if (code === 'nothing thrown') most = middle
    else tooMany = middle
  }
  expect(most).toBeGreaterThan(1_000)
  alice.connect(true)
  for (let i = 0; i < 60 && !heard(bob, alice).includes(unit.repeat(most)); i += 1) world.calm(5_000)
  expect(heard(bob, alice).includes(unit.repeat(most))).toBe(true)
})

it('that is over can be read and not written', () => {
  expectTalk(world, session)
  const before = alice.profile.messages(bob.self.id, null).messages.length
  end()
  expect([alice.profile.session(session)?.state, bob.profile.session(session)?.state]).toEqual(['closed', 'closed'])
  for (const side of world.sides) expect(codeOf(() => side.profile.send(session, 'late'))).toBe('STATE')
  expect(alice.profile.messages(bob.self.id, null).messages.length).toBeGreaterThanOrEqual(before)
  expect(alice.profile.session(session)?.may).toEqual({ send: false, sendFile: false, close: false, handover: false })
  alice.restart()
  expect(alice.profile.session(session)).toMatchObject({ state: 'closed', endedAt: expect.any(Number), reason: expect.stringContaining('references') })
})

it('a text that was on its way when the session ended is not shown as answered', () => {
  world.calm(3_000)
  bob.connect(false)
  alice.profile.send(session, 'into the void')
  world.calm(10_000)
  alice.profile.close(session)
  alice.approveAll()
  world.calm(10 * 60_000)
  expect(alice.profile.session(session)).toMatchObject({ state: 'ended', reason: 'The peer did not answer. Ended on our side.' })
  const [text] = alice.profile.messages(bob.self.id, null).messages.filter((m) => m.direction === 'ours')
  expect(text?.state).not.toBe('done')
  expect(heard(bob, alice)).toEqual([])
})

it('goes on after a restart of either side with the key it had', () => {
  const { fingerprint } = alice.profile.session(session) ?? {}
  alice.restart()
  expectTalk(world, session)
  bob.restart()
  expectTalk(world, session)
  expect(alice.profile.session(session)?.fingerprint).toBe(fingerprint)
})

it('pages through many messages, newest first page, none twice', () => {
  for (let i = 0; i < 150; i += 1) {
    alice.store.messages.add({ session, peer: bob.self.id, direction: 'theirs', seq: i, at: i, text: `old ${i}`, state: 'done' })
    alice.store.messages.add({ session, peer: bob.self.id, direction: 'ours', seq: i, at: i, text: `own ${i}`, state: 'done' })
  }
  const all: number[] = []
  let before: number | null = null
  for (;;) {
    const page = alice.profile.messages(bob.self.id, before)
    all.unshift(...page.messages.map((m) => m.id))
    before = page.messages[0]?.id ?? null
    if (!page.more) break
  }
  expect(new Set(all).size).toBe(all.length)
  expect(all.length).toBeGreaterThanOrEqual(301)
  expect([...all].sort((x, y) => x - y)).toEqual(all)
})
