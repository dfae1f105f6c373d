import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuditDto } from '../../../contract/dto.ts'
import { audits } from '../../gallery/audit-data.ts'
import { cardHeight, lanesGeometry, middleWidth } from './lanes-geometry.ts'

const { sound, equivocation, oneSided } = audits

describe('lanes of an audit', () => {
  it('is tested with data that fits the contract', () => {
    for (const audit of Object.values(audits)) expect(AuditDto.safeParse(audit).error).toBeUndefined()
  })

  it('draws every row and every link of both chains, the own one on the left', () => {
    const { rows, links, left, right } = lanesGeometry(sound)
    expect(rows.length).toBe(sound.lanes.reduce((n, lane) => n + lane.rows.length, 0))
    expect(links.length).toBe(sound.links.length)
    expect([left?.own, right?.own]).toEqual([true, false])
    const turned: AuditDto = { ...sound, lanes: [...sound.lanes].reverse() }
    expect(lanesGeometry(turned).left?.own).toBe(true)
  })

  it('draws a link from the row that says it to the row it names', () => {
    const { rows, links } = lanesGeometry(sound)
    for (const { link, d } of links) {
      const y = (end: { side: string; seq: number }): number => rows.find(({ side, seq }) => side === end.side && seq === end.seq)?.y ?? -1
      const numbers = (d.match(/-?[\d.]+/g) ?? []).map(Number)
      expect([numbers[1], numbers.at(-1)]).toEqual([y(link.from), y(link.to)])
    }
  })

  it('keeps a place, and marks it as bad, for a row that only a link speaks of', () => {
    const [link] = equivocation.links
    if (link === undefined) throw new Error('no link')
    const without: AuditDto = {
      ...sound,
      lanes: sound.lanes.map((lane) => (lane.side === link.to.side ? { ...lane, rows: lane.rows.filter(({ seq }) => seq !== link.to.seq) } : lane)),
    }
    const geometry = lanesGeometry(without)
    expect(geometry.links.length).toBe(sound.links.length)
    expect(geometry.rows.find(({ side, seq }) => side === link.to.side && seq === link.to.seq)).toMatchObject({ row: null, bad: true })
  })

  it('marks rows that a finding names', () => {
    const bad = lanesGeometry(equivocation).rows.filter((row) => row.bad)
    expect(bad.map(({ side, seq }) => `${side}${seq}`)).toEqual(equivocation.findings.flatMap(({ rows }) => rows.map(({ side, at }) => `${side}${at}`)))
    expect(lanesGeometry(sound).rows.some((row) => row.bad)).toBe(false)
  })

  it('draws one chain alone where there is one', () => {
    const { left, right, rows } = lanesGeometry(oneSided)
    expect(left?.own).toBe(true)
    expect(right).toBeNull()
    expect(rows.every(({ side }) => side === 'a')).toBe(true)
  })

  it('never lays two cards of a lane over each other, whatever the times say', () => {
    const row = fc.record({ seq: fc.nat({ max: 60 }), at: fc.nat({ max: 1e13 }) })
    const lane = fc.uniqueArray(row, { maxLength: 12, selector: ({ seq }) => seq })
    fc.assert(
      fc.property(lane, lane, fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 })), { maxLength: 8 }), (a, b, ends) => {
        const base = sound.lanes[0]
        if (base === undefined) throw new Error('no lane')
        const rowsOf = (rows: typeof a) =>
          rows.map(({ seq, at }) => ({ seq, at, title: 'x', zeqond: '1', session: null, step: null, hash: '0'.repeat(64), findings: [] }))
        const audit: AuditDto = {
          ...sound,
          findings: [],
          lanes: [
            { ...base, side: 'a', rows: rowsOf(a) },
            { ...base, side: 'b', own: false, rows: rowsOf(b) },
          ],
          links: ends.map(([from, to]) => ({ from: { side: 'a', seq: from }, to: { side: 'b', seq: to }, kind: 'ack', ok: true, why: '' })),
        }
        const { rows, links, height } = lanesGeometry(audit)
        for (const side of ['a', 'b'] as const) {
          const own = rows.filter((placed) => placed.side === side)
          expect(own.map(({ seq }) => seq)).toEqual(own.map(({ seq }) => seq).sort((x, y) => x - y))
          for (const [i, placed] of own.entries()) expect(placed.y - (own[i - 1]?.y ?? -100)).toBeGreaterThan(cardHeight)
        }
        expect(rows.every(({ y }) => y + cardHeight / 2 <= height)).toBe(true)
        expect(links.every(({ mark }) => mark.x >= 0 && mark.x <= middleWidth)).toBe(true)
      }),
    )
  })
})
