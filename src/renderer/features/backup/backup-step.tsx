import { Check } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { BackupDto } from '../../../contract/dto.ts'
import { TitleBar } from '../../app/title-bar.tsx'
import { Bar } from '../../components/braid.tsx'
import { Button } from '../../components/button.tsx'
import { EngravedBand } from '../../components/engraving.tsx'
import { Mono, ShortHash } from '../../components/hash-cell.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { absolute, timeOfDay } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import css from './backup.module.css'
import { BackupForm } from './backup-form.tsx'
import { text } from './strings.ts'

/** The last step of a first start: a backup, proved, or left for later with a reminder. */
export function BackupStep({ onDone }: { onDone: () => void }) {
  const [proved, setProved] = useState<BackupDto | null>(null)
  return (
    <div className={css.page}>
      <TitleBar bare />
      <main className={css.centre}>
        <div className={css.column}>
          <p className={css.step}>{text.step}</p>
          {proved === null ? (
            <div className={css.card}>
              <div className={css.pad}>
                <h1 className={css.title}>{text.title}</h1>
                <p className={css.lead}>{text.lead}</p>
                <p className={css.quiet}>{text.power}</p>
              </div>
              <div className={css.formPad}>
                <BackupForm
                  large
                  onDone={setProved}
                  aside={
                    <span className={css.later}>
                      <Button size="large" onClick={onDone}>
                        {text.later}
                      </Button>
                      <span className={css.quiet}>{text.laterNote}</span>
                    </span>
                  }
                />
              </div>
            </div>
          ) : (
            <Proved
              backup={proved}
              actions={
                <>
                  <Button size="large" onClick={() => setProved(null)}>
                    {text.another}
                  </Button>
                  <Button kind="primary" size="large" onClick={onDone}>
                    {text.open}
                  </Button>
                </>
              }
            />
          )}
        </div>
      </main>
    </div>
  )
}

/** What was done to prove it, line by line, with the file and the key. */
export function Proved({ backup, actions }: { backup: BackupDto; actions: ReactNode }) {
  const profile = useModel((model) => model.app?.profile ?? null)
  const peers = useModel((model) => model.peers.filter((peer) => peer.pinnedAt !== null).length)
  const at = backup.verifiedAt
  return (
    <div className={css.card}>
      <div className={css.band}>
        <EngravedBand className={css.engraved} />
        <div className={css.plate}>
          <KeyPicture picture={profile?.picture ?? null} size={58} />
          <div>
            <h1 className={css.title}>{text.proved}</h1>
            {at !== null && <p className={css.quiet}>{absolute(at)}</p>}
          </div>
        </div>
      </div>
      <ol className={css.list}>
        <Line title={text.written} at={at}>
          {backup.fileName !== null && <Mono>{backup.fileName}</Mono>}
        </Line>
        <Line title={text.read} at={at}>
          {text.readText}
        </Line>
        <Line title={text.opened} at={at}>
          {text.openedText}
        </Line>
        <Line title={text.signed} at={at}>
          {profile !== null && <ShortHash hex={profile.signPub} />}
        </Line>
      </ol>
      <div className={css.covers}>
        <div className={css.coversHead}>
          <strong>{text.covers}</strong>
          <span>{text.coversText(peers)}</span>
        </div>
        <Bar fraction={peers === 0 ? 1 : Math.max(0, 1 - backup.peersBehind / peers)} label={text.covers} />
        <p className={css.quiet}>{text.coversNote}</p>
      </div>
      <div className={css.foot}>
        <p className={css.keep}>{text.keep}</p>
        {actions}
      </div>
    </div>
  )
}

function Line({ title, at, children }: { title: string; at: number | null; children: ReactNode }) {
  return (
    <li className={css.line}>
      <span className={css.tick}>
        <Check size={13} strokeWidth={2.6} />
      </span>
      <div className={css.what}>
        <strong>{title}</strong>
        <p className={css.small}>{children}</p>
      </div>
      {at !== null && <time className={css.at}>{timeOfDay(at)}</time>}
    </li>
  )
}
