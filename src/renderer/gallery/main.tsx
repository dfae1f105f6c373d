import { createRoot } from 'react-dom/client'
import { App } from '../app/app.tsx'
import { installBridge } from '../bridge/current.ts'
import { useUi } from '../state/ui.ts'
import { fakeBridge } from './fake-bridge.ts'
import { scenes } from './scenes.ts'

const name = new URLSearchParams(location.search).get('scene') ?? ''
const scene = scenes[name]
const root = document.getElementById('root')
if (root !== null) {
  if (scene === undefined) root.textContent = Object.keys(scenes).join(' ')
  else {
    localStorage.clear()
    useUi.setState(scene.ui ?? {})
    installBridge(fakeBridge(scene))
    createRoot(root).render(<App />)
  }
}
