/** Changing each single leaf of a value, one at a time: what the sweeps over chains and bundles share. */

export type Path = readonly (string | number)[]

export interface Leaf {
  readonly path: Path
  readonly value: unknown
}

/** Strings, numbers, booleans, nulls, and empty containers: everything that has no children. */
export const leavesOf = (value: unknown, path: Path = []): Leaf[] => {
  if (typeof value !== 'object' || value === null) return [{ path, value }]
  const entries = Array.isArray(value) ? value.map((item, i) => [i, item] as const) : Object.entries(value)
  return entries.length === 0 ? [{ path, value }] : entries.flatMap(([key, item]) => leavesOf(item, [...path, key]))
}

const otherCharacter = (text: string): string => {
  const last = text.at(-1) ?? ''
  return `${text.slice(0, -1)}${last === '0' ? '1' : '0'}`
}

const otherCase = (text: string): string => (text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase())

/** Another character, one appended, letter case; and what corresponds to it for other kinds of leaf. Never the value itself. */
export const variants = (value: unknown): unknown[] => {
  const made: unknown[] =
    typeof value === 'string'
      ? [otherCharacter(value), `${value}0`, otherCase(value)]
      : typeof value === 'number'
        ? [value + 1, value * 10 + 1, String(value)]
        : typeof value === 'boolean'
          ? [!value, String(value)]
          : value === null
            ? ['', 0, '00'.repeat(32)]
            : Array.isArray(value)
              ? [['x'], {}]
              : [{ x: 1 }, []]
  return made.filter((item) => JSON.stringify(item) !== JSON.stringify(value))
}

/** A copy with one leaf replaced. */
export const withLeaf = <T>(value: T, path: Path, leaf: unknown): T => {
  const copy = structuredClone(value) as Record<string | number, unknown>
  let at: Record<string | number, unknown> = copy
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  at[path.at(-1) ?? ''] = leaf
  return copy as T
}
