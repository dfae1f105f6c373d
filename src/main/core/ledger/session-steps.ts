import type { Accept, Activate, End, Key, Propose, Seal, Step } from '../m2m/statement.ts'
import { otherSide, type SessionStatus, type Side, type StepName } from './audit-report.ts'
import type { CheckedRow } from './chain.ts'
import type { EndRow, StepRow } from './replay.ts'

/** A step row whose statement is of one kind. */
export interface Made<S extends Step> {
  readonly row: CheckedRow
  readonly step: S
  readonly stmtHash: string
}

/** The six steps of a session, A = initiator; those that are there. */
export interface Slots {
  readonly A1?: Made<Propose>
  readonly B1?: Made<Accept>
  readonly B2?: Made<Key>
  readonly A2?: Made<Key>
  readonly A3?: Made<Activate>
  readonly B3?: Made<Activate>
}

/** Everything both chains say under one session nonce. */
export interface Session {
  readonly nonce: string
  readonly initiator: Side
  readonly slots: Slots
  readonly steps: Readonly<Record<Side, readonly StepRow[]>>
  readonly ends: Readonly<Record<Side, readonly EndRow[]>>
}

const first = <K extends Step['kind']>(steps: readonly StepRow[], role: Step['role'], kind: K): Made<Extract<Step, { kind: K }>> | undefined => {
  const found = steps.find(({ step }) => step.kind === kind && step.role === role)
  return found as Made<Extract<Step, { kind: K }>> | undefined
}

const given = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> => (value === undefined ? {} : ({ [key]: value } as Record<K, V>))

/** Puts the statements of a nonce in their places. Who began is what the steps say; a chain with none follows from the other. */
export const sessionOf = (nonce: string, steps: Session['steps'], ends: Session['ends']): Session => {
  const has = (side: Side, role: Step['role']) => steps[side].some(({ step }) => step.role === role)
  const initiator: Side = has('a', 'initiator') || (!has('b', 'initiator') && has('b', 'responder')) ? 'a' : 'b'
  const [A, B] = [steps[initiator], steps[otherSide(initiator)]]
  const slots = {
    ...given('A1', first(A, 'initiator', 'propose')),
    ...given('B1', first(B, 'responder', 'accept')),
    ...given('B2', first(B, 'responder', 'key')),
    ...given('A2', first(A, 'initiator', 'key')),
    ...given('A3', first(A, 'initiator', 'activate')),
    ...given('B3', first(B, 'responder', 'activate')),
  }
  return { nonce, initiator, slots, steps, ends }
}

/** On whose chain a step is. */
export const sideOf = (session: Session, name: StepName): Side => (name.startsWith('A') ? session.initiator : otherSide(session.initiator))

export const sealOf = (session: Session, side: Side): { readonly row: CheckedRow; readonly end: Seal } | undefined =>
  session.ends[side].find((e): e is { row: CheckedRow; end: Seal } => isSeal(e.end))

const isSeal = (end: End): end is Seal => end.kind === 'seal'

/**
 * How far the session came. Each stage needs the ones before it; `stands` leaves out steps with a finding. With one chain only,
 * that chain's own steps decide.
 */
export const statusOf = (session: Session, oneSided: boolean, stands: (side: Side, row: CheckedRow) => boolean): SessionStatus => {
  const there = (name: StepName): boolean => {
    const made = session.slots[name]
    return made !== undefined && stands(sideOf(session, name), made.row)
  }
  if (oneSided) {
    if (there('A3') || there('B3')) return 'ACTIVE_ONE'
    if (there('A2') || there('B2')) return 'KEYED_ONE'
    return there('B1') ? 'ACCEPTED' : there('A1') ? 'PROPOSED' : 'NONE'
  }
  if (!there('A1')) return 'NONE'
  if (!there('B1')) return 'PROPOSED'
  if (!there('B2')) return 'ACCEPTED'
  if (!there('A2')) return 'KEYED_ONE'
  if (!there('A3') && !there('B3')) return 'KEYED_BOTH'
  if (!there('A3') || !there('B3')) return 'ACTIVE_ONE'
  const sealed = (['a', 'b'] as const).every((side) => {
    const seal = sealOf(session, side)
    return seal !== undefined && stands(side, seal.row)
  })
  return sealed ? 'SEALED' : 'ACTIVE_BOTH'
}
