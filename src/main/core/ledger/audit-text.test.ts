import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { audit } from './audit.ts'
import { auditDto } from './audit-lanes.ts'
import { auditLines, findingMeaning, limitText, proofText, statusText, verdictText } from './audit-text.ts'
import { findingCodes } from './findings.ts'
import { endOf, Party, type Story, story } from './story.fixture.ts'

const judge = ({ a, b }: Pick<Story, 'a' | 'b'>, expect?: readonly string[]) => audit({ a: a.raw(), b: b.raw() }, expect ? { expect } : {})
const verdict = (told: Pick<Story, 'a' | 'b'>, expect?: readonly string[]) => verdictText(judge(told, expect).report)
const note = (n: number) => ({ type: 'note', payload: n })

describe('sentences', () => {
  it('there is one for every code, limit and status, each its own', () => {
    expect(Object.keys(findingMeaning).sort()).toEqual([...findingCodes].sort())
    const all = [...Object.values(findingMeaning), ...Object.values(limitText), ...Object.values(statusText)]
    expect(new Set(all).size).toBe(all.length)
    for (const sentence of all) expect(sentence).toMatch(/^[A-Z].*[.]$/)
  })
})

describe('docs/ledger.md', () => {
  const docs = readFileSync(new URL('../../../../docs/ledger.md', import.meta.url), 'utf8')
  it.each(Object.entries({ ...findingMeaning, ...limitText, ...statusText }))('has %s with the sentence that is shown', (code, sentence) => {
    const line = docs.split('\n').find((row) => row.startsWith(`| \`${code}\` |`))
    expect(line?.endsWith(` ${sentence} |`)).toBe(true)
  })
})

describe('the verdict', () => {
  const told = story()
  it('says how far it came, and whether anybody knows who they are', () => {
    expect(verdict(told)).toBe('Sound. Both parties recorded the session as active, and each sealed the other’s record. Whose keys these are was not checked.')
    expect(verdict(told, [told.a.genesis, told.b.genesis])).toBe('Sound. Both parties recorded the session as active, and each sealed the other’s record.')
    expect(verdict(story({ until: 'A1' }), [told.a.genesis, told.b.genesis])).toBe('Sound. Proposed, and not accepted.')
  })
  it('says that it ended, that one side is missing, that there is no session', () => {
    const ended = story()
    ended.a.end(endOf(ended, ended.a, 'close'))
    expect(verdict(ended)).toContain('It has ended.')
    expect(verdictText(audit({ a: told.a.raw(), b: null }).report)).toBe(
      'Sound. One party recorded the session as active. Only one side was there. Whose keys these are was not checked.',
    )
    expect(verdict({ a: new Party('alice', 1), b: new Party('bob', 3) })).toMatch(/^Sound\. There is no session between the two\./)
  })
  it.each<[string, () => Pick<Story, 'a' | 'b'>, string]>([
    [
      'two histories',
      () => {
        const s = story()
        const a = s.a.fork(3)
        a.append('event', note(1))
        a.append('event', note(2))
        return { a, b: s.b }
      },
      'Not sound. alice signed two different histories, and that is proven.',
    ],
    [
      'one taken back',
      () => {
        const s = story()
        return { a: s.a.fork(2), b: s.b }
      },
      'Not sound. The history of alice is not the one that was witnessed.',
    ],
    [
      'a row that is broken',
      () => {
        const s = story({ until: 'B3' })
        s.b.append('event', note(1), { seed: Party.keysOf(99).seed })
        return s
      },
      'Not sound. The ledger of bob does not hold at row 4; what lies before it stands.',
    ],
    ['one party twice', () => ({ a: new Party('alice', 1), b: new Party('bob', 1) }), 'Not sound. The two sides are not two parties.'],
    ['a step', () => story({ forge: { B3: 'other' }, until: 'B3' }), 'Not sound. The ledgers hold, the handshake does not: one finding.'],
  ])('%s', (_, tell, expected) => expect(verdict(tell())).toBe(expected))
  it('a party that is not expected', () => expect(verdict(told, [told.a.genesis, '00'.repeat(32)])).toBe('Not sound. bob is not a party you expect.'))
})

describe('as text', () => {
  it('verdict first, ledgers, timeline, limits', () => {
    const lines = auditLines(auditDto(judge(story()), { source: 'x', at: 0 }))
    expect(lines[0]).toMatch(/^Sound\./)
    expect(lines.find((line) => line.includes('B2 key'))).toMatch(/^ {2}✓ B2 key {8}bob, row 2 {2}tick 23105606\d\d {2}2026-11-\d\d \d\d:\d\d:\d\dZ$/)
    expect(lines.filter((line) => line.startsWith('  ✓'))).toHaveLength(8)
    const limits = [limitText.COLLUDING_DATES, limitText.UNWITNESSED_TAIL, limitText.POLICY_STEPS, limitText.NOT_PINNED]
    expect(lines.slice(-5)).toEqual(['What this cannot show', ...limits.map((limit) => `  · ${limit}`)])
  })
  it('a step with a finding, and those that are not there', () => {
    const lines = auditLines(auditDto(judge(story({ forge: { B2: 'other' }, until: 'B2' })), { source: 'x', at: 0 }))
    expect(lines.find((line) => line.includes('B2 key'))).toMatch(/^ {2}✗ .*STEP_SIG$/)
    expect(lines.filter((line) => line.startsWith('  –'))).toHaveLength(3)
    expect(lines).toContain('  STEP_SIG  bob row 2: the step is not signed by the key in force')
    expect(lines).toContain(`    ${findingMeaning.STEP_SIG}`)
  })
  it('keeps control characters of a stranger out', () => {
    const a = new Party('alice', 1)
    a.append('event', { type: 'note', payload: 1, '\u001b[2J\u202e': 1 })
    const lines = auditLines(auditDto(audit({ a: a.raw(), b: null }), { source: 'x', at: 0 }))
    expect(lines.some((line) => line.includes('FORMAT'))).toBe(true)
    expect(lines.join('')).not.toMatch(/[\u001b\u202e]/)
  })
  it('says what a proof shows', () => {
    expect(proofText({ holds: true, genesis: 'ab', why: 'two hashes signed for row 3' })).toBe(
      'The proof holds: the owner of ab signed two histories (two hashes signed for row 3).',
    )
    expect(proofText({ holds: false, why: 'one history can have both heads' })).toContain('does not hold')
  })
})
