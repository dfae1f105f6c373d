import type { Socket } from 'node:net'
import type { Cancel } from '../ports.ts'
import type { LineSplitter } from './line.ts'
import type { Paced } from './pacing.ts'

/** What a relay keeps of one that sends. */
export interface Sender {
  /** Bytes before the content of each of its relayed lines. */
  readonly prefix: Uint8Array
  readonly splitter: LineSplitter
  /** A line ended within the chunk being read. */
  finished: boolean
}

/** One connection of a relay. */
export interface Member extends Paced {
  readonly socket: Socket
  readonly address: string
  /** Made with the first byte: most clients of a large relay never send. */
  sender: Sender | null
  /** Position in the log. */
  cursor: number
  /** Where its part of the log ends once it leaves; infinite before. */
  stopAt: number
  /** The kernel takes no more at present. */
  blocked: boolean
  /** Its own lines in the log, which it does not get back: pairs of start and end, from `ownNext` on. */
  readonly own: number[]
  ownNext: number
  /** What it sent while senders had to wait. */
  held: Buffer | null
  /** Leaving or gone: nothing is read from it any more. */
  deaf: boolean
  /** Ends a leave that takes too long. */
  deadline: Cancel | null
  /** Called when all that was written is with the kernel. */
  onFlushed: () => void
}

export const createMember = (socket: Socket, address: string, cursor: number): Member => ({
  socket,
  address,
  sender: null,
  cursor,
  stopAt: Number.POSITIVE_INFINITY,
  blocked: false,
  own: [],
  ownNext: 0,
  held: null,
  deaf: false,
  deadline: null,
  behind: false,
  ignored: false,
  taken: 0,
  onFlushed: () => {},
})

/** Notes lines of a member in the log, from `start` to `end`, as its own. */
export const addOwn = (member: Member, start: number, end: number): void => {
  const last = member.own.length - 1
  if (last > 0 && member.own[last] === start) member.own[last] = end
  else member.own.push(start, end)
}
