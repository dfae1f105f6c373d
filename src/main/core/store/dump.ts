import { z } from 'zod'
import { AppFault } from '../fault.ts'
import type { Connection } from './connection.ts'
import type { Decisions } from './decisions.ts'
import { createLedgerDump, LedgerDump, type LedgerTables } from './ledger-dump.ts'
import type { Messages } from './messages.ts'
import type { Nonces } from './nonces.ts'
import type { Peers } from './peers.ts'
import type { Replay } from './replay.ts'
import { DecisionEntry, MessageRow, NonceRow, PeerRow, ReplayRow, SecNonceRow, SessionRow, SettingRow, ThreadRow } from './rows.ts'
import type { SecNonces } from './sec-nonces.ts'
import type { Sessions } from './sessions.ts'
import type { Settings } from './settings.ts'
import type { Threads } from './threads.ts'

/**
 * What a backup holds of the database (docs/interfaces.md, "The backup file"). Left out: events, waiting requests, the outbox and lines that
 * came while locked. They belong to the running profile, and a restored one must not send or answer what another did.
 */
const DumpOne = z.strictObject({
  v: z.literal(1),
  myId: z.string().min(1).max(256),
  threads: z.array(ThreadRow).max(50_000),
  nonces: z.array(NonceRow).max(500_000),
  replay: z.array(ReplayRow).max(50_000),
  peers: z.array(PeerRow).max(50_000),
  sessions: z.array(SessionRow).max(200_000),
  /** With the sessions and never without: they keep old sealed messages from being opened again. */
  secNonces: z.array(SecNonceRow).max(2_000_000),
  decisions: z.array(DecisionEntry).max(1_000_000),
  settings: z.array(SettingRow).max(10_000),
  publicSettings: z.array(SettingRow).max(10_000),
  /** Null: the person did not tick them. */
  messages: z.array(MessageRow).max(2_000_000).nullable(),
})
/** Version 2 has the ledger. */
const DumpTwo = DumpOne.extend({ v: z.literal(2), ledger: LedgerDump })
/** Those that older versions wrote stay readable. */
export const Dump = z.discriminatedUnion('v', [DumpOne, DumpTwo])
export type Dump = z.infer<typeof DumpTwo>

export interface DumpOptions {
  readonly messages?: boolean
}

interface Tables extends LedgerTables {
  readonly threads: Threads
  readonly nonces: Nonces
  readonly replay: Replay
  readonly peers: Peers
  readonly sessions: Sessions
  readonly messages: Messages
  readonly secNonces: SecNonces
  readonly decisions: Decisions
  readonly settings: Settings
  readonly publicSettings: Settings
  readonly transaction: Connection['transaction']
  readonly myId: string
}

const page = 1_000

export const createDump = (tables: Tables): { readonly dump: (options?: DumpOptions) => Dump; readonly load: (dump: unknown) => void } => {
  const allMessages = (): MessageRow[] => {
    const rows: MessageRow[] = []
    for (;;) {
      const next = tables.messages.after(rows.at(-1)?.id ?? 0, page)
      rows.push(...next)
      if (next.length < page) return rows
    }
  }

  const ledger = createLedgerDump(tables)

  const empty = (): boolean =>
    ledger.empty() &&
    tables.peers.count() === 0 &&
    tables.decisions.count() === 0 &&
    tables.replay.count() === 0 &&
    tables.threads.all().length === 0 &&
    tables.sessions.all().length === 0 &&
    tables.settings.all().length === 0

  return {
    // One transaction, so that the parts fit each other.
    dump: ({ messages = false } = {}) =>
      tables.transaction(() => {
        const threads = tables.threads.all()
        const peers = tables.peers.all()
        return {
          v: 2,
          myId: tables.myId,
          threads,
          nonces: tables.nonces.all(new Set([...threads.map((row) => row.peerId), ...peers.map((row) => row.id)])),
          replay: tables.replay.all(),
          peers,
          sessions: tables.sessions.all(),
          secNonces: tables.secNonces.allSec(),
          decisions: tables.decisions.all(),
          settings: tables.settings.all(),
          publicSettings: tables.publicSettings.all(),
          messages: messages ? allMessages() : null,
          ledger: ledger.dump(),
        }
      }),
    load: (value) => {
      const parsed = Dump.safeParse(value)
      if (!parsed.success) {
        const path = parsed.error.issues[0]?.path.map(String).join('.') ?? ''
        throw new AppFault('FORMAT', `The backup’s contents do not have the form they should have (${path.slice(0, 80)}).`, { cause: parsed.error })
      }
      const dump = parsed.data
      if (dump.myId !== tables.myId) throw new AppFault('FORMAT', 'The backup’s contents belong to another identity.')
      tables.transaction(() => {
        if (!empty()) throw new AppFault('STATE', 'A backup can only be restored into an empty profile.')
        for (const row of dump.threads) tables.threads.put(row)
        for (const row of dump.nonces) tables.nonces.add(row.role, row.peerId, row.flow, row.nonce)
        for (const row of dump.replay) tables.replay.restore(row)
        for (const row of dump.peers) tables.peers.put(row)
        for (const row of dump.sessions) tables.sessions.put(row)
        for (const row of dump.secNonces) tables.secNonces.addSec(row.session, row.nonce, row.notAfter, 0)
        tables.decisions.restore(dump.decisions)
        for (const row of dump.settings) tables.settings.set(row.key, row.value)
        for (const row of dump.publicSettings) tables.publicSettings.set(row.key, row.value)
        for (const row of dump.messages ?? []) tables.messages.restore(row)
        if (dump.v === 2) ledger.load(dump.ledger)
      })
    },
  }
}
