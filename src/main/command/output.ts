/** What a command says: JSON objects, one a line, or text for people. */
export interface Output {
  /** A result or event. `text` is what a person reads instead of the object. */
  say(object: Readonly<Record<string, unknown>>, text: string): void
}

/** Control and direction characters but the line's end: a peer's text must not move the cursor, rename the window or turn what is read around. */
const UNSHOWN = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu

const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')

/** Text as a terminal may get it: what would steer the terminal is spelled out, as in JSON, so that JSON stays the same value. */
export const onTerminal = (text: string): string => text.replace(UNSHOWN, escaped)

export const createOutput = (json: boolean, write: (line: string) => void): Output => ({
  say: (object, text) => write(onTerminal(json ? JSON.stringify(object) : text)),
})

const shown = (value: unknown): string =>
  typeof value === 'string' ? (/[\s"]/.test(value) || value === '' ? JSON.stringify(value) : value) : JSON.stringify(value)

/** `14:02:13 message peer=… text="…"`: an event as a line for people. Control characters of peers are the output's to escape. */
export const eventText = (event: Readonly<Record<string, unknown>>): string => {
  const { event: name, at, seq: _seq, view, view_hash: _hash, ...rest } = event
  const sentence = typeof view === 'object' && view !== null && 'sentence' in view ? ` ${String(view.sentence)}` : ''
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${shown(value)}`)
  return `${typeof at === 'string' ? `${at.slice(11, 19)} ` : ''}${String(name)}${sentence}${fields.length > 0 ? ` ${fields.join(' ')}` : ''}`
}
