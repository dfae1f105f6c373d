import type { KeyPicture } from '../../contract/view.ts'

/**
 * Geometry of the key picture ("knot"), version 1: two strands laced round a coin. The core derives the indices from
 * the public signing key; this file only turns them into paths. View box 64.
 */
export const coin = ['#5C3232', '#5A3520', '#513C15', '#424218', '#2D4828', '#154A3B', '#02494D', '#15465A', '#2C4060', '#583144'] as const
export const pale = ['#FAB2B0', '#F5B896', '#E5C287', '#CACD8C', '#AAD5A1', '#8DDABF', '#81D8DD', '#8CD2F4', '#A7C9FF', '#F3B1CF'] as const

const sector = Math.PI / 6
const tracks = [25.2, 18.4, 11.6] as const
const radiusOf = (track: number | undefined): number => tracks[track === 0 ? 0 : track === 1 ? 1 : 2]

/** Radius of a strand at the angle t (clockwise from 12 o'clock, any real number). */
export function strandRadius(strand: readonly number[], t: number): number {
  const u = t / sector
  const i = Math.floor(u)
  const f = u - i
  const x = 2 * (f - 0.25)
  const e = f < 0.25 ? 0 : f > 0.75 ? 1 : x * x * (3 - 2 * x)
  const here = radiusOf(strand[((i % 12) + 12) % 12])
  const next = radiusOf(strand[(((i + 1) % 12) + 12) % 12])
  return here + e * (next - here)
}

function point(strand: readonly number[], t: number): string {
  const r = strandRadius(strand, t)
  return `${(32 + r * Math.sin(t)).toFixed(2)} ${(32 - r * Math.cos(t)).toFixed(2)}`
}

/** The whole strand, 144 points, closed. */
export function closedPath(strand: readonly number[]): string {
  const points = Array.from({ length: 144 }, (_, k) => point(strand, (k / 144) * 2 * Math.PI))
  return `M${points.join('L')}Z`
}

function openPath(strand: readonly number[], from: number, to: number, steps: number): string {
  const points = Array.from({ length: steps + 1 }, (_, k) => point(strand, from + ((to - from) * k) / steps))
  return `M${points.join('L')}`
}

export interface KnotPaths {
  readonly strandA: string
  readonly strandB: string
  /** Where A passes over B: first the gap cut out of B in the coin's colour, then A again, a little longer. */
  readonly bridges: readonly { readonly gap: string; readonly over: string }[]
}

export function knotPaths({ A, B }: Pick<KeyPicture, 'A' | 'B'>): KnotPaths {
  const bridges = []
  for (let i = 0; i < 12; i += 2) {
    const j = (i + 1) % 12
    const here = (A[i] ?? 0) - (B[i] ?? 0)
    const next = (A[j] ?? 0) - (B[j] ?? 0)
    if (here * next >= 0) continue
    const from = (i + 0.12) * sector
    const to = (i + 0.88) * sector
    bridges.push({ gap: openPath(A, from, to, 16), over: openPath(A, from - 0.06, to + 0.06, 18) })
  }
  return { strandA: closedPath(A), strandB: closedPath(B), bridges }
}
