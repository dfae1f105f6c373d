import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Arming, armingMs, armingPhase, disturbed, endReached, startArming } from './arming.ts'

describe('arming', () => {
  it('is not even arming before the end was read, however long it waits', () => {
    expect(armingPhase(startArming(0), 1_000_000).name).toBe('unread')
  })

  it('takes 1.2 s from the end being read', () => {
    const arming = endReached(startArming(0), 5000)
    expect(armingPhase(arming, 5000)).toEqual({ name: 'arming', left: armingMs, fraction: 0 })
    expect(armingPhase(arming, 5000 + armingMs - 1).name).toBe('arming')
    expect(armingPhase(arming, 5000 + armingMs).name).toBe('ready')
  })

  it('starts again at a change of queue or focus, and does not ask to read again', () => {
    const arming = disturbed(endReached(startArming(0), 0), 3000)
    expect(armingPhase(arming, 3000 + armingMs - 1).name).toBe('arming')
    expect(armingPhase(arming, 3000 + armingMs).name).toBe('ready')
  })

  it('asks to read again for new content', () => {
    expect(armingPhase(startArming(9000), 99_000).name).toBe('unread')
  })

  it('is not shortened by a clock that goes back', () => {
    expect(armingPhase(endReached(startArming(5000), 5000), 0)).toMatchObject({ name: 'arming', left: armingMs })
  })

  it('is ready only 1.2 s after the last event of any history', () => {
    const event = fc.record({ after: fc.integer({ min: 0, max: 3000 }), kind: fc.constantFrom('content', 'disturb', 'end') })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.integer({ min: 0, max: 3000 }), (events, wait) => {
        let now = 0
        let arming: Arming = startArming(now)
        let readSince = false
        let last = 0
        for (const { after, kind } of events) {
          now += after
          if (kind === 'content') arming = startArming(now)
          if (kind === 'disturb') arming = disturbed(arming, now)
          if (kind === 'end' && !readSince) last = now
          if (kind === 'end') arming = endReached(arming, now)
          if (kind !== 'end') last = now
          readSince = kind === 'content' ? false : readSince || kind === 'end'
        }
        now += wait
        expect(armingPhase(arming, now).name === 'ready').toBe(readSince && now - last >= armingMs)
      }),
    )
  })
})
