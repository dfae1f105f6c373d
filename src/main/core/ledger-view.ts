import type { MachineDto, RowDto, TokenDto } from '../../contract/index.ts'
import { canonicalJson } from './crypto/canonical-json.ts'
import { isObject } from './ledger/fields.ts'
import type { Ledger } from './ledger/ledger-types.ts'
import { inputOf } from './ledger/payload.ts'
import type { Row } from './ledger/row.ts'
import { aboutRow, rowTitle } from './ledger/row-title.ts'
import { unixOf } from './ledger/zeqond.ts'

/** Tokens that the window gets, the newest. */
const MOST_TOKENS = 500
/** Rows of followed chains that are read at once. */
const PAGE = 500

export interface LedgerView {
  machine(recovering: MachineDto['recovering']): MachineDto
  row(seq: number): RowDto | null
  /** Places of the own ledger: one more than the number of its last row, whether or not all rows are still there. */
  places(): number
  /** Newest first; rows that were lost are passed over. `total`: places, or the rows of the session. */
  rows(query: { readonly before: number | null; readonly limit: number; readonly session: string | null }): { rows: RowDto[]; total: number }
  tokens(): TokenDto[]
}

/** The own ledger as the window draws it. `nameOf`: what to call a peer, by genesis or signing key; `peerOf`: its id. */
export const createLedgerView = (deps: {
  readonly ledger: Ledger
  readonly nameOf: (key: string) => string
  readonly peerOf: (key: string) => string | null
}): LedgerView => {
  const { ledger } = deps
  /** The followed chains: up to which row, by id, they were read, and the highest own seq whose signed head they recorded. */
  let read = 0
  let witnessed = -1

  /** Highest own seq that another party holds a signed head of; −1 for none. Asked outside of transactions: a row that was read stays. */
  const witnessedTo = (): number => {
    const own = ledger.own().genesis
    for (;;) {
      const rows = ledger.followedRows(read, PAGE)
      for (const { id, row } of rows) {
        const head = headIn(row)
        if (head !== null && head.genesis === own) witnessed = Math.max(witnessed, head.seq)
        read = id
      }
      if (rows.length < PAGE) return witnessed
    }
  }

  const dto = (row: Row, to: number): RowDto => {
    const about = aboutRow(row)
    const peer = about?.peer ?? null
    return {
      seq: row.seq,
      zeqond: row.zeqondNumber,
      at: unixOf(row.zeqondNumber),
      type: row.transitionType,
      title: rowTitle(row, deps.nameOf),
      hash: row.stateHash,
      prevHash: row.prevHash,
      payloadHash: row.payloadHash,
      proofDigest: row.proofDigest,
      headSig: row.headSig,
      payload: row.payload === null ? null : canonicalJson(row.payload),
      session: about?.nonce ?? null,
      peer: peer === null ? null : deps.peerOf(peer),
      peerLabel: peer === null ? null : deps.nameOf(peer),
      acks: about?.acks ?? null,
      witnessed: row.seq <= to,
    }
  }

  const places = (): number => ledger.state(ledger.own().genesis).nextSeq

  return {
    places,
    machine: (recovering) => {
      const { genesis, slug, originId, isPublic, custody } = ledger.own()
      return { genesis, slug, originId, public: isPublic, rows: ledger.count(genesis), head: ledger.head(genesis)?.stateHash ?? null, custody, recovering }
    },
    row: (seq) => {
      const row = ledger.row(ledger.own().genesis, seq)
      return row ? dto(row, witnessedTo()) : null
    },
    rows: ({ before, limit, session }) => {
      const { genesis } = ledger.own()
      const to = witnessedTo()
      if (session !== null) {
        const all = ledger.sessionRows(genesis, session).toReversed()
        const rows = all.filter((row) => before === null || row.seq < before).slice(0, limit)
        return { rows: rows.map((row) => dto(row, to)), total: all.length }
      }
      const rows = ledger.rows(genesis, { ...(before === null ? {} : { toSeq: before - 1 }), newestFirst: true, limit })
      return { rows: rows.map((row) => dto(row, to)), total: places() }
    },
    tokens: () => {
      const own = ledger.own().genesis
      return ledger
        .tokens()
        .slice(-MOST_TOKENS)
        .toReversed()
        .map((token) => {
          const peer = token.genesis === own ? token.peer_genesis : token.genesis
          return {
            id: token.token_id,
            own: token.genesis === own,
            peer: deps.peerOf(peer),
            peerLabel: deps.nameOf(peer),
            kind: token.kind,
            seq: token.seq,
            zeqond: token.zeqond,
            at: unixOf(token.zeqond),
            holds: ledger.verifyToken(token).ok,
            json: canonicalJson(token),
          }
        })
    },
  }
}

/** The signed head that a row's statement records of another chain. */
const headIn = (row: Row): { readonly genesis: string; readonly seq: number } | null => {
  const head = inputOf(row.payload)?.['peer_head']
  return isObject(head) && typeof head['genesis'] === 'string' && typeof head['seq'] === 'number' ? { genesis: head['genesis'], seq: head['seq'] } : null
}
