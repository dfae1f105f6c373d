import { History } from 'lucide-react'
import { useState } from 'react'
import type { MachineDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Confirm } from '../../components/dialog.tsx'
import { Problem } from '../../components/problem.tsx'
import { useCommand } from '../../components/use-command.ts'
import { toast } from '../../state/ui.ts'
import css from './recovering.module.css'
import { text } from './strings.ts'

/** Why nothing is written (a restore, or a clock in doubt), who is still waited for, and the way on, which says what it risks. */
export function Recovering({ recovering }: { recovering: NonNullable<MachineDto['recovering']> }) {
  const goOn = useCommand('ledger.goOn')
  const [asking, setAsking] = useState(false)
  const ofClock = recovering.kind === 'clock'
  return (
    <section className={css.band} role="status">
      <History size={17} strokeWidth={1.75} className={css.icon} />
      <div className={css.body}>
        <p className={css.title}>{ofClock ? text.recovering.clockTitle : text.recovering.title}</p>
        <p>{recovering.why}</p>
        {recovering.waitingFor.length > 0 && (
          <p className={css.quiet}>
            {text.recovering.waiting}{' '}
            {recovering.waitingFor.map((label, i) => (
              <span key={`${i}${label}`}>
                {i > 0 && ', '}
                <bdi>{label}</bdi>
              </span>
            ))}
          </p>
        )}
      </div>
      {recovering.mayGoOn && (
        <Button kind="leads-to-danger" onClick={() => setAsking(true)}>
          {ofClock ? text.recovering.clockGoOn : text.recovering.goOn}
        </Button>
      )}
      {asking && (
        <Confirm
          danger
          title={ofClock ? text.recovering.clockDialog : text.recovering.dialog}
          verb={ofClock ? text.recovering.clockVerb : text.recovering.verb}
          cancel={ofClock ? text.recovering.clockKeep : text.recovering.keep}
          busy={goOn.busy}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            if ((await goOn.run({})) === undefined) return
            setAsking(false)
            toast(text.recovering.done)
          }}
        >
          <p>{ofClock ? text.recovering.clockBody : text.recovering.body}</p>
          {!ofClock && <p>{text.recovering.body2}</p>}
          <Problem error={goOn.error} />
        </Confirm>
      )}
    </section>
  )
}
