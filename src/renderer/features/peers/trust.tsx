import type { PeerDto } from '../../../contract/dto.ts'
import { Card } from '../../components/card.tsx'
import { Rails, type Rung } from '../../components/rails.tsx'
import { dayAndTime } from '../../components/time.tsx'
import { text } from './strings.ts'
import css from './trust.module.css'

function Stage({ name, when, how }: { name: string; when?: string | undefined; how: string }) {
  return (
    <div className={css.stage}>
      <strong>{name}</strong> {when !== undefined && <span className={css.when}>{when}</span>}
      <p>{how}</p>
    </div>
  )
}

/** How far trust in this key has come, as the core says it. */
export function Trust({ peer, now }: { peer: PeerDto; now: number }) {
  const pinned = peer.pinnedAt !== null
  const verified = peer.trust === 'verified'
  const rungs: Rung[] = [
    peer.signPub === null
      ? { key: 'seen', by: 'both', future: true, content: <Stage name={text.trust.unknown} how={text.trust.unknownHow} /> }
      : { key: 'seen', by: 'both', content: <Stage name={text.trust.seen} when={dayAndTime(peer.firstSeen, now)} how={text.trust.seenHow} /> },
    {
      key: 'pinned',
      by: 'both',
      future: !pinned,
      content: (
        <Stage
          name={text.trust.pinned}
          when={peer.pinnedAt === null ? undefined : dayAndTime(peer.pinnedAt, now)}
          how={pinned ? text.trust.pinnedHow : text.trust.notPinned}
        />
      ),
    },
    {
      key: 'verified',
      by: 'both',
      future: !verified,
      content: <Stage name={text.trust.verified} how={verified ? text.trust.verifiedHow : text.trust.notVerified} />,
    },
  ]
  return (
    <Card label={text.trust.label}>
      <div className={css.rails}>
        <Rails label={text.trust.label} rungs={rungs} />
      </div>
      {peer.trust === 'blocked' && <p className={css.blocked}>{text.trust.blocked}</p>}
    </Card>
  )
}
