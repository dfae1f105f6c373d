import { join } from 'node:path'

/**
 * The profile of `--name alice` or `--name=alice`, null without one. Throws when it has no value: opening the picker
 * instead would show somebody else's wallet.
 */
export const readName = (args: readonly string[]): string | null => {
  const at = args.findIndex((argument) => argument === '--name' || argument.startsWith('--name='))
  const argument = args[at]
  if (argument === undefined) return null
  const name = argument === '--name' ? args[at + 1] : argument.slice('--name='.length)
  if (name === undefined || name === '' || name.startsWith('--')) throw new Error('--name wants the name of a profile')
  return name
}

/** `--hs-only`: speaks the profile of the original agents and no other. */
export const readHsOnly = (args: readonly string[]): boolean => args.includes('--hs-only')

/**
 * Folder for what Chromium keeps, one for each name, beside the profiles; its lock makes the app single instance per
 * name. Any text becomes one plain folder name.
 */
export const chromiumFolder = (home: string, name: string | null): string =>
  join(home, '.window', name === null ? 'picker' : `name-${encodeURIComponent(name)}`)
