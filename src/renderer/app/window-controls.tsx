import { Copy, Minus, Square, X } from 'lucide-react'
import { useState } from 'react'
import { call } from '../bridge/current.ts'
import { text } from './strings.ts'
import css from './window-controls.module.css'

/** The frame draws its own bar, so it also carries the system's three buttons. */
export function WindowControls() {
  const [maximized, setMaximized] = useState(false)
  const toggle = async (): Promise<void> => {
    const answer = await call('window.maximize', {})
    if (answer.ok) setMaximized(answer.value.maximized)
  }
  return (
    <div className={css.controls}>
      <button type="button" className={css.control} aria-label={text.window.minimize} onClick={() => void call('window.minimize', {})}>
        <Minus size={15} strokeWidth={1.4} />
      </button>
      <button type="button" className={css.control} aria-label={maximized ? text.window.restore : text.window.maximize} onClick={() => void toggle()}>
        {maximized ? <Copy size={12} strokeWidth={1.5} /> : <Square size={12} strokeWidth={1.5} />}
      </button>
      <button type="button" className={css.control} aria-label={text.window.close} onClick={() => void call('window.close', {})}>
        <X size={15} strokeWidth={1.4} />
      </button>
    </div>
  )
}
