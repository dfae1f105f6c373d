/**
 * What a relay has to send, once for everybody: relayed lines in order, in large blocks, at offsets that only grow.
 * Each receiver is a position in it. However many receivers lag, a line is held once, so memory is bounded by how far
 * the log reaches back and not by their number.
 */
import { escapeInto, NOT_UTF8 } from './json-bytes.ts'

const BLOCK_BYTES = 256 * 1024
const NEWLINE = 0x0a
/** What follows the content, newline included. */
const TAIL = new Uint8Array([0x22, 0x7d, NEWLINE])
/** Bytes of output that one byte of a line can become. */
const WORST_EXPANSION = 6

interface Block {
  readonly bytes: Buffer
  /** Offset in the log of the block's first byte. */
  readonly start: number
  used: number
}

export type Appended = 'ok' | 'notUtf8' | 'tooLong'

/** Bytes before the content of every line of one sender. */
export const linePrefix = (remoteAddr: string): Uint8Array => Buffer.from(`{"remote_addr": ${JSON.stringify(remoteAddr)}, "content": "`, 'latin1')

export class BroadcastLog {
  /** Offset after the last line. */
  end = 0
  readonly #maxLineBytes: number
  readonly #keepBytes: number
  readonly #blocks: Block[] = []
  #last: Block
  #cached: Buffer
  #cachedFrom = -1
  #cachedTo = -1

  /**
   * @param maxLineBytes longest relayed line, newline included.
   * @param keepBytes how far back a receiver may be; older lines are forgotten.
   */
  constructor(maxLineBytes: number, keepBytes: number) {
    this.#maxLineBytes = maxLineBytes
    this.#keepBytes = keepBytes
    this.#last = { bytes: Buffer.alloc(0), start: 0, used: 0 }
    this.#cached = this.#last.bytes
  }

  /** Appends the relayed form of one line of a sender, or nothing when it must not be relayed. Lines never straddle blocks. */
  append(prefix: Uint8Array, line: Uint8Array): Appended {
    const worst = prefix.length + line.length * WORST_EXPANSION + TAIL.length
    const block = this.#blockFor(Math.min(worst, this.#maxLineBytes))
    const bytes = block.bytes
    const from = block.used
    const limit = Math.min(bytes.length, from + this.#maxLineBytes)
    if (from + prefix.length > limit) return 'tooLong'
    bytes.set(prefix, from)
    const contentEnd = escapeInto(line, bytes, from + prefix.length)
    if (contentEnd === NOT_UTF8) return 'notUtf8'
    const lineEnd = contentEnd + TAIL.length
    if (lineEnd > limit) return 'tooLong'
    bytes.set(TAIL, contentEnd)
    block.used = lineEnd
    this.end += lineEnd - from
    return 'ok'
  }

  /**
   * Whole lines from offset `from` (the start of a line) up to at most `to` (the end of one) and about `atMost` bytes;
   * at least one line, and none across a block's end. The buffer is shared by everybody who asks for the same: never write to it.
   */
  slice(from: number, to: number, atMost: number): Buffer {
    if (from === this.#cachedFrom && to === this.#cachedTo) return this.#cached
    const block = this.#blockAt(from)
    const first = from - block.start
    let last = Math.min(block.used, to - block.start)
    if (last - first > atMost) {
      const newline = block.bytes.lastIndexOf(NEWLINE, first + atMost - 1)
      last = newline >= first ? newline + 1 : block.bytes.indexOf(NEWLINE, first) + 1
    }
    this.#cached = block.bytes.subarray(first, last)
    this.#cachedFrom = from
    this.#cachedTo = to
    return this.#cached
  }

  /** Bytes of memory the log holds. */
  get heldBytes(): number {
    let total = 0
    for (const block of this.#blocks) total += block.bytes.length
    return total
  }

  #blockFor(needed: number): Block {
    if (this.#last.bytes.length - this.#last.used >= needed) return this.#last
    this.#last = { bytes: Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, needed)), start: this.end, used: 0 }
    this.#blocks.push(this.#last)
    while (this.#blocks.length > 1) {
      const oldest = this.#blocks[0]
      if (oldest === undefined || oldest.start + oldest.used >= this.end - this.#keepBytes) break
      this.#blocks.shift()
    }
    return this.#last
  }

  #blockAt(offset: number): Block {
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#blocks[i]
      if (block !== undefined && offset >= block.start) {
        if (offset - block.start > block.used) break
        return block
      }
    }
    throw new RangeError('offset is no longer in the log')
  }
}
