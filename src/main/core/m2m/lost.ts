import type { Genesis, PeerId } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import type { Ledger } from '../ledger/ledger-types.ts'
import { ownEventOf } from '../ledger/payload.ts'
import type { Row } from '../ledger/row.ts'
import { unixOf } from '../ledger/zeqond.ts'
import type { Random } from '../ports.ts'
import { markOf, stepOf } from './rows-of.ts'
import { type Step, SUITES } from './statement.ts'
import type { OwnRow, RowMark, Thread } from './thread.ts'

/** Steps of one contract that are looked at; a handshake has three of each party. */
const STEPS = 20
/** Where the peer's half of the words' commitment is not on the own chain. */
const UNKNOWN = '0'.repeat(64)

const NAMES = {
  initiator: { propose: 'A1', key: 'A2', activate: 'A3', accept: null },
  responder: { accept: 'B1', key: 'B2', activate: 'B3', propose: null },
} as const

const stateOf = (role: Thread['role'], rows: Thread['rows']): Thread['state'] =>
  role === 'initiator' ? (rows.A3 ? 'i.act' : rows.A2 ? 'i.keyed' : 'i.sent') : rows.B3 ? 'r.act' : rows.B2 ? 'r.keyed' : 'r.acc'

export interface LostDeps {
  readonly ledger: Pick<Ledger, 'own' | 'contracts' | 'transitions' | 'rowByHash' | 'sessionRows'>
  readonly random: Random
  readonly known: (nonce: string) => boolean
}

/** A session of which only the own rows are left: its thread and its keys were not in the backup. */
export interface LostSession {
  readonly peerGenesis: Genesis
  thread(peerId: PeerId): Thread
}

/**
 * Handshakes and sessions that the own chain has begun, not ended, and no thread is there for: what a restored wallet must end, reason
 * `lost_state`. The threads are made of the own rows alone; what the peer wrote is looked at again when its rows are here.
 */
export const lostSessions = ({ ledger, random, known }: LostDeps): LostSession[] => {
  const { genesis } = ledger.own()
  return ledger.contracts(genesis).flatMap((contract): LostSession[] => {
    const made = ledger.transitions(genesis, contract.id, STEPS).filter((one) => one.success && one.stateHash !== null)
    const rows: Partial<Record<OwnRow, RowMark>> = {}
    const steps: Step[] = []
    for (const { stateHash } of made) {
      const row: Row | undefined = stateHash === null ? undefined : ledger.rowByHash(genesis, stateHash)
      const step = row === undefined ? null : stepOf(row)
      const name = step === null ? null : NAMES[step.role][step.kind]
      if (row === undefined || step === null || name === null) continue
      steps.push(step)
      rows[name] = markOf(row, unixOf(row.zeqondNumber))
    }
    const [first] = steps
    if (first === undefined || known(first.session_nonce)) return []
    const ended = ledger.sessionRows(genesis, first.session_nonce).some((row) => {
      const event = ownEventOf(row.transitionType, row.payload)
      return event?.type === 'm2m.abort' || event?.type === 'm2m.close'
    })
    if (ended) return []
    const proposed = steps.find((step) => step.kind === 'propose')
    const accepted = steps.find((step) => step.kind === 'accept')
    const activated = steps.find((step) => step.kind === 'activate')
    const began = Math.min(...Object.values(rows).map((mark) => mark.at))
    return [
      {
        peerGenesis: first.peer_genesis,
        thread: (peerId) => ({
          id: toHex(random.bytes(16)),
          role: first.role,
          peerId,
          peerGenesis: first.peer_genesis,
          state: stateOf(first.role, rows),
          nonce: first.session_nonce,
          contractId: contract.id,
          responderNonce: accepted?.responder_nonce ?? null,
          suites: SUITES,
          suite: accepted?.suite ?? null,
          lifetime: 0,
          expires: proposed?.expires_zeqond ?? null,
          x: null,
          y: null,
          wordsCommit: proposed?.words_commit ?? UNKNOWN,
          words: null,
          asking: [],
          rest: false,
          eph: null,
          sessionId: activated?.session_id ?? null,
          rows,
          kept: null,
          end: null,
          owed: null,
          frozen: null,
          createdAt: began,
          since: began,
        }),
      },
    ]
  })
}
