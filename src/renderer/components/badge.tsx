import { Ban, CircleDashed, Eye, History, Pin, ScrollText, Snowflake, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { SessionDto } from '../../contract/dto.ts'
import type { TrustState } from '../../contract/view.ts'
import css from './badge.module.css'
import { Clasp } from './clasp.tsx'
import { classes } from './classes.ts'
import { words } from './strings.ts'

export type Tone = 'plain' | 'ok' | 'information' | 'caution' | 'bad'

/** 20 px: icon and word. Tint only for ok, information, caution and bad. */
export function Badge({ tone = 'plain', icon, children }: { tone?: Tone; icon?: ReactNode; children: ReactNode }) {
  return (
    <span className={classes(css.badge, css[tone])}>
      {icon}
      {children}
    </span>
  )
}

const small = { size: 12, strokeWidth: 2.2 } as const
const trust: Record<TrustState, { tone: Tone; icon: ReactNode }> = {
  unknown: { tone: 'plain', icon: <CircleDashed {...small} /> },
  seen: { tone: 'plain', icon: <Eye {...small} /> },
  pinned: { tone: 'information', icon: <Pin {...small} /> },
  verified: { tone: 'ok', icon: <Clasp size={12} mono /> },
  changed: { tone: 'bad', icon: <TriangleAlert {...small} /> },
  blocked: { tone: 'plain', icon: <Ban {...small} /> },
}

/** The trust state as the core computed it; never without its word. */
export function TrustBadge({ state }: { state: TrustState }) {
  return (
    <Badge tone={trust[state].tone} icon={trust[state].icon}>
      {words.trust[state]}
    </Badge>
  )
}

/** Marks a peer that speaks only the original protocol. */
export function LegacyBadge() {
  return (
    <Badge tone="caution" icon={<History {...small} />}>
      {words.legacy}
    </Badge>
  )
}

/** Marks a peer that keeps a ledger, on which handshakes with it leave evidence. */
export function LedgerBadge() {
  return <Badge icon={<ScrollText {...small} />}>{words.ledger}</Badge>
}

const session: Record<SessionDto['state'], Tone> = { open: 'ok', closing: 'information', closed: 'plain', ended: 'plain', frozen: 'bad' }

export function SessionBadge({ state }: { state: SessionDto['state'] }) {
  return (
    <Badge tone={session[state]} icon={state === 'frozen' ? <Snowflake {...small} /> : state === 'open' ? <span className={css.dot} /> : undefined}>
      {words.session[state]}
    </Badge>
  )
}
