import { FileInput } from 'lucide-react'
import { type FormEvent, useRef, useState } from 'react'
import type { Value } from '../../bridge/bridge.ts'
import { Button } from '../../components/button.tsx'
import { Deriving } from '../../components/deriving.tsx'
import { Field, TextInput } from '../../components/field.tsx'
import { PassphraseField, type PassphraseHandle, withBytes } from '../../components/passphrase-field.tsx'
import { Problem } from '../../components/problem.tsx'
import { StrengthMeter, useStrength } from '../../components/strength.tsx'
import { useCommand } from '../../components/use-command.ts'
import { whileMaking } from '../../state/ui.ts'
import css from './forms.module.css'
import { text } from './strings.ts'

type Chosen = Value<'file.choose'>

/** A file chosen in the system's dialog; only its name comes here, and a token that stands for it. */
function FileChoice({
  purpose,
  chosen,
  disabled,
  onChoose,
}: {
  purpose: 'backup' | 'hsagent'
  chosen: Chosen | null
  disabled: boolean
  onChoose: (file: Chosen) => void
}) {
  const choose = useCommand('file.choose')
  const open = async (): Promise<void> => {
    const file = await choose.run({ purpose })
    if (file !== undefined) onChoose(file)
  }
  return (
    <div>
      <div className={css.file}>
        <Button icon={<FileInput size={15} strokeWidth={1.75} />} busy={choose.busy} disabled={disabled} onClick={() => void open()}>
          {chosen === null ? text.file.choose : text.file.again}
        </Button>
        {chosen === null ? <span className={css.noFile}>{text.file.none}</span> : <bdi className={css.fileName}>{chosen.fileName}</bdi>}
      </div>
      <Problem error={choose.error} />
    </div>
  )
}

function End({ need, act }: { need: string | null; act: string }) {
  return (
    <div className={css.end}>
      <p className={css.need} role="alert">
        {need}
      </p>
      <Button kind="primary" size="large" submit>
        {act}
      </Button>
    </div>
  )
}

export function RestoreForm() {
  const restore = useCommand('identity.restore')
  const field = useRef<PassphraseHandle>(null)
  const [file, setFile] = useState<Chosen | null>(null)
  const [name, setName] = useState('')
  const [need, setNeed] = useState<string | null>(null)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (restore.busy || field.current === null) return
    if (file === null) return setNeed(text.need.file)
    if (name.trim() === '') return setNeed(text.need.name)
    if (field.current.length() === 0) return setNeed(text.need.passphrase)
    setNeed(null)
    const passphrase = field.current.take()
    await whileMaking(() => withBytes([passphrase], () => restore.run({ file: file.file, name: name.trim(), passphrase })), false)
  }
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
      <FileChoice purpose="backup" chosen={file} disabled={restore.busy} onChoose={setFile} />
      <Field label={text.create.name} hint={text.create.nameHint}>
        {({ id, describedBy }) => (
          <TextInput
            id={id}
            aria-describedby={describedBy}
            value={name}
            maxLength={64}
            disabled={restore.busy}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <PassphraseField ref={field} label={text.restore.passphrase} disabled={restore.busy} />
      {restore.busy ? (
        <Deriving title={text.deriving.restore} />
      ) : (
        <>
          <Problem error={restore.error} />
          <End need={need} act={text.restore.act} />
        </>
      )}
    </form>
  )
}

export function ImportForm() {
  const imported = useCommand('identity.import')
  const old = useRef<PassphraseHandle>(null)
  const next = useRef<PassphraseHandle>(null)
  const [file, setFile] = useState<Chosen | null>(null)
  const [name, setName] = useState('')
  const [length, setLength] = useState(0)
  const [need, setNeed] = useState<string | null>(null)
  const strength = useStrength(next, length, name)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (imported.busy || old.current === null || next.current === null) return
    if (file === null) return setNeed(text.need.file)
    if (name.trim() === '') return setNeed(text.need.name)
    if (old.current.length() === 0 || next.current.length() === 0) return setNeed(text.need.passphrase)
    if (strength?.acceptable === false) return setNeed(text.need.weak)
    setNeed(null)
    const importPassphrase = old.current.take()
    const passphrase = next.current.take()
    await whileMaking(
      () => withBytes([importPassphrase, passphrase], () => imported.run({ file: file.file, name: name.trim(), importPassphrase, passphrase })),
      true,
    )
  }
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
      <FileChoice purpose="hsagent" chosen={file} disabled={imported.busy} onChoose={setFile} />
      <Field label={text.create.name} hint={text.create.nameHint}>
        {({ id, describedBy }) => (
          <TextInput
            id={id}
            aria-describedby={describedBy}
            value={name}
            maxLength={64}
            disabled={imported.busy}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <PassphraseField ref={old} label={text.import.old} disabled={imported.busy} />
      <PassphraseField ref={next} label={text.import.new} isNew disabled={imported.busy} onInput={setLength}>
        <StrengthMeter strength={strength} />
      </PassphraseField>
      {imported.busy ? (
        <Deriving title={text.deriving.import} />
      ) : (
        <>
          <Problem error={imported.error} />
          <End need={need} act={text.import.act} />
        </>
      )}
    </form>
  )
}
