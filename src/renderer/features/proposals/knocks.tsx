import type { KnockDto, PeerDto } from '../../../contract/dto.ts'
import { TrustBadge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Label } from '../../components/card.tsx'
import { PeerInline } from '../../components/peer-name.tsx'
import { Problem } from '../../components/problem.tsx'
import { formatNumber, Time, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { toast } from '../../state/ui.ts'
import css from './knocks.module.css'
import { text } from './strings.ts'

/** What peers want and nobody here asked for: one entry a peer, never a dialog by itself. */
export function Knocks({ knocks }: { knocks: readonly KnockDto[] }) {
  const peers = useModel((model) => model.peers)
  const now = useNow(20_000)
  return (
    <section aria-label={text.knocks.label} className={css.section}>
      <Label aside={text.knocks.aside}>{text.knocks.label}</Label>
      <ul className={css.list}>
        {knocks.map((knock) => (
          <Knock key={knock.peer} knock={knock} peer={peers.find((peer) => peer.id === knock.peer)} now={now} />
        ))}
      </ul>
    </section>
  )
}

function Knock({ knock, peer, now }: { knock: KnockDto; peer: PeerDto | undefined; now: number }) {
  const answer = useCommand('peer.answer')
  const review = useCommand('request.review')
  const propose = useCommand('peer.propose')
  const reconnect = useCommand('peer.reconnect')
  const dismiss = useCommand('knock.dismiss')
  const label = peer?.label ?? knock.peer
  const doAnswer = async (): Promise<void> => {
    const request = await answer.run({ peer: knock.peer })
    if (request !== undefined) await review.run({ id: request.id })
  }
  const doDismiss = async (): Promise<void> => {
    if ((await dismiss.run({ peer: knock.peer })) !== undefined) toast(text.knocks.dismissed)
  }
  return (
    <li className={css.knock}>
      <PeerInline peer={peer} label={label} />
      <span>{peer !== undefined && <TrustBadge state={peer.trust} />}</span>
      <span className={css.what}>
        {text.knocks.kinds[knock.kind]}
        {knock.count > 1 && <span className={css.count}>{text.knocks.count(formatNumber(knock.count))}</span>}
        <span className={css.when}>
          <Time at={knock.lastAt} form="ago" now={now} />
        </span>
        <Problem error={answer.error ?? review.error ?? propose.error ?? reconnect.error ?? dismiss.error} />
      </span>
      <span className={css.actions}>
        <Button kind="quiet" size="small" busy={dismiss.busy} aria-label={text.knocks.dismissOf(label)} onClick={() => void doDismiss()}>
          {text.knocks.dismiss}
        </Button>
        {peer?.may.answer === true ? (
          <Button size="small" busy={answer.busy || review.busy} onClick={() => void doAnswer()}>
            {text.knocks.answer}
          </Button>
        ) : peer?.may.reconnect === true ? (
          <Button size="small" busy={reconnect.busy} onClick={() => void reconnect.run({ peer: knock.peer })}>
            {text.knocks.reconnect}
          </Button>
        ) : (
          peer?.may.propose === true && (
            <Button size="small" busy={propose.busy} onClick={() => void propose.run({ peer: knock.peer })}>
              {text.knocks.propose}
            </Button>
          )
        )}
      </span>
    </li>
  )
}
