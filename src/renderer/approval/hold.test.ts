import { describe, expect, it } from 'vitest'
import { advanceHold, type Hold, holdFraction, holdMs, noHold } from './hold.ts'

const pressed = (by: 'pointer' | 'key', at = 0): Hold => advanceHold(noHold, { name: 'press', by, ready: true }, at).hold

describe('hold to confirm', () => {
  it.each(['pointer', 'key'] as const)('confirms when the %s is let go after 1.2 s', (by) => {
    expect(advanceHold(pressed(by), { name: 'release', by }, holdMs)).toEqual({ hold: noHold, confirmed: true })
  })

  it('confirms nothing when let go a moment early', () => {
    expect(advanceHold(pressed('pointer'), { name: 'release', by: 'pointer' }, holdMs - 1)).toEqual({ hold: noHold, confirmed: false })
  })

  it('confirms nothing while still held, at any length', () => {
    expect(holdFraction(pressed('pointer'), 60_000)).toBe(1)
    expect(advanceHold(pressed('pointer'), { name: 'press', by: 'pointer', ready: true }, 60_000).confirmed).toBe(false)
  })

  it('does not begin before the button is ready', () => {
    const early = advanceHold(noHold, { name: 'press', by: 'key', ready: false }, 0)
    expect(early.hold).toEqual(noHold)
    expect(advanceHold(early.hold, { name: 'release', by: 'key' }, holdMs * 2).confirmed).toBe(false)
  })

  it('is undone by leaving, and the release after that counts for nothing', () => {
    const left = advanceHold(pressed('pointer'), { name: 'cancel' }, 500)
    expect(left.hold).toEqual(noHold)
    expect(advanceHold(left.hold, { name: 'release', by: 'pointer' }, 5000).confirmed).toBe(false)
  })

  it('is not ended by the other hand', () => {
    const { hold, confirmed } = advanceHold(pressed('pointer'), { name: 'release', by: 'key' }, holdMs)
    expect(confirmed).toBe(false)
    expect(advanceHold(hold, { name: 'release', by: 'pointer' }, holdMs).confirmed).toBe(true)
  })

  it('does not start anew from a repeated press', () => {
    const again = advanceHold(pressed('key', 0), { name: 'press', by: 'key', ready: true }, 700).hold
    expect(holdFraction(again, 600)).toBe(0.5)
  })
})
