import { Paperclip, SendHorizontal } from 'lucide-react'
import { type FormEvent, type KeyboardEvent, useId, useLayoutEffect, useRef } from 'react'
import type { SessionDto } from '../../../contract/dto.ts'
import { IconButton } from '../../components/button.tsx'
import { classes } from '../../components/classes.ts'
import { Problem } from '../../components/problem.tsx'
import { useCommand } from '../../components/use-command.ts'
import { setDraft, useUi } from '../../state/ui.ts'
import css from './composer.module.css'
import { text } from './strings.ts'

/** The channel's limit, in UTF-16 units. */
const limit = 8000

/** Enter sends, Shift+Enter makes a line. Says whose turn it is; what is written in their turn waits. */
export function Composer({ session, peerId, label }: { session: SessionDto; peerId: string; label: string }) {
  const draft = useUi((ui) => ui.drafts[peerId] ?? '')
  const send = useCommand('session.send')
  const choose = useCommand('file.choose')
  const sendFile = useCommand('session.sendFile')
  const field = useRef<HTMLTextAreaElement>(null)
  const hint = useId()
  const over = draft.length - limit
  const ready = draft.trim() !== '' && over <= 0 && !send.busy

  useLayoutEffect(() => {
    const box = field.current
    if (box === null) return
    box.style.blockSize = 'auto'
    box.style.blockSize = draft === '' ? '' : `${Math.min(box.scrollHeight, 140)}px`
  }, [draft])

  if (!session.may.send) {
    return (
      <div className={css.wrap}>
        <div className={css.shut}>{text.composer.closed[session.state]}</div>
      </div>
    )
  }
  const submit = async (event?: FormEvent): Promise<void> => {
    event?.preventDefault()
    if (!ready) return
    const sent = await send.run({ session: session.id, text: draft })
    if (sent !== undefined) setDraft(peerId, '')
    field.current?.focus()
  }
  const attach = async (): Promise<void> => {
    sendFile.forget()
    const chosen = await choose.run({ purpose: 'send' })
    if (chosen !== undefined) await sendFile.run({ session: session.id, file: chosen.file })
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault()
      void submit()
    }
  }
  const said =
    over > 0
      ? text.composer.over(over)
      : session.queued > 0
        ? text.composer.queued(session.queued)
        : session.profile === 'm2m'
          ? text.composer.channel
          : session.turn === 'us'
            ? text.composer.turnUs
            : text.composer.turnThem
  return (
    <form className={css.wrap} onSubmit={(event) => void submit(event)}>
      <Problem error={send.error ?? sendFile.error ?? choose.error} />
      <div className={css.box}>
        {session.may.sendFile && (
          <IconButton label={text.files.attach} title={text.files.attach} disabled={choose.busy || sendFile.busy} onClick={() => void attach()}>
            <Paperclip size={16} strokeWidth={1.75} />
          </IconButton>
        )}
        <textarea
          ref={field}
          className={css.field}
          rows={1}
          value={draft}
          aria-label={text.composer.label(label)}
          aria-describedby={hint}
          placeholder={text.composer.label(label)}
          dir="auto"
          onChange={(event) => setDraft(peerId, event.target.value)}
          onKeyDown={onKey}
        />
        <span id={hint} className={classes(css.hint, over > 0 && css.over)}>
          {said}
        </span>
        <button type="submit" className={css.send} aria-label={text.composer.send} aria-disabled={!ready || undefined}>
          <SendHorizontal size={16} strokeWidth={1.75} />
        </button>
      </div>
    </form>
  )
}
