import { Copy } from 'lucide-react'
import { toast } from '../state/ui.ts'
import { classes } from './classes.ts'
import css from './hash-cell.module.css'
import { words } from './strings.ts'

const groups = (hex: string): readonly string[] => hex.match(/.{1,8}/g) ?? []

/**
 * Copies public text; the toast says so. By the copy command of the gesture itself: the asynchronous clipboard wants a
 * permission, and the window has none.
 */
export function copyText(text: string, what: string): void {
  let copied = false
  const give = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text)
    event.preventDefault()
    copied = true
  }
  document.addEventListener('copy', give, { once: true })
  document.execCommand('copy')
  document.removeEventListener('copy', give)
  if (copied) toast(words.copied(what), 'copy')
}

/**
 * A whole hash or key in groups of 8 hex digits, `perLine` groups a line, first and last group bold. Click or Enter
 * copies all of it; a screen reader hears the groups.
 */
export function HashCell({ hex, what, perLine = 4, icon = false }: { hex: string; what: string; perLine?: 2 | 3 | 4; icon?: boolean }) {
  const parts = groups(hex)
  return (
    <button type="button" className={classes(css.cell, perLine === 4 ? css.four : perLine === 3 ? css.three : css.two)} onClick={() => copyText(hex, what)}>
      <span className="sr">{words.copyHash(what)} </span>
      <bdi dir="ltr" translate="no" className={css.grid}>
        {parts.map((part, i) => (
          <span key={`${i}${part}`} className={i === 0 || i === parts.length - 1 ? css.end : undefined}>
            {part}{' '}
          </span>
        ))}
      </bdi>
      {icon && <Copy size={14} strokeWidth={1.75} className={css.icon} />}
    </button>
  )
}

/** The short form for lists: `1426a890…afa249`. */
export function ShortHash({ hex }: { hex: string }) {
  if (hex.length <= 16) {
    return (
      <bdi dir="ltr" translate="no" className={css.short} title={hex}>
        <b>{hex}</b>
      </bdi>
    )
  }
  return (
    <bdi dir="ltr" translate="no" className={css.short} title={hex}>
      <b>{hex.slice(0, 8)}</b>…{hex.slice(-6)}
    </bdi>
  )
}

/** Other mono text: ids, file names, addresses. */
export function Mono({ children }: { children: string }) {
  return (
    <bdi dir="ltr" translate="no" className={css.mono}>
      {children}
    </bdi>
  )
}
