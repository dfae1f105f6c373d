import { memo } from 'react'
import css from './engraving.module.css'
import { band, type RosetteShape, rosette } from './line-work.ts'

const half = Math.PI / 2

function Family({ paths, strand }: { paths: readonly string[]; strand: string | undefined }) {
  return (
    <g className={strand}>
      {paths.map((d) => (
        <path key={d} d={d} />
      ))}
    </g>
  )
}

/** Engraved rosettes round one centre. Only at sealing moments; never behind text; gone in high contrast. */
export const Rosette = memo(function Rosette({
  size,
  rings,
  className,
}: {
  size: number
  rings: readonly Omit<RosetteShape, 'size'>[]
  className?: string | undefined
}) {
  return (
    <svg className={`${css.engraving} ${className ?? ''}`} width={size} height={size} viewBox={`0 0 ${size} ${size}`} aria-hidden="true" focusable="false">
      {rings.map((ring) => (
        <g key={ring.radius}>
          <Family paths={rosette({ size, ...ring }, 0)} strand={css.ours} />
          <Family paths={rosette({ size, ...ring }, half)} strand={css.theirs} />
        </g>
      ))}
    </svg>
  )
})

/** The same line work along a band. */
export const EngravedBand = memo(function EngravedBand({ className }: { className?: string | undefined }) {
  return (
    <svg className={`${css.engraving} ${className ?? ''}`} viewBox="0 0 720 164" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <Family paths={band(720, 164, 5, 13, 0)} strand={css.ours} />
      <Family paths={band(720, 164, 5, 13, half)} strand={css.theirs} />
    </svg>
  )
})
