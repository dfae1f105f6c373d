import { z } from 'zod'
import type { Step } from '../../../contract/index.ts'
import { isTrusted } from '../peers/trust.ts'
import type { PeerRow } from '../store/rows.ts'

/**
 * What runs without a person, from the command line (docs/interfaces.md): `ask` nothing, `auto` everything, or by peer.
 * Only `auto` covers a first contact, and the decision log says so; nothing covers a changed key.
 */
export const PolicyFile = z.strictObject({
  default: z.enum(['ask', 'auto']).default('ask'),
  peers: z.record(z.string().min(1).max(256), z.enum(['ask', 'auto'])).default({}),
})
export type PolicyFile = z.infer<typeof PolicyFile>

export interface StandingOrders {
  readonly policy: PolicyFile
  /** Answer and open with these peers when they show up; `any` for everybody. */
  readonly meet: string | null
  /** Ask these peers for a session; `any` for everybody. */
  readonly propose: string | null
  /** Conclude sessions we opened after so many answered rounds. */
  readonly closeAfter: number | null
  /** Open again what was closed. */
  readonly reconnect: boolean
}

export const noOrders: StandingOrders = { policy: { default: 'ask', peers: {} }, meet: null, propose: null, closeAfter: null, reconnect: false }

export const names = (order: string | null, peerId: string): boolean => order === 'any' || order === peerId

export type PolicyAnswer =
  | { readonly auto: false }
  | {
      readonly auto: true
      readonly policyId: string
      readonly reason: string | null
      /** `person-earlier`: a person approved the rest of this handshake. */
      readonly by?: 'policy' | 'person-earlier'
    }

const no: PolicyAnswer = { auto: false }

/** Whether a step is decided without asking; `changed` and `blocked` never are. */
export const policyAnswer = (peer: PeerRow, step: Step, orders: StandingOrders, now: number): PolicyAnswer => {
  // What a policy may do is the owner's to say, never a policy's.
  if (step === 'policy' || peer.trust === 'changed' || peer.trust === 'blocked') return no
  const first = !isTrusted(peer)
  const ordered = orders.policy.peers[peer.id] ?? orders.policy.default
  if (ordered === 'auto') return { auto: true, policyId: 'orders', reason: first ? 'first-contact' : null }
  // What ends something, and what leaves the wallet, is never covered by a peer's policy.
  if (first || ['conclude', 'close', 'abort', 'file', 'handover'].includes(step)) return no
  if (peer.policy.kind === 'accept-until' && now < peer.policy.until) return { auto: true, policyId: 'accept-until', reason: null }
  // Keep alive answers reconnects; what we open ourselves is still asked.
  if (peer.policy.kind === 'keep-alive' && step === 'confirm') return { auto: true, policyId: 'keep-alive', reason: null }
  return no
}
