import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../crypto/bytes.ts'
import { normalisePassphrase, requireStrong, strength } from './passphrase.ts'

const of = (text: string) => strength(utf8(text), ['alice'])

describe('normalising', () => {
  it('makes the different spellings of one passphrase the same bytes', () => {
    const spellings = ['caf\u00e9 \u212b \ufb01', 'cafe\u0301 A\u030a fi', 'ｃａｆé \u00c5 fi']
    for (const s of spellings) expect(fromUtf8(normalisePassphrase(utf8(s)))).toBe('café Å fi')
  })
  it('keeps ASCII, spaces included, and gives memory of its own', () => {
    const typed = utf8(' pass  word ')
    const normal = normalisePassphrase(typed)
    expect(fromUtf8(normal)).toBe(' pass  word ')
    normal.fill(0)
    expect(fromUtf8(typed)).toBe(' pass  word ')
  })
  it.each([
    ['empty', new Uint8Array(0)],
    ['too long', new Uint8Array(1025).fill(97)],
    ['not UTF-8', Uint8Array.of(0xff, 0xfe)],
  ])('refuses %s', (_, bytes) => expect(() => normalisePassphrase(bytes)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' })))
})

describe('strength', () => {
  it('twelve characters or score three', async () => {
    expect(await of('elevenchars')).toMatchObject({ acceptable: false })
    expect(await of('twelve chars')).toMatchObject({ acceptable: true })
    expect(await of('vX9#qLz2!')).toMatchObject({ acceptable: true, hint: null })
    expect((await of('vX9#qLz2!')).score).toBeGreaterThanOrEqual(3)
    expect(await of('password')).toMatchObject({ score: 0, acceptable: false })
    expect((await of('password')).hint).toMatch(/\w/)
    expect(await of('')).toMatchObject({ score: 0, acceptable: false })
  })
  it('counts characters, not bytes or halves of characters', async () => {
    expect(await of('🙂🙂🙂🙂🙂🙂')).toMatchObject({ acceptable: false }) // 12 UTF-16 units, 24 bytes
    expect((await of('é'.normalize('NFD').repeat(6))).acceptable).toBe((await of('é'.repeat(6))).acceptable)
  })
  it("an attacker's first guesses are weak", async () => {
    expect((await strength(utf8('quxbarfoo'), [])).score).toBeGreaterThan(0)
    expect((await strength(utf8('quxbarfoo'), ['quxbarfoo'])).score).toBe(0)
  })
  it('gives a time in words, for the longest passphrase too', async () => {
    expect((await of('correct horse battery staple')).crackTime).toMatch(/centur|year/)
    expect((await strength(utf8('aZ3!'.repeat(256)), [])).acceptable).toBe(true)
  })
  it('requireStrong says what to do', async () => {
    await expect(requireStrong(utf8('letmein'), [])).rejects.toMatchObject({ code: 'WEAK_PASSPHRASE' })
    await expect(requireStrong(utf8('a longer one than that'), [])).resolves.toBeUndefined()
    await expect(requireStrong(utf8('vX9#qLz2!'), [])).resolves.toBeUndefined()
    await expect(requireStrong(utf8('twelve chars'), [])).resolves.toBeUndefined()
    await expect(requireStrong(new Uint8Array(0), [])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })
})
