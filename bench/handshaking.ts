import { createPrivateKey, sign } from 'node:crypto'
import { openWorld } from '../src/main/core/m2m/m2m.fixture.ts'
import { type Figure, figure, millis, percentile } from './measure.ts'

/** Rows of a handshake on both ledgers; each has a signed head, eight a signed statement as well. */
const [ROWS, STATEMENTS] = [10, 8]

/**
 * Two whole wallets' engines, deliveries, ledgers and stores, both with a policy that approves: from the proposal until both
 * have the session open. The wire between them is a queue, so this is all but the sockets.
 */
export const handshakes = (count: number): Figure => {
  const world = openWorld()
  try {
    for (const side of world.sides) side.policy = 'auto'
    // First contact: cards, and the first session.
    world.alice.propose()
    world.settle()
    const taken = Array.from({ length: count }, () => {
      // Rates and acks of the one before run out, unmeasured.
      world.calm(10_000)
      const before = world.keys.length
      const ms = millis(() => {
        world.alice.propose()
        world.settle()
      })
      if (world.keys.length !== before + 2) throw new Error(`a handshake did not end in two open channels: ${world.alice.notes.at(-1) ?? ''}`)
      return ms
    })
    const key = createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 1)]),
      format: 'der',
      type: 'pkcs8',
    })
    const message = Buffer.alloc(600, 1)
    const bare = percentile(
      Array.from({ length: 200 }, () =>
        millis(() => {
          for (let i = 0; i < ROWS + STATEMENTS; i += 1) sign(null, message, key)
        }),
      ),
      0.5,
    )
    const reference = [`its ${ROWS + STATEMENTS} signatures, bare, p50`, bare] as const
    return figure('m2m handshake without sockets, synchronous=FULL, p50', [percentile(taken, 0.5), 'ms'], reference, 'p50 < 25 ms', (value) => value < 25)
  } finally {
    world.close()
  }
}
