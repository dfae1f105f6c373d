import { ChevronRight, CircleAlert, Plus } from 'lucide-react'
import { TitleBar } from '../../app/title-bar.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { KeyWords } from '../../components/key-words.tsx'
import { Problem } from '../../components/problem.tsx'
import { dayAndTimeInside, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { useUi } from '../../state/ui.ts'
import css from './picker.module.css'
import { text } from './strings.ts'

/** The identities on this computer; one that cannot be read is shown with the reason, never left out. */
export function Picker() {
  const app = useModel((model) => model.app)
  const choose = useCommand('profile.select')
  const now = useNow(60_000)
  if (app === null) return null
  return (
    <div className={css.page}>
      <TitleBar bare />
      <main className={css.main}>
        <div className={css.column}>
          <h1 className={css.title}>{text.picker.title}</h1>
          <p className={css.lead}>{text.picker.lead}</p>
          <ul className={css.list}>
            {app.profiles.map((entry) =>
              entry.readable ? (
                <li key={entry.profile.myId}>
                  <button
                    type="button"
                    className={css.profile}
                    aria-disabled={choose.busy || undefined}
                    onClick={() => void choose.run({ name: entry.profile.name })}
                  >
                    <KeyPicture picture={entry.profile.picture} size={44} />
                    <span className={css.who}>
                      <bdi className={css.name}>{entry.profile.name}</bdi>
                      <KeyWords words={entry.profile.words} count={4} />
                    </span>
                    <span className={css.when}>{text.picker.created(dayAndTimeInside(entry.profile.createdAt, now))}</span>
                    <ChevronRight size={16} strokeWidth={1.75} />
                  </button>
                </li>
              ) : (
                <li key={`unreadable ${entry.name}`} className={css.broken}>
                  <CircleAlert size={22} strokeWidth={1.6} />
                  <div>
                    <bdi className={css.name}>{entry.name}</bdi>
                    <p>{text.picker.unreadable}</p>
                    <p className={css.reason}>{entry.error.text}</p>
                  </div>
                </li>
              ),
            )}
            <li>
              <button type="button" className={css.profile} onClick={() => useUi.setState({ adding: 'create' })}>
                <span className={css.plus}>
                  <Plus size={18} strokeWidth={1.75} />
                </span>
                <span className={css.who}>
                  <span className={css.name}>{text.picker.new}</span>
                  <span className={css.quiet}>{text.picker.newText}</span>
                </span>
                <ChevronRight size={16} strokeWidth={1.75} />
              </button>
            </li>
          </ul>
          <Problem error={choose.error} />
        </div>
      </main>
    </div>
  )
}
