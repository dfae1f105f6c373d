import { afterAll, describe, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import { createConnection } from './connection.ts'
import { bundledMigrations } from './migrations.ts'
import { openDatabase } from './open-database.ts'
import { createReplay } from './replay.ts'
import { createSealing } from './sealing.ts'
import { createSecNonces } from './sec-nonces.ts'
import { columnKey, hexKey, myId, removeTempFolders, tempFolder, testPorts } from './testing.fixture.ts'

afterAll(removeTempFolders)

const parts = () => {
  const ports = testPorts()
  const db = createConnection(openDatabase(ports, tempFolder(), myId, bundledMigrations))
  const sealing = createSealing(ports.random)
  sealing.unlock(columnKey())
  return { ports, db, sealing }
}
const codeOf = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    if (error instanceof AppFault) return error.code
    throw error
  }
}

describe('replay set at its limit', () => {
  it('forgets the stale and refuses the new rather than forget a fresh one', () => {
    const { ports, db, sealing } = parts()
    const replay = createReplay(db, sealing, ports.clock, { total: 4, perKey: 10 })
    replay.add(hexKey(1), 'stale', ports.now - 1)
    for (const nonce of ['a', 'b', 'c']) replay.add(hexKey(2), nonce, ports.now + 60_000)
    expect(replay.add(hexKey(3), 'd', ports.now + 60_000)).toBe(true)
    expect([replay.seen(hexKey(1), 'stale'), replay.count()]).toEqual([false, 4])
    expect(codeOf(() => replay.add(hexKey(4), 'e', ports.now + 60_000))).toBe('STATE')
    expect(['a', 'b', 'c'].map((nonce) => replay.seen(hexKey(2), nonce))).toEqual([true, true, true])
    ports.now += 60_001
    expect(replay.add(hexKey(4), 'e', ports.now + 60_000)).toBe(true)
    expect(replay.count()).toBe(1)
    db.close()
  })

  it('lets one key use up only its own share', () => {
    const { ports, db, sealing } = parts()
    const replay = createReplay(db, sealing, ports.clock, { total: 100, perKey: 3 })
    for (const nonce of ['a', 'b', 'c']) replay.add(hexKey(1), nonce, ports.now + 60_000)
    expect(codeOf(() => replay.add(hexKey(1), 'd', ports.now + 60_000))).toBe('STATE')
    expect(replay.add(hexKey(1), 'a', ports.now + 60_000)).toBe(false)
    expect(replay.add(hexKey(2), 'd', ports.now + 60_000)).toBe(true)
    db.close()
  })

  it('keeps fresh entries when the wall clock jumps ahead and back', () => {
    const { ports, db, sealing } = parts()
    const replay = createReplay(db, sealing, ports.clock)
    replay.add(hexKey(1), 'a', ports.now + 60_000)
    ports.now += 3_600_000
    replay.add(hexKey(1), 'b', ports.now + 60_000)
    ports.now -= 3_600_000
    expect(replay.seen(hexKey(1), 'a')).toBe(true)
    db.close()
  })
})

describe('sealed nonces at their limit', () => {
  it('ends the session rather than forget one', () => {
    const { db, sealing } = parts()
    const nonces = createSecNonces(db, sealing, 2)
    expect([nonces.addSec('s', '1', 9_000_000_000_000, 0), nonces.addSec('s', '2', 9_000_000_000_000, 0)]).toEqual([true, true])
    expect([
      codeOf(() => nonces.addSec('s', '3', 9_000_000_000_000, 0)),
      nonces.addSec('s', '2', 9_000_000_000_000, 0),
      nonces.addSec('other', '3', 9_000_000_000_000, 0),
    ]).toEqual(['STATE', false, true])
    expect(nonces.secSeen('s', '1')).toBe(true)
    db.close()
  })
})
