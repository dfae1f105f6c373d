import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import css from './button.module.css'
import { classes } from './classes.ts'

export type ButtonKind = 'primary' | 'neutral' | 'quiet' | 'leads-to-danger'

type Attributes = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className' | 'type' | 'disabled'>

export interface ButtonProps extends Attributes {
  /** One primary button a view. `leads-to-danger` opens something that must still be approved; its label ends in "…". */
  readonly kind?: ButtonKind
  readonly size?: 'small' | 'normal' | 'large'
  readonly icon?: ReactNode
  readonly end?: ReactNode
  readonly submit?: boolean
  /** Work is under way: stays focusable, does nothing. */
  readonly busy?: boolean
  readonly disabled?: boolean
  readonly grow?: boolean
  readonly ref?: Ref<HTMLButtonElement>
}

/**
 * A button. Disabled ones stay focusable (`aria-disabled`), so that the reason beside them can be found with the
 * keyboard; give that reason's element as `aria-describedby`.
 */
export function Button({
  kind = 'neutral',
  size = 'normal',
  icon,
  end,
  submit = false,
  busy = false,
  disabled = false,
  grow = false,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  const off = disabled || busy
  return (
    <button
      {...rest}
      type={submit ? 'submit' : 'button'}
      className={classes(css.button, css[kind], css[size], off && css.off, grow && css.grow)}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (off) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {icon}
      <span>{children}</span>
      {end}
    </button>
  )
}

/** A square button that carries only an icon; its label is read out and shown as a tooltip by the caller. */
export function IconButton({
  label,
  children,
  disabled = false,
  edged = false,
  onClick,
  ...rest
}: Attributes & { label: string; disabled?: boolean; edged?: boolean; ref?: Ref<HTMLButtonElement> }) {
  return (
    <button
      {...rest}
      type="button"
      aria-label={label}
      className={classes(css.button, edged ? css.neutral : css.quiet, css.icon, disabled && css.off)}
      aria-disabled={disabled || undefined}
      onClick={(event) => {
        if (!disabled) onClick?.(event)
      }}
    >
      {children}
    </button>
  )
}

/** Reads like a link inside a sentence, does something here. */
export function LinkButton({ children, ...rest }: Attributes & { ref?: Ref<HTMLButtonElement> }) {
  return (
    <button {...rest} type="button" className={css.link}>
      {children}
    </button>
  )
}
