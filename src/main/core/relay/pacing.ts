/**
 * Decides when senders have to wait. A sender can be faster than every receiver, and then a burst would overflow all
 * queues; but one slow receiver must never delay anybody (it did in the original, W5). So senders wait only while more
 * than half of the receivers lag, and a receiver that hardly reads stops counting after a moment.
 */
export interface Paced {
  /** Lags by more than the limit. */
  behind: boolean
  /** Lagged and did not read: no longer counts, until it has caught up. */
  ignored: boolean
  /** Bytes handed to its socket since the last check. */
  taken: number
}

export interface Pacing {
  readonly overloaded: boolean
  /** Tells how many bytes a receiver lags. */
  lag(receiver: Paced, bytes: number): void
  join(): void
  leave(receiver: Paced): void
  /** To be called each `patienceMs` while overloaded. */
  losePatience(receivers: Iterable<Paced>): void
}

/** @param paceBytes lag from which on a receiver counts as behind; it has caught up at half of that. */
export const createPacing = (paceBytes: number, minTakenBytes: number): Pacing => {
  let counted = 0
  let behind = 0

  const setBehind = (receiver: Paced, value: boolean): void => {
    if (receiver.behind === value) return
    receiver.behind = value
    behind += value ? 1 : -1
  }

  return {
    get overloaded() {
      // One of those counted is the sender, which is not its own receiver.
      return behind * 2 > Math.max(1, counted - 1)
    },
    lag(receiver, bytes) {
      if (bytes > paceBytes) {
        if (!receiver.ignored) setBehind(receiver, true)
      } else if (bytes <= paceBytes / 2) {
        setBehind(receiver, false)
        if (receiver.ignored) {
          receiver.ignored = false
          counted += 1
        }
      }
    },
    join() {
      counted += 1
    },
    leave(receiver) {
      setBehind(receiver, false)
      if (!receiver.ignored) counted -= 1
      receiver.ignored = true
    },
    losePatience(receivers) {
      for (const receiver of receivers) {
        if (receiver.behind && receiver.taken < minTakenBytes) {
          setBehind(receiver, false)
          receiver.ignored = true
          counted -= 1
        }
        receiver.taken = 0
      }
    },
  }
}
