import { ArchiveRestore, ArrowLeft, FolderInput, KeyRound } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { WindowControls } from '../../app/window-controls.tsx'
import { Button } from '../../components/button.tsx'
import { Clasp } from '../../components/clasp.tsx'
import { classes } from '../../components/classes.ts'
import { Rosette } from '../../components/engraving.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { useUi } from '../../state/ui.ts'
import { BackupStep } from '../backup/backup-step.tsx'
import { CreateForm } from './create-form.tsx'
import { ImportForm, RestoreForm } from './file-forms.tsx'
import css from './onboarding.module.css'
import { text } from './strings.ts'

type Way = 'create' | 'restore' | 'import'

const rings = [
  { radius: 0.142, amplitude: 0.047, lobes: 10, lines: 13 },
  { radius: 0.375, amplitude: 0.075, lobes: 14, lines: 15 },
] as const

/** First start, or a further identity: three ways to have one; a new one is backed up at once. */
export function Onboarding() {
  const making = useUi((ui) => ui.making)
  const adding = useUi((ui) => ui.adding)
  const offerBackup = useUi((ui) => ui.offerBackup)
  const others = useModel((model) => (model.app?.profiles.length ?? 0) > 0)
  const select = useCommand('profile.select')
  // Started for a name that is not there yet: the others are one step back.
  const back = async (): Promise<void> => {
    if (adding === null) await select.run({ name: null })
    useUi.setState({ adding: null })
  }
  if (offerBackup && !making) return <BackupStep onDone={() => useUi.setState({ offerBackup: false, page: 'peers' })} />
  return (
    <div className={css.page}>
      <aside className={css.side}>
        <div className={css.brand}>
          <Clasp size={27} />
          <span>Countersign</span>
        </div>
        <div className={css.art}>
          <Rosette size={680} rings={rings} className={css.rosette} />
        </div>
        <div className={css.words}>
          <p className={css.headline}>
            {text.headline[0]}
            <br />
            {text.headline[1]}
          </p>
          <p className={css.lead}>{text.lead}</p>
          <p className={css.meaning}>
            <strong>{text.word}</strong>
            {text.meaning}
          </p>
        </div>
      </aside>
      <main className={css.main}>
        <div className={css.bar}>
          {(adding !== null || others) && !making && (
            <Button kind="quiet" size="small" icon={<ArrowLeft size={15} strokeWidth={1.75} />} onClick={() => void back()}>
              {text.back}
            </Button>
          )}
          <WindowControls />
        </div>
        <div className={css.scroll}>
          <div className={css.column}>
            <p className={css.step}>{text.step(1, text.names.identity)}</p>
            <h1 className={css.title}>{text.title}</h1>
            <Ways />
          </div>
        </div>
      </main>
    </div>
  )
}

function Ways() {
  const [way, setWay] = useState<Way>(() => useUi.getState().adding ?? 'create')
  const busy = useUi((ui) => ui.making)
  const common = { way, busy, onChoose: setWay }
  return (
    <div role="radiogroup" aria-label={text.choose} className={css.ways}>
      <Choice {...common} value="create" icon={<KeyRound size={18} strokeWidth={1.6} />} title={text.create.title} says={text.create.text}>
        <CreateForm />
      </Choice>
      <Choice {...common} value="restore" icon={<ArchiveRestore size={18} strokeWidth={1.6} />} title={text.restore.title} says={text.restore.text}>
        <RestoreForm />
      </Choice>
      <Choice {...common} value="import" icon={<FolderInput size={18} strokeWidth={1.6} />} title={text.import.title} says={text.import.text}>
        <ImportForm />
      </Choice>
    </div>
  )
}

function Choice({
  value,
  way,
  busy,
  onChoose,
  icon,
  title,
  says,
  children,
}: {
  value: Way
  way: Way
  busy: boolean
  onChoose: (way: Way) => void
  icon: ReactNode
  title: string
  says: string
  children: ReactNode
}) {
  const here = way === value
  return (
    <section className={classes(css.choice, here && css.here)}>
      {/* biome-ignore lint/a11y/useSemanticElements: the whole head of the card is the radio */}
      <button type="button" role="radio" aria-checked={here} className={css.head} disabled={busy && !here} onClick={() => onChoose(value)}>
        <span className={css.icon}>{icon}</span>
        <span className={css.says}>
          <strong>{title}</strong>
          <span>{says}</span>
        </span>
        <span className={css.radio} aria-hidden="true" />
      </button>
      {here && <div className={css.body}>{children}</div>}
    </section>
  )
}
