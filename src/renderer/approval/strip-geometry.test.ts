import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handshakeGeometry, railY, stripGeometry, stripWidth } from './strip-geometry.ts'

const hs = ['Confirm', 'Request', 'Talk', 'Conclude', 'Close']

describe('step strip', () => {
  it('puts each hs step on the rail of whoever takes it, for both roles', () => {
    expect(stripGeometry(hs, 1, 'initiator').nodes.map((node) => node.rail)).toEqual(['theirs', 'ours', 'theirs', 'ours', 'ours'])
    expect(stripGeometry(hs, 0, 'responder').nodes.map((node) => node.rail)).toEqual(['ours', 'theirs', 'ours', 'theirs', 'theirs'])
  })

  it('keeps what is decided on our rail, even a close by the side that did not open', () => {
    expect(stripGeometry(hs, 4, 'responder').nodes[4]).toMatchObject({ rail: 'ours', state: 'now' })
  })

  it('puts an offer on their rail, and what takes it on ours', () => {
    expect(stripGeometry(['Offer', 'Receive'], 1, 'initiator').nodes.map((node) => node.rail)).toEqual(['theirs', 'ours'])
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

describe('strip of a handshake on two ledgers', () => {
  const four = ['Propose', 'Accept', 'Key', 'Active']
  const states = (current: number, role: 'initiator' | 'responder'): string[] => handshakeGeometry(four, current, role).nodes.map(({ state }) => state)

  it('has six nodes, each on the rail of whoever writes the row', () => {
    expect(handshakeGeometry(four, 0, 'initiator').nodes.map(({ rail }) => rail)).toEqual(['ours', 'theirs', 'theirs', 'ours', 'ours', 'theirs'])
    expect(handshakeGeometry(four, 1, 'responder').nodes.map(({ rail }) => rail)).toEqual(['theirs', 'ours', 'ours', 'theirs', 'theirs', 'ours'])
  })

  it.each([
    [0, 'initiator', ['now', 'future', 'future', 'future', 'future', 'future']],
    [1, 'responder', ['done', 'now', 'future', 'future', 'future', 'future']],
    [2, 'responder', ['done', 'done', 'now', 'future', 'future', 'future']],
    [2, 'initiator', ['done', 'done', 'done', 'now', 'future', 'future']],
    [3, 'initiator', ['done', 'done', 'done', 'done', 'now', 'future']],
    [3, 'responder', ['done', 'done', 'done', 'done', 'future', 'now']],
  ] as const)('decides step %i as the %s on its own node, after what it answers', (current, role, expected) => {
    expect(states(current, role)).toEqual(expected)
  })

  it('draws the four acks, B1–A1, A2–B2, B3–A2 and A3–B2, in the colour of who acks', () => {
    const { stitches, nodes } = handshakeGeometry(four, 3, 'initiator')
    const ends = stitches.map(({ d }) => {
      const numbers = (d.match(/[\d.]+/g) ?? []).map(Number)
      return [[numbers[0], numbers[1]], numbers.slice(-2)].map(([x, y]) => nodes.flatMap((node, at) => (node.x === x && node.y === y ? [at] : [])))
    })
    expect(ends).toEqual([
      [[0], [1]],
      [[2], [3]],
      [[2], [4]],
      [[3], [5]],
    ])
    expect(stitches.map(({ from }) => from)).toEqual(['theirs', 'ours', 'ours', 'theirs'])
  })

  it('names four steps in order, inside the drawing', () => {
    const { labels, column } = handshakeGeometry(four, 2, 'responder')
    expect(labels.map(({ name, by, state }) => [name, by, state])).toEqual([
      ['Propose', 'theirs', 'done'],
      ['Accept', 'ours', 'done'],
      ['Key', 'both', 'now'],
      ['Active', 'both', 'future'],
    ])
    expect(labels.every(({ x }, at) => x > (labels[at - 1]?.x ?? 0) && x < stripWidth - 20)).toBe(true)
    expect(column?.x).toBeGreaterThan(labels[1]?.x ?? 0)
  })
})
