import { FileDown, FileUp } from 'lucide-react'
import type { FileDto } from '../../../contract/dto.ts'
import { Bar } from '../../components/braid.tsx'
import { Button } from '../../components/button.tsx'
import { classes } from '../../components/classes.ts'
import { Problem } from '../../components/problem.tsx'
import { formatBytes } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { go } from '../../state/ui.ts'
import css from './files.module.css'
import { text } from './strings.ts'

/** A file on its way through the session: name, how much the receiver has, what became of it. */
export function FileCard({ file }: { file: FileDto }) {
  const cancel = useCommand('session.cancelFile')
  const live = file.state === 'moving' || file.state === 'offered'
  const fraction = file.size === 0 ? (file.state === 'done' ? 1 : 0) : Math.min(1, file.moved / file.size)
  const mine = file.direction === 'ours'
  const icon = { size: 18, strokeWidth: 1.6 } as const
  return (
    <div className={classes(css.file, file.state === 'failed' && css.failed)}>
      {mine ? <FileUp {...icon} className={css.icon} /> : <FileDown {...icon} className={css.icon} />}
      <div className={css.body}>
        <p className={css.head}>
          <bdi className={css.name}>{file.name}</bdi>
          <span className={css.quiet}>{live ? `${Math.floor(fraction * 100)} %` : formatBytes(file.size)}</span>
        </p>
        {live && <Bar fraction={fraction} label={text.files.progress(file.name)} />}
        <p className={css.quiet}>
          {text.files.state[file.state][file.direction]}
          {file.state === 'moving' && ` · ${text.files.of(formatBytes(file.moved), formatBytes(file.size))}`}
          {file.state === 'offered' && ` · ${formatBytes(file.size)}`}
          {file.savedAs !== null && (
            <>
              {' '}
              {text.files.savedAs} <bdi className={css.saved}>{file.savedAs}</bdi>
            </>
          )}
          {file.reason !== null && ` ${file.reason}`}
        </p>
        <Problem error={cancel.error} />
      </div>
      {file.state === 'offered' && !mine && (
        <Button size="small" onClick={() => go('proposals')}>
          {text.files.review}
        </Button>
      )}
      {live && (file.state === 'moving' || mine) && (
        <Button size="small" busy={cancel.busy} aria-label={text.files.stopOf(file.name)} onClick={() => void cancel.run({ file: file.id })}>
          {text.files.stop}
        </Button>
      )}
    </div>
  )
}
