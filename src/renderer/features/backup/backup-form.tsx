import { type FormEvent, type ReactNode, useId, useRef, useState } from 'react'
import type { BackupDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Deriving } from '../../components/deriving.tsx'
import { PassphraseField, type PassphraseHandle, withBytes } from '../../components/passphrase-field.tsx'
import { Problem } from '../../components/problem.tsx'
import { Switch } from '../../components/switch.tsx'
import { useCommand } from '../../components/use-command.ts'
import css from './backup.module.css'
import { text } from './strings.ts'

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

/** Asks for the backup's passphrase twice and writes it; the answer comes only when the file was read back and opened. */
export function BackupForm({ onDone, aside, large = false }: { onDone: (backup: BackupDto) => void; aside?: ReactNode; large?: boolean }) {
  const backup = useCommand('identity.backup')
  const first = useRef<PassphraseHandle>(null)
  const second = useRef<PassphraseHandle>(null)
  const [messages, setMessages] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const label = useId()
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const [one, two] = [first.current, second.current]
    if (backup.busy || one === null || two === null) return
    if (one.length() === 0) return setProblem(text.need)
    const passphrase = one.take()
    const again = two.take()
    const same = equal(passphrase, again)
    again.fill(0)
    setProblem(same ? null : text.differ)
    if (!same) {
      passphrase.fill(0)
      two.focus()
      return
    }
    const done = await withBytes([passphrase], () => backup.run({ passphrase, messages }))
    if (done === undefined) return
    first.current?.clear()
    second.current?.clear()
    onDone(done)
  }
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
      <PassphraseField ref={first} label={text.passphrase} hint={text.hint} isNew disabled={backup.busy} />
      <PassphraseField ref={second} label={text.again} isNew disabled={backup.busy} problem={problem} onInput={() => setProblem(null)} />
      <div className={css.switchRow}>
        <div>
          <p id={label} className={css.strong}>
            {text.messages}
          </p>
          <p className={css.quiet}>{text.messagesText}</p>
        </div>
        <Switch labelledBy={label} checked={messages} disabled={backup.busy} onChange={setMessages} />
      </div>
      <Problem error={backup.error} />
      {backup.busy ? (
        <Deriving title={text.working} />
      ) : (
        <div className={css.end}>
          {aside ?? <span />}
          <Button kind="primary" size={large ? 'large' : 'normal'} submit>
            {text.act}
          </Button>
        </div>
      )}
    </form>
  )
}
