import { type FormEvent, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { TextInput } from '../../components/field.tsx'
import { goToRow } from '../../state/ui.ts'
import css from './ledger.module.css'
import { text } from './strings.ts'

/** Opens a row by its number; the last one for a number beyond it. */
export function GoTo({ total }: { total: number }) {
  const [wanted, setWanted] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (/^\d{1,9}$/.test(wanted)) goToRow(Math.min(total - 1, Number(wanted)))
  }
  return (
    <form className={css.goTo} onSubmit={submit}>
      <TextInput
        aria-label={text.table.goTo}
        placeholder={text.table.goTo}
        inputMode="numeric"
        maxLength={9}
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <Button submit>{text.table.go}</Button>
    </form>
  )
}
