import type { KeyPicture } from '../../contract/view.ts'
import { svg } from './dom.ts'
import { sha256, tagged } from './view-hash.ts'

/** The key picture, version 1 (docs/visual.md): two strands laced round a coin, from the public signing key alone. */
export const coins: readonly string[] = ['#5C3232', '#5A3520', '#513C15', '#424218', '#2D4828', '#154A3B', '#02494D', '#15465A', '#2C4060', '#583144']
export const pales: readonly string[] = ['#FAB2B0', '#F5B896', '#E5C287', '#CACD8C', '#AAD5A1', '#8DDABF', '#81D8DD', '#8CD2F4', '#A7C9FF', '#F3B1CF']
const radii = [25.2, 18.4, 11.6] as const
const sectors = 12
const samples = 144
const step = Math.PI / 6

const radiusAt = (track: readonly number[], sector: number): number => radii[(track[((sector % sectors) + sectors) % sectors] ?? 0) as 0 | 1 | 2]

const radius = (track: readonly number[], t: number): number => {
  const u = t / step
  const i = Math.floor(u)
  const f = u - i
  const x = 2 * (f - 0.25)
  const e = f < 0.25 ? 0 : f > 0.75 ? 1 : x * x * (3 - 2 * x)
  const from = radiusAt(track, i)
  return from + e * (radiusAt(track, i + 1) - from)
}

const point = (track: readonly number[], t: number): string => {
  const r = radius(track, t)
  return `${(32 + r * Math.sin(t)).toFixed(3)} ${(32 - r * Math.cos(t)).toFixed(3)}`
}

const arc = (track: readonly number[], from: number, to: number, count: number): string =>
  `M${Array.from({ length: count + 1 }, (_, n) => point(track, from + ((to - from) * n) / count)).join('L')}`

const ring = (track: readonly number[]): string => `M${Array.from({ length: samples }, (_, n) => point(track, (n * 2 * Math.PI) / samples)).join('L')}Z`

/** Where A passes over B: even sectors in which the strands change sides. */
const crossings = (picture: KeyPicture): number[] =>
  [0, 2, 4, 6, 8, 10].filter((i) => {
    const side = (n: number): number => (picture.A[n % sectors] ?? 0) - (picture.B[n % sectors] ?? 0)
    return side(i) * side(i + 1) < 0
  })

const strand = (d: string, stroke: string, width: number, name: string): SVGPathElement =>
  svg('path', { class: name, d, fill: 'none', stroke, 'stroke-width': width })

/** Draws a key picture `size` CSS pixels wide. Pure: equal pictures give equal nodes. */
export const drawKnot = (picture: KeyPicture, size: number): SVGSVGElement => {
  const coin = coins[picture.a] ?? '#000000'
  const paleA = pales[picture.a] ?? '#000000'
  const paleB = pales[picture.b] ?? '#000000'
  return svg(
    'svg',
    { class: 'knot', viewBox: '0 0 64 64', width: size, height: size, 'aria-hidden': 'true' },
    svg('circle', { class: 'knot-coin', cx: 32, cy: 32, r: 31, fill: coin }),
    strand(ring(picture.A), paleA, 4.6, 'knot-a'),
    strand(ring(picture.B), coin, 8.2, 'knot-gap'),
    strand(ring(picture.B), paleB, 4.6, 'knot-b'),
    ...crossings(picture).flatMap((i) => [
      strand(arc(picture.A, (i + 0.12) * step, (i + 0.88) * step, 16), coin, 8.2, 'knot-gap'),
      strand(arc(picture.A, (i + 0.12) * step - 0.06, (i + 0.88) * step + 0.06, 18), paleA, 4.6, 'knot-over'),
    ]),
    svg('circle', { cx: 32, cy: 32, r: 4.2, fill: paleB }),
  )
}

/** The disc of a peer whose key is not known: nothing is invented for it. */
export const drawNoKnot = (size: number): SVGSVGElement =>
  svg(
    'svg',
    { class: 'knot knot-none', viewBox: '0 0 64 64', width: size, height: size, 'aria-hidden': 'true' },
    svg('circle', { cx: 32, cy: 32, r: 30, fill: 'none' }),
  )

const trackFrom = (path: Element | null): number[] => {
  const points = (path?.getAttribute('d') ?? '').slice(1, -1).split('L')
  return Array.from({ length: sectors }, (_, i) => {
    const [x, y] = (points[(i * samples) / sectors] ?? '').split(' ').map(Number)
    const r = Math.hypot((x ?? Number.NaN) - 32, (y ?? Number.NaN) - 32)
    return radii.findIndex((candidate) => Math.abs(candidate - r) < 0.01)
  })
}

/** Measures a drawn key picture: what its colours and the course of its strands say. Undrawable values come back as -1. */
export const readKnot = (node: Element): KeyPicture | null => {
  if (node.classList.contains('knot-none')) return null
  const colour = (selector: string, name: string): string => node.querySelector(selector)?.getAttribute(name) ?? ''
  return {
    a: coins.indexOf(colour('.knot-coin', 'fill')),
    b: pales.indexOf(colour('.knot-b', 'stroke')),
    A: trackFrom(node.querySelector('.knot-a')),
    B: trackFrom(node.querySelector('.knot-b')),
  }
}

/** The picture of a signing key (64 hex digits), derived here and not taken from anybody. */
export const pictureOf = async (signPub: string): Promise<KeyPicture> => {
  const key = Uint8Array.from(signPub.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  const d = await sha256(tagged('countersign.picture.v1', key))
  const at = (n: number): number => d[n] ?? 0
  const a = at(0) % 10
  const picks = Array.from({ length: sectors }, (_, i) => at(2 + i) % 6)
  return { a, b: (a + 2 + (at(1) % 7)) % 10, A: picks.map((v) => v >> 1), B: picks.map((v) => ((v >> 1) + 1 + (v & 1)) % 3) }
}
