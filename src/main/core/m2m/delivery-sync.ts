import type { Genesis } from '../brand.ts'
import { canonicalJson, type Json } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import { isObject } from '../ledger/fields.ts'
import type { Head } from '../ledger/head.ts'
import { inputOf, ownEventOf } from '../ledger/payload.ts'
import type { Row } from '../ledger/row.ts'
import type { KnownPeer } from './card-book.ts'
import { createQuota } from './delivery-pace.ts'
import type { DeliveryDeps } from './delivery-types.ts'
import { type ErrCode, MAX_SEALED_BODY_BYTES } from './message.ts'

/** Common fields, head, genesis and brackets of a page. */
const PAGE_OVERHEAD = 1_200
/** A larger payload travels withheld and is fetched elsewhere. */
const MOST_PAYLOAD_BYTES = 16 * 1024
/** Rows a page has at most; about 35 skeletons fit. */
const PAGE_ROWS = 64
/** Pages a minute for one peer, and for all. */
const PAGES_EACH = 60
const PAGES_ALL = 600
/** Steps of one contract that are looked at for the name of its other party. */
const STEPS = 20
/** How deep a payload may be inside a body: body, rows and row are around it. */
const PAYLOAD_DEPTH = 13

export interface Page {
  readonly rows: readonly Row[]
  readonly head: Head | null
  readonly next: number | null
}

const depthOf = (value: Json): number => (typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0)

/** The row without its payload. */
export const skeletonOf = (row: Row): Row => ({ ...row, payload: null })

/** Bytes the row takes in a body. Rows are ASCII but for their payload. */
const sizeOf = (row: Row): number => new TextEncoder().encode(canonicalJson(row as unknown as Json)).length + 1

/** The row as it may travel: withheld where its payload is too large or too deep for a body. */
const travelling = (row: Row): Row => {
  if (row.payload === null) return row
  try {
    return depthOf(row.payload) <= PAYLOAD_DEPTH && new TextEncoder().encode(canonicalJson(row.payload)).length <= MOST_PAYLOAD_BYTES ? row : skeletonOf(row)
  } catch (error) {
    if (error instanceof FormatError) return skeletonOf(row)
    throw error
  }
}

/** Serves requests for rows: whose, how many, and with how much of each. */
export const createPages = (deps: Pick<DeliveryDeps, 'ledger' | 'hasThread' | 'ports'>) => {
  const { ledger } = deps
  const quota = createQuota(deps.ports.clock, PAGES_EACH, PAGES_ALL)

  const inputNames = (payload: Json, peer: Genesis): boolean => {
    return inputOf(payload)?.['peer_genesis'] === peer
  }

  /** Is the contract one with this peer? Its creation row does not say; its steps do. */
  const contractWith = (chain: Genesis, payload: Json, peer: Genesis): boolean => {
    const id = isObject(payload) ? payload['contract_id'] : null
    return typeof id === 'string' && ledger.transitions(chain, id, STEPS).some((step) => step.success && step.input?.['peer_genesis'] === peer)
  }

  /** What the owner of a private machine shows this peer: its contracts with it, and changes of keys; how much happened, not with whom. */
  const shows = (chain: Genesis, row: Row, peer: Genesis): boolean => {
    if (row.payload === null) return false
    const event = ownEventOf(row.transitionType, row.payload)
    if (event?.type === 'm2m.rotate' || event?.type === 'm2m.revoke' || event?.type === 'machine.custody') return true
    if (row.transitionType === 'contract' || row.transitionType === 'event') return inputNames(row.payload, peer)
    return row.transitionType === 'contract_created' && contractWith(chain, row.payload, peer)
  }

  const highest = (heads: readonly (Head | null)[]): Head | null =>
    heads.reduce((best, head) => (head !== null && (best === null || head.seq > best.seq) ? head : best), null)

  return {
    /** One page of `genesis` for the peer, or why not. */
    serve: (peer: KnownPeer, genesis: Genesis, from: number, to: number | null): Page | ErrCode => {
      if (!quota.take(peer.genesis)) return 'rate'
      const machine = ledger.machine({ genesis })
      const theirs = genesis === peer.genesis
      if (machine === undefined && !(theirs && ledger.followed(genesis) !== undefined)) return 'not_found'
      if (machine !== undefined && !machine.isPublic && !deps.hasThread(peer.genesis)) return 'forbidden'
      const whole = theirs || machine?.isPublic === true
      const found = ledger.rows(genesis, { fromSeq: from, ...(to === null ? {} : { toSeq: to }), limit: PAGE_ROWS + 1 })
      const rows: Row[] = []
      let room = MAX_SEALED_BODY_BYTES - PAGE_OVERHEAD
      for (const row of found.slice(0, PAGE_ROWS)) {
        const open = whole || shows(genesis, row, peer.genesis) ? travelling(row) : skeletonOf(row)
        const size = sizeOf(open)
        if (size > room) break
        room -= size
        rows.push(open)
      }
      const head = theirs ? highest([ledger.head(genesis), peer.card.head, ...ledger.keptHeads(genesis)]) : ledger.head(genesis)
      const rest = found[rows.length]
      return { rows, head, next: rest === undefined ? null : rest.seq }
    },
  }
}
