import type { ReactNode } from 'react'
import { classes } from './classes.ts'
import css from './rails.module.css'

export interface Rung {
  readonly key: string
  readonly by: 'us' | 'them' | 'both'
  /** Not done yet: drawn in the future's line. */
  readonly future?: boolean
  /** The step that waits now. */
  readonly now?: boolean
  readonly content: ReactNode
}

/**
 * Two upright strands with a rung for each step: ours at the start, theirs at the end. `dashedTheirs`: that side keeps
 * no chain. The list itself is what a screen reader hears.
 */
export function Rails({ label, rungs, dashedTheirs = false, wide = false }: { label: string; rungs: readonly Rung[]; dashedTheirs?: boolean; wide?: boolean }) {
  return (
    <ol className={classes(css.rails, wide && css.wideRails, dashedTheirs && css.dashed)} aria-label={label}>
      {rungs.map((rung) => (
        <li
          key={rung.key}
          className={classes(css.rung, css[rung.by], rung.future === true && css.future, rung.now === true && css.now)}
          aria-current={rung.now === true ? 'step' : undefined}
        >
          <span className={css.railOurs} aria-hidden="true" />
          <span className={css.railTheirs} aria-hidden="true" />
          {rung.content}
        </li>
      ))}
    </ol>
  )
}
