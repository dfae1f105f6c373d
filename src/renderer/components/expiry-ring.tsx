import css from './expiry-ring.module.css'

const around = 2 * Math.PI * 6.5

/** How much of the time is left, as a ring that empties. */
export function ExpiryRing({ fraction, soon }: { fraction: number; soon: boolean }) {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" fill="none" strokeWidth="2.2" aria-hidden="true" focusable="false">
      <circle cx="9" cy="9" r="6.5" className={css.track} />
      <circle
        cx="9"
        cy="9"
        r="6.5"
        className={soon ? css.soon : css.left}
        strokeDasharray={`${(around * fraction).toFixed(2)} ${around.toFixed(2)}`}
        transform="rotate(-90 9 9)"
      />
    </svg>
  )
}
