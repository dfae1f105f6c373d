import { z } from 'zod'
import type { Genesis } from '../brand.ts'
import { hashTagged } from '../crypto/canonical-json.ts'
import { Hex32, KxPub, OriginId, SignPub, Slug, Zeqond } from './fields.ts'

/** What a machine is made with. `next` commits to the next generation's keys; null = these keys can never be replaced. */
export const ChainHeader = z.strictObject({
  slug: Slug,
  origin_id: OriginId,
  genesis_zeqond: Zeqond,
  sign_pub: SignPub,
  kx_pub: KxPub,
  next: Hex32.nullable(),
})
export type ChainHeader = z.infer<typeof ChainHeader>

/**
 * The machine's real name, and the first row's `prevHash`: H("zeq.genesis.v1", header without slug), hex. A slug can be
 * squatted under another parent; this cannot, because both keys are in it.
 */
export const genesisHash = (header: Omit<ChainHeader, 'slug'>): Genesis =>
  hashTagged('zeq.genesis.v1', {
    origin_id: header.origin_id,
    genesis_zeqond: header.genesis_zeqond,
    sign_pub: header.sign_pub,
    kx_pub: header.kx_pub,
    next: header.next,
  }) as Genesis

/** Is the slug the last part of `origin_id`? It stands in no hash of its own, so it may say nothing else. */
export const slugFits = (header: ChainHeader): boolean => header.origin_id.slice(header.origin_id.lastIndexOf(':') + 1) === header.slug

/** Commitment to a key generation that is not yet shown: H("zeq.next.v1", {sign_pub, kx_pub}), hex. */
export const nextCommitment = (keys: { readonly sign_pub: string; readonly kx_pub: string }): string =>
  hashTagged('zeq.next.v1', { sign_pub: keys.sign_pub, kx_pub: keys.kx_pub })
