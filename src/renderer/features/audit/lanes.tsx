import { useId, useState } from 'react'
import type { AuditDto } from '../../../contract/dto.ts'
import { classes } from '../../components/classes.ts'
import { Select } from '../../components/field.tsx'
import { ShortHash } from '../../components/hash-cell.tsx'
import { formatNumber, Time, useNow } from '../../components/time.tsx'
import css from './lanes.module.css'
import { cardHeight, lanesGeometry, middleWidth, ofSession, type PlacedLink, type PlacedRow } from './lanes-geometry.ts'
import { text } from './strings.ts'

type Lane = AuditDto['lanes'][number]
type Place = AuditDto['findings'][number]['rows'][number]

/** With more sessions than this the newest is shown alone at first. */
const together = 4

/** Both chains upright beside each other, time from top to bottom, and each answer from one to the other, ticked or crossed. */
export function Lanes({ audit, marked }: { audit: AuditDto; marked: Place | null }) {
  const id = useId()
  const now = useNow(60_000)
  const [session, setSession] = useState<string | null>(audit.sessions.length > together ? (audit.sessions.at(-1)?.nonce ?? null) : null)
  const { left, right, rows, links, height } = lanesGeometry(ofSession(audit, session))
  const good = links.filter(({ link }) => link.ok).length
  const labels = { a: audit.lanes.find((lane) => lane.side === 'a')?.label ?? '', b: audit.lanes.find((lane) => lane.side === 'b')?.label ?? '' }
  return (
    <section className={css.card} aria-label={audit.lanes.length > 1 ? text.lanes.label : text.lanes.single}>
      {audit.sessions.length > 1 && (
        <div className={css.which}>
          <label htmlFor={id}>{text.lanes.session}</label>
          <Select id={id} value={session ?? ''} onChange={(event) => setSession(event.target.value === '' ? null : event.target.value)}>
            <option value="">{text.choose.all}</option>
            {audit.sessions.map(({ nonce, status }) => (
              <option key={nonce} value={nonce}>{`${nonce.slice(0, 8)}… ${status}`}</option>
            ))}
          </Select>
        </div>
      )}
      <div className={css.heads}>
        <Head lane={left} marked={marked} />
        <Head lane={right} marked={marked} end />
      </div>
      {rows.length === 0 && <p className={css.empty}>{text.lanes.empty}</p>}
      <div className={css.drawing} style={{ blockSize: `${height}px` }}>
        <Column lane={left} rows={rows} marked={marked} now={now} />
        <Middle rows={rows} links={links} height={height} left={left} right={right} />
        {right === null ? <p className={css.nobody}>{text.lanes.nobody}</p> : <Column lane={right} rows={rows} marked={marked} now={now} end />}
      </div>
      {links.length > 0 && (
        <div className={css.legend}>
          <span className={css.legendOurs}>{left?.own === true ? text.lanes.weAck : text.lanes.leftAck}</span>
          <span className={css.legendTheirs}>{left?.own === true ? text.lanes.theyAck : text.lanes.rightAck}</span>
          {good < links.length && <span className={css.legendBad}>{text.lanes.broken}</span>}
          <strong className={css.count}>{text.lanes.holds(good, links.length)}</strong>
        </div>
      )}
      <ul className="sr">
        {links.map(({ link }, i) => {
          const name = (end: typeof link.from): string => `${labels[end.side]}, ${text.lanes.row(formatNumber(end.seq))}`
          return <li key={`${i}${link.kind}`}>{`${text.lanes.link(name(link.from), name(link.to), link.ok)} ${link.why}`}</li>
        })}
      </ul>
    </section>
  )
}

const isMarked = (marked: Place | null, side: string, at: number | string): boolean => marked !== null && marked.side === side && marked.at === at

function Head({ lane, marked, end = false }: { lane: Lane | null; marked: Place | null; end?: boolean }) {
  if (lane === null) return <div className={css.head} />
  const facts = [
    text.lanes.rows(formatNumber(lane.rowCount)),
    ...(lane.hidden > 0 ? [text.lanes.hidden(formatNumber(lane.hidden))] : []),
    ...(lane.witnessedTo === null ? [] : [text.lanes.witnessed(formatNumber(lane.witnessedTo))]),
    ...(lane.custody === 'host' ? [text.lanes.host] : []),
  ]
  const hit = isMarked(marked, lane.side, 'header') || isMarked(marked, lane.side, 'head')
  return (
    <div className={classes(css.head, end && css.end, hit && css.marked)} data-place={`${lane.side}header`}>
      <strong>
        <bdi>{lane.label}</bdi>
      </strong>
      <p data-place={`${lane.side}head`}>
        {lane.own ? text.lanes.yours : text.lanes.theirs} · {facts.join(' · ')}
      </p>
      {lane.brokenAt !== null && <p className={css.breaks}>{text.lanes.breaks(formatNumber(lane.brokenAt))}</p>}
      <ShortHash hex={lane.genesis} />
    </div>
  )
}

function Column({ lane, rows, marked, now, end = false }: { lane: Lane | null; rows: readonly PlacedRow[]; marked: Place | null; now: number; end?: boolean }) {
  return (
    <ol className={classes(css.column, end && css.end)} aria-label={lane?.label}>
      {rows
        .filter(({ side }) => side === lane?.side)
        .map((placed) => (
          <li
            key={placed.seq}
            data-place={`${placed.side}${placed.seq}`}
            className={classes(css.row, placed.bad && css.bad, isMarked(marked, placed.side, placed.seq) && css.marked)}
            style={{ insetBlockStart: `${placed.y - cardHeight / 2}px` }}
          >
            {placed.skipped > 0 && <span className={css.skipped}>{text.lanes.skipped(placed.skipped)}</span>}
            <p className={css.rowHead}>
              <strong title={placed.row?.title ?? text.lanes.goneText}>{placed.row === null ? text.lanes.gone : placed.row.title}</strong>
              {placed.row !== null && placed.row.findings.length > 0 && <span className={css.findingCodes}>{placed.row.findings.join(' ')}</span>}
            </p>
            <p className={css.rowFoot}>
              <span className={css.quiet}>{text.lanes.row(formatNumber(placed.seq))}</span>
              {placed.row !== null && (
                <>
                  <span className={css.hash} title={placed.row.hash}>
                    {placed.row.hash.slice(0, 8)}
                  </span>
                  <span className={css.time}>
                    <Time at={placed.row.at} form="clock" now={now} />
                  </span>
                </>
              )}
            </p>
          </li>
        ))}
    </ol>
  )
}

function Middle({
  rows,
  links,
  height,
  left,
  right,
}: {
  rows: readonly PlacedRow[]
  links: readonly PlacedLink[]
  height: number
  left: Lane | null
  right: Lane | null
}) {
  const xs = { left: 6, right: middleWidth - 6 }
  const strand = (lane: Lane | null, x: number, ours: boolean) => (
    <path className={classes(ours ? css.strandOurs : css.strandTheirs, lane === null && css.dashed)} d={`M${x} 8V${height - 8}`} />
  )
  const fromLeft = (side: string): boolean => side === left?.side
  return (
    <svg className={css.middle} width={middleWidth} height={height} viewBox={`0 0 ${middleWidth} ${height}`} fill="none" aria-hidden="true" focusable="false">
      {strand(left, xs.left, true)}
      {strand(right, xs.right, false)}
      {links.map(({ link, d }, i) => (
        <path
          key={`${i}${link.kind}`}
          className={classes(css.link, !link.ok ? css.linkBad : fromLeft(link.from.side) ? css.linkOurs : css.linkTheirs, link.kind === 'head' && css.linkHead)}
          d={d}
        />
      ))}
      {rows.map((row) => (
        <circle
          key={`${row.side}${row.seq}`}
          className={row.bad ? css.nodeBad : fromLeft(row.side) ? css.nodeOurs : css.nodeTheirs}
          cx={fromLeft(row.side) ? xs.left : xs.right}
          cy={row.y}
          r="5"
        />
      ))}
      {links.map(({ link, mark }, i) => (
        <g key={`${i}${link.kind}`} transform={`translate(${mark.x} ${mark.y})`}>
          <title>{link.why}</title>
          {link.ok ? (
            <g className={fromLeft(link.from.side) ? css.tickOurs : css.tickTheirs}>
              <circle r="8" />
              <path d="M-3 .2l2.2 2.2 4-4.4" />
            </g>
          ) : (
            <g className={css.cross}>
              <circle r="11" />
              <path d="M-3.6-3.6l7.2 7.2M3.6-3.6l-7.2 7.2" />
            </g>
          )}
        </g>
      ))}
    </svg>
  )
}
