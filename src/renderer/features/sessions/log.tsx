import { Check, Clock3, Send } from 'lucide-react'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { FileDto, MessageDto } from '../../../contract/dto.ts'
import { theBridge } from '../../bridge/current.ts'
import { Button } from '../../components/button.tsx'
import { classes } from '../../components/classes.ts'
import { dayAndTime, isToday, Time, useNow } from '../../components/time.tsx'
import { readMessages } from '../../state/connect.ts'
import { useModel } from '../../state/store.ts'
import { FileCard } from './files.tsx'
import css from './log.module.css'
import { text } from './strings.ts'

/** The conversation beside its two strands. New messages keep the end in view unless the person has scrolled away. */
export function Log({ peerId, label, chained }: { peerId: string; label: string; chained: boolean }) {
  const conversation = useModel((model) => model.conversations[peerId])
  const allFiles = useModel((model) => model.files)
  const [failed, setFailed] = useState(false)
  const [reading, setReading] = useState(false)
  const scroller = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  const now = useNow(60_000)
  const missing = conversation === undefined

  const read = useCallback(
    async (before: number | null): Promise<void> => {
      setReading(true)
      setFailed(!(await readMessages(theBridge(), peerId, before)))
      setReading(false)
    },
    [peerId],
  )
  useEffect(() => {
    if (missing) void read(null)
  }, [missing, read])

  const entries = merge(
    conversation?.messages ?? [],
    allFiles.filter((file) => file.peer === peerId),
    conversation?.more === true,
  )
  const last = entries.at(-1)?.key
  const count = entries.length
  useLayoutEffect(() => {
    const box = scroller.current
    if (box !== null && atEnd.current && last !== undefined && count > 0) box.scrollTop = box.scrollHeight
  }, [last, count])

  const onScroll = (): void => {
    const box = scroller.current
    if (box !== null) atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40
  }
  const messages = conversation?.messages ?? []
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <div ref={scroller} className={css.scroll} onScroll={onScroll} tabIndex={0} role="log" aria-label={text.log(label)}>
      <div className={css.fill} />
      {failed && (
        <div className={css.middle}>
          <span>{text.failed}</span>
          <Button size="small" onClick={() => void read(null)}>
            {text.again}
          </Button>
        </div>
      )}
      {missing && !failed && <p className={css.middle}>{text.loading}</p>}
      {conversation?.more === true && (
        <div className={css.middle}>
          <Button size="small" busy={reading} onClick={() => void read(messages[0]?.id ?? null)}>
            {text.earlier}
          </Button>
        </div>
      )}
      {conversation !== undefined && entries.length === 0 && <p className={css.middle}>{text.nothingSaid}</p>}
      {entries.length > 0 && (
        <ol className={classes(css.log, chained && css.chained)}>
          {entries.map((entry, i) => {
            const before = entries[i - 1]
            const newDay = before === undefined ? !isToday(entry.at, now) : new Date(before.at).toDateString() !== new Date(entry.at).toDateString()
            return entry.file === undefined ? (
              <Entry key={entry.key} message={entry.message} label={label} now={now} day={newDay} chained={chained} />
            ) : (
              <FileEntry key={entry.key} file={entry.file} label={label} now={now} day={newDay} />
            )
          })}
        </ol>
      )}
    </div>
  )
}

type LogEntry = { readonly key: string; readonly at: number } & ({ readonly message: MessageDto; readonly file?: undefined } | { readonly file: FileDto })

/** Messages keep their own order; a file stands where it began. Files older than what was read of the messages wait for it. */
function merge(messages: readonly MessageDto[], files: readonly FileDto[], more: boolean): readonly LogEntry[] {
  const first = messages[0]?.at ?? 0
  const entries: LogEntry[] = messages.map((message) => ({ key: `m${message.id}`, at: message.at, message }))
  for (const file of [...files].sort((a, b) => a.at - b.at)) {
    if (more && file.at < first) continue
    const after = entries.findLastIndex((entry) => entry.at <= file.at)
    entries.splice(after + 1, 0, { key: `f${file.id}`, at: file.at, file })
  }
  return entries
}

function FileEntry({ file, label, now, day }: { file: FileDto; label: string; now: number; day: boolean }) {
  const ours = file.direction === 'ours'
  return (
    <li className={ours ? css.ours : css.theirs}>
      <Hook ours={ours} />
      <p className={css.meta}>
        <bdi className={css.who}>{ours ? text.you : label}</bdi>
        <span className={css.when}>
          <Time at={file.at} form={day ? 'day' : 'clock'} now={now} />
        </span>
      </p>
      <FileCard file={file} />
    </li>
  )
}

function Entry({ message, label, now, day, chained }: { message: MessageDto; label: string; now: number; day: boolean; chained: boolean }) {
  const when = <Time at={message.at} form={day ? 'day' : 'clock'} now={now} />
  if (message.direction === 'event') {
    // What happened stands out; the sentences after it explain.
    const end = message.text.indexOf('. ')
    const head = end === -1 ? message.text : message.text.slice(0, end + 1)
    const rest = end === -1 ? '' : message.text.slice(end + 2)
    return (
      <li className={css.event}>
        <p>
          <span className={css.eventText}>{head}</span> {rest} <span className={css.when}>{when}</span>
        </p>
      </li>
    )
  }
  const ours = message.direction === 'ours'
  return (
    <li className={ours ? css.ours : css.theirs}>
      <Hook ours={ours} />
      <p className={css.meta}>
        <bdi className={css.who}>{ours ? text.you : label}</bdi>
        <span className={css.when}>{when}</span>
        {message.seq > 0 && <span className={css.when}>#{message.seq}</span>}
        {ours && <State says={(chained ? text.stateChained : text.state)[message.state]} state={message.state} />}
      </p>
      <p className={css.text} dir="auto" title={dayAndTime(message.at, now)}>
        {message.text}
      </p>
    </li>
  )
}

const icon = { size: 13, strokeWidth: 2 } as const

function State({ state, says }: { state: MessageDto['state']; says: string }) {
  return (
    <span className={css.state} title={says}>
      {state === 'queued' ? <Clock3 {...icon} /> : state === 'sent' ? <Send {...icon} /> : <Check {...icon} />}
      <span className={state === 'queued' ? undefined : 'sr'}>{says}</span>
    </span>
  )
}

/** The arm that leaves a strand: ours passes over theirs. */
function Hook({ ours }: { ours: boolean }) {
  return ours ? (
    <svg className={css.hook} width="36" height="18" viewBox="0 0 36 18" fill="none" aria-hidden="true" focusable="false">
      <path d="M12 13h14" className={css.halo} />
      <path d="M5 2v3a8 8 0 0 0 8 8h17" className={css.armOurs} />
    </svg>
  ) : (
    <svg className={css.hook} width="36" height="18" viewBox="0 0 36 18" fill="none" aria-hidden="true" focusable="false">
      <path d="M21 2v4a7 7 0 0 0 7 7h2" className={css.armTheirs} />
    </svg>
  )
}
