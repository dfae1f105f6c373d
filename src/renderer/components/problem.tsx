import { TriangleAlert } from 'lucide-react'
import type { AppError } from '../../contract/result.ts'
import css from './problem.module.css'

/** What went wrong, as the core says it; read out at once. */
export function Problem({ error }: { error: AppError | null }) {
  if (error === null || error.code === 'CANCELLED') return null
  return (
    <p className={css.problem} role="alert" data-code={error.code}>
      <TriangleAlert size={14} strokeWidth={2} />
      <span>{error.text}</span>
    </p>
  )
}
