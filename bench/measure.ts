/** One measured thing beside a reference of the same run: absolute figures drift between machines, ratios less. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly reference: { readonly name: string; readonly value: number }
  /** value / reference. */
  readonly ratio: number
  /** As docs/performance.md has it. */
  readonly target: string
  readonly met: boolean
}

export const figure = (
  name: string,
  [value, unit]: readonly [number, string],
  [reference, referenceValue]: readonly [string, number],
  target: string,
  meets: (value: number, ratio: number) => boolean,
): Figure => {
  const ratio = value / referenceValue
  return { name, value, unit, reference: { name: reference, value: referenceValue }, ratio, target, met: meets(value, ratio) }
}

/** Milliseconds that a run takes. */
export const millis = (run: () => void): number => {
  const start = performance.now()
  run()
  return performance.now() - start
}

/** The p-th percentile, p in 0..1, of samples in any order. */
export const percentile = (samples: readonly number[], p: number): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN
}
