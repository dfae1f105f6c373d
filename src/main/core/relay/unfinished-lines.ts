import type { Member } from './member.ts'

export interface UnfinishedLines {
  /** To be called when a member's unfinished line may have changed; `fresh` when it began within the last chunk. */
  note(member: Member, heldBytes: number, fresh: boolean): void
  forget(member: Member): void
  readonly bytes: number
}

/**
 * Bounds the memory for lines that have begun and not ended. When it is over the limit the oldest gives way: an honest
 * client ends its line at once, so that the oldest belong to those who keep lines open on purpose.
 */
export const createUnfinishedLines = (limitBytes: number, onTooMuch: (oldest: Member) => void): UnfinishedLines => {
  /** The oldest first. */
  const held = new Map<Member, number>()
  let bytes = 0
  const forget = (member: Member): void => {
    bytes -= held.get(member) ?? 0
    held.delete(member)
  }
  return {
    note(member, heldBytes, fresh) {
      const before = held.get(member) ?? 0
      bytes += heldBytes - before
      if (heldBytes === 0 || fresh) held.delete(member)
      if (heldBytes > 0) held.set(member, heldBytes)
      for (const oldest of held.keys()) {
        if (bytes <= limitBytes) break
        forget(oldest)
        onTooMuch(oldest)
      }
    },
    forget,
    get bytes() {
      return bytes
    },
  }
}
