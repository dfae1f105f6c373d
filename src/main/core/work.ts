import type { DomainEvent } from './events.ts'

/** What changed for whoever draws it; a set, so that ten changes of one peer are one patch. */
export type Touched =
  | `peer:${string}`
  | `session:${string}`
  | `handshake:${string}`
  | `file:${string}`
  | `row:${number}`
  | `request:${string}`
  | `knock:${string}`
  | `message:${number}`
  | `decision:${number}`
  | `notice:${number}`
  | 'app'

export interface WorkSinks {
  /** As `Store.transaction`: nested calls join. */
  readonly transaction: <T>(change: () => T) => T
  /** Stores an event, inside the transaction; returns its sequence number. */
  readonly store: (event: DomainEvent) => number
  /** After the commit: events in order, then what was touched. */
  readonly publish: (events: readonly { readonly seq: number; readonly event: DomainEvent }[], touched: ReadonlySet<Touched>) => void
}

/**
 * The one writer of a profile. Whatever a step changes (thread, decision, outbox, event) is one transaction; what it
 * wants to be known or sent happens after the commit, and never if there was none.
 */
export interface Work {
  /** Runs `change` in the transaction. A nested call joins, and when it fails so does the whole, also where its error was swallowed on the way. */
  run<T>(change: () => T): T
  emit(event: DomainEvent): void
  touch(what: Touched): void
  /** Runs once after the commit, in order; may start new work. */
  after(then: () => void): void
  /** Runs when the transaction failed, to drop what memory holds of it. */
  readonly onRollback: (forget: () => void) => void
}

export const createWork = (sinks: WorkSinks): Work => {
  let depth = 0
  let events: { seq: number; event: DomainEvent }[] = []
  let touched = new Set<Touched>()
  let following: (() => void)[] = []
  const forgetters: (() => void)[] = []

  const settle = (): void => {
    const [published, changed, next] = [events, touched, following]
    events = []
    touched = new Set()
    following = []
    // The change is committed: what one follower fails at must not keep the others from their turn.
    let failed: { readonly error: unknown } | undefined
    const guarded = (run: () => void): void => {
      try {
        run()
      } catch (error) {
        failed ??= { error }
      }
    }
    if (published.length > 0 || changed.size > 0) guarded(() => sinks.publish(published, changed))
    for (const then of next) guarded(then)
    if (failed) throw failed.error
  }

  return {
    run: (change) => {
      if (depth > 0) return sinks.transaction(change)
      depth += 1
      try {
        const result = sinks.transaction(change)
        depth -= 1
        settle()
        return result
      } catch (error) {
        if (depth > 0) {
          depth -= 1
          events = []
          touched = new Set()
          following = []
          for (const forget of forgetters) forget()
        }
        throw error
      }
    },
    emit: (event) => void events.push({ seq: sinks.store(event), event }),
    touch: (what) => void touched.add(what),
    after: (then) => void following.push(then),
    onRollback: (forget) => void forgetters.push(forget),
  }
}
