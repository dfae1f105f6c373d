/**
 * Cuts a byte stream into lines ended by `\n` (docs/protocol.md, framing). Works on bytes, never on strings: a chunk may
 * end inside a UTF-8 sequence, and only whole lines are decoded.
 */
export interface LineSplitter {
  /** Bytes as they came. Calls `onLine` and `onTooLong` for what they complete, in order, before it returns. */
  push(chunk: Uint8Array): void
  /** End of the stream: an unterminated last line counts as a line, as it does for the original relay. */
  end(): void
  /** Bytes of memory held for the unfinished line. */
  readonly held: number
  /** Bytes skipped so far of a line that is over the limit; 0 when the present line is within it. */
  readonly skipped: number
}

/** Buffers for unfinished lines grow by doubling from here: a sender of single bytes costs no more than one of chunks. */
const FIRST_CAPACITY = 512
const NEWLINE = 0x0a
const NOTHING = new Uint8Array(0)

/**
 * @param limitBytes longest line, without its newline.
 * @param onLine gets each line without its newline. The bytes are a view that is valid only during the call.
 * @param onTooLong called once for each line over the limit, as soon as that is known; the rest of the line is
 *   skipped up to the next newline. Gets the number of bytes seen so far.
 */
export const createLineSplitter = (limitBytes: number, onLine: (line: Uint8Array) => void, onTooLong: (bytes: number) => void): LineSplitter => {
  let buffer = NOTHING
  let length = 0
  let skipped = 0

  const grow = (needed: number): void => {
    if (needed <= buffer.length) return
    const bigger = new Uint8Array(Math.min(limitBytes, Math.max(needed, buffer.length * 2, FIRST_CAPACITY)))
    bigger.set(buffer.subarray(0, length))
    buffer = bigger
  }
  const release = (): void => {
    buffer = NOTHING
    length = 0
  }
  const overLimit = (bytes: number): void => {
    skipped = bytes
    release()
    onTooLong(bytes)
  }

  return {
    push(chunk) {
      let start = 0
      while (start < chunk.length) {
        const newline = chunk.indexOf(NEWLINE, start)
        const end = newline === -1 ? chunk.length : newline
        const size = end - start
        if (skipped > 0) {
          skipped += size
        } else if (length + size > limitBytes) {
          overLimit(length + size)
        } else if (newline !== -1 && length === 0) {
          onLine(chunk.subarray(start, end))
        } else {
          grow(length + size)
          buffer.set(chunk.subarray(start, end), length)
          length += size
          if (newline !== -1) {
            const line = buffer.subarray(0, length)
            release()
            onLine(line)
          }
        }
        if (newline === -1) return
        skipped = 0
        start = newline + 1
      }
    },
    end() {
      skipped = 0
      if (length === 0) return
      const line = buffer.subarray(0, length)
      release()
      onLine(line)
    },
    get held() {
      return buffer.length
    },
    get skipped() {
      return skipped
    },
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text of a line, or null where the bytes are not UTF-8. A byte order mark stays, as in Python. */
export const decodeUtf8 = (bytes: Uint8Array): string | null => {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return null
  }
}
