// biome-ignore-all lint/a11y/useSemanticElements: a table of the platform cannot be drawn in part, with its rows placed by hand
// biome-ignore-all lint/a11y/useFocusableInteractive: rows are reached by the button in them
import { ChevronDown, ChevronRight, Link } from 'lucide-react'
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { PeerDto, RowDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { classes } from '../../components/classes.ts'
import { ShortHash } from '../../components/hash-cell.tsx'
import { PeerInline } from '../../components/peer-name.tsx'
import { formatNumber, Time, useNow } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import { useUi } from '../../state/ui.ts'
import { RowDetail } from './row-detail.tsx'
import css from './rows.module.css'
import { text } from './strings.ts'
import { useRows } from './use-rows.ts'
import { heightOf, openFor, rowHeight, scrollFor, topOf, visibleRange } from './window-of.ts'

/** All rows of the own ledger, newest first; only those on screen are in the document, the others are read as they come near. */
export function Rows({ total }: { total: number }) {
  const rows = useModel((model) => model.ledger.rows)
  const known = useModel((model) => model.ledger.total)
  const peers = useModel((model) => model.peers)
  const openSeq = useUi((ui) => ui.row)
  const scroller = useRef<HTMLDivElement>(null)
  const [scrollTop, setScrollTop] = useState(0)
  const [viewHeight, setViewHeight] = useState(400)
  const [detailHeight, setDetailHeight] = useState(260)
  const [cursor, setCursor] = useState<number>(() => openSeq ?? total - 1)
  const wantFocus = useRef(false)
  const now = useNow(60_000)

  const indexOf = (seq: number): number => total - 1 - seq
  const open = openSeq === null || openSeq >= total || rows[openSeq] === null ? null : { index: indexOf(openSeq), height: detailHeight }
  const range = visibleRange(total, scrollTop, viewHeight, open)
  const { failed, again } = useRows(range === null ? 0 : total - 1 - range.last, range === null ? -1 : total - 1 - range.first, known === null ? null : total)

  useLayoutEffect(() => {
    const box = scroller.current
    if (box === null) return undefined
    const measure = (): void => setViewHeight(viewOf(box))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(box)
    return () => observer.disconnect()
  }, [])

  // A new row comes in above: what is being looked at stays where it is.
  const before = useRef(total)
  useLayoutEffect(() => {
    const box = scroller.current
    const more = total - before.current
    before.current = total
    if (box !== null && more > 0 && box.scrollTop > 0) box.scrollTop += more * rowHeight
  }, [total])

  const bring = useCallback(
    (seq: number): void => {
      const box = scroller.current
      if (box === null) return
      const place = openSeq === null || openSeq >= total ? null : { index: total - 1 - openSeq, height: detailHeight }
      box.scrollTop = scrollFor(total - 1 - seq, box.scrollTop, viewOf(box), place)
      setScrollTop(box.scrollTop)
    },
    [openSeq, total, detailHeight],
  )
  // A row that is opened is brought on screen once, with what stands under it.
  const brought = useRef<number | null>(null)
  useEffect(() => {
    const box = scroller.current
    if (brought.current === openSeq || box === null) return
    brought.current = openSeq
    if (openSeq === null) return
    const index = total - 1 - openSeq
    box.scrollTop = openFor(index, box.scrollTop, viewOf(box), { index, height: detailHeight })
    setScrollTop(box.scrollTop)
    setCursor(openSeq)
  }, [openSeq, total, detailHeight])
  useEffect(() => {
    if (!wantFocus.current) return
    wantFocus.current = false
    scroller.current?.querySelector<HTMLElement>(`[data-seq="${cursor}"]`)?.focus({ preventScroll: true })
  }, [cursor])

  const moveTo = (seq: number): void => {
    const next = Math.max(0, Math.min(total - 1, seq))
    bring(next)
    wantFocus.current = true
    setCursor(next)
  }
  const onKey = (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset['seq'] === undefined) return
    const at = Number(event.target.dataset['seq'])
    const page = Math.max(1, Math.floor(viewHeight / rowHeight) - 1)
    const moves: Readonly<Record<string, number>> = { ArrowDown: at - 1, ArrowUp: at + 1, PageDown: at - page, PageUp: at + page, Home: total - 1, End: 0 }
    const next = moves[event.key]
    if (next === undefined) return
    event.preventDefault()
    moveTo(next)
  }
  const indices = range === null ? [] : Array.from({ length: range.last - range.first + 1 }, (_, i) => range.first + i)
  // Tab has to find a row even where the one it stood on was scrolled away.
  const stop = range !== null && indexOf(cursor) >= range.first && indexOf(cursor) <= range.last ? cursor : total - 1 - (range?.first ?? 0)
  return (
    <>
      {failed && (
        <p className={css.failed} role="alert">
          {text.table.failed}{' '}
          <Button size="small" onClick={again}>
            {text.table.again}
          </Button>
        </p>
      )}
      <div className={css.table} role="table" aria-label={text.table.label} aria-rowcount={total + 1}>
        <div ref={scroller} className={css.scroll} role="rowgroup" onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)} onKeyDown={onKey}>
          <div className={css.head} role="row" aria-rowindex={1}>
            <span />
            {[text.table.row, text.table.time, text.table.what, text.table.with, text.table.hash, text.table.witness].map((name, i) => (
              <span key={name} role="columnheader" className={columns[i]}>
                {name}
              </span>
            ))}
          </div>
          <div className={css.all} role="presentation" style={{ blockSize: `${heightOf(total, open)}px` }}>
            {indices.map((index) => {
              const seq = total - 1 - index
              return (
                <div key={seq} className={css.place} role="presentation" style={{ insetBlockStart: `${topOf(index, open)}px` }}>
                  <Row
                    seq={seq}
                    row={rows[seq]}
                    peer={peers.find((peer) => peer.id === rows[seq]?.peer)}
                    open={seq === openSeq}
                    stop={seq === stop}
                    first={seq === 0}
                    index={index + 2}
                    now={now}
                    onToggle={() => useUi.setState({ row: seq === openSeq ? null : seq })}
                  />
                  {seq === openSeq && rows[seq] != null && <RowDetail row={rows[seq]} onHeight={setDetailHeight} />}
                </div>
              )
            })}
          </div>
        </div>
      </div>
    </>
  )
}

/** Height of the list below its head, which stays. */
const headHeight = 30
const viewOf = (box: HTMLElement): number => Math.max(rowHeight, (box.clientHeight || 400) - headHeight)

const columns = [css.seq, css.time, css.what, css.with, css.hash, css.witness]

function Row({
  seq,
  row,
  peer,
  open,
  stop,
  first,
  index,
  now,
  onToggle,
}: {
  seq: number
  /** Null: it was lost; undefined: it is not read yet. */
  row: RowDto | null | undefined
  peer: PeerDto | undefined
  open: boolean
  stop: boolean
  first: boolean
  index: number
  now: number
  onToggle: () => void
}) {
  const missing = row === null ? text.table.lost : text.table.reading
  return (
    <div className={classes(css.row, open && css.open)} role="row" aria-rowindex={index}>
      <span className={classes(css.chain, row?.witnessed === true && css.armed, first && css.genesis)} aria-hidden="true" />
      <span role="cell" className={css.seq}>
        <button
          type="button"
          data-seq={seq}
          className={css.opener}
          tabIndex={stop ? 0 : -1}
          aria-expanded={row === null ? undefined : open}
          aria-label={text.table.open(formatNumber(seq), row?.title ?? missing)}
          onClick={row === null ? undefined : onToggle}
        >
          {formatNumber(seq)}
        </button>
      </span>
      {row == null ? (
        <span role="cell" className={css.reading}>
          {missing}
        </span>
      ) : (
        <>
          <span role="cell" className={css.time}>
            <Time at={row.at} form="day" now={now} />
          </span>
          <span role="cell" className={css.what}>
            <strong>{row.title}</strong> <span className={css.type}>{row.type}</span>
          </span>
          <span role="cell" className={css.with}>
            {row.peerLabel !== null && <PeerInline peer={peer} label={row.peerLabel} />}
          </span>
          <span role="cell" className={css.hash}>
            <ShortHash hex={row.hash} />
          </span>
          <span role="cell" className={row.witnessed ? css.witnessed : css.witness} title={row.witnessed ? text.table.witnessedText : undefined}>
            {row.witnessed && <Link size={13} strokeWidth={2} />}
            {row.witnessed ? text.table.witnessed : text.table.notWitnessed}
          </span>
        </>
      )}
      <span className={css.chevron} aria-hidden="true">
        {row === null ? null : open ? <ChevronDown size={14} strokeWidth={2} /> : <ChevronRight size={14} strokeWidth={2} />}
      </span>
    </div>
  )
}
