import Database from 'better-sqlite3'
import { expect, it, vi } from 'vitest'
import { createConnection } from './store/connection.ts'
import { createWork } from './work.ts'

const opened = () => {
  const db = createConnection(new Database(':memory:'))
  db.run('CREATE TABLE kept (what TEXT)')
  const publish = vi.fn()
  const work = createWork({ transaction: db.transaction, store: () => 1, publish })
  const kept = () => db.all('SELECT what FROM kept').map((row) => (row as { what: string }).what)
  return { work, publish, kept, keep: (what: string) => void db.run('INSERT INTO kept (what) VALUES (?)', what) }
}

it('a step whose error is swallowed on the way takes the whole with it: nothing is half done', () => {
  const { work, publish, kept, keep } = opened()
  const [forget, after] = [vi.fn(), vi.fn()]
  work.onRollback(forget)
  const whole = () =>
    work.run(() => {
      keep('first')
      work.touch('app')
      work.after(after)
      try {
        work.run(() => {
          keep('half')
          throw new RangeError('cannot go on')
        })
      } catch {
        // As somebody might who hears of it and goes on.
      }
      keep('last')
    })
  expect(whole).toThrow('cannot go on')
  expect([kept(), publish.mock.calls, after.mock.calls.length, forget.mock.calls.length]).toEqual([[], [], 0, 1])
})

it('a nested step joins: one commit, one telling, and what follows runs after it', () => {
  const { work, publish, kept, keep } = opened()
  const order: string[] = []
  work.run(() => {
    work.after(() => order.push(`after ${kept().join()}`))
    keep('a')
    work.run(() => keep('b'))
    work.touch('app')
    order.push('done')
  })
  expect(order).toEqual(['done', 'after a,b'])
  expect(publish.mock.calls).toEqual([[[], new Set(['app'])]])
})

it('one follower that fails keeps no other from its turn, and the caller hears of it', () => {
  const { work, kept, keep } = opened()
  const last = vi.fn()
  const whole = () =>
    work.run(() => {
      keep('a')
      work.after(() => {
        throw new RangeError('follower')
      })
      work.after(last)
    })
  expect(whole).toThrow('follower')
  expect([kept(), last.mock.calls.length]).toEqual([['a'], 1])
})
