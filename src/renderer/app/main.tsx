import { createRoot } from 'react-dom/client'
import type { Bridge } from '../bridge/bridge.ts'
import { installBridge } from '../bridge/current.ts'
import { App } from './app.tsx'

declare global {
  interface Window {
    /** Put there by the preload. */
    readonly countersign: Bridge
  }
}

installBridge(window.countersign)
const root = document.getElementById('root')
if (root !== null) createRoot(root).render(<App />)
