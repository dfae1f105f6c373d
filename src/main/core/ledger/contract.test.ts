import { describe, expect, it } from 'vitest'
import type { Json } from '../crypto/canonical-json.ts'
import { type Definition, definitionHash, initialState, lintDefinition, moveTo, readDefinition } from './contract.ts'
import { HANDSHAKE, HANDSHAKE_HASH } from './handshake-contract.ts'
import { m2m } from './vectors.fixture.ts'

type Loose = Record<string, unknown> & { states: Record<string, unknown>; transitions: Record<string, unknown>[]; observers: unknown[] }
const changed = (change: (definition: Loose) => void): unknown => {
  const copy = JSON.parse(JSON.stringify(HANDSHAKE)) as Loose
  change(copy)
  return copy
}

const escrow: Definition = {
  name: 'escrow',
  version: '2',
  created_by: 'zeq-dev:shop',
  states: { open: { initial: true }, constructor: {}, paid: {}, done: { terminal: true }, void: { terminal: true } },
  transitions: [
    { from: 'open', to: 'paid', operator: 'KO42', proof_required: true, auto: true },
    { from: 'paid', to: 'done', operator: 'KO42', proof_required: false, auto: false },
    { from: 'open', to: 'void', operator: 'KO42', proof_required: false, auto: false },
    { from: 'done', to: 'open', operator: 'KO42', proof_required: false, auto: false },
  ],
  observers: ['zeq-dev:bank'],
  audit_clock: 'on',
  zeqond_tick_rate: 5,
}

describe('the handshake', () => {
  it('has the golden hash', () => {
    expect(HANDSHAKE_HASH).toBe(m2m.definition_hash)
    for (const chain of Object.values(m2m.chains)) expect(definitionHash(chain.rows[0]?.payload.definition as Json)).toBe(m2m.definition_hash)
  })
  it('is sound', () => expect(lintDefinition(HANDSHAKE)).toEqual([]))
})

describe('lint says what and where', () => {
  it('takes any contract of the schema', () => expect(readDefinition(escrow)).toEqual({ ok: true, definition: escrow }))
  it.each<[string, unknown, string, string]>([
    ['no object', [], '', 'FORMAT'],
    ['no name', changed((d) => delete d['name']), 'name', 'FORMAT'],
    ['a name of 256', changed((d) => (d['name'] = 'x'.repeat(256))), 'name', 'FORMAT'],
    ['no version', changed((d) => (d['version'] = 1)), 'version', 'FORMAT'],
    ['an unknown field', changed((d) => (d['colour'] = 'red')), 'colour', 'FORMAT'],
    ['no initial state', changed((d) => (d.states['proposed'] = {})), 'states', 'INITIAL'],
    ['two initial states', changed((d) => (d.states['keyed'] = { initial: true })), 'states', 'INITIAL'],
    ['a flag that is none', changed((d) => (d.states['keyed'] = { terminal: 'yes' })), 'states.keyed.terminal', 'FORMAT'],
    ['an unknown flag', changed((d) => (d.states['keyed'] = { final: true })), 'states.keyed.final', 'FORMAT'],
    ['65 states', changed((d) => Array.from({ length: 61 }, (_, i) => (d.states[`s${i}`] = {}))), 'states', 'LIMIT'],
    ['no transitions', changed((d) => delete (d as Record<string, unknown>)['transitions']), 'transitions', 'FORMAT'],
    ['an unknown target', changed((d) => (d.transitions[1]!['to'] = 'nowhere')), 'transitions[1].to', 'UNKNOWN_STATE'],
    ['an unknown source', changed((d) => (d.transitions[2]!['from'] = 'toString')), 'transitions[2].from', 'UNKNOWN_STATE'],
    ['no operator', changed((d) => delete d.transitions[0]!['operator']), 'transitions[0].operator', 'FORMAT'],
    ['an operator not computed here', changed((d) => (d.transitions[0]!['operator'] = 'QM1')), 'transitions[0].operator', 'UNKNOWN_OPERATOR'],
    ['no proof_required', changed((d) => delete d.transitions[0]!['proof_required']), 'transitions[0].proof_required', 'FORMAT'],
    ['the same move twice', changed((d) => d.transitions.push({ ...d.transitions[0] })), 'transitions[3]', 'DUPLICATE'],
    ['257 transitions', changed((d) => (d.transitions = Array.from({ length: 257 }, () => ({})))), 'transitions', 'LIMIT'],
    ['no observers', changed((d) => delete (d as Record<string, unknown>)['observers']), 'observers', 'FORMAT'],
    ['an observer that is none', changed((d) => d.observers.push(1)), 'observers[0]', 'FORMAT'],
    ['no audit_clock', changed((d) => delete d['audit_clock']), 'audit_clock', 'FORMAT'],
    ['a tick rate of 0', changed((d) => (d['zeqond_tick_rate'] = 0)), 'zeqond_tick_rate', 'FORMAT'],
    ['a fractional tick rate', changed((d) => (d['zeqond_tick_rate'] = 0.5)), 'zeqond_tick_rate', 'FORMAT'],
    ['condition', changed((d) => (d.transitions[0]!['condition'] = 'input.ok')), 'transitions[0].condition', 'UNSUPPORTED'],
    ['trigger', changed((d) => (d.transitions[2]!['trigger'] = { recurring: 5 })), 'transitions[2].trigger', 'UNSUPPORTED'],
    ['pre_actions', changed((d) => (d.transitions[1]!['pre_actions'] = [])), 'transitions[1].pre_actions', 'UNSUPPORTED'],
    ['post_actions', changed((d) => (d.transitions[1]!['post_actions'] = [])), 'transitions[1].post_actions', 'UNSUPPORTED'],
    ['more than 64 KiB', changed((d) => (d['created_by'] = 'x'.repeat(65_536))), '', 'LIMIT'],
    ['a lone surrogate', changed((d) => (d['name'] = '\ud800')), '', 'FORMAT'],
  ])('%s', (_, definition, where, code) => {
    expect(lintDefinition(definition).map((e) => `${e.code} ${e.where}`)).toContain(`${code} ${where}`)
    expect(readDefinition(definition).ok).toBe(false)
  })
  it('names what is not supported', () => {
    const errors = lintDefinition(changed((d) => (d.transitions[0]!['trigger'] = 1)))
    expect(errors).toEqual([{ where: 'transitions[0].trigger', code: 'UNSUPPORTED', message: 'triggers are not supported' }])
  })
})

describe('moving', () => {
  it('walks the handshake', () => {
    expect(initialState(HANDSHAKE)).toBe('proposed')
    expect(moveTo(HANDSHAKE, 'proposed', 'accepted_pending')).toEqual({
      ok: true,
      from: 'proposed',
      to: 'accepted_pending',
      operator: 'KO42',
      proofRequired: false,
    })
  })
  it.each([
    ['proposed', 'keyed'],
    ['active', 'proposed'],
    ['constructor', 'keyed'],
  ])('%s → %s is none', (from, to) =>
    expect(moveTo(HANDSHAKE, from, to)).toEqual({ ok: false, code: 'no_transition', error: `No transition: ${from} → ${to}` }),
  )
  it('a terminal state stays one', () => expect(moveTo(escrow, 'done', 'open')).toMatchObject({ code: 'no_transition' }))
  it('is refused when somebody else moved first', () => {
    expect(moveTo(escrow, 'paid', 'done', 'open')).toEqual({ ok: false, code: 'conflict', error: 'conflict' })
    expect(moveTo(escrow, 'paid', 'done', 'paid')).toMatchObject({ ok: true })
  })
})
