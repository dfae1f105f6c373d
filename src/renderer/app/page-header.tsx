import type { ReactNode } from 'react'
import { Banners } from './banners.tsx'
import css from './page-header.module.css'

/** Page header, 56 px, with what the page lets a person do; then at most one banner. */
export function PageHeader({ title, aside, lead, actions }: { title?: string; aside?: ReactNode; lead?: ReactNode; actions?: ReactNode }) {
  return (
    <>
      <header className={css.header}>
        {title !== undefined && <h1 className={css.title}>{title}</h1>}
        {lead}
        {aside !== undefined && <span className={css.aside}>{aside}</span>}
        <div className={css.actions}>{actions}</div>
      </header>
      <Banners />
    </>
  )
}
