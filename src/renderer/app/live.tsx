import { useEffect, useRef, useState } from 'react'
import { useModel } from '../state/store.ts'
import { text } from './strings.ts'
import { relayWord } from './title-bar.tsx'

/** Says once, politely, what changed while the eyes were elsewhere. */
export function Live() {
  const waiting = useModel((model) => model.app?.waiting ?? 0)
  const relay = useModel((model) => (model.app === null ? '' : relayWord(model.app.relay)))
  const before = useRef({ waiting, relay })
  const [said, setSaid] = useState('')
  useEffect(() => {
    const last = before.current
    before.current = { waiting, relay }
    if (waiting > last.waiting) setSaid(text.waiting(waiting))
    else if (relay !== last.relay) setSaid(relay)
  }, [waiting, relay])
  return (
    <div className="sr" aria-live="polite" role="status">
      {said}
    </div>
  )
}
