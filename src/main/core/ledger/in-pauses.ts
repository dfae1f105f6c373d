import type { Clock } from '../ports.ts'

/** Runs steps to their end with a pause after each: a long piece of work must not hold up everything else. */
export const inPauses = async <R>(clock: Pick<Clock, 'schedule'>, steps: Generator<unknown, R, void>): Promise<R> => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await new Promise<void>((resolve) => void clock.schedule(0, resolve))
  }
}
