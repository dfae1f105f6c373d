import type { ReactNode } from 'react'
import css from './empty-state.module.css'

/** Drawing of the motif, title, two lines, then something useful. `half`: the second strand does not exist yet. */
export function EmptyState({ title, children, half = false, after }: { title: string; children: ReactNode; half?: boolean; after?: ReactNode }) {
  return (
    <div className={css.empty}>
      <svg width="220" height="96" viewBox="0 0 220 96" fill="none" strokeWidth="3" strokeLinecap="round" aria-hidden="true" focusable="false">
        <path className={css.ours} d="M128 18H60a20 20 0 0 0 0 40h68" />
        <path className={half ? css.nobody : css.theirs} d="M92 38h68a20 20 0 0 1 0 40H92" />
      </svg>
      <h2 className={css.title}>{title}</h2>
      <p className={css.lead}>{children}</p>
      {after !== undefined && <div className={css.after}>{after}</div>}
    </div>
  )
}
