import type { Json } from '../../crypto/canonical-json.ts'
import { HANDSHAKE, HANDSHAKE_HASH } from '../../ledger/handshake-contract.ts'

/** Definitions that can be deployed by name. */
export interface Template {
  readonly id: string
  readonly definition_hash: string
  readonly definition: Json
}

export const templates: readonly Template[] = [{ id: 'm2m_handshake', definition_hash: HANDSHAKE_HASH, definition: HANDSHAKE as unknown as Json }]

export const templateById = (id: unknown): Template | undefined => templates.find((template) => template.id === id)
