import { useState } from 'react'
import type { PeerDto } from '../../../contract/dto.ts'
import { PageHeader } from '../../app/page-header.tsx'
import { TrustBadge } from '../../components/badge.tsx'
import { SearchInput } from '../../components/field.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { KeyWords } from '../../components/key-words.tsx'
import { ListRow } from '../../components/list-row.tsx'
import { words } from '../../components/strings.ts'
import { ago, useNow } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import { useUi } from '../../state/ui.ts'
import { NobodyYet } from './nobody-yet.tsx'
import { PeerPage } from './peer-page.tsx'
import css from './peers.module.css'
import { text } from './strings.ts'

function matches(peer: PeerDto, query: string): boolean {
  const q = query.trim().toLowerCase()
  if (q === '') return true
  return [peer.label, peer.name ?? '', peer.id, peer.words.join(' '), peer.signPub ?? ''].some((value) => value.toLowerCase().includes(q))
}

export function Peers() {
  const peers = useModel((model) => model.peers)
  const chosen = useUi((ui) => ui.peer)
  const [query, setQuery] = useState('')
  const now = useNow(20_000)
  if (peers.length === 0) {
    return (
      <>
        <PageHeader title={text.title} aside={text.nobody} />
        <div className={css.empty}>
          <NobodyYet />
        </div>
      </>
    )
  }
  const shown = peers.filter((peer) => matches(peer, query))
  const peer = peers.find((p) => p.id === chosen) ?? peers[0]
  return (
    <>
      <PageHeader title={text.title} aside={text.counts(peers.length, peers.filter((p) => p.online).length)} />
      <div className={css.split}>
        <section className={css.list} aria-label={text.list}>
          <div className={css.find}>
            <SearchInput label={text.filter} value={query} onChange={(event) => setQuery(event.target.value)} />
          </div>
          <div className={css.rows}>
            {shown.map((p) => (
              <PeerRow key={p.id} peer={p} selected={p === peer} now={now} />
            ))}
            {shown.length === 0 && <p className={css.noMatch}>{text.noMatch}</p>}
          </div>
        </section>
        {peer !== undefined && <PeerPage key={peer.id} peer={peer} />}
      </div>
    </>
  )
}

function PeerRow({ peer, selected, now }: { peer: PeerDto; selected: boolean; now: number }) {
  return (
    <ListRow
      selected={selected}
      onSelect={() => useUi.setState({ peer: peer.id })}
      picture={<KeyPicture picture={peer.picture} size={34} blocked={peer.trust === 'blocked'} />}
      title={peer.label}
      mark={peer.profile === 'hs' ? <span className={css.mark}>{text.legacy}</span> : undefined}
      below={<KeyWords words={peer.words} count={2} />}
      end={
        peer.online ? (
          <span className={css.presence}>
            <span className={css.dot} aria-hidden="true" />
            <span className={css.word}>{words.onRelay}</span>
          </span>
        ) : (
          <span>{ago(peer.lastSeen, now)}</span>
        )
      }
      endBelow={<TrustBadge state={peer.trust} />}
    />
  )
}
