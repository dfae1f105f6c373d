import { ArchiveRestore, ArchiveX, ChevronDown, Copy, Inbox, Lock, MessageSquareLock, Scale, ScrollText, Settings, Users, UsersRound } from 'lucide-react'
import type { ReactNode } from 'react'
import type { BackupDto } from '../../contract/dto.ts'
import { call } from '../bridge/current.ts'
import { classes } from '../components/classes.ts'
import { copyText } from '../components/hash-cell.tsx'
import { KeyPicture } from '../components/key-picture.tsx'
import { KeyWords } from '../components/key-words.tsx'
import { Menu } from '../components/menu.tsx'
import { useNow } from '../components/time.tsx'
import { Tooltip } from '../components/tooltip.tsx'
import { useModel } from '../state/store.ts'
import { go, goToSettings, type Page, useUi } from '../state/ui.ts'
import css from './sidebar.module.css'
import { text } from './strings.ts'

const icon = { size: 16, strokeWidth: 1.75 } as const

export function Sidebar() {
  const app = useModel((model) => model.app)
  const open = useModel((model) => model.sessions.filter((s) => s.state === 'open').length)
  if (app === null) return null
  return (
    <div className={css.sidebar}>
      <Identity />
      <nav aria-label={text.nav.label} className={css.nav}>
        <Item page="proposals" icon={<Inbox {...icon} />} label={text.nav.proposals} count={app.waiting} counted={text.waiting(app.waiting)} strong />
        <Item page="peers" icon={<Users {...icon} />} label={text.nav.peers} />
        <Item page="sessions" icon={<MessageSquareLock {...icon} />} label={text.nav.sessions} count={open} counted={text.openSessions(open)} />
        <Item page="ledger" icon={<ScrollText {...icon} />} label={text.nav.ledger} />
        <Item page="audit" icon={<Scale {...icon} />} label={text.nav.audit} />
        <div className={css.space} />
        <Backup backup={app.backup} />
        <Item page="settings" icon={<Settings {...icon} />} label={text.nav.settings} />
      </nav>
    </div>
  )
}

function Item({
  page,
  icon: picture,
  label,
  count = 0,
  counted,
  strong = false,
}: {
  page: Page
  icon: ReactNode
  label: string
  count?: number
  counted?: string
  strong?: boolean
}) {
  const here = useUi((ui) => ui.page === page)
  return (
    <Tooltip text={label} side="right">
      <button type="button" className={classes(css.item, here && css.here)} aria-current={here ? 'page' : undefined} onClick={() => go(page)}>
        {picture}
        <span className={css.label}>{label}</span>
        {count > 0 && (
          <>
            <span className={strong ? css.count : css.figure} aria-hidden="true">
              {count}
            </span>
            <span className="sr">{counted}</span>
          </>
        )}
      </button>
    </Tooltip>
  )
}

function Identity() {
  const profile = useModel((model) => model.app?.profile ?? null)
  const several = useModel((model) => (model.app?.profiles.length ?? 0) > 1)
  const backup = useModel((model) => model.app?.backup)
  const now = useNow(60_000)
  if (profile === null || backup === undefined) return null
  const state = backupState(backup, now)
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={css.identity}>
          <span className="sr">{text.identityMenu} </span>
          <KeyPicture picture={profile.picture} size={34} />
          <span className={css.who}>
            <bdi className={css.name}>{profile.name}</bdi>
            <KeyWords words={profile.words} count={2} />
          </span>
          <ChevronDown size={14} strokeWidth={2} className={css.chevron} />
        </button>
      }
      head={
        <div className={css.menuHead}>
          <bdi className={css.name}>{profile.name}</bdi>
          <KeyWords words={profile.words} count={6} />
          <span className={css.menuBackup}>{`${state.title}. ${state.detail}`}</span>
        </div>
      }
      items={[
        { label: text.copyId, icon: <Copy {...icon} />, onSelect: () => copyText(profile.myId, text.myId) },
        { label: text.banner.backupAct, icon: <ArchiveRestore {...icon} />, onSelect: () => goToSettings('backup') },
        'line',
        ...(several ? [{ label: text.switchIdentity, icon: <UsersRound {...icon} />, onSelect: () => void call('profile.select', { name: null }) }] : []),
        { label: text.lockNow, icon: <Lock {...icon} />, onSelect: () => void call('identity.lock', {}) },
      ]}
    />
  )
}

function backupState(backup: BackupDto, now: number): { title: string; detail: string } {
  if (backup.verifiedAt === null) return { title: text.backup.none, detail: text.backup.noneHint }
  const days = Math.max(0, Math.floor((now - backup.verifiedAt) / 86_400_000))
  return { title: text.backup.proved, detail: text.backup.behind(text.backup.days(days), backup.peersBehind) }
}

function Backup({ backup }: { backup: BackupDto }) {
  const now = useNow(60_000)
  const { title, detail } = backupState(backup, now)
  const none = backup.verifiedAt === null
  return (
    <button type="button" className={css.backup} onClick={() => goToSettings('backup')}>
      {none ? <ArchiveX size={14} strokeWidth={2} className={css.missing} /> : <ArchiveRestore size={14} strokeWidth={2} className={css.proved} />}
      <span>
        <strong>{title}</strong>
        <span className={css.detail}>{detail}</span>
      </span>
    </button>
  )
}
