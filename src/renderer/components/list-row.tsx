import type { ReactNode } from 'react'
import { classes } from './classes.ts'
import css from './list-row.module.css'

/** A 54 px row of a list; selected = sunk with an inset line. */
export function ListRow({
  selected,
  onSelect,
  picture,
  title,
  mark,
  below,
  end,
  endBelow,
  label,
}: {
  selected: boolean
  onSelect: () => void
  picture: ReactNode
  title: ReactNode
  mark?: ReactNode
  below: ReactNode
  end: ReactNode
  endBelow?: ReactNode
  label?: string
}) {
  return (
    <button
      type="button"
      className={classes(css.row, selected && css.selected)}
      aria-current={selected ? 'true' : undefined}
      aria-label={label}
      onClick={onSelect}
    >
      {picture}
      <span className={css.start}>
        <span className={css.title}>
          <bdi>{title}</bdi>
          {mark}
        </span>
        {below}
      </span>
      <span className={css.end}>
        {end}
        {endBelow}
      </span>
    </button>
  )
}
