import type { Zeqond } from '../brand.ts'
import type { Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import { HANDSHAKE } from '../ledger/handshake-contract.ts'
import { type Head, headOf } from '../ledger/head.ts'
import type { Row } from '../ledger/row.ts'
import type { Agreement } from './agreement.ts'
import type { M2mDeps, Preview } from './engine-types.ts'
import { acceptOf, markOf, proposeOf, stepOf } from './rows-of.ts'
import { chooseSuite, type EndReason, type Suite } from './statement.ts'
import { ANSWERS, draftEnd, draftStep, type Parties, previewContract, previewEnd, previewStep, signedEnd, signedStep } from './statements.ts'
import { type AskStep, expiryOf, hasRow, isActive, type OwnRow, type Thread } from './thread.ts'

type Fields = { readonly [key: string]: Json }

/** Rows of a thread: made, and shown before they are made. One draft for both, so that they cannot differ. */
export interface Writing {
  /** The thread with the row's mark. */
  append(t: Thread, row: OwnRow, decision: string | null): Thread
  end(t: Thread, kind: 'abort' | 'close', reason: EndReason, decision: string | null): Thread
  seal(t: Thread): Thread
  preview(t: Thread, step: AskStep): Preview
}

const ROW_OF: Readonly<Record<'initiator' | 'responder', Readonly<Partial<Record<AskStep, OwnRow>>>>> = {
  initiator: { propose: 'A1', key: 'A2', activate: 'A3' },
  responder: { accept: 'B1', key: 'B2', activate: 'B3' },
}

export const createWriting = (deps: Pick<M2mDeps, 'ports' | 'ledger' | 'self'>, agreement: Agreement): Writing => {
  const { ports, ledger, self } = deps
  const own = () => ledger.own()

  const peerOf = (t: Thread) => {
    const followed = ledger.followed(t.peerGenesis)
    if (followed === undefined) throw new AppFault('NOT_FOUND', 'There is no card of this peer.')
    return followed
  }

  const parties = (t: Thread): Parties => {
    const { genesis } = own()
    const keys = ledger.keyInForce(genesis)
    const { slug } = peerOf(t).header
    return {
      self: { genesis, signPub: keys.signPub, kxPub: keys.kxPub },
      peer: { genesis: t.peerGenesis, signPub: ledger.keyInForce(t.peerGenesis).signPub, slug },
    }
  }

  const peerRow = (t: Thread, name: 'A1' | 'B1' | 'B2' | 'A2' | 'A3' | 'B3'): Row => {
    const mark = t.rows[name]
    const row = mark === undefined ? undefined : ledger.row(t.peerGenesis, mark.seq)
    if (row === undefined) throw new AppFault('STATE', 'This step is not possible any more.')
    return row
  }

  const peerSuites = (t: Thread): readonly Suite[] | null => {
    if (t.role === 'responder') return t.rows.A1 === undefined ? null : (proposeOf(peerRow(t, 'A1'))?.suites ?? null)
    return t.rows.B1 === undefined ? null : (acceptOf(peerRow(t, 'B1'))?.suites ?? null)
  }

  const draftOf = (t: Thread, row: OwnRow): { readonly draft: Fields; readonly acked: Row | null } => {
    const answers = ANSWERS[row]
    const acked = answers === null ? null : peerRow(t, answers)
    const keyConfirm = row === 'A3' || row === 'B3' ? agreement.confirmation(t) : null
    return { acked, draft: draftStep(row, { ...parties(t), thread: t, acked, peerSuites: peerSuites(t) ?? [], keyConfirm }) }
  }

  const lastHead = (t: Thread) => ledger.followed(t.peerGenesis)?.head ?? null
  const ticksOf = (head: { readonly zeqondNumber: Zeqond } | null): Zeqond[] => (head === null ? [] : [head.zeqondNumber])

  /** An event row with a signed end in it. */
  const appendEnd = (draft: Fields, decision: string | null, head: Head | null): Row => {
    const input = signedEnd(draft, { decision, head }, self.signPriv)
    return ledger.append(own().genesis, { type: 'event', payload: { type: `m2m.${String(draft['kind'])}`, input }, acked: ticksOf(head) })
  }

  const endKind = (t: Thread): 'abort' | 'close' => (isActive(t) ? 'close' : 'abort')

  return {
    append: (t, row, decision) => {
      const { genesis } = own()
      const { draft, acked } = draftOf(t, row)
      const head = acked === null ? lastHead(t) : headOf(t.peerGenesis, acked)
      if (row === 'A1' || row === 'B1') ledger.createContract(genesis, HANDSHAKE, 'm2m', { id: t.contractId, acked: ticksOf(head) })
      const made = ledger.transition(genesis, t.contractId, {
        to: String(draft['to']),
        expected: String(draft['from']),
        acked: ticksOf(head),
        triggeredBy: 'm2m',
        input: ({ stamp }) => signedStep(draft, t.lifetime, { stamp, decision, head }, self.signPriv),
      }).row
      ledger.mint(genesis, made)
      const step = stepOf(made)
      return {
        ...t,
        rows: { ...t.rows, [row]: markOf(made, ports.clock.now()) },
        ...(step?.kind === 'propose' ? { expires: step.expires_zeqond } : {}),
        ...(step?.kind === 'accept' ? { suite: step.suite } : {}),
      }
    },

    end: (t, kind, reason, decision) => {
      const row = appendEnd(draftEnd(kind, { ...parties(t), thread: t }, { reason }), decision, lastHead(t))
      return { ...t, rows: { ...t.rows, ownEnd: markOf(row, ports.clock.now()) } }
    },

    seal: (t) => {
      const active = peerRow(t, t.role === 'initiator' ? 'B3' : 'A3')
      const draft = draftEnd('seal', { ...parties(t), thread: t }, { peerActive: active.stateHash })
      const row = appendEnd(draft, null, headOf(t.peerGenesis, active))
      return { ...t, rows: { ...t.rows, [t.role === 'initiator' ? 'A4' : 'B4']: markOf(row, ports.clock.now()) } }
    },

    preview: (t, step) => {
      const machine = own()
      const row = ROW_OF[t.role][step]
      const ends = step === 'close' || step === 'abort'
      if (row === undefined ? !ends || endKind(t) !== step : t.rows[row] !== undefined) throw new AppFault('STATE', 'This step is not possible any more.')
      const rows = (): Preview['rows'] => {
        if (row === undefined) return hasRow(t) ? [previewEnd(machine, draftEnd(endKind(t), { ...parties(t), thread: t }, { reason: 'user' }))] : []
        const statement = previewStep(machine, draftOf(t, row).draft, t.lifetime)
        return row === 'A1' || row === 'B1' ? [previewContract(machine, t.contractId), statement] : [statement]
      }
      const answers = row === undefined ? null : ANSWERS[row]
      const mark = answers === null ? undefined : t.rows[answers]
      const theirs = peerSuites(t)
      const words: Preview['words'] =
        t.words !== null ? { ...t.words, state: 'shown' } : { state: step !== 'accept' ? 'none' : t.asking.includes('accept') ? 'offline' : 'waiting' }
      return {
        rows: rows(),
        words,
        suites: { own: t.suites, peer: theirs, chosen: t.suite ?? (t.role === 'responder' && theirs !== null ? chooseSuite(theirs, t.suites) : null) },
        sessionId: t.sessionId,
        nonce: t.nonce,
        ack: answers === null || mark === undefined ? null : { row: answers, seq: mark.seq, hash: mark.hash, zeqond: mark.zeqond },
        rest: (step === 'propose' || step === 'accept') && !t.rest,
        expiresAt: ends ? null : expiryOf(t),
      }
    },
  }
}
