import { Check } from 'lucide-react'
import type { HandshakeDto, PeerDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Label } from '../../components/card.tsx'
import { classes } from '../../components/classes.ts'
import { ExpiryRing } from '../../components/expiry-ring.tsx'
import { MatchWords } from '../../components/match-words.tsx'
import { PeerInline, PeerName } from '../../components/peer-name.tsx'
import { Problem } from '../../components/problem.tsx'
import { absolute, countdown, Time, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { toast } from '../../state/ui.ts'
import css from './handshakes.module.css'
import { text } from './strings.ts'

/** Ended ones that are still told of. */
const shownEnded = 4

/** Handshakes on their way, each with the words the peer's screen must show, and those that ended before a session. */
export function Handshakes({ handshakes }: { handshakes: readonly HandshakeDto[] }) {
  const peers = useModel((model) => model.peers)
  const now = useNow(1000)
  const live = handshakes.filter((handshake) => handshake.ended === null)
  const over = handshakes
    .filter((handshake) => handshake.ended !== null)
    .sort((a, b) => (b.ended?.at ?? 0) - (a.ended?.at ?? 0))
    .slice(0, shownEnded)
  const peerOf = (handshake: HandshakeDto): PeerDto | undefined => peers.find((peer) => peer.id === handshake.peer)
  return (
    <>
      {live.length > 0 && (
        <section aria-label={text.handshakes.label} className={css.section}>
          <Label aside={text.handshakes.aside}>{text.handshakes.label}</Label>
          <ul className={css.list}>
            {live.map((handshake) => (
              <OnItsWay key={handshake.id} handshake={handshake} peer={peerOf(handshake)} now={now} />
            ))}
          </ul>
        </section>
      )}
      {over.length > 0 && (
        <section aria-label={text.handshakes.ended} className={css.section}>
          <Label>{text.handshakes.ended}</Label>
          <ul className={css.over}>
            {over.map((handshake) => (
              <li key={handshake.id} className={css.overRow}>
                <PeerInline peer={peerOf(handshake)} label={peerOf(handshake)?.label ?? handshake.peer} />
                <span>{handshake.ended?.reason}</span>
                <span className={css.quiet}>{handshake.ended !== null && <Time at={handshake.ended.at} form="day" now={now} />}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

function OnItsWay({ handshake, peer, now }: { handshake: HandshakeDto; peer: PeerDto | undefined; now: number }) {
  const abort = useCommand('handshake.abort')
  const review = useCommand('request.review')
  const label = peer?.label ?? handshake.peer
  const giveUp = async (): Promise<void> => {
    const done = await abort.run({ id: handshake.id })
    if (done === undefined) return
    if (done.request === null) toast(text.handshakes.gone)
    else await review.run({ id: done.request.id })
  }
  return (
    <li className={css.handshake}>
      <div className={css.head}>
        {peer === undefined ? <span className={css.quiet}>{label}</span> : <PeerName peer={peer} />}
        <p className={css.status}>{handshake.status}</p>
        {handshake.expiresAt !== null && <Expiry from={handshake.startedAt} until={handshake.expiresAt} now={now} />}
        {handshake.may.abort && (
          <Button
            kind="leads-to-danger"
            size="small"
            busy={abort.busy || review.busy}
            aria-label={text.handshakes.abortOf(label)}
            onClick={() => void giveUp()}
          >
            {text.handshakes.abort}
          </Button>
        )}
      </div>
      {handshake.match !== null && (
        <div className={css.match}>
          <MatchWords match={handshake.match} />
          <p className={css.quiet}>{text.handshakes.match[handshake.role]}</p>
        </div>
      )}
      <Steps handshake={handshake} label={label} now={now} />
      <Problem error={abort.error ?? review.error} />
    </li>
  )
}

function Expiry({ from, until, now }: { from: number; until: number; now: number }) {
  const left = until - now
  const fraction = Math.max(0, Math.min(1, left / Math.max(1, until - from)))
  const said = left > 0 ? countdown(left) : text.waiting.expiring
  return (
    <span className={fraction < 0.25 ? css.expirySoon : css.expiry} title={absolute(until)}>
      <ExpiryRing fraction={fraction} soon={fraction < 0.25} />
      <span aria-hidden="true">{said}</span>
      <span className="sr">{text.waiting.expires(said)}</span>
    </span>
  )
}

/** The steps between two rails, ours above; a list to a screen reader. */
function Steps({ handshake, label, now }: { handshake: HandshakeDto; label: string; now: number }) {
  const next = handshake.steps.findIndex((step) => step.at === null)
  return (
    <ol className={css.steps} aria-label={text.handshakes.steps(label)}>
      {handshake.steps.map((step, i) => (
        <li
          key={`${i}${step.name}`}
          className={classes(css.step, css[step.by], step.at !== null ? css.done : i === next ? css.next : css.future)}
          aria-current={i === next ? 'step' : undefined}
        >
          <span className={css.name}>{step.name}</span>
          <span className={css.node} aria-hidden="true">
            {step.at !== null && <Check size={9} strokeWidth={3.4} />}
          </span>
          <span className={css.row}>
            {step.at === null ? (
              <span className="sr">{text.handshakes.open[step.by]}</span>
            ) : (
              <>
                <span className="sr">{text.handshakes.done[step.by]} </span>
                {step.seq === null ? <Time at={step.at} form="clock" now={now} /> : text.handshakes.row[step.by](step.seq)}
              </>
            )}
          </span>
        </li>
      ))}
    </ol>
  )
}
