import { type FormEvent, useRef, useState } from 'react'
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

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

export function CreateForm() {
  const create = useCommand('identity.create')
  const first = useRef<PassphraseHandle>(null)
  const second = useRef<PassphraseHandle>(null)
  const [name, setName] = useState('')
  const [length, setLength] = useState(0)
  const [differ, setDiffer] = useState(false)
  const [need, setNeed] = useState<string | null>(null)
  const strength = useStrength(first, length, name)

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const [one, two] = [first.current, second.current]
    if (create.busy || one === null || two === null) return
    if (name.trim() === '') return setNeed(text.need.name)
    if (one.length() === 0) return setNeed(text.need.passphrase)
    if (strength?.acceptable === false) return setNeed(text.need.weak)
    setNeed(null)
    const passphrase = one.take()
    const again = two.take()
    const same = equal(passphrase, again)
    again.fill(0)
    setDiffer(!same)
    if (!same) {
      passphrase.fill(0)
      second.current?.focus()
      return
    }
    await whileMaking(() => withBytes([passphrase], () => create.run({ name: name.trim(), passphrase })), true)
  }
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
      <Field
        label={text.create.name}
        hint={text.create.nameHint}
        problem={create.error?.code === 'NAME' || create.error?.code === 'EXISTS' ? create.error.text : null}
      >
        {({ id, describedBy }) => (
          <TextInput
            id={id}
            aria-describedby={describedBy}
            value={name}
            maxLength={64}
            disabled={create.busy}
            autoFocus
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <PassphraseField ref={first} label={text.create.passphrase} isNew disabled={create.busy} onInput={setLength}>
        <StrengthMeter strength={strength} />
      </PassphraseField>
      <PassphraseField
        ref={second}
        label={text.create.again}
        isNew
        disabled={create.busy}
        problem={differ ? text.create.differ : null}
        onInput={() => setDiffer(false)}
      />
      {create.busy ? (
        <Deriving title={text.deriving.create} />
      ) : (
        <>
          {create.error !== null && create.error.code !== 'NAME' && create.error.code !== 'EXISTS' && <Problem error={create.error} />}
          <div className={css.end}>
            <p className={need === null ? css.note : css.need} role={need === null ? undefined : 'alert'}>
              {need ?? text.create.note}
            </p>
            <Button kind="primary" size="large" submit>
              {text.create.act}
            </Button>
          </div>
        </>
      )}
    </form>
  )
}
