import type { AuditDto } from '../../../contract/dto.ts'

type Side = 'a' | 'b'
type Lane = AuditDto['lanes'][number]
type LaneRow = Lane['rows'][number]

/** Height of a row's card and the least distance between two on one lane, CSS pixels. */
export const cardHeight = 40
const sameLane = 54
const otherLane = 27
const hiddenRows = 26
const top = 34
/** Width of the part between the lanes, in which the links are drawn. */
export const middleWidth = 212
const strand = 6

export interface PlacedRow {
  readonly side: Side
  readonly seq: number
  /** Null: a link says there is such a row, and the lane has none. */
  readonly row: LaneRow | null
  /** Middle of its card. */
  readonly y: number
  /** Rows of the chain before it that are not drawn. */
  readonly skipped: number
  /** A finding names it. */
  readonly bad: boolean
}

export interface PlacedLink {
  readonly link: AuditDto['links'][number]
  readonly d: string
  /** Where its tick or cross stands. */
  readonly mark: { readonly x: number; readonly y: number }
}

export interface LanesGeometry {
  readonly left: Lane | null
  readonly right: Lane | null
  readonly rows: readonly PlacedRow[]
  readonly links: readonly PlacedLink[]
  readonly height: number
}

interface Waiting {
  readonly side: Side
  readonly seq: number
  readonly row: LaneRow | null
  readonly at: number
}

/** The own chain is on the left; without one, the first of the two. */
const sides = (audit: AuditDto): { left: Lane | null; right: Lane | null } => {
  const [one, two] = audit.lanes
  if (one === undefined) return { left: null, right: null }
  if (two === undefined) return one.own || one.side === 'a' ? { left: one, right: null } : { left: null, right: one }
  return two.own && !one.own ? { left: two, right: one } : { left: one, right: two }
}

/** Rows of a lane in their own order, with a place for each that only a link speaks of. */
const waitingOf = (audit: AuditDto, lane: Lane | null): Waiting[] => {
  if (lane === null) return []
  const known = new Set(lane.rows.map(({ seq }) => seq))
  const { side } = lane
  const spoken = audit.links.flatMap(({ from, to }) => [
    { end: to, other: from },
    { end: from, other: to },
  ])
  const gone = new Map<number, number>()
  for (const { end, other } of spoken) {
    if (end.side !== side || known.has(end.seq)) continue
    const seen = audit.lanes.find((candidate) => candidate.side === other.side)?.rows.find(({ seq }) => seq === other.seq)
    if (seen !== undefined) gone.set(end.seq, Math.min(gone.get(end.seq) ?? Number.MAX_SAFE_INTEGER, seen.at))
  }
  const rows: Waiting[] = lane.rows.map((row) => ({ side, seq: row.seq, row, at: row.at }))
  for (const [seq, at] of gone) rows.push({ side, seq, row: null, at })
  return rows.sort((a, b) => a.seq - b.seq)
}

/** Merges both lanes by time without ever turning the order of one lane, which its row numbers give. */
const merged = (left: readonly Waiting[], right: readonly Waiting[]): Waiting[] => {
  const rows: Waiting[] = []
  let [l, r] = [0, 0]
  while (l < left.length || r < right.length) {
    const [one, two] = [left[l], right[r]]
    if (one !== undefined && (two === undefined || one.at <= two.at)) {
      rows.push(one)
      l += 1
    } else if (two !== undefined) {
      rows.push(two)
      r += 1
    }
  }
  return rows
}

/** Places the rows of both chains on one scale of time from top to bottom, and the links between them. Pure. */
export const lanesGeometry = (audit: AuditDto): LanesGeometry => {
  const { left, right } = sides(audit)
  const blamed = new Set(audit.findings.flatMap(({ rows }) => rows.map(({ side, at }) => `${side}${at}`)))
  const rows: PlacedRow[] = []
  const lastOf: Partial<Record<Side, PlacedRow>> = {}
  for (const { side, seq, row } of merged(waitingOf(audit, left), waitingOf(audit, right))) {
    const before = lastOf[side]
    const newest = rows.at(-1)
    const skipped = Math.max(0, seq - (before === undefined ? 0 : before.seq + 1))
    const room = skipped > 0 ? hiddenRows : 0
    const least = newest === undefined ? top + room : newest.side === side ? newest.y + sameLane + room : newest.y + otherLane
    const placed: PlacedRow = {
      side,
      seq,
      row,
      y: Math.max(least, before === undefined ? top + room : before.y + sameLane + room),
      skipped,
      bad: row === null || row.findings.length > 0 || blamed.has(`${side}${seq}`),
    }
    rows.push(placed)
    lastOf[side] = placed
  }
  const xOf = (side: Side): number => (side === left?.side ? strand : middleWidth - strand)
  const placeOf = new Map(rows.map((row) => [`${row.side}${row.seq}`, row]))
  const marks: { x: number; y: number }[] = []
  const links = audit.links.flatMap((link): PlacedLink[] => {
    const from = placeOf.get(`${link.from.side}${link.from.seq}`)
    const to = placeOf.get(`${link.to.side}${link.to.seq}`)
    if (from === undefined || to === undefined) return []
    const [x1, x2] = [xOf(from.side), xOf(to.side)]
    const half = (x1 + x2) / 2
    // On a cubic with both handles at half the way, the point at half the time is the middle of both ends.
    const mark = freeMark(marks, { x: x1, y: from.y }, { x: x2, y: to.y })
    marks.push(mark)
    return [{ link, d: `M${x1} ${from.y}C${half} ${from.y} ${half} ${to.y} ${x2} ${to.y}`, mark }]
  })
  const bottom = rows.reduce((y, row) => Math.max(y, row.y), top)
  return { left, right, rows, links, height: bottom + cardHeight / 2 + 14 }
}

interface Point {
  readonly x: number
  readonly y: number
}

const pointAt = (from: Point, to: Point, t: number): Point => {
  const half = (from.x + to.x) / 2
  const [p, q] = [1 - t, t]
  return {
    x: Math.round(p ** 3 * from.x + 3 * p * p * q * half + 3 * p * q * q * half + q ** 3 * to.x),
    y: Math.round(p ** 3 * from.y + 3 * p * p * q * from.y + 3 * p * q * q * to.y + q ** 3 * to.y),
  }
}

/** The middle of the link, or a place on it where no other mark stands. */
const freeMark = (taken: readonly Point[], from: Point, to: Point): Point => {
  const places = [0.5, 0.38, 0.62, 0.28, 0.72].map((t) => pointAt(from, to, t))
  return places.find((place) => taken.every(({ x, y }) => Math.hypot(x - place.x, y - place.y) > 24)) ?? pointAt(from, to, 0.5)
}

/** The part of an audit that belongs to one session, with what was found anywhere; null: all of it. */
export const ofSession = (audit: AuditDto, nonce: string | null): AuditDto => {
  if (nonce === null) return audit
  const lanes = audit.lanes.map((lane) => ({ ...lane, rows: lane.rows.filter((row) => row.session === nonce) }))
  const has = ({ side, seq }: { side: Side; seq: number }): boolean => lanes.some((lane) => lane.side === side && lane.rows.some((row) => row.seq === seq))
  return { ...audit, lanes, links: audit.links.filter(({ from, to }) => has(from) || has(to)) }
}
