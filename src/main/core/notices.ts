import type { NoticeDto } from '../../contract/index.ts'
import type { PeerId } from './brand.ts'
import type { Clock, Log } from './ports.ts'
import type { Work } from './work.ts'

/** Notices kept for the window; they are in memory only. */
const MOST_NOTICES = 100
/** Reasons that are counted each by itself. */
const MOST_REASONS = 200

export type Notice = (peer: PeerId | null, level: NoticeDto['level'], text: string) => void

export interface Notices {
  readonly notice: Notice
  /** Something was dropped: counted, and told at 1, 2, 4, 8 …, so that a flood of bad lines is not a flood of events. */
  readonly dropped: (why: string) => void
  all(): NoticeDto[]
  of(id: number): NoticeDto | undefined
}

/** What was refused or went wrong, for people to read. */
export const createNotices = (deps: { readonly work: Work; readonly clock: Clock; readonly log: Log }): Notices => {
  const { work, clock, log } = deps
  const notices: NoticeDto[] = []
  const drops = new Map<string, number>()
  let lastId = 0
  const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0

  return {
    notice: (peer, level, text) =>
      work.run(() => {
        // The same sentence about the same peer again is the same notice, counted.
        const same = notices.find((n) => n.peer === peer && n.text === text)
        const entry: NoticeDto = same ? { ...same, at: clock.now(), count: same.count + 1 } : { id: ++lastId, at: clock.now(), peer, level, text, count: 1 }
        if (same) notices[notices.indexOf(same)] = entry
        else notices.push(entry)
        if (notices.length > MOST_NOTICES) {
          const firstInfo = notices.findIndex((n) => n.level === 'info')
          notices.splice(Math.max(0, firstInfo), 1)
        }
        work.touch(`notice:${entry.id}`)
        if (!same || isPowerOfTwo(entry.count)) work.emit({ event: 'notice', peer, level, text })
      }),
    dropped: (why) => {
      const count = (drops.get(why) ?? 0) + 1
      if (drops.size < MOST_REASONS || drops.has(why)) drops.set(why, count)
      if (!isPowerOfTwo(count)) return
      log.info(`dropped: ${why}`, { count })
      work.run(() => work.emit({ event: 'drop', why, count }))
    },
    all: () => [...notices],
    of: (id) => notices.find((n) => n.id === id),
  }
}
