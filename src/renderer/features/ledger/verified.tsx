import { Check, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { AppError } from '../../../contract/result.ts'
import type { Value } from '../../bridge/bridge.ts'
import { Button } from '../../components/button.tsx'
import { classes } from '../../components/classes.ts'
import { Problem } from '../../components/problem.tsx'
import { formatNumber, timeOfDay } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { goToRow } from '../../state/ui.ts'
import { text } from './strings.ts'
import css from './verified.module.css'

export interface FullCheck {
  readonly busy: boolean
  readonly error: AppError | null
  readonly result: (Value<'ledger.verify'> & { readonly at: number }) | null
  readonly run: () => Promise<void>
}

/** Recomputes the whole ledger, when the person asks for it. */
export function useVerify(): FullCheck {
  const verify = useCommand('ledger.verify')
  const [result, setResult] = useState<FullCheck['result']>(null)
  const run = async (): Promise<void> => {
    const value = await verify.run({})
    if (value !== undefined) setResult({ ...value, at: Date.now() })
  }
  return { busy: verify.busy, error: verify.error, result, run }
}

/** The verified-prefix bar: solid as far as was checked, hatched after it, and where it breaks. */
export function Verified({ check, total }: { check: FullCheck; total: number }) {
  const { result } = check
  const solid = result === null ? 0 : (result.brokenSeq ?? result.count)
  const fraction = total === 0 ? 0 : Math.min(1, solid / total)
  const broken = result !== null && !result.valid
  const rest = result === null ? 0 : Math.max(0, total - result.count)
  return (
    <section className={classes(css.card, broken && css.broken)} aria-live="polite">
      <div className={css.head}>
        {result !== null &&
          (broken ? <TriangleAlert size={16} strokeWidth={2} className={css.bad} /> : <Check size={16} strokeWidth={2.2} className={css.good} />)}
        <strong className={css.title}>
          {result === null
            ? text.verify.never
            : broken
              ? text.verify.broken(formatNumber(result.brokenSeq ?? 0))
              : result.count === 0
                ? text.verify.only
                : text.verify.holds(formatNumber(result.count - 1))}
        </strong>
        {result !== null && <span className={css.quiet}>{text.verify.checked(timeOfDay(result.at))}</span>}
        {rest > 0 && !broken && <span className={css.rest}>{text.verify.after(rest)}</span>}
        {broken && result.brokenSeq !== null && (
          <span className={css.rest}>
            <Button size="small" onClick={() => goToRow(result.brokenSeq ?? 0)}>
              {text.verify.show}
            </Button>
          </span>
        )}
      </div>
      {broken && result.reason !== null && <p className={css.reason}>{result.reason}</p>}
      {result === null && <p className={css.quiet}>{text.verify.neverText}</p>}
      <div className={css.bar} role="img" aria-label={`${text.verify.bar}: ${Math.floor(fraction * 100)} %`}>
        <span className={css.solid} style={{ inlineSize: `${fraction * 100}%` }} />
        {fraction < 1 && result !== null && <span className={broken ? css.markBad : css.mark} />}
        {fraction < 1 && <span className={css.hatch} />}
      </div>
      <div className={css.ends}>
        <span>{text.verify.first}</span>
        <span>{text.verify.last(formatNumber(Math.max(0, total - 1)))}</span>
      </div>
      <Problem error={check.error} />
    </section>
  )
}
