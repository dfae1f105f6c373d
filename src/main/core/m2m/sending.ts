import { AppFault } from '../fault.ts'
import type { Row } from '../ledger/row.ts'
import type { M2mDeps } from './engine-types.ts'
import type { Outgoing } from './message.ts'
import { expiryOf, type MessageType, type RowName, type Thread } from './thread.ts'

/** Messages that one transaction wants sent; joined where one line can carry two steps. */
export interface Sending {
  want(threadId: string, t: MessageType): void
  /** Hands everything to the delivery. `re`: what the first message to this peer answers. */
  flush(threadOf: (id: string) => Thread, answer: { readonly re: string; readonly genesis: string } | null): void
  clear(): void
}

const A_DAY_MS = 24 * 3_600_000

/** A step that follows the one before it in the same transaction travels with it: accept+key, key+activate. */
const JOINS: Readonly<Partial<Record<MessageType, MessageType>>> = { accept: 'key', key: 'activate' }

const OWN_ROWS: Readonly<Record<'initiator' | 'responder', Readonly<Partial<Record<MessageType, RowName>>>>> = {
  initiator: { propose: 'A1', key: 'A2', activate: 'A3', seal: 'A4' },
  responder: { accept: 'B1', key: 'B2', activate: 'B3', seal: 'B4' },
}

export const createSending = (deps: Pick<M2mDeps, 'ports' | 'ledger' | 'delivery'>): Sending => {
  const { ports, ledger, delivery } = deps
  let wanted: { readonly threadId: string; readonly t: MessageType }[] = []

  const rowsOf = (t: Thread, name: RowName): Row[] => {
    const { genesis } = ledger.own()
    const mark = t.rows[name]
    const row = mark === undefined ? undefined : ledger.row(genesis, mark.seq)
    if (row === undefined) throw new AppFault('INTERNAL', `There is no row ${name} to send.`)
    if (name !== 'A1' && name !== 'B1') return [row]
    const created = ledger.sessionRows(genesis, t.nonce).filter((one) => one.transitionType === 'contract_created')
    return [...created, row]
  }

  const messageOf = (t: Thread, types: readonly MessageType[]): Outgoing => {
    const [first] = types
    const names = types.map((type) => OWN_ROWS[t.role][type])
    const rows = (): Row[] => names.flatMap((name) => (name === undefined ? [] : rowsOf(t, name)))
    switch (first) {
      case 'ring':
      case 'show': {
        const [a1, x, y] = [t.rows.A1?.hash, t.x, t.y]
        if (a1 === undefined || (first === 'show' ? x : y) === null) throw new AppFault('INTERNAL', `There is nothing to ${first}.`)
        return first === 'ring' ? { t: 'ring', a1: a1 as Row['stateHash'], y: String(y) } : { t: 'show', a1: a1 as Row['stateHash'], x: String(x) }
      }
      case 'seal':
        return { t: 'seal', rows: rows() }
      case 'close':
        return { t: 'close', rows: rowsOf(t, 'ownEnd') }
      case 'abort':
        return { t: 'abort', nonce: t.nonce, reason: t.end?.reason ?? 'user', rows: t.rows.ownEnd === undefined ? [] : rowsOf(t, 'ownEnd') }
      case 'propose':
      case 'accept':
      case 'key':
      case 'activate': {
        const all = rows()
        return { t: first, rows: all, tokens: all.filter((row) => row.transitionType === 'contract').map((row) => ledger.mint(ledger.own().genesis, row)) }
      }
      default:
        throw new AppFault('INTERNAL', 'There is nothing to send.')
    }
  }

  return {
    want: (threadId, t) => void wanted.push({ threadId, t }),
    flush: (threadOf, answer) => {
      const all = wanted
      wanted = []
      let re = answer?.re
      for (let i = 0; i < all.length; i += 1) {
        const { threadId, t } = all[i] as (typeof all)[number]
        const next = all[i + 1]
        const joined = next?.threadId === threadId && JOINS[t] === next.t
        if (joined) i += 1
        const thread = threadOf(threadId)
        const options = {
          // Words are nobody's duty: a ring that is not heard ends nothing.
          thread: t === 'ring' || t === 'show' || t === 'seal' ? null : threadId,
          giveUpAt: expiryOf(thread) ?? ports.clock.now() + A_DAY_MS,
          ...(re !== undefined && thread.peerGenesis === answer?.genesis ? { re } : {}),
        }
        // By its ledger: the id on the relay is not what a handshake is with.
        delivery.send(thread.peerGenesis, messageOf(thread, joined && next !== undefined ? [t, next.t] : [t]), options)
        if ('re' in options) re = undefined
      }
    },
    clear: () => {
      wanted = []
    },
  }
}
