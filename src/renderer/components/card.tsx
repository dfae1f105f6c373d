import type { ReactNode } from 'react'
import css from './card.module.css'
import { classes } from './classes.ts'

/** A card: a line, not a shadow. */
export function Card({
  children,
  label,
  padded = true,
  tone = 'plain',
  id,
}: {
  children: ReactNode
  label?: string
  padded?: boolean
  tone?: 'plain' | 'danger'
  id?: string
}) {
  return (
    <section id={id} className={classes(css.card, padded && css.padded, tone === 'danger' && css.danger)} aria-label={label}>
      {label !== undefined && padded && <Label>{label}</Label>}
      {children}
    </section>
  )
}

/** A section label in capitals; `aside` is a quiet figure beside it. */
export function Label({ children, aside, as: As = 'h2' }: { children: ReactNode; aside?: ReactNode; as?: 'h2' | 'h3' }) {
  return (
    <div className={css.labelRow}>
      <As className={css.label}>{children}</As>
      {aside !== undefined && <span className={css.aside}>{aside}</span>}
    </div>
  )
}

/** Label and value pairs. */
export function Facts({ rows }: { rows: readonly { readonly label: string; readonly value: ReactNode }[] }) {
  return (
    <dl className={css.facts}>
      {rows.map(({ label, value }) => (
        <div key={label} className={css.fact}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
