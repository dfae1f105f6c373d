import { inPauses } from '../ledger/in-pauses.ts'
import type { VerifyReport } from '../ledger/ledger-types.ts'
import type { Clock } from '../ports.ts'
import { Refusal } from './route.ts'

/** Chains verified at once. */
const MOST = 2

export interface Validations {
  /** Verifies page by page and lets others go between two. @throws Refusal 503 `busy`: anyone may ask for a public chain's. */
  run(steps: Generator<number, VerifyReport, void>): Promise<VerifyReport>
}

export const createValidations = (clock: Clock): Validations => {
  let running = 0
  return {
    run: async (steps) => {
      if (running >= MOST) throw new Refusal(503, 'busy', { 'retry-after': '1' })
      running += 1
      try {
        return await inPauses(clock, steps)
      } finally {
        running -= 1
      }
    },
  }
}
