import { Switch as Radix } from 'radix-ui'
import css from './switch.module.css'

/** A switch; the label is the row's title, given by id. */
export function Switch({
  checked,
  onChange,
  labelledBy,
  describedBy,
  disabled = false,
  busy = false,
}: {
  checked: boolean
  onChange: (checked: boolean) => void
  labelledBy: string
  describedBy?: string | undefined
  disabled?: boolean
  busy?: boolean
}) {
  return (
    <Radix.Root
      className={css.switch}
      checked={checked}
      disabled={disabled}
      aria-busy={busy || undefined}
      aria-labelledby={labelledBy}
      aria-describedby={describedBy}
      onCheckedChange={(next) => {
        if (!busy) onChange(next)
      }}
    >
      <Radix.Thumb className={css.thumb} />
    </Radix.Root>
  )
}
