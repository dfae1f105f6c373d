import type { PeerDto } from '../../contract/dto.ts'
import { TrustBadge } from './badge.tsx'
import { KeyPicture } from './key-picture.tsx'
import css from './peer-name.module.css'
import { words } from './strings.ts'

/** What stands before a name: who says that it is this one. */
export const claim = (peer: PeerDto): string =>
  peer.trust === 'verified' ? words.claims.verified : peer.name === null ? words.claims.claimed : words.claims.named

/** Picture, claim, name and badge: a name never stands alone for a peer. Two lines and a badge, for requests. */
export function PeerName({ peer }: { peer: PeerDto }) {
  return (
    <div className={css.tall}>
      <KeyPicture picture={peer.picture} size={40} blocked={peer.trust === 'blocked'} />
      <div className={css.lines}>
        <span className={css.claim}>{claim(peer)}</span>
        <bdi className={css.name}>{peer.label}</bdi>
        <TrustBadge state={peer.trust} />
      </div>
    </div>
  )
}

/** One line, for tables: small picture and name. */
export function PeerInline({ peer, label }: { peer: PeerDto | undefined; label: string }) {
  return (
    <span className={css.inline}>
      <KeyPicture picture={peer?.picture ?? null} size={20} blocked={peer?.trust === 'blocked'} />
      <bdi className={css.ellipsis}>{label}</bdi>
    </span>
  )
}
