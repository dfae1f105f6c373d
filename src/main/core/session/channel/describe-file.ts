import { basename } from 'node:path'
import { createSha256 } from '../../crypto/hash.ts'
import { fileFault } from '../../identity/durable-file.ts'
import type { Ports } from '../../ports.ts'

/** Bytes read without a pause. */
const LOOK = 2 * 1024 * 1024

/**
 * Name, size in bytes and SHA-256 (hex) of a file, for `sendFile`. Reads piece by piece, so that the rest goes on.
 * @throws AppFault UNREADABLE.
 */
export const describeFile = async (
  { files, clock }: Pick<Ports, 'files' | 'clock'>,
  path: string,
): Promise<{ readonly path: string; readonly name: string; readonly size: number; readonly hash: string }> => {
  try {
    const handle = files.openRead(path)
    try {
      const hash = createSha256()
      let size = 0
      for (;;) {
        const bytes = files.readAt(handle, size, LOOK)
        hash.update(bytes)
        size += bytes.length
        if (bytes.length < LOOK) return { path, name: basename(path), size, hash: hash.hex() }
        await new Promise<void>((resolve) => void clock.schedule(0, resolve))
      }
    } finally {
      files.close(handle)
    }
  } catch (error) {
    throw fileFault(error, 'the file')
  }
}
