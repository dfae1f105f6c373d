import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createSealing } from './sealing.ts'
import { columnKey, faultOf, testPorts } from './testing.fixture.ts'

const Value = z.strictObject({ text: z.string(), parts: z.array(z.strictObject({ n: z.int() })) })
const value = (text: string) => ({ text, parts: [{ n: 1 }] })

const unlocked = () => {
  const sealing = createSealing(testPorts().random)
  sealing.unlock(columnKey())
  return sealing
}

describe('what was opened before', () => {
  it('is the same value for the same bytes in the same place, and frozen', () => {
    const sealing = unlocked()
    const sealed = sealing.seal('chain.state', [1, 'own'], value('one'))
    const first = sealing.recall('chain.state', [1, 'own'], sealed, Value)
    expect(first).toEqual(value('one'))
    expect(sealing.recall('chain.state', [1, 'own'], Uint8Array.from(sealed), Value)).toBe(first)
    expect(Object.isFrozen(first) && Object.isFrozen(first.parts[0])).toBe(true)
  })

  it('says nothing of other bytes, of another place, or of another column', () => {
    const sealing = unlocked()
    const [one, two] = [sealing.seal('chain.state', [1], value('one')), sealing.seal('chain.state', [1], value('two'))]
    expect(sealing.recall('chain.state', [1], one, Value).text).toBe('one')
    expect(sealing.recall('chain.state', [1], two, Value).text).toBe('two')
    // As after a rollback: the older bytes are there again.
    expect(sealing.recall('chain.state', [1], one, Value).text).toBe('one')
    expect(faultOf(() => sealing.recall('chain.state', [2], one, Value)).code).toBe('CORRUPT')
    expect(faultOf(() => sealing.recall('chain.sealed', [1], one, Value)).code).toBe('CORRUPT')
    for (let i = 0; i < one.length; i += 1) {
      const changed = Uint8Array.from(one, (byte, at) => (at === i ? byte ^ 1 : byte))
      expect([i, faultOf(() => sealing.recall('chain.state', [1], changed, Value)).code]).toEqual([i, 'CORRUPT'])
    }
    expect(faultOf(() => sealing.recall('chain.state', [1], null, Value)).code).toBe('CORRUPT')
  })

  it('is known of what was just sealed, as it would be opened', () => {
    const sealing = unlocked()
    const given = value('one')
    const sealed = sealing.sealKnown('chain.state', [1], given)
    const known = sealing.recall('chain.state', [1], sealed, Value)
    expect(known).toEqual(sealing.open('chain.state', [1], sealed, Value))
    given.parts[0] = { n: 2 }
    expect(sealing.recall('chain.state', [1], sealed, Value)).toEqual(value('one'))
  })

  it('is forgotten with the keys', () => {
    const sealing = unlocked()
    const sealed = sealing.sealKnown('chain.state', [1], value('one'))
    sealing.lock()
    expect(faultOf(() => sealing.recall('chain.state', [1], sealed, Value)).code).toBe('LOCKED')
    sealing.unlock(columnKey(8))
    expect(faultOf(() => sealing.recall('chain.state', [1], sealed, Value)).code).toBe('CORRUPT')
  })

  it('is bounded: of the large and of very many nothing is kept', () => {
    const sealing = unlocked()
    const large = sealing.sealKnown('chain.state', [0], value('x'.repeat(5000)))
    expect(sealing.recall('chain.state', [0], large, Value)).not.toBe(sealing.recall('chain.state', [0], large, Value))
    const first = sealing.sealKnown('chain.state', [1], value('first'))
    const known = sealing.recall('chain.state', [1], first, Value)
    for (let i = 2; i < 2100; i += 1) sealing.sealKnown('chain.state', [i], value('more'))
    expect(sealing.recall('chain.state', [1], first, Value)).not.toBe(known)
    expect(sealing.recall('chain.state', [1], first, Value)).toEqual(known)
  })
})
