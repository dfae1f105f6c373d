import { Braid } from './braid.tsx'
import css from './deriving.module.css'
import { useKdf } from './use-kdf.ts'

/** The key derivation, shown as it goes, and what it is good for. */
export function Deriving({ title = 'Deriving the key from your passphrase' }: { title?: string }) {
  const fraction = useKdf(true)
  return (
    <div className={css.deriving}>
      <div className={css.head}>
        <strong>{title}</strong>
        <span className={css.percent}>{Math.round(fraction * 100)} %</span>
      </div>
      <Braid fraction={fraction} label={title} />
      <p className={css.why}>
        scrypt N=2<sup>17</sup>, r=8, 128 MiB. This cost is what a thief of the file pays for every guess.
      </p>
    </div>
  )
}
