import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { AppFault } from '../core/fault.ts'

/** Where profiles live: `COUNTERSIGN_HOME`, else the folder the windowed app uses on this platform. */
export const homeFolder = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string => {
  const given = env['COUNTERSIGN_HOME']
  if (given) return resolve(given)
  if (platform === 'win32') return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Countersign')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Countersign')
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'Countersign')
}

const readOr = (path: string, what: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    throw new AppFault('UNREADABLE', `The ${what} ${path} cannot be read (${code}).`)
  }
}

/** First line of a passphrase file, without its line end. @throws AppFault UNREADABLE, BAD_ARGUMENT for an empty one. */
export const readPassphrase = (path: string): Uint8Array => {
  const bytes = readOr(path, 'passphrase file')
  const end = bytes.indexOf(0x0a)
  const line = end < 0 ? bytes : bytes.subarray(0, end)
  const cut = line.length > 0 && line[line.length - 1] === 0x0d ? line.subarray(0, line.length - 1) : line
  if (cut.length === 0) throw new AppFault('BAD_ARGUMENT', `The passphrase file ${path} has no passphrase in its first line.`)
  const passphrase = Uint8Array.from(cut)
  bytes.fill(0)
  return passphrase
}

export const readText = (path: string, what: string): string => readOr(path, what).toString('utf8')
