import { Copy } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { copyText, Mono } from '../../components/hash-cell.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { KeyWords } from '../../components/key-words.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import css from './nobody-yet.module.css'
import { text } from './strings.ts'

/** Empty Peers: what a first peer will see of us, and where we listen. */
export function NobodyYet() {
  const app = useModel((model) => model.app)
  const set = useCommand('settings.set')
  if (app?.profile === null || app === null) return null
  const { profile, relay, settings } = app
  const where = `${relay.host}:${relay.port}`
  const state =
    relay.state !== 'connected' ? text.empty.notConnected(where) : relay.mode === 'embedded' ? text.empty.listening(where) : text.empty.connected(where)
  return (
    <EmptyState
      half
      title={text.empty.title}
      after={
        <>
          <div className={css.card}>
            <KeyPicture picture={profile.picture} size={72} />
            <div className={css.lines}>
              <div className={css.who}>
                <bdi className={css.name}>{profile.name}</bdi>
                <span className={css.quiet}>{text.empty.yours}</span>
              </div>
              <KeyWords words={profile.words} count={6} />
              <span className={css.quiet}>
                {text.empty.id} <Mono>{profile.myId}</Mono>
              </span>
              <div>
                <Button size="small" icon={<Copy size={14} strokeWidth={1.75} />} onClick={() => copyText(profile.myId, 'your id')}>
                  {text.empty.copy}
                </Button>
              </div>
            </div>
          </div>
          <p className={css.quiet}>{state}</p>
          {!settings.discoverable && (
            <div className={css.hidden}>
              <p className={css.quiet}>{text.empty.hidden}</p>
              <Button size="small" busy={set.busy} onClick={() => void set.run({ discoverable: true })}>
                {text.empty.discoverable}
              </Button>
            </div>
          )}
        </>
      }
    >
      {text.empty.lead}
      <strong>{text.empty.seen}</strong>.
    </EmptyState>
  )
}
