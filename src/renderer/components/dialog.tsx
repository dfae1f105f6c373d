import { type FormEvent, type ReactNode, useEffect, useId, useRef } from 'react'
import { Button } from './button.tsx'
import css from './dialog.module.css'
import { words } from './strings.ts'

/**
 * A question that is not an approval. The platform's modal dialog: the rest of the page is inert, Escape leaves, focus
 * returns. (Radix's needs a <style> element for its scroll lock, which our content security policy refuses.)
 * The focus starts on the element marked `data-first`, the least destructive choice; leaving decides nothing.
 */
export function Dialog({
  title,
  children,
  onClose,
  onSubmit,
  actions,
  wide = false,
}: {
  title: string
  children?: ReactNode
  onClose: () => void
  onSubmit?: () => void
  actions: ReactNode
  wide?: boolean
}) {
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  const bodyId = useId()
  useEffect(() => {
    const dialog = ref.current
    if (dialog === null) return undefined
    if (!dialog.open) dialog.showModal()
    dialog.querySelector<HTMLElement>('[data-first]')?.focus()
    return () => dialog.close()
  }, [])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onSubmit?.()
  }
  return (
    <dialog
      ref={ref}
      className={wide ? css.wide : css.dialog}
      aria-labelledby={titleId}
      aria-describedby={bodyId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        if (event.target === ref.current) onClose()
      }}
    >
      <form className={css.form} onSubmit={submit} noValidate>
        <h2 id={titleId} className={css.title}>
          {title}
        </h2>
        <div id={bodyId} className={css.body}>
          {children}
        </div>
        <div className={css.actions}>{actions}</div>
      </form>
    </dialog>
  )
}

/** A dialog that asks one thing. `cancel` has the focus. */
export function Confirm({
  title,
  children,
  verb,
  cancel = words.cancel,
  danger = false,
  busy = false,
  onConfirm,
  onClose,
}: {
  title: string
  children?: ReactNode
  verb: string
  cancel?: string
  danger?: boolean
  busy?: boolean
  onConfirm: () => void
  onClose: () => void
}) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose} data-first>
            {cancel}
          </Button>
          <Button kind={danger ? 'leads-to-danger' : 'primary'} busy={busy} onClick={onConfirm}>
            {verb}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  )
}
