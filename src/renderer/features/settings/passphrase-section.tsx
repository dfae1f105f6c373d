import { type FormEvent, useRef, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Deriving } from '../../components/deriving.tsx'
import { PassphraseField, type PassphraseHandle, withBytes } from '../../components/passphrase-field.tsx'
import { Problem } from '../../components/problem.tsx'
import { StrengthMeter, useStrength } from '../../components/strength.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { toast } from '../../state/ui.ts'
import { Group, Section } from './section.tsx'
import css from './settings.module.css'
import { text } from './strings.ts'

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

export function PassphraseSection() {
  const name = useModel((model) => model.app?.profile?.name ?? '')
  const change = useCommand('identity.passphrase')
  const old = useRef<PassphraseHandle>(null)
  const first = useRef<PassphraseHandle>(null)
  const second = useRef<PassphraseHandle>(null)
  const [length, setLength] = useState(0)
  const [problem, setProblem] = useState<string | null>(null)
  const strength = useStrength(first, length, name)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const [before, one, two] = [old.current, first.current, second.current]
    if (change.busy || before === null || one === null || two === null) return
    if (before.length() === 0 || one.length() === 0) return setProblem(text.passphrase.need)
    if (strength?.acceptable === false) return setProblem(text.passphrase.weak)
    const oldBytes = before.take()
    const next = one.take()
    const again = two.take()
    const same = equal(next, again)
    again.fill(0)
    setProblem(same ? null : text.passphrase.differ)
    if (!same) {
      oldBytes.fill(0)
      next.fill(0)
      return
    }
    const done = await withBytes([oldBytes, next], () => change.run({ old: oldBytes, new: next }))
    if (done === undefined) return
    for (const field of [old, first, second]) field.current?.clear()
    toast(text.passphrase.done)
  }
  return (
    <Section title={text.sections.passphrase} lead={text.passphrase.lead}>
      <Group>
        <form className={css.pad} onSubmit={(event) => void submit(event)} noValidate>
          <div className={css.form}>
            <PassphraseField ref={old} label={text.passphrase.old} disabled={change.busy} />
            <PassphraseField ref={first} label={text.passphrase.new} isNew disabled={change.busy} onInput={setLength}>
              <StrengthMeter strength={strength} />
            </PassphraseField>
            <PassphraseField ref={second} label={text.passphrase.again} isNew disabled={change.busy} problem={problem} onInput={() => setProblem(null)} />
            <Problem error={change.error} />
            {change.busy ? (
              <Deriving title={text.passphrase.working} />
            ) : (
              <div className={css.end}>
                <Button kind="primary" submit>
                  {text.passphrase.act}
                </Button>
              </div>
            )}
          </div>
        </form>
      </Group>
    </Section>
  )
}
