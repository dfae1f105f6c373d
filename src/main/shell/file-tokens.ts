/** How many chosen files are remembered: a person chooses one, perhaps changes their mind. */
const KEPT = 16

export interface FileTokens {
  /** Remembers an absolute path and returns what stands for it: 32 hex digits. */
  add(path: string): string
  /** The path, or null for a token that was never given out or is too old. */
  path(token: string): string | null
}

/**
 * The renderer never names a path; it gets a token for a file the person chose in a dialog of main.
 * @param randomBytes from a cryptographically secure source
 */
export const createFileTokens = (randomBytes: (length: number) => Uint8Array): FileTokens => {
  const paths = new Map<string, string>()
  return {
    add(path) {
      const token = Array.from(randomBytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
      paths.set(token, path)
      const [oldest] = paths.keys()
      if (paths.size > KEPT && oldest !== undefined) paths.delete(oldest)
      return token
    },
    path: (token) => paths.get(token) ?? null,
  }
}
