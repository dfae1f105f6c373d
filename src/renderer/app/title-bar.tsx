import { Inbox, Lock } from 'lucide-react'
import type { RelayDto } from '../../contract/dto.ts'
import { call } from '../bridge/current.ts'
import { Button } from '../components/button.tsx'
import { Clasp } from '../components/clasp.tsx'
import { classes } from '../components/classes.ts'
import { Tooltip } from '../components/tooltip.tsx'
import { useModel } from '../state/store.ts'
import { goToSettings } from '../state/ui.ts'
import { text } from './strings.ts'
import css from './title-bar.module.css'
import { WindowControls } from './window-controls.tsx'

/** The relay's state in two words. */
export function relayWord(relay: RelayDto): string {
  if (relay.state === 'connected') return relay.mode === 'address' ? text.relay.connected : relay.joined ? text.relay.joined : text.relay.embedded
  return text.relay[relay.state]
}

/** `bare`: before the wallet is open, without relay and Lock. */
export function TitleBar({ bare = false }: { bare?: boolean }) {
  const app = useModel((model) => model.app)
  return (
    <header className={css.bar}>
      <div className={css.brand}>
        <Clasp size={20} />
        <span>{text.product}</span>
      </div>
      <div className={css.end}>
        {bare && app !== null && app.stage !== 'onboarding' && app.waiting > 0 && (
          <span className={css.waiting}>
            <Inbox size={15} strokeWidth={1.75} />
            {text.waiting(app.waiting)}
          </span>
        )}
        {!bare && app !== null && (
          <>
            <RelayButton relay={app.relay} />
            <Tooltip text={text.lockNow}>
              <span>
                <Button
                  kind="quiet"
                  size="small"
                  icon={<Lock size={15} strokeWidth={1.75} />}
                  aria-label={text.lock}
                  onClick={() => void call('identity.lock', {})}
                >
                  <span className={css.word}>{text.lock}</span>
                </Button>
              </span>
            </Tooltip>
          </>
        )}
        <WindowControls />
      </div>
    </header>
  )
}

function RelayButton({ relay }: { relay: RelayDto }) {
  const word = relayWord(relay)
  return (
    <Tooltip text={`${word}, ${text.relay.at(relay.host, relay.port)}`}>
      <button type="button" className={css.relay} onClick={() => goToSettings('relay')}>
        <span className={classes(css.dot, relay.state === 'connected' ? css.on : relay.state === 'waiting' ? css.lost : css.off)} aria-hidden="true" />
        <span className={css.word}>{word}</span>
      </button>
    </Tooltip>
  )
}
