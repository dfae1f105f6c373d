import { expect, it } from 'vitest'
import type { PeerId } from '../brand.ts'
import { createPresence, MOST_KNOCKS, MOST_PRESENT, ONLINE_MS } from './presence.ts'

const id = (n: number): PeerId => `p${n}` as PeerId

it('knows who is there, since when, and who is new again after a while', () => {
  const book = createPresence(() => undefined)
  expect(book.heard(id(1), 'a:1', 0)).toBe(true)
  expect(book.heard(id(1), 'a:2', ONLINE_MS)).toBe(false)
  expect(book.heard(id(1), 'a:2', 2 * ONLINE_MS + 1)).toBe(true)
  expect(book.get(id(1))).toMatchObject({ firstSeen: 0, lastSeen: 2 * ONLINE_MS + 1, address: 'a:2' })
  book.forget(id(1))
  expect(book.get(id(1))).toBeUndefined()
})

it('keeps the first name a peer claims, and none of one that is not there', () => {
  const book = createPresence(() => undefined)
  book.claim(id(1), 'nobody')
  expect(book.get(id(1))).toBeUndefined()
  book.heard(id(1), 'a:1', 0)
  book.claim(id(1), 'Bob')
  book.claim(id(1), 'Mallory')
  book.heard(id(1), 'a:2', 5)
  expect(book.get(id(1))?.claimed).toBe('Bob')
})

it('is bounded; who was silent longest gives way and is said to be gone, who speaks stays', () => {
  const gone: string[] = []
  const book = createPresence((what) => gone.push(what))
  book.heard(id(0), 'a', 0)
  for (let n = 1; n <= MOST_PRESENT + 500; n += 1) {
    book.heard(id(n), 'a', n)
    if (n % 100 === 0) book.heard(id(0), 'a', n)
  }
  expect(book.all().size).toBe(MOST_PRESENT)
  expect(book.get(id(0))).toBeDefined()
  expect(book.get(id(1))).toBeUndefined()
  expect(gone).toContain(`peer:${id(1)}`)
  expect(gone).not.toContain(`peer:${id(0)}`)
})

it('collapses knocks per peer, counts them, and keeps the newest of too many', () => {
  const book = createPresence(() => undefined)
  book.knock(id(1), 'meet', 1)
  expect(book.knock(id(1), 'reconnect', 5)).toEqual({ peer: id(1), kind: 'reconnect', count: 2, firstAt: 1, lastAt: 5 })
  expect(book.knocks()).toHaveLength(1)
  for (let n = 2; n < MOST_KNOCKS + 10; n += 1) book.knock(id(n), 'meet', n)
  expect(book.knocks()).toHaveLength(MOST_KNOCKS)
  expect(book.knockOf(id(MOST_KNOCKS + 9))).toBeDefined()
  expect(book.unknock(id(MOST_KNOCKS + 9))).toBe(true)
  expect(book.unknock(id(MOST_KNOCKS + 9))).toBe(false)
})
