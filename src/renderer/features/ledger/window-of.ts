/** Height of a row, CSS pixels; every row has the same, so that its place can be computed. */
export const rowHeight = 36
const overscan = 8

/** The row that is open, by its index from the top, and how high what stands under it is. */
export interface OpenRow {
  readonly index: number
  readonly height: number
}

/** Top edge of the row with this index, in pixels from the start of the list. */
export const topOf = (index: number, open: OpenRow | null): number => index * rowHeight + (open !== null && index > open.index ? open.height : 0)

/** Height of the whole list. */
export const heightOf = (count: number, open: OpenRow | null): number => count * rowHeight + (open === null || open.index >= count ? 0 : open.height)

/** Index of the row at a height; what is open belongs to its row. */
const indexAt = (y: number, open: OpenRow | null): number => {
  if (open === null || y < topOf(open.index, open) + rowHeight) return Math.floor(y / rowHeight)
  const below = y - open.height
  return below < (open.index + 1) * rowHeight ? open.index : Math.floor(below / rowHeight)
}

/** First and last index (last included) that must be drawn for what is on screen; null for nothing. */
export const visibleRange = (
  count: number,
  scrollTop: number,
  viewHeight: number,
  open: OpenRow | null,
): { readonly first: number; readonly last: number } | null => {
  if (count === 0) return null
  const clamp = (index: number): number => Math.min(count - 1, Math.max(0, index))
  return { first: clamp(indexAt(Math.max(0, scrollTop), open) - overscan), last: clamp(indexAt(Math.max(0, scrollTop) + viewHeight, open) + overscan) }
}

/** Where to scroll so that the row is on screen; the present place where it is already. */
export const scrollFor = (index: number, scrollTop: number, viewHeight: number, open: OpenRow | null): number => {
  const top = topOf(index, open)
  if (top < scrollTop) return top
  return top + rowHeight > scrollTop + viewHeight ? top + rowHeight - viewHeight : scrollTop
}

/** Where to scroll so that an open row is on screen with what stands under it, as far as there is room; its own top always is. */
export const openFor = (index: number, scrollTop: number, viewHeight: number, open: OpenRow): number => {
  const top = topOf(index, open)
  const bottom = top + rowHeight + open.height
  return top < scrollTop ? top : Math.min(top, Math.max(scrollTop, bottom - viewHeight))
}

/**
 * Pages that have to be read for rows `low` to `high` (row numbers, included): each is told by the row number before
 * which it ends. `has` says whether a row is there already.
 */
export const missingPages = (low: number, high: number, total: number, size: number, has: (seq: number) => boolean): readonly number[] => {
  const ends = new Set<number>()
  for (let seq = Math.max(0, low); seq <= Math.min(high, total - 1); seq += 1) if (!has(seq)) ends.add(Math.min(total, (Math.floor(seq / size) + 1) * size))
  return [...ends]
}
