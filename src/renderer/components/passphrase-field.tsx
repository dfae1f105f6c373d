import { Eye, EyeOff, Lock } from 'lucide-react'
import { type KeyboardEvent, type Ref, useId, useImperativeHandle, useRef, useState } from 'react'
import { classes } from './classes.ts'
import field from './field.module.css'
import css from './passphrase-field.module.css'
import { words } from './strings.ts'

/** How a form takes the passphrase out of its field. */
export interface PassphraseHandle {
  /** UTF-8 bytes of what was typed. The caller wipes them after the command has been answered (withBytes does). */
  take(): Uint8Array<ArrayBuffer>
  /** Length in characters. */
  length(): number
  clear(): void
  focus(): void
}

/**
 * A passphrase lives in the input element and nowhere in React's state; it leaves as bytes, and the bytes are
 * overwritten afterwards. (The string inside the element cannot be erased, only let go.)
 */
export function PassphraseField({
  ref,
  label,
  hint,
  problem,
  large = false,
  disabled = false,
  autoFocus = false,
  isNew = false,
  onInput,
  children,
}: {
  ref: Ref<PassphraseHandle>
  label: string
  hint?: string | undefined
  problem?: string | null | undefined
  large?: boolean
  disabled?: boolean
  autoFocus?: boolean
  isNew?: boolean
  /** Called on each change with the number of characters. */
  onInput?: (length: number) => void
  children?: React.ReactNode
}) {
  const id = useId()
  const note = `${id}-note`
  const input = useRef<HTMLInputElement>(null)
  const [shown, setShown] = useState(false)
  const [caps, setCaps] = useState(false)
  useImperativeHandle(ref, () => ({
    take: () => new TextEncoder().encode(input.current?.value ?? ''),
    length: () => [...(input.current?.value ?? '')].length,
    clear: () => {
      if (input.current !== null) input.current.value = ''
      onInput?.(0)
    },
    focus: () => input.current?.focus(),
  }))
  const wrong = problem !== undefined && problem !== null
  const watchCaps = (event: KeyboardEvent): void => setCaps(event.getModifierState('CapsLock'))
  const message = wrong ? problem : caps ? words.capsLock : hint
  return (
    <div className={field.field}>
      <label htmlFor={id} className={classes(field.label, large && 'sr')}>
        {label}
      </label>
      <div className={classes(css.wrap, large && css.large)}>
        {large && <Lock size={15} strokeWidth={1.75} className={css.lock} />}
        <input
          ref={input}
          id={id}
          className={field.input}
          type={shown ? 'text' : 'password'}
          placeholder={large ? label : undefined}
          autoComplete={isNew ? 'new-password' : 'current-password'}
          autoCapitalize="off"
          spellCheck={false}
          disabled={disabled}
          // biome-ignore lint/a11y/noAutofocus: the one field of the unlock page
          autoFocus={autoFocus}
          aria-invalid={wrong || undefined}
          aria-describedby={message !== undefined ? note : undefined}
          onInput={(event) => onInput?.([...event.currentTarget.value].length)}
          onKeyDown={watchCaps}
          onKeyUp={watchCaps}
          onBlur={() => setCaps(false)}
        />
        <button
          type="button"
          className={css.eye}
          aria-label={shown ? words.hidePassphrase : words.showPassphrase}
          aria-pressed={shown}
          disabled={disabled}
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff size={15} strokeWidth={1.75} /> : <Eye size={15} strokeWidth={1.75} />}
        </button>
      </div>
      {children}
      {message !== undefined && (
        <div id={note} className={classes(field.note, wrong && field.wrong, !wrong && caps && css.caps)} role={wrong ? 'alert' : undefined}>
          {message}
        </div>
      )}
    </div>
  )
}

/** Runs `work` with bytes and overwrites them afterwards, whatever happened. */
export async function withBytes<T>(bytes: readonly Uint8Array[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    for (const each of bytes) each.fill(0)
  }
}
