import { ChevronDown, Search } from 'lucide-react'
import { type InputHTMLAttributes, type ReactNode, type Ref, type SelectHTMLAttributes, useId } from 'react'
import { classes } from './classes.ts'
import css from './field.module.css'

/** Ids a control needs from the field around it. */
export interface FieldIds {
  readonly id: string
  readonly describedBy: string | undefined
}

/** Label above, control, then a hint or what is wrong. */
export function Field({
  label,
  hint,
  problem,
  children,
}: {
  label: string
  hint?: ReactNode
  problem?: string | null | undefined
  children: (ids: FieldIds) => ReactNode
}) {
  const id = useId()
  const note = `${id}-note`
  const wrong = problem !== undefined && problem !== null
  return (
    <div className={css.field}>
      <label htmlFor={id} className={css.label}>
        {label}
      </label>
      {children({ id, describedBy: wrong || hint !== undefined ? note : undefined })}
      {(wrong || hint !== undefined) && (
        <div id={note} className={classes(css.note, wrong && css.wrong)} role={wrong ? 'alert' : undefined}>
          {wrong ? problem : hint}
        </div>
      )}
    </div>
  )
}

type InputProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'className'> & { readonly ref?: Ref<HTMLInputElement> }

export function TextInput(props: InputProps) {
  return <input autoComplete="off" spellCheck={false} {...props} className={css.input} />
}

export function SearchInput({ label, ...rest }: InputProps & { label: string }) {
  return (
    <div className={css.search}>
      <Search size={14} strokeWidth={1.75} />
      <input type="search" autoComplete="off" spellCheck={false} aria-label={label} placeholder={label} {...rest} className={css.input} />
    </div>
  )
}

/** The platform's own list, in our clothes: it needs no injected styles and every screen reader knows it. */
export function Select({ children, ...rest }: Omit<SelectHTMLAttributes<HTMLSelectElement>, 'className'>) {
  return (
    <div className={css.select}>
      <select {...rest} className={css.selectInput}>
        {children}
      </select>
      <ChevronDown size={14} strokeWidth={2} />
    </div>
  )
}
