import { useEffect, useRef, useState } from 'react'
import type { Value } from '../bridge/bridge.ts'
import { call } from '../bridge/current.ts'
import { classes } from './classes.ts'
import { type PassphraseHandle, withBytes } from './passphrase-field.tsx'
import css from './strength.module.css'

export type Strength = Value<'identity.strength'>

const names = ['Very weak', 'Weak', 'Fair', 'Strong', 'Very strong'] as const

/**
 * Asks the core how strong the typed passphrase is, a quarter of a second after the last key. `length` only tells that
 * something changed; the text itself leaves the field as bytes and is wiped here.
 */
export function useStrength(field: React.RefObject<PassphraseHandle | null>, length: number, name: string): Strength | null {
  const [strength, setStrength] = useState<Strength | null>(null)
  const turn = useRef(0)
  useEffect(() => {
    turn.current += 1
    const mine = turn.current
    if (length === 0) {
      setStrength(null)
      return undefined
    }
    const timer = setTimeout(async () => {
      const passphrase = field.current?.take()
      if (passphrase === undefined) return
      const answer = await withBytes([passphrase], () => call('identity.strength', { passphrase, name: name.slice(0, 64) }))
      if (answer.ok && turn.current === mine) setStrength(answer.value)
    }, 250)
    return () => clearTimeout(timer)
  }, [field, length, name])
  return strength
}

/** Four segments, the word, what guessing would take, and the core's hint. */
export function StrengthMeter({ strength }: { strength: Strength | null }) {
  const score = strength?.score ?? 0
  const tone = strength === null ? css.none : strength.acceptable ? css.good : css.weak
  return (
    <div className={css.meter}>
      <div className={classes(css.bars, tone)} aria-hidden="true">
        {[1, 2, 3, 4].map((n) => (
          <span key={n} className={strength !== null && score >= n ? css.on : css.bar} />
        ))}
      </div>
      <p className={css.says} aria-live="polite">
        {strength === null ? (
          'At least 12 characters, or one that is hard to guess.'
        ) : (
          <>
            <strong className={tone}>{names[score] ?? names[0]}</strong> {`Guessing it offline, with this seal: ${strength.crackTime}.`} {strength.hint}
          </>
        )}
      </p>
    </div>
  )
}
