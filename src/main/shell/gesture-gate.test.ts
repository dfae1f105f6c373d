import { describe, expect, it } from 'vitest'
import { createGestureGate, gestureMs } from './gesture-gate.ts'

const gateAt = () => {
  const clock = { now: 50_000 }
  return { clock, gate: createGestureGate(() => clock.now) }
}

describe('gesture gate', () => {
  it('refuses a decision without any input event', () => {
    expect(gateAt().gate.check()?.code).toBe('FORBIDDEN')
  })

  it('accepts a decision within a second of a press or release, and not from one second on', () => {
    for (const type of ['mouseDown', 'mouseUp', 'rawKeyDown', 'keyDown', 'keyUp', 'touchEnd', 'gestureTap']) {
      const { clock, gate } = gateAt()
      gate.record(type)
      clock.now += gestureMs - 1
      expect(gate.check(), type).toBeNull()
      gate.record(type)
      clock.now += gestureMs
      expect(gate.check()?.code, type).toBe('FORBIDDEN')
    }
  })

  it('counts the release that ends a hold of 1.2 s, whose press is too long ago', () => {
    const { clock, gate } = gateAt()
    gate.record('mouseDown')
    clock.now += 1300
    gate.record('mouseUp')
    clock.now += 20
    expect(gate.check()).toBeNull()
  })

  it('does not take moving, scrolling or hovering for a decision', () => {
    const { gate } = gateAt()
    for (const type of [
      'mouseMove',
      'mouseEnter',
      'mouseLeave',
      'mouseWheel',
      'gestureScrollUpdate',
      'pointerMove',
      'touchMove',
      'contextMenu',
      'undefined',
      '',
    ])
      gate.record(type)
    expect(gate.check()?.code).toBe('FORBIDDEN')
  })

  it('lets one gesture make one decision', () => {
    const { gate } = gateAt()
    gate.record('mouseUp')
    expect(gate.check()).toBeNull()
    expect(gate.check()?.code).toBe('FORBIDDEN')
  })

  it('forgets the gesture when the window is hidden', () => {
    const { gate } = gateAt()
    gate.record('mouseUp')
    gate.reset()
    expect(gate.check()?.code).toBe('FORBIDDEN')
  })

  it('refuses when its clock went back', () => {
    const { clock, gate } = gateAt()
    gate.record('mouseUp')
    clock.now -= 1
    expect(gate.check()?.code).toBe('FORBIDDEN')
  })
})
