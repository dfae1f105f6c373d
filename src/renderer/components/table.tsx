import type { ReactNode } from 'react'
import { classes } from './classes.ts'
import css from './table.module.css'

export interface Column<R> {
  readonly head: string
  readonly cell: (row: R) => ReactNode
  readonly width?: 'fit' | 'wide'
  /** Left out under 1040 px. */
  readonly secondary?: boolean
  readonly end?: boolean
}

/** A quiet table, rows 37 px. */
export function Table<R>({
  label,
  columns,
  rows,
  keyOf,
}: {
  label: string
  columns: readonly Column<R>[]
  rows: readonly R[]
  keyOf: (row: R) => string | number
}) {
  const of = (column: Column<R>): string =>
    classes(column.secondary === true && css.secondary, column.end === true && css.end, column.width === 'wide' && css.wide, column.width === 'fit' && css.fit)
  return (
    <table className={css.table} aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.head} scope="col" className={of(column)}>
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map((column) => (
              <td key={column.head} className={of(column)}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
