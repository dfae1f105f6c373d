import type { ProfileName } from '../brand.ts'
import { AppFault } from '../fault.ts'

/** UTF-16 units; at most 192 bytes of UTF-8, so that a name with a suffix stays below the 255 of every file system. */
const LONGEST_NAME = 64

// Devices of Windows, with or without an extension: opening "con.txt" opens the console.
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:\.|$)/i

// Control, format (bidi, zero width), private, unassigned and surrogate code points; line separators; spaces other than U+0020;
// what is drawn as nothing (Hangul fillers, variation selectors, the blank Braille pattern).
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u

const SEPARATORS = /[/\\:*?"<>|]/

const reasonAgainst = (name: string): string | null => {
  if (name.length === 0) return 'A name cannot be empty.'
  if (name.length > LONGEST_NAME) return `A name has at most ${LONGEST_NAME} characters.`
  if (INVISIBLE.test(name)) return 'A name cannot have control, invisible or direction-changing characters.'
  if (SEPARATORS.test(name)) return 'A name cannot have any of / \\ : * ? " < > |'
  if (name.startsWith('.') || name.startsWith(' ')) return 'A name cannot begin with a dot or a space.'
  if (name.endsWith('.') || name.endsWith(' ')) return 'A name cannot end with a dot or a space.'
  if (RESERVED.test(name)) return 'This name is reserved by Windows.'
  return null
}

/**
 * A profile's name is also its folder's, on every system: the name in NFC, or a refusal that says why.
 * @throws AppFault NAME
 */
export const checkName = (name: string): ProfileName => {
  const normal = name.normalize('NFC')
  const reason = reasonAgainst(normal)
  if (reason !== null) throw new AppFault('NAME', reason)
  return normal as ProfileName
}

/** Two names with the same fold are one folder on some file system (case, composed or decomposed letters), or look alike. */
export const foldName = (name: string): string => name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFC')
