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

/** Asks for the identity's passphrase, which seals the backup as well; the answer comes only when the file was read back and opened. */
export function BackupForm({ onDone, aside, large = false }: { onDone: (backup: BackupDto) => void; aside?: ReactNode; large?: boolean }) {
  const backup = useCommand('identity.backup')
  const field = useRef<PassphraseHandle>(null)
  const [messages, setMessages] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const label = useId()
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const one = field.current
    if (backup.busy || one === null) return
    if (one.length() === 0) return setProblem(text.need)
    const passphrase = one.take()
    const done = await withBytes([passphrase], () => backup.run({ passphrase, messages }))
    if (done === undefined) return
    field.current?.clear()
    onDone(done)
  }
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
      <PassphraseField ref={field} label={text.passphrase} hint={text.hint} disabled={backup.busy} problem={problem} onInput={() => setProblem(null)} />
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
