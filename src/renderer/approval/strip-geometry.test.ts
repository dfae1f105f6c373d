import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { railY, stripGeometry, stripWidth } from './strip-geometry.ts'

const hs = ['Confirm', 'Request', 'Talk', 'Conclude', 'Close']

describe('step strip', () => {
  it('puts each hs step on the rail of whoever takes it, for both roles', () => {
    expect(stripGeometry(hs, 1, 'initiator').nodes.map((node) => node.rail)).toEqual(['theirs', 'ours', 'theirs', 'ours', 'ours'])
    expect(stripGeometry(hs, 0, 'responder').nodes.map((node) => node.rail)).toEqual(['ours', 'theirs', 'ours', 'theirs', 'theirs'])
  })

  it('keeps what is decided on our rail, even a close by the side that did not open', () => {
    expect(stripGeometry(hs, 4, 'responder').nodes[4]).toMatchObject({ rail: 'ours', state: 'now' })
  })

  it('marks done, now and future, and a column under now', () => {
    const { nodes, column, doneTo } = stripGeometry(hs, 1, 'initiator')
    expect(nodes.map((node) => node.state)).toEqual(['done', 'now', 'future', 'future', 'future'])
    const now = nodes[1]
    expect(column).not.toBeNull()
    expect((column?.x ?? 0) + (column?.width ?? 0) / 2).toBeCloseTo(now?.x ?? -1, 0)
    expect(doneTo).toEqual({ ours: now?.x, theirs: nodes[0]?.x })
  })

  it('draws a stitch only between rails, a cubic with both handles at the midpoint', () => {
    const { nodes, stitches } = stripGeometry(['Confirm', 'Request'], 1, 'initiator')
    const [from, to] = nodes
    const middle = ((from?.x ?? 0) + (to?.x ?? 0)) / 2
    expect(stitches).toEqual([
      { d: `M${from?.x} ${railY('theirs')}C${middle} ${railY('theirs')} ${middle} ${railY('ours')} ${to?.x} ${railY('ours')}`, from: 'theirs', state: 'now' },
    ])
    expect(stripGeometry(['Conclude', 'Close'], 0, 'initiator').stitches).toEqual([])
  })

  it('stays inside its drawing, in order, for any names and any current step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { maxLength: 8 }),
        fc.nat({ max: 7 }),
        fc.constantFrom('initiator' as const, 'responder' as const),
        (steps, current, role) => {
          const { nodes, column } = stripGeometry(steps, current, role)
          const xs = nodes.map((node) => node.x)
          expect(xs).toEqual([...xs].sort((a, b) => a - b))
          expect(new Set(xs).size).toBe(steps.length)
          expect(xs.every((x) => x > 30 && x < stripWidth - 20)).toBe(true)
          expect(column === null).toBe(current >= steps.length)
        },
      ),
    )
  })
})
