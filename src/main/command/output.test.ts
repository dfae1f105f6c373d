import { describe, expect, it } from 'vitest'
import { createOutput, eventText } from './output.ts'

const said = (json: boolean, object: Record<string, unknown>, text = eventText(object)): string => {
  const lines: string[] = []
  createOutput(json, (line) => lines.push(line)).say(object, text)
  return lines.join('')
}
/** Moves the cursor, names the window, the same in one byte of C1, and turns the reading direction. */
const hostile = '\u001b[2J\u001b]0;x\u0007\u009b31m\u202e\u2066\u{e0001}'

describe('what a peer wrote', () => {
  it.each([true, false])('does not steer the terminal (as JSON: %s)', (json) => {
    for (const text of [hostile, `two words ${hostile}`, `"${hostile}"`]) {
      const line = said(json, { event: 'message', at: '2026-01-01T00:00:00.000Z', text })
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      expect(line).toContain('\\u001b[2J')
    }
  })
  it('is the same value to whoever reads the JSON', () => {
    const object = { event: 'message', text: `line\none ${hostile} ünïcode` }
    expect(JSON.parse(said(true, object))).toEqual(object)
  })
  it('may have lines where the command made them', () => expect(said(false, {}, 'one\ntwo')).toBe('one\ntwo'))
})
