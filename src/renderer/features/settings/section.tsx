import { type ReactNode, useId } from 'react'
import css from './settings.module.css'

export function Section({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <>
      <div>
        <h2 className={css.title}>{title}</h2>
        <p className={css.lead}>{lead}</p>
      </div>
      {children}
    </>
  )
}

export function Group({ children }: { children: ReactNode }) {
  return <div className={css.group}>{children}</div>
}

/** Title and what it does, with its control at the end. The control gets the ids of both. */
export function Row({
  title,
  says,
  children,
}: {
  title: string
  says?: ReactNode
  children: (ids: { labelledBy: string; describedBy: string | undefined }) => ReactNode
}) {
  const id = useId()
  return (
    <div className={css.row}>
      <div className={css.rowText}>
        <p id={id} className={css.rowTitle}>
          {title}
        </p>
        {says !== undefined && (
          <p id={`${id}-says`} className={css.rowSays}>
            {says}
          </p>
        )}
      </div>
      {children({ labelledBy: id, describedBy: says === undefined ? undefined : `${id}-says` })}
    </div>
  )
}
