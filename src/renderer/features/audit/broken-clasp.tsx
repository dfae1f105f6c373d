import css from './audit.module.css'

/** The logo as a verdict: whole where everything holds, its right hook dashed in red where something does not. */
export function BrokenClasp({ size, whole }: { size: number; whole: boolean }) {
  return (
    <svg
      className={css.clasp}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      strokeWidth="2.5"
      strokeLinecap="round"
      aria-hidden="true"
      focusable="false"
    >
      <path className={css.claspOurs} d="M14.5 4H7.5a3.5 3.5 0 0 0-3.5 3.5v3.83a3.5 3.5 0 0 0 3.5 3.5h7" />
      <path className={whole ? css.claspOurs : css.claspBad} d="M9.5 9.17h7a3.5 3.5 0 0 1 3.5 3.5v3.83a3.5 3.5 0 0 1-3.5 3.5h-7" />
    </svg>
  )
}
