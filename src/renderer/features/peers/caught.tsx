import { TriangleAlert } from 'lucide-react'
import type { PeerDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Problem } from '../../components/problem.tsx'
import { Time, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { goToAudit, toast } from '../../state/ui.ts'
import css from './caught.module.css'
import { text } from './strings.ts'

/** A peer that signed two histories, or took one back: what was found, and the proof that anybody can check. */
export function Caught({ peer, caught }: { peer: PeerDto; caught: NonNullable<PeerDto['caught']> }) {
  const now = useNow(60_000)
  const save = useCommand('audit.save')
  const doSave = async (): Promise<void> => {
    const saved = await save.run({ peer: peer.id, session: null, what: 'proof' })
    if (saved !== undefined) toast(text.caught.saved(saved.fileName))
  }
  return (
    <section className={css.caught} aria-labelledby="caught">
      <TriangleAlert size={18} strokeWidth={1.75} className={css.icon} />
      <div className={css.body}>
        <h3 id="caught" className={css.title}>
          {text.caught.title}
        </h3>
        <p>{caught.why}</p>
        <p className={css.quiet}>
          <span className={css.code}>{caught.code}</span> {text.caught.found} <Time at={caught.at} form="inside" now={now} />. {text.caught.means}
        </p>
        <div className={css.actions}>
          <Button size="small" onClick={() => goToAudit(peer.id, null)}>
            {text.caught.show}
          </Button>
          {caught.proof && (
            <Button size="small" busy={save.busy} onClick={() => void doSave()}>
              {text.caught.save}
            </Button>
          )}
        </div>
        <Problem error={save.error} />
      </div>
    </section>
  )
}
