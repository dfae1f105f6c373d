import type { TrustState, View } from '../../contract/view.ts'
import type { IconName } from './icons.ts'

export interface TrustWord {
  readonly word: string
  readonly icon: IconName | 'clasp'
  readonly tone: 'plain' | 'ours' | 'theirs' | 'danger'
}

/** A trust state is never shown without its word; no two states share one. */
export const trustWords: Readonly<Record<TrustState, TrustWord>> = {
  unknown: { word: 'Unknown', icon: 'circleDashed', tone: 'plain' },
  seen: { word: 'Seen', icon: 'eye', tone: 'plain' },
  pinned: { word: 'Pinned', icon: 'pin', tone: 'theirs' },
  verified: { word: 'Verified', icon: 'clasp', tone: 'ours' },
  changed: { word: 'Key changed', icon: 'triangle', tone: 'danger' },
  blocked: { word: 'Blocked', icon: 'ban', tone: 'danger' },
}

export const gradeWords: Readonly<Record<View['grade'], string>> = {
  1: 'told',
  2: 'public',
  3: 'shares a secret',
  4: 'ends or destroys',
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** A day in local time; text that is no time is shown as it came. */
export const dayText = (rfc3339: string): string => {
  const at = Date.parse(rfc3339)
  return Number.isNaN(at) ? rfc3339 : day.format(at)
}

export const exactText = (unixMs: number): string => exact.format(unixMs)

/** What is left, coarser the more there is: `26 h`, `3 h 05 min`, `4:09`, `0:07`. Negative counts as none. */
export const leftText = (ms: number): string => {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const two = (value: number): string => String(value).padStart(2, '0')
  if (seconds >= 86_400) return `${Math.floor(seconds / 3600)} h`
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
}

/** The button that does not approve: for one's own wish to end something it is the keeping that is worth naming. */
export const rejectLabel = (view: View): string => {
  if (view.step === 'close' || view.step === 'conclude') return 'Keep it open'
  if (view.step === 'abort') return 'Keep it going'
  return view.step === 'file' ? 'Refuse file' : 'Reject'
}

/** Steps that the tick in the footer would cover, in words: "key and activate". */
export const restOf = (view: View): string => {
  const later = view.steps.slice(view.current + 1).map((name) => name.toLowerCase())
  const own = later.filter((name) => name !== 'accept' || view.role === 'responder')
  return own.length < 2 ? own.join('') : `${own.slice(0, -1).join(', ')} and ${own.at(-1)}`
}

/** First sentence and the rest; joined they are the text again. */
export const verdictOf = (consequence: string): readonly [string, string] => {
  const end = consequence.search(/[.?](\s|$)/)
  return end < 0 ? [consequence, ''] : [consequence.slice(0, end + 1), consequence.slice(end + 1)]
}
