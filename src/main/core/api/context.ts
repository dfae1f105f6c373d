import type { Ledger, Machine } from '../ledger/ledger-types.ts'
import type { Ports } from '../ports.ts'
import type { ApiKeys } from '../store/api-keys.ts'
import type { ApiReplies } from '../store/api-replies.ts'
import type { Work } from '../work.ts'
import type { RateLimiter } from './rate-limit.ts'
import type { EventStreams } from './streams.ts'
import type { Validations } from './validations.ts'

export type HostedMachine = Machine

/** What of the store the API touches itself; everything else goes through the ledger. */
export interface ApiStore {
  readonly apiKeys: ApiKeys
  readonly apiReplies: ApiReplies
}

/** Everything the routes use. */
export interface ApiContext {
  readonly ports: Ports
  readonly ledger: Ledger
  readonly store: ApiStore
  readonly work: Pick<Work, 'run'>
  readonly limiter: RateLimiter
  readonly streams: EventStreams
  readonly validations: Validations
  /** SHA-256 of the bootstrap token, hex. */
  readonly bootstrapHash: string
  /** Machines may be made from this machine without a credential. */
  readonly openBootstrap: boolean
  /** The OpenAPI document, made once from the table of routes. */
  readonly openApi: () => { readonly [key: string]: unknown }
}
