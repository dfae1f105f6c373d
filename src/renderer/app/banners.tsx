import { ArchiveRestore, ScrollText, TriangleAlert, Unplug, X } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Button, IconButton } from '../components/button.tsx'
import { classes } from '../components/classes.ts'
import { countdown, useNow } from '../components/time.tsx'
import { useModel } from '../state/store.ts'
import { go, goToPeer, goToSettings, useUi } from '../state/ui.ts'
import css from './banners.module.css'
import { text } from './strings.ts'

/** One at a time: key change, ledger recovering, relay lost, backup missing or behind. The key change cannot be hidden. */
export function Banners() {
  const app = useModel((model) => model.app)
  const changed = useModel((model) => model.peers.find((peer) => peer.trust === 'changed'))
  const shownPeer = useUi((ui) => (ui.page === 'peers' ? ui.peer : null))
  const onLedger = useUi((ui) => ui.page === 'ledger')
  const section = useUi((ui) => (ui.page === 'settings' ? ui.section : null))
  if (app === null) return null
  if (changed !== undefined && changed.id !== shownPeer) {
    return (
      <Banner
        tone="danger"
        icon={<TriangleAlert size={16} strokeWidth={1.75} />}
        strong={text.banner.keyChange(changed.label)}
        act={text.banner.keyChangeAct}
        onAct={() => goToPeer(changed.id)}
      >
        {text.banner.keyChangeRest}
      </Banner>
    )
  }
  const recovering = app.machine?.recovering ?? null
  if (recovering !== null && !onLedger) {
    return (
      <Banner
        tone="caution"
        icon={<ScrollText size={16} strokeWidth={1.75} />}
        strong={recovering.kind === 'clock' ? text.banner.clock : text.banner.recovering}
        act={text.banner.recoveringAct}
        onAct={() => go('ledger')}
      >
        {recovering.why}
      </Banner>
    )
  }
  if (app.relay.state === 'waiting' && section !== 'relay') return <RelayLost error={app.relay.error} retryAt={app.relay.retryAt} />
  if (section === 'backup') return null
  if (app.backup.verifiedAt === null) {
    return (
      <Banner
        tone="caution"
        icon={<ArchiveRestore size={16} strokeWidth={1.75} />}
        strong={text.banner.backupNone}
        act={text.banner.backupAct}
        onAct={() => goToSettings('backup')}
        hideAs="backup-none"
      >
        {text.banner.backupNoneRest}
      </Banner>
    )
  }
  if (app.backup.peersBehind > 2) {
    return (
      <Banner
        tone="caution"
        icon={<ArchiveRestore size={16} strokeWidth={1.75} />}
        strong={text.banner.backupBehind(app.backup.peersBehind)}
        act={text.banner.backupAct}
        onAct={() => goToSettings('backup')}
        hideAs="backup-behind"
      >
        {text.banner.backupBehindRest}
      </Banner>
    )
  }
  return null
}

function RelayLost({ error, retryAt }: { error: string | null; retryAt: number | null }) {
  const now = useNow(1000)
  const rest = [error, retryAt === null ? null : text.relay.retry(countdown(retryAt - now))].filter((part) => part !== null).join(' · ')
  return (
    <Banner
      tone="caution"
      icon={<Unplug size={16} strokeWidth={1.75} />}
      strong={text.banner.relayLost}
      act={text.banner.relayAct}
      onAct={() => goToSettings('relay')}
    >
      {rest}
    </Banner>
  )
}

const week = 7 * 86_400_000
/** When a banner was hidden. Names no peer and no person, so it may outlive a lock. */
const hiddenKey = (name: string): string => `banner.${name}`
function isHidden(name: string): boolean {
  const at = Number(localStorage.getItem(hiddenKey(name)) ?? Number.NaN)
  return Number.isFinite(at) && Date.now() - at < week
}

function Banner({
  tone,
  icon,
  strong,
  children,
  act,
  onAct,
  hideAs,
}: {
  tone: 'danger' | 'caution'
  icon: ReactNode
  strong: string
  children: ReactNode
  act: string
  onAct: () => void
  hideAs?: string
}) {
  const [hidden, setHidden] = useState(() => hideAs !== undefined && isHidden(hideAs))
  if (hidden) return null
  return (
    <div className={classes(css.banner, css[tone])} role={tone === 'danger' ? 'alert' : 'status'}>
      {icon}
      <p className={css.text}>
        <strong>{strong}</strong> {children}
      </p>
      <Button size="small" onClick={onAct}>
        {act}
      </Button>
      {hideAs !== undefined && (
        <IconButton
          label={text.banner.dismiss}
          title={text.banner.dismiss}
          onClick={() => {
            localStorage.setItem(hiddenKey(hideAs), String(Date.now()))
            setHidden(true)
          }}
        >
          <X size={15} strokeWidth={2} />
        </IconButton>
      )}
    </div>
  )
}
