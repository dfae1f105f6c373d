import { ArrowRight, Snowflake } from 'lucide-react'
import { useState } from 'react'
import type { PeerDto, RequestDto } from '../../../contract/dto.ts'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Label } from '../../components/card.tsx'
import { ExpiryRing } from '../../components/expiry-ring.tsx'
import { PeerName } from '../../components/peer-name.tsx'
import { Problem } from '../../components/problem.tsx'
import { absolute, countdown, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { toast } from '../../state/ui.ts'
import { RejectDialog } from './reject-dialog.tsx'
import { text } from './strings.ts'
import css from './waiting.module.css'

/** The queue, in the order the core keeps: who, what, how long; Review opens the approval window. */
export function Waiting({ requests }: { requests: readonly RequestDto[] }) {
  const peers = useModel((model) => model.peers)
  const now = useNow(1000)
  return (
    <section aria-label={text.waiting.label} className={css.section}>
      <Label aside={text.waiting.aside(requests.length, new Set(requests.map((request) => request.peer)).size)}>{text.waiting.label}</Label>
      <ul className={css.list}>
        {requests.map((request) => (
          <Request
            key={request.id}
            request={request}
            peer={peers.find((peer) => peer.id === request.peer)}
            now={now}
            of={requests.filter((other) => other.peer === request.peer).length}
          />
        ))}
      </ul>
    </section>
  )
}

function Request({ request, peer, now, of }: { request: RequestDto; peer: PeerDto | undefined; now: number; of: number }) {
  const review = useCommand('request.review')
  const reject = useCommand('request.rejectAll')
  const [asking, setAsking] = useState(false)
  const label = peer?.label ?? text.waiting.unknownPeer
  const changed = peer?.trust === 'changed'
  const doReject = async (): Promise<void> => {
    // The channel rejects all of a peer's requests; with more than one waiting that is said first.
    if (of > 1) {
      setAsking(true)
      return
    }
    const done = await reject.run({ peer: request.peer })
    if (done !== undefined) toast(text.reject.done(done.rejected))
  }
  return (
    <li className={css.request}>
      {peer === undefined ? <span className={css.gone}>{label}</span> : <PeerName peer={peer} />}
      <div className={css.what}>
        <p className={css.sentence}>
          {request.sentence}
          {request.count > 1 && <Badge>{text.waiting.identical(request.count)}</Badge>}
        </p>
        {changed ? (
          <p className={css.changed}>
            <Snowflake size={13} strokeWidth={2} />
            {text.waiting.changed}
          </p>
        ) : (
          <p className={css.detail}>{text.waiting.step(request.step)}</p>
        )}
        {peer !== undefined && peer.pinnedAt === null && <p className={css.detail}>{text.waiting.firstContact}</p>}
        <Problem error={review.error ?? reject.error} />
      </div>
      {request.undoUntil === null ? (
        <>
          <Expiry request={request} now={now} frozen={changed} />
          <div className={css.actions}>
            <Button busy={reject.busy} aria-label={text.waiting.rejectOf(label)} onClick={() => void doReject()}>
              {text.waiting.reject}
            </Button>
            <Button
              busy={review.busy}
              end={<ArrowRight size={15} strokeWidth={2} />}
              aria-label={text.waiting.reviewOf(label)}
              onClick={() => void review.run({ id: request.id })}
            >
              {text.waiting.review}
            </Button>
          </div>
        </>
      ) : (
        <Undo id={request.id} until={request.undoUntil} />
      )}
      {asking && <RejectDialog peer={request.peer} label={label} count={of} onClose={() => setAsking(false)} />}
    </li>
  )
}

function Expiry({ request, now, frozen }: { request: RequestDto; now: number; frozen: boolean }) {
  const left = request.expiresAt - now
  const fraction = Math.max(0, Math.min(1, left / Math.max(1, request.expiresAt - request.createdAt)))
  const soon = fraction < 0.25
  const said = left > 0 ? countdown(left) : text.waiting.expiring
  if (frozen) return <div className={css.expiry}>{text.waiting.frozen}</div>
  return (
    <div className={soon ? css.expirySoon : css.expiry} title={absolute(request.expiresAt)}>
      <ExpiryRing fraction={fraction} soon={soon} />
      <span aria-hidden="true">{said}</span>
      <span className="sr">{text.waiting.expires(said)}</span>
    </div>
  )
}

function Undo({ id, until }: { id: string; until: number }) {
  const now = useNow(250)
  const undo = useCommand('request.undo')
  return (
    <div className={css.undo}>
      <span role="status">{text.waiting.approved(Math.max(0, Math.ceil((until - now) / 1000)))}</span>
      <Button busy={undo.busy} onClick={() => void undo.run({ id })}>
        {text.waiting.undo}
      </Button>
    </div>
  )
}
