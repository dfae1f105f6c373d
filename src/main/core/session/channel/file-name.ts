/** UTF-8 bytes of a name we write, leaving room for " (999)" and a temporary name within the 255 of common file systems. */
const LONGEST = 200
const LONGEST_EXTENSION = 32

/** Names that are devices on Windows, whatever their extension; superscript digits count as digits there. */
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)/i

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8')

const cut = (text: string, most: number): string => {
  let size = 0
  let kept = ''
  for (const character of text) {
    size += bytesOf(character)
    if (size > most) break
    kept += character
  }
  return kept
}

const split = (name: string): readonly [stem: string, extension: string] => {
  const dot = name.lastIndexOf('.')
  return dot > 0 && bytesOf(name) - bytesOf(name.slice(0, dot)) <= LONGEST_EXTENSION ? [name.slice(0, dot), name.slice(dot)] : [name, '']
}

/**
 * A peer's name for a file, made harmless on every platform: nothing that separates folders or streams, no control, format (bidi,
 * zero width) or private characters, no leading or trailing dots and spaces, no device name, at most 200 bytes of UTF-8.
 * Never empty.
 */
export const safeName = (name: string): string => {
  const plain = name
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\ufffd]/gu, '')
    .replace(/[/\\:*?"<>|\u2044\u2215\u29f8\uff0f\uff3c\ufe68\uff1a]/g, '_')
    .replace(/\s+/gu, ' ')
  const trim = (text: string): string => text.replace(/^[. ]+/, '').replace(/[. ]+$/, '')
  const trimmed = trim(plain)
  const [stem, extension] = split(trimmed)
  const short = trim(cut(stem, LONGEST - bytesOf(extension)) + extension)
  if (short === '') return 'file'
  return RESERVED.test(short) ? `_${short}` : short
}

/** The name's `copy`-th form where the plain one is taken: "name (2).ext". */
export const nameOfCopy = (name: string, copy: number): string => {
  if (copy < 2) return name
  const [stem, extension] = split(name)
  return `${stem} (${copy})${extension}`
}
