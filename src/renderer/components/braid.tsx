import css from './braid.module.css'

const half = 9
const strand = (from: 1 | -1): string => {
  let d = `M0 8`
  for (let i = 0; i < 40; i += 1) {
    const sign = (i % 2 === 0 ? 1 : -1) * from
    d += `q${half} ${sign * 7} ${half * 2} 0`
  }
  return d
}
const one = strand(1)
const other = strand(-1)

/** Progress as two strands that wind round each other. `fraction` is 0 to 1, from the work itself. */
export function Braid({ fraction, label }: { fraction: number; label: string }) {
  const percent = Math.round(fraction * 100)
  return (
    <div className={css.braid} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <svg viewBox="0 0 354 16" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <g className={css.future}>
          <path d={one} />
          <path d={other} />
        </g>
      </svg>
      <div className={css.done} style={{ inlineSize: `${percent}%` }}>
        <svg viewBox="0 0 354 16" preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <path d={one} className={css.ours} />
          <path d={other} className={css.theirs} />
        </svg>
      </div>
    </div>
  )
}

/** A plain bar, for work and for coverage. */
export function Bar({ fraction, label, behind = false }: { fraction: number; label: string; behind?: boolean }) {
  const percent = Math.round(fraction * 100)
  return (
    <div className={css.bar} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <div className={behind ? css.fillBehind : css.fill} style={{ inlineSize: `${percent}%` }} />
    </div>
  )
}
