import { toHex } from '../../crypto/bytes.ts'
import { KeyRefusedError } from '../../crypto/errors.ts'
import { SecretBytes } from '../../crypto/secret.ts'
import { x25519PublicKey } from '../../crypto/x25519.ts'
import type { Random } from '../../ports.ts'
import type { JsonObject } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import { nextEpoch, wipeEpoch } from './epoch.ts'
import { currentEpoch, epochSecret, formerEpoch, hexOf, type Live } from './live.ts'
import { dropStreams } from './receiver.ts'
import { dropOutStreams } from './sender.ts'

export interface RekeyDeps {
  readonly store: Store
  readonly random: Random
  /** Unix ms. */
  readonly now: number
  /** Numbers, stores and queues a message. @returns its number. */
  readonly say: (header: JsonObject) => number
}

/** Sends our part of the next epoch, unless that has happened or the last change of epoch is not over. */
export const askRekey = (live: Live, { store, random, say }: RekeyDeps): boolean => {
  if (live.eph !== null || live.row.rekeyM !== null || formerEpoch(live) !== null) return false
  const priv = SecretBytes.take(random.bytes(32))
  const eph = { e: live.row.e + 1, priv, pub: toHex(priv.use(x25519PublicKey)) }
  live.eph = eph
  store.channel.putEphemeral(live.row.sessionId, eph.e, { priv: hexOf(priv), pub: eph.pub })
  const m = say({ t: 'rekey', e: eph.e, eph: eph.pub })
  live.row = { ...live.row, rekeyM: m }
  return true
}

/** Wipes the epoch before the present one, in memory and in the store. */
export const dropFormer = (live: Live, store: Store): void => {
  const former = formerEpoch(live)
  if (former === null) return
  store.channel.dropEpoch(live.row.sessionId, former.e)
  dropStreams(live.receiver, former.e)
  dropOutStreams(live.sender, former.e)
  wipeEpoch(former)
  live.epochs = [currentEpoch(live)]
  live.row = { ...live.row, oldUntil: null }
}

/**
 * The peer's part of the next epoch. Ours is sent if it was not, then both are known: the new keys are made, ephemeral and old
 * root are wiped at once. `ignored`: of another epoch than the next. `refused`: no acceptable key.
 */
export const takeRekey = (live: Live, header: { readonly e: number; readonly eph: string }, deps: RekeyDeps): 'done' | 'ignored' | 'refused' => {
  if (header.e !== live.row.e + 1) return 'ignored'
  // The peer is in our present epoch, so it needs nothing of the former one any more.
  if (live.row.rekeyM === null) dropFormer(live, deps.store)
  if (live.eph === null) askRekey(live, deps)
  const { eph } = live
  const before = currentEpoch(live)
  if (eph === null || before.root === null) return 'ignored'
  const id = live.row.sessionId
  const [a, b] = live.row.role === 'initiator' ? [eph.pub, header.eph] : [header.eph, eph.pub]
  let keys: ReturnType<typeof nextEpoch>
  try {
    keys = nextEpoch(before.root, eph.priv, header.eph, { sessionId: id, e: header.e, a, b })
  } catch (error) {
    if (error instanceof KeyRefusedError) return 'refused'
    throw error
  }
  before.root.wipe()
  eph.priv.wipe()
  live.eph = null
  live.epochs = [{ ...before, root: null }, keys]
  deps.store.channel.putEpoch(id, before.e, epochSecret({ ...before, root: null }))
  deps.store.channel.putEpoch(id, keys.e, epochSecret(keys))
  deps.store.channel.dropEphemeral(id)
  live.row = { ...live.row, e: keys.e, since: deps.now, frames: 0, oldUntil: null }
  return 'done'
}
