import { useId, useState } from 'react'
import type { PeerDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Label } from '../../components/card.tsx'
import { Confirm, Dialog } from '../../components/dialog.tsx'
import { Select } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { Segmented } from '../../components/segmented.tsx'
import { words } from '../../components/strings.ts'
import { dayAndTime, hourMinute, isToday } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { toast } from '../../state/ui.ts'
import css from './policy.module.css'
import { text } from './strings.ts'

type Kind = PeerDto['policy']['kind']

/** What happens when this peer asks. Those that decide without a person, and Block, say first what they mean. */
export function Policy({ peer, now }: { peer: PeerDto; now: number }) {
  const set = useCommand('peer.policy')
  const [dialog, setDialog] = useState<'until' | 'block' | null>(null)
  const { policy } = peer
  const apply = async (next: PeerDto['policy']): Promise<void> => {
    const asks = next.kind === 'accept-until' || next.kind === 'keep-alive'
    if ((await set.run({ peer: peer.id, policy: next })) !== undefined) toast(asks ? text.done.policyAsked : text.done.policy)
    setDialog(null)
  }
  const choose = (kind: Kind): void => {
    if (kind === 'accept-until') setDialog('until')
    else if (kind === policy.kind) return
    else if (kind === 'block') setDialog('block')
    else void apply({ kind })
  }
  const until =
    policy.kind === 'accept-until'
      ? text.policy.acceptedUntil(isToday(policy.until, now) ? hourMinute(policy.until) : dayAndTime(policy.until, now))
      : text.policy.acceptUntil
  return (
    <section>
      <div className={css.row}>
        <Label>{text.policy.label}</Label>
        <Segmented<Kind>
          label={text.policy.label}
          value={policy.kind}
          onChange={choose}
          segments={[
            { value: 'ask', label: text.policy.ask, hint: text.policy.explain.ask },
            { value: 'accept-until', label: until, hint: text.policy.explain['accept-until'] },
            { value: 'keep-alive', label: text.policy.keepAlive, hint: text.policy.explain['keep-alive'] },
            { value: 'mute', label: text.policy.mute, hint: text.policy.explain.mute },
            { value: 'block', label: text.policy.block, hint: text.policy.explain.block },
          ]}
        />
      </div>
      <p className={css.explain}>{text.policy.explain[policy.kind]}</p>
      <Problem error={set.error} />
      {dialog === 'until' && (
        <UntilDialog label={peer.label} busy={set.busy} onClose={() => setDialog(null)} onSet={(at) => void apply({ kind: 'accept-until', until: at })} />
      )}
      {dialog === 'block' && (
        <Confirm
          danger
          title={text.policy.blockTitle(peer.label)}
          verb={text.policy.blockAct}
          cancel={text.policy.keep}
          busy={set.busy}
          onConfirm={() => void apply({ kind: 'block' })}
          onClose={() => setDialog(null)}
        >
          <p>{text.policy.blockText}</p>
        </Confirm>
      )}
    </section>
  )
}

const choices = [1, 4, 8, 24] as const

function UntilDialog({ label, busy, onClose, onSet }: { label: string; busy: boolean; onClose: () => void; onSet: (until: number) => void }) {
  const id = useId()
  const [hours, setHours] = useState<number>(1)
  return (
    <Dialog
      title={text.policy.dialogTitle}
      onClose={onClose}
      onSubmit={() => onSet(Date.now() + hours * 3_600_000)}
      actions={
        <>
          <Button onClick={onClose} data-first>
            {words.cancel}
          </Button>
          <Button kind="primary" submit busy={busy}>
            {text.policy.set}
          </Button>
        </>
      }
    >
      <p>{text.policy.dialogText(label)}</p>
      <div className={css.until}>
        <label htmlFor={id}>{text.policy.until}</label>
        <Select id={id} value={hours} onChange={(event) => setHours(Number(event.target.value))}>
          {choices.map((n) => (
            <option key={n} value={n}>
              {text.policy.hours(n)}
            </option>
          ))}
        </Select>
      </div>
    </Dialog>
  )
}
