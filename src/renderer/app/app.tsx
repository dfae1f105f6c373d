import { useEffect, useRef } from 'react'
import { theBridge } from '../bridge/current.ts'
import { Button } from '../components/button.tsx'
import { TooltipProvider } from '../components/tooltip.tsx'
import { Onboarding } from '../features/onboarding/onboarding.tsx'
import { Picker } from '../features/unlock/picker.tsx'
import { Unlock } from '../features/unlock/unlock.tsx'
import { connect } from '../state/connect.ts'
import { useModel, useStore } from '../state/store.ts'
import { forgetUi, useUi } from '../state/ui.ts'
import css from './app.module.css'
import { Frame } from './frame.tsx'
import { text } from './strings.ts'
import { applyTheme } from './theme.ts'
import { TitleBar } from './title-bar.tsx'

/** Chooses the screen by the stage the core is in. */
export function App() {
  useEffect(() => {
    const bridge = theBridge()
    return connect(bridge)
  }, [])
  return (
    <TooltipProvider>
      <Stage />
    </TooltipProvider>
  )
}

function Stage() {
  const ready = useStore((state) => state.ready)
  const fault = useStore((state) => state.fault)
  const stage = useModel((model) => model.app?.stage)
  const theme = useModel((model) => model.app?.settings.theme)
  const starting = useUi((ui) => ui.making || ui.adding !== null || ui.offerBackup)
  useEffect(() => {
    if (theme !== undefined) applyTheme(theme)
  }, [theme])
  const wasOpen = useRef(false)
  useEffect(() => {
    if (wasOpen.current && stage !== 'open') {
      forgetUi()
      useUi.setState({ adding: null, making: false, offerBackup: false })
    }
    wasOpen.current = stage === 'open'
  }, [stage])

  if (fault !== null) {
    return (
      <Plain>
        <p role="alert">{text.fault}</p>
        <p className={css.quiet}>{fault.text}</p>
        <Button onClick={() => window.location.reload()}>{text.again}</Button>
      </Plain>
    )
  }
  if (starting) return <Onboarding />
  if (!ready || stage === undefined) {
    return (
      <Plain>
        <p className={css.later} role="status">
          {text.starting}
        </p>
      </Plain>
    )
  }
  switch (stage) {
    case 'onboarding':
      return <Onboarding />
    case 'picker':
      return <Picker />
    case 'locked':
      return <Unlock />
    case 'open':
      return <Frame />
  }
}

function Plain({ children }: { children: React.ReactNode }) {
  return (
    <div className={css.plain}>
      <TitleBar bare />
      <main className={css.centre}>{children}</main>
    </div>
  )
}
