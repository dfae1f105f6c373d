import { Clock } from 'lucide-react'
import { useId } from 'react'
import type { PeerDto } from '../../../contract/dto.ts'
import { Problem } from '../../components/problem.tsx'
import { Switch } from '../../components/switch.tsx'
import { useCommand } from '../../components/use-command.ts'
import { text } from './strings.ts'
import css from './zone-notice.module.css'

/** A difference that looks like a time zone is named; it counts only after the person allows it for this peer. */
export function ZoneNotice({ peer, minutes }: { peer: PeerDto; minutes: number }) {
  const id = useId()
  const zone = useCommand('peer.zone')
  return (
    <section className={peer.zoneSkewAccepted ? css.allowed : css.notice}>
      <Clock size={16} strokeWidth={1.75} className={css.icon} />
      <div className={css.text}>
        <p>
          <strong>{text.zone.title(minutes)}</strong> {peer.zoneSkewAccepted ? text.zone.allowed : text.zone.text}
        </p>
        <Problem error={zone.error} />
      </div>
      <div className={css.switch}>
        <span id={id}>{text.zone.switch}</span>
        <Switch labelledBy={id} checked={peer.zoneSkewAccepted} busy={zone.busy} onChange={(accepted) => void zone.run({ peer: peer.id, accepted })} />
      </div>
    </section>
  )
}
