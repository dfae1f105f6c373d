import { useState } from 'react'
import { PageHeader } from '../../app/page-header.tsx'
import { Button } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { Time, useNow } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import { go } from '../../state/ui.ts'
import { Handshakes } from './handshakes.tsx'
import { History } from './history.tsx'
import { Knocks } from './knocks.tsx'
import css from './proposals.module.css'
import { RejectDialog } from './reject-dialog.tsx'
import { text } from './strings.ts'
import { Waiting } from './waiting.tsx'

export function Proposals() {
  const requests = useModel((model) => model.requests)
  const knocks = useModel((model) => model.knocks)
  const history = useModel((model) => model.history)
  const handshakes = useModel((model) => model.handshakes)
  const [rejecting, setRejecting] = useState(false)
  const nothing = requests.length === 0 && knocks.length === 0 && handshakes.every((handshake) => handshake.ended !== null)
  return (
    <>
      <PageHeader
        title={text.title}
        aside={requests.length > 1 ? text.aside : undefined}
        actions={requests.length > 1 ? <Button onClick={() => setRejecting(true)}>{text.rejectAll}</Button> : undefined}
      />
      <div className={css.page}>
        {nothing ? <Nothing /> : requests.length > 0 && <Waiting requests={requests} />}
        {!nothing && handshakes.length > 0 && <Handshakes handshakes={handshakes} />}
        {knocks.length > 0 && <Knocks knocks={knocks} />}
        {!nothing && history.length > 0 && <History history={history} />}
      </div>
      {rejecting && <RejectDialog peer={null} label={null} count={requests.length} onClose={() => setRejecting(false)} />}
    </>
  )
}

function Nothing() {
  const history = useModel((model) => model.history)
  const peers = useModel((model) => model.peers)
  const now = useNow(30_000)
  const [open, setOpen] = useState(false)
  const last = history[0]
  if (open) return <History history={history} all />
  return (
    <EmptyState
      title={text.empty.title}
      after={
        <>
          {last !== undefined && (
            <div className={css.last}>
              <KeyPicture picture={peers.find((peer) => peer.id === last.peer)?.picture ?? null} size={32} />
              <div>
                <p className={css.quiet}>
                  {text.empty.last} <Time at={last.at} form="inside" now={now} />
                </p>
                <p>
                  <strong>{text.history.decided(last)}</strong> {text.empty.with} <bdi>{last.label}</bdi>
                </p>
              </div>
              <span className={css.quiet}>{last.decision === 'expire' ? text.history.expired : text.history.by[last.by]}</span>
            </div>
          )}
          <div className={css.row}>
            <Button onClick={() => go('peers')}>{text.empty.propose}</Button>
            {last !== undefined && (
              <Button kind="quiet" onClick={() => setOpen(true)}>
                {text.history.showAll}
              </Button>
            )}
          </div>
        </>
      }
    >
      {text.empty.lead}
    </EmptyState>
  )
}
