import { Field, TextInput } from '../../components/field.tsx'
import { text } from './strings.ts'

/** The port that was written; null for what is none. */
export const portOf = (written: string): number | null => {
  const port = Number(written)
  return /^\d{1,5}$/.test(written) && port >= 1 && port <= 65_535 ? port : null
}

export function PortField({ label, value, bad, onChange }: { label: string; value: string; bad: boolean; onChange: (written: string) => void }) {
  return (
    <Field label={label} problem={bad ? text.relay.badPort : null}>
      {({ id, describedBy }) => (
        <TextInput
          id={id}
          aria-describedby={describedBy}
          value={value}
          dir="ltr"
          inputMode="numeric"
          maxLength={5}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}
