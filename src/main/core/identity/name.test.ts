import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkName, foldName } from './name.ts'

const refused = (name: string): void => void expect(() => checkName(name), JSON.stringify(name)).toThrow(expect.objectContaining({ code: 'NAME' }))

describe('names', () => {
  it.each(['alice', 'Alice B', 'a', 'zoë', '山田', 'a.b', 'COM', 'com10', 'console', 'nullable', '-x', "o'neil", '🙂', 'x'.repeat(64)])('takes %j', (name) =>
    expect(checkName(name)).toBe(name),
  )
  it('stores the composed form', () => expect(checkName('zoe\u0308')).toBe('zoë'))
  it.each([
    ['empty', ['']],
    ['too long', ['x'.repeat(65), '🙂'.repeat(33)]],
    ['traversal and separators', ['.', '..', '../x', '../../x', 'a/b', 'a\\b', '/etc', 'C:', 'a:b', '\\\\host\\x']],
    ['characters of Windows', ['a*', 'a?', 'a"', 'a<', 'a>', 'a|']],
    ['control characters', ['a\0', 'a\nb', 'a\tb', '\u007f', 'a\u0085']],
    ['direction and zero width', ['a\u202eb', 'a\u200bb', 'a\u200fb', 'a\u2066b', '\ufeffa', 'a\u00adb', 'a\u034fb', 'a\u2028b']],
    ['drawn as nothing', ['\u3164', '\u115f', '\u2800', 'a\ufe0f', '\u00a0', 'a\u3000b']],
    ['surrogates, private, unassigned', ['a\ud800', '\ue000', '\uffff', '\u0378']],
    ['reserved by Windows', ['con', 'CON', 'Nul', 'prn', 'aux', 'com1', 'LPT9', 'com0', 'com¹', 'con.txt', 'aux.', 'nul.tar.gz', 'conin$', 'CONOUT$']],
    ['leading dot or space', ['.hidden', ' a']],
    ['trailing dot or space', ['a.', 'a ', 'a..']],
  ])('refuses %s', (_, names) => names.forEach(refused))
  it('whatever is taken is one plain path part, short, and checks to itself', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 70 }),
          fc.string({ unit: 'grapheme' }),
          fc.string({ unit: fc.constantFrom('.', '/', '\\', ' ', 'a', '\0', '\u202e', 'con') }),
        ),
        (text) => {
          let name: string
          try {
            name = checkName(text)
          } catch (error) {
            expect(error).toMatchObject({ code: 'NAME' })
            return
          }
          expect(name).not.toMatch(/[/\\\0]/)
          expect(['.', '..', '']).not.toContain(name)
          expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(192)
          expect(checkName(name)).toBe(name)
        },
      ),
      { numRuns: 1000 },
    )
  })
  it('folds what one file system or another takes for the same', () => {
    for (const [a, b] of [
      ['alice', 'ALICE'],
      ['zoë', 'zoe\u0308'],
      ['straße', 'STRASSE'],
      ['ａｌｉｃｅ', 'alice'],
      ['ς', 'σ'],
    ] as const)
      expect(foldName(a)).toBe(foldName(b))
    expect(foldName('alice')).not.toBe(foldName('alise'))
  })
})
