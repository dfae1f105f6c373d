import type { RowPreview } from '../../../contract/index.ts'
import { canonicalJson, hashTagged, type Json } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import type { Ledger } from '../ledger/ledger-types.ts'
import type { HsObject } from './messages.ts'
import type { Role } from './thread.ts'

/** One step of an hs handshake, as the own ledger keeps it; the peer has none. */
export interface HsEvidence {
  readonly role: Role
  readonly step: 'confirm' | 'request' | 'conclude' | 'close'
  /** Hex. */
  readonly peerSignPub: string
  /** The peer's signed object, where this step was the peer's to prove. */
  readonly hs: HsObject | null
  /** Of the own decision behind it; null where nobody decided. */
  readonly decisionHash: string | null
}

/** H("zeq.hs.v1", hs), hex; null where the peer's text has no canonical form (half a character). */
export const hsHash = (hs: HsObject): string | null => {
  const { type, nonce, kx_pub, sign_pub, timestamp, sig } = hs
  try {
    return hashTagged('zeq.hs.v1', { type, nonce, kx_pub, sign_pub, timestamp, sig })
  } catch (error) {
    if (error instanceof FormatError) return null
    throw error
  }
}

const inputOf = (step: HsEvidence): { readonly [key: string]: Json } => ({
  role: step.role,
  step: step.step,
  peer_sign_pub: step.peerSignPub,
  hs_hash: step.hs && hsHash(step.hs),
  decision_hash: step.decisionHash,
})

/**
 * Appends the step to the own ledger, inside the transaction at hand. Null when nothing may be appended there now (after a restore, or
 * while the clock is doubted): the session goes on without that evidence. @returns the row's seq.
 */
export const recordHs = (ledger: Pick<Ledger, 'own' | 'append' | 'recovering' | 'clockDoubt'>, step: HsEvidence): number | null => {
  if (ledger.recovering() !== null || ledger.clockDoubt() !== null) return null
  return ledger.append(ledger.own().genesis, { type: 'event', payload: { type: 'hs.step', input: inputOf(step) } }).seq
}

/** The rows that `recordHs` will append, for the prompt; `decided`: those whose decision is the one being taken. */
export const previewHs = (
  ledger: Pick<Ledger, 'own' | 'recovering' | 'clockDoubt'>,
  steps: readonly (HsEvidence & { readonly decided: boolean })[],
): RowPreview[] => {
  if (ledger.recovering() !== null || ledger.clockDoubt() !== null) return []
  const { originId, isPublic } = ledger.own()
  return steps.map((step) => ({
    machine: originId,
    public: isPublic,
    type: 'event hs.step',
    fields: Object.entries(inputOf(step)).map(([name, value]) => ({
      name,
      // The peer may offer anew while the person reads; the newest offer is the one that is answered.
      value:
        (name === 'decision_hash' && step.decided) || (name === 'hs_hash' && !step.decided) ? null : typeof value === 'string' ? value : canonicalJson(value),
    })),
  }))
}
