import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameOfCopy, safeName } from './file-name.ts'

describe('a name of a peer', () => {
  it.each([
    ['holiday photo.jpg', 'holiday photo.jpg'],
    ['Größe 漢字 😀.pdf', 'Größe 漢字 😀.pdf'],
    ['../../etc/passwd', '_.._etc_passwd'],
    ['..\\..\\boot.ini', '_.._boot.ini'],
    ['C:\\autoexec.bat', 'C__autoexec.bat'],
    ['file.txt:stream', 'file.txt_stream'],
    ['.bashrc', 'bashrc'],
    ['...', 'file'],
    ['', 'file'],
    [' . . ', 'file'],
    ['trailing. ', 'trailing'],
    ['con', '_con'],
    ['CON.txt', '_CON.txt'],
    ['Aux .txt', '_Aux .txt'],
    ['com1', '_com1'],
    ['COM²', '_COM²'],
    ['com10', 'com10'],
    ['console', 'console'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['a\u0000b\u001fc\u007fd', 'abcd'],
    ['zero\u200bwidth\ufeff', 'zerowidth'],
    ['line\nbreak\u2028x', 'linebreakx'],
    ['slash\u2215like\uff0f', 'slash_like_'],
    ['what?*"<>|', 'what______'],
    ['\ud800half', 'half'],
  ])('%j becomes %j', (given, expected) => {
    expect(safeName(given)).toBe(expected)
  })

  it('keeps its ending when it is cut', () => {
    const name = safeName(`${'漢'.repeat(200)}.tar`)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200)
    expect(name.endsWith('漢.tar')).toBe(true)
  })

  it('is harmless whatever it was, and stays what it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 255 }),
          fc.string({ maxLength: 60 }),
          fc.array(fc.constantFrom('.', '/', '\\', ' ', 'nul', 'a', '\u202e', '\u0000', '.x'), { maxLength: 20 }).map((parts) => parts.join('')),
        ),
        (given) => {
          const name = safeName(given)
          expect(name).not.toMatch(/[/\\:*?"<>|\p{Cc}\p{Cf}]/u)
          expect(name).not.toMatch(/^[. ]|[. ]$|^$/)
          expect(name).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i)
          expect(name.isWellFormed()).toBe(true)
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(201)
          expect(safeName(name)).toBe(name)
          for (const copy of [2, 999]) expect(Buffer.byteLength(nameOfCopy(name, copy))).toBeLessThanOrEqual(208)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('gets a number before its ending', () => {
    expect([nameOfCopy('a.txt', 1), nameOfCopy('a.txt', 2), nameOfCopy('a', 3), nameOfCopy('a.tar.gz', 2)]).toEqual([
      'a.txt',
      'a (2).txt',
      'a (3)',
      'a.tar (2).gz',
    ])
  })
})
