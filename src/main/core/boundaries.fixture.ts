import type { Transport } from './relay/transport.ts'
import type { Store } from './store/store.ts'

// For tests that kill: where a process can die so that it makes a difference. Imports no test runner: children use it too.

/** `hit` is called at every boundary; it may throw, or not return at all. */
export const withBoundaries = (store: Store, transport: Transport, hit: (boundary: string) => void): { store: Store; transport: Transport } => ({
  store: {
    ...store,
    get locked() {
      return store.locked
    },
    transaction: (work) => {
      const value = store.transaction(() => {
        const done = work()
        hit('store: before the commit')
        return done
      })
      hit('store: after the commit')
      return value
    },
    outbox: {
      ...store.outbox,
      done: (id) => {
        hit('outbox: before the row goes')
        const done = store.outbox.done(id)
        hit('outbox: after the row has gone')
        return done
      },
    },
  },
  transport: {
    start: transport.start,
    stop: transport.stop,
    on: transport.on,
    get state() {
      return transport.state
    },
    send: (line) => {
      hit('socket: before the line is sent')
      const sent = transport.send(line)
      hit('socket: after the line was sent')
      return sent
    },
  },
})
