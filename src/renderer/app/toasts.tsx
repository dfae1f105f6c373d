import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { RequestDto } from '../../contract/dto.ts'
import { call } from '../bridge/current.ts'
import { LinkButton } from '../components/button.tsx'
import { useNow } from '../components/time.tsx'
import { useModel } from '../state/store.ts'
import { dismissToast, type Toast, toast, useUi } from '../state/ui.ts'
import { text } from './strings.ts'
import css from './toasts.module.css'

/** Bottom start, one at a time. The undo of an approval goes before anything else. */
export function Toasts() {
  const undoable = useModel((model) => model.requests.find((request) => request.undoUntil !== null))
  const current = useUi((ui) => ui.toast)
  // On its own page the row itself counts down and offers the undo.
  const onProposals = useUi((ui) => ui.page === 'proposals')
  if (undoable !== undefined && !onProposals) return <Undo request={undoable} />
  if (current !== null) return <Plain key={current.id} toast={current} />
  return null
}

function Undo({ request }: { request: RequestDto }) {
  const now = useNow(250)
  const left = Math.max(0, Math.ceil(((request.undoUntil ?? now) - now) / 1000))
  return (
    <div className={css.toast} role="status">
      <Check size={16} strokeWidth={2} className={css.check} />
      <span className={css.text}>{text.undo.text(left)}</span>
      <LinkButton
        onClick={async () => {
          const answer = await call('request.undo', { id: request.id })
          if (answer.ok) toast(text.undo.gone)
        }}
      >
        {text.undo.act}
      </LinkButton>
    </div>
  )
}

const shownFor = 6000

function Plain({ toast: { text: says, icon } }: { toast: Toast }) {
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (held) return undefined
    const timer = setTimeout(dismissToast, shownFor)
    return () => clearTimeout(timer)
  }, [held])
  return (
    // The pointer over it keeps it; it holds nothing that could be focused.
    <div className={css.toast} role="status" onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)}>
      {icon === 'copy' ? <Copy size={16} strokeWidth={1.75} /> : <Check size={16} strokeWidth={2} className={css.check} />}
      <span className={css.text}>{says}</span>
    </div>
  )
}
