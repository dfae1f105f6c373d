import { type Definition, definitionHash } from './contract.ts'

const step = (from: string, to: string) => ({ from, to, operator: 'KO42', proof_required: false, auto: false })

/** The contract of the m2m handshake; one instance a session, on each party's chain. Its hash is part of every signed step. */
export const HANDSHAKE = {
  name: 'm2m_handshake',
  version: '1.0',
  states: { proposed: { initial: true }, accepted_pending: {}, keyed: {}, active: { terminal: true } },
  transitions: [step('proposed', 'accepted_pending'), step('accepted_pending', 'keyed'), step('keyed', 'active')],
  observers: [],
  audit_clock: true,
  zeqond_tick_rate: 1,
} as const satisfies Definition

/** 2078fdb1…100b5; a definition with any other hash is not this handshake. */
export const HANDSHAKE_HASH = definitionHash(HANDSHAKE)
