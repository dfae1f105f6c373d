import type { RelayDto } from '../../contract/dto.ts'
import { Mono } from '../components/hash-cell.tsx'
import { countdown, useNow } from '../components/time.tsx'
import { useModel } from '../state/store.ts'
import { go } from '../state/ui.ts'
import css from './status-line.module.css'
import { text } from './strings.ts'

/** Where the wallet stands, in one quiet line: relay, who is on it, what was noticed, version. */
export function StatusLine() {
  const app = useModel((model) => model.app)
  const online = useModel((model) => model.peers.filter((peer) => peer.online).length)
  const notices = useModel((model) => model.notices.length)
  if (app === null) return null
  return (
    <footer className={css.line}>
      <Relay relay={app.relay} />
      {app.relay.state === 'connected' && <span>{text.peersOn(online)}</span>}
      {!app.settings.discoverable && <span>{text.hidden}</span>}
      {notices > 0 && (
        <button type="button" className={css.button} onClick={() => go('notices')}>
          {text.notices(notices)}
        </button>
      )}
      <span className={css.version}>{`${text.product} ${app.version} · ${app.runtime}`}</span>
    </footer>
  )
}

function Relay({ relay }: { relay: RelayDto }) {
  const now = useNow(1000)
  const kind = relay.mode === 'address' ? text.relay.lineAddress : relay.joined ? text.relay.lineJoined : text.relay.lineEmbedded
  const where = text.relay.at(relay.host, relay.port)
  return (
    <span className={relay.state === 'waiting' ? css.lost : undefined}>
      {relay.state === 'connected' ? kind : text.relay[relay.state]} <Mono>{where}</Mono>
      {relay.state === 'waiting' && relay.retryAt !== null && `, ${text.relay.retry(countdown(relay.retryAt - now))}`}
    </span>
  )
}
