import { Check, CircleHelp, CircleX, Download } from 'lucide-react'
import { useRef, useState } from 'react'
import type { AuditDto } from '../../../contract/dto.ts'
import type { AppError } from '../../../contract/result.ts'
import { Button } from '../../components/button.tsx'
import { classes } from '../../components/classes.ts'
import { EngravedBand } from '../../components/engraving.tsx'
import { Problem } from '../../components/problem.tsx'
import { words } from '../../components/strings.ts'
import { absolute, formatNumber } from '../../components/time.tsx'
import css from './audit.module.css'
import { BrokenClasp } from './broken-clasp.tsx'
import { Lanes } from './lanes.tsx'
import { AuditSessions } from './sessions.tsx'
import { text } from './strings.ts'

type Finding = AuditDto['findings'][number]
type Place = Finding['rows'][number]

/** Verdict, both chains, what was found, each session, what cannot be known. Every sentence of judgement is the core's. */
export function Report({ audit, error, onProof }: { audit: AuditDto; error: AppError | null; onProof: (() => void) | null }) {
  const page = useRef<HTMLElement>(null)
  const [marked, setMarked] = useState<Place | null>(null)
  const show = (place: Place): void => {
    setMarked(place)
    const box = page.current
    const target = box?.querySelector(`[data-place="${place.side}${place.at}"]`)
    if (!box || !target) return
    // Only this box scrolls: the window around it must stay where it is.
    const away = target.getBoundingClientRect().top - box.getBoundingClientRect().top
    box.scrollTop += away - box.clientHeight / 2
  }
  const labelOf = (side: 'a' | 'b'): string => audit.lanes.find((lane) => lane.side === side)?.label ?? side
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section ref={page} className={css.page} tabIndex={0} aria-label={text.report}>
      <Verdict audit={audit} />
      <Problem error={error} />
      <div className={css.split}>
        <Lanes audit={audit} marked={marked} />
        <div className={css.aside}>
          <Findings audit={audit} labelOf={labelOf} onShow={show} onProof={onProof} />
          {audit.limits.length > 0 && (
            <section className={css.card} aria-label={text.limits}>
              <h2 className={css.label}>{text.limits}</h2>
              <ul className={css.limits}>
                {audit.limits.map((limit) => (
                  <li key={limit}>
                    <CircleHelp size={14} strokeWidth={2} />
                    <span>{limit}</span>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
      </div>
      <AuditSessions audit={audit} labelOf={labelOf} />
    </section>
  )
}

function Verdict({ audit }: { audit: AuditDto }) {
  const pinned = audit.pinned === null ? text.verdict.notPinned : audit.pinned ? text.verdict.pinned : text.verdict.wrongPin
  return (
    <section className={classes(css.verdict, !audit.ok && css.bad)} aria-label={text.title}>
      <EngravedBand className={css.engraving} />
      <BrokenClasp size={44} whole={audit.ok} />
      <div className={css.verdictText}>
        <h2 className={css.sentence}>{audit.verdict}</h2>
        <p>
          {audit.sessions.length > 0 && (
            <>
              {text.verdict.meaning} {words.evidence[audit.status] ?? audit.status} <span className={css.code}>{audit.status}</span>.{' '}
            </>
          )}
          {audit.ok ? text.verdict.ok : text.verdict.bad(audit.findings.length)}
        </p>
        <p className={css.quiet}>
          {pinned} {text.verdict.made} {absolute(audit.at)}.
        </p>
      </div>
    </section>
  )
}

function Findings({
  audit,
  labelOf,
  onShow,
  onProof,
}: {
  audit: AuditDto
  labelOf: (side: 'a' | 'b') => string
  onShow: (place: Place) => void
  onProof: (() => void) | null
}) {
  if (audit.findings.length === 0) {
    return (
      <section className={css.card} aria-label={text.findings.label}>
        <h2 className={css.label}>{text.findings.label}</h2>
        <p className={css.nothing}>
          <Check size={14} strokeWidth={2.2} />
          <span>{text.findings.none}</span>
        </p>
      </section>
    )
  }
  return (
    <section className={css.findings} aria-label={text.findings.label}>
      <h2 className={css.label}>{text.findings.label}</h2>
      <ul className={css.findingList}>
        {audit.findings.map((finding, i) => (
          <li key={`${i}${finding.code}`} className={css.finding}>
            <p className={css.findingHead}>
              <CircleX size={15} strokeWidth={2} />
              <span className={css.findingCode}>{finding.code}</span>
            </p>
            <div className={css.findingBody}>
              <p>{finding.meaning}</p>
              <p className={css.why}>{finding.why}</p>
              {finding.rows.length > 0 && (
                <p className={css.places}>
                  {finding.rows.map((place) => (
                    <PlaceButton key={`${place.side}${place.at}`} place={place} label={labelOf(place.side)} onShow={onShow} />
                  ))}
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
      {onProof !== null && (
        <div className={css.proof}>
          <Button kind="primary" size="small" icon={<Download size={14} strokeWidth={2} />} onClick={onProof}>
            {text.proof}
          </Button>
        </div>
      )}
    </section>
  )
}

function PlaceButton({ place, label, onShow }: { place: Place; label: string; onShow: (place: Place) => void }) {
  const at = typeof place.at === 'number' ? text.lanes.row(formatNumber(place.at)) : text.findings.at[place.at]
  return (
    <Button size="small" aria-label={text.findings.show(label, at)} onClick={() => onShow(place)}>
      <bdi>{label}</bdi> {at}
    </Button>
  )
}
