import { canonicalBytes, hashTagged, type Json } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import { isObject } from './fields.ts'

/** A contract's definition, as a machine may hold it. Nothing in it changes what is hashed, except through `definition_hash`. */
export interface Definition {
  readonly name: string
  readonly version: string
  readonly created_by?: string
  readonly states: Readonly<Record<string, { readonly initial?: boolean; readonly terminal?: boolean }>>
  readonly transitions: readonly Transition[]
  /** Origins that are told over the event stream. */
  readonly observers: readonly string[]
  /** Rows are stamped with the machine's tick; templates write `true` or `"on"`. */
  readonly audit_clock: boolean | 'on' | 'off'
  /** Triggers would be looked at every so many ticks. */
  readonly zeqond_tick_rate: number
}

export interface Transition {
  readonly from: string
  readonly to: string
  readonly operator: string
  readonly proof_required: boolean
  /** False: driven by a request only. Since triggers are refused, true changes nothing. */
  readonly auto: boolean
}

export type LintCode = 'FORMAT' | 'LIMIT' | 'INITIAL' | 'UNKNOWN_STATE' | 'DUPLICATE' | 'UNKNOWN_OPERATOR' | 'UNSUPPORTED'

/** One objection to a definition; `where` is a path such as `transitions[2].to`. */
export interface LintError {
  readonly where: string
  readonly code: LintCode
  readonly message: string
}

/** The operators this machine computes. */
export const OPERATORS: readonly string[] = ['KO42']

const MAX_STATES = 64
const MAX_TRANSITIONS = 256
const MAX_NAME = 64
const MAX_BYTES = 65_536

type Note = (where: string, code: LintCode, message: string) => void
type Fields = Readonly<Record<string, unknown>>

// Refused by name: an evaluator over a peer's text is the way a ledger gets `eval`.
const UNSUPPORTED: Readonly<Record<string, string>> = { condition: 'conditions', trigger: 'triggers', pre_actions: 'actions', post_actions: 'actions' }

const isText = (value: unknown, max: number): value is string => typeof value === 'string' && value.length >= 1 && value.length <= max

const noUnknownFields = (value: Fields, known: readonly string[], where: string, note: Note): void => {
  for (const key of Object.keys(value))
    if (!known.includes(key)) note(`${where}${where === '' ? '' : '.'}${key.slice(0, MAX_NAME)}`, 'FORMAT', 'no such field is defined')
}

const lintStates = (states: unknown, note: Note): void => {
  if (!isObject(states)) return note('states', 'FORMAT', 'an object of states expected')
  const entries = Object.entries(states)
  if (entries.length > MAX_STATES) note('states', 'LIMIT', `at most ${MAX_STATES} states`)
  for (const [name, state] of entries.slice(0, MAX_STATES)) {
    const where = `states.${name.slice(0, MAX_NAME)}`
    if (!isText(name, MAX_NAME)) note(where, 'LIMIT', `a state's name has 1 to ${MAX_NAME} characters`)
    if (!isObject(state)) {
      note(where, 'FORMAT', 'an object expected')
      continue
    }
    noUnknownFields(state, ['initial', 'terminal'], where, note)
    for (const flag of ['initial', 'terminal']) {
      if (Object.hasOwn(state, flag) && typeof state[flag] !== 'boolean') note(`${where}.${flag}`, 'FORMAT', 'true or false expected')
    }
  }
  const initial = entries.filter(([, state]) => isObject(state) && state['initial'] === true).map(([name]) => name)
  if (initial.length !== 1) {
    note(
      'states',
      'INITIAL',
      initial.length === 0 ? 'no state is marked initial' : `exactly one state is initial, these are: ${initial.slice(0, 4).join(', ')}`,
    )
  }
}

const lintTransition = (transition: unknown, states: Fields, where: string, note: Note): void => {
  if (!isObject(transition)) return note(where, 'FORMAT', 'an object expected')
  noUnknownFields(transition, ['from', 'to', 'operator', 'proof_required', 'auto', ...Object.keys(UNSUPPORTED)], where, note)
  for (const [field, what] of Object.entries(UNSUPPORTED)) {
    if (Object.hasOwn(transition, field)) note(`${where}.${field}`, 'UNSUPPORTED', `${what} are not supported`)
  }
  for (const end of ['from', 'to']) {
    const name = transition[end]
    if (!isText(name, MAX_NAME)) note(`${where}.${end}`, 'FORMAT', 'the name of a state expected')
    else if (!Object.hasOwn(states, name)) note(`${where}.${end}`, 'UNKNOWN_STATE', `no state is called "${name}"`)
  }
  const operator = transition['operator']
  if (!isText(operator, MAX_NAME)) note(`${where}.operator`, 'FORMAT', 'an operator expected')
  else if (!OPERATORS.includes(operator)) note(`${where}.operator`, 'UNKNOWN_OPERATOR', `"${operator}" is not computed here; known: ${OPERATORS.join(', ')}`)
  for (const flag of ['proof_required', 'auto']) {
    if (typeof transition[flag] !== 'boolean') note(`${where}.${flag}`, 'FORMAT', 'true or false expected')
  }
}

const lintTransitions = (transitions: unknown, states: Fields, note: Note): void => {
  if (!Array.isArray(transitions)) return note('transitions', 'FORMAT', 'a list of transitions expected')
  if (transitions.length > MAX_TRANSITIONS) note('transitions', 'LIMIT', `at most ${MAX_TRANSITIONS} transitions`)
  const seen = new Map<string, number>()
  transitions.slice(0, MAX_TRANSITIONS).forEach((transition: unknown, i) => {
    lintTransition(transition, states, `transitions[${i}]`, note)
    if (!isObject(transition)) return
    // Two ways from one state to another would leave open which operator runs.
    const pair = JSON.stringify([transition['from'], transition['to']])
    const first = seen.get(pair)
    if (first === undefined) seen.set(pair, i)
    else note(`transitions[${i}]`, 'DUPLICATE', `the same states as transitions[${first}]`)
  })
}

const lintSize = (definition: unknown, note: Note): void => {
  try {
    if (canonicalBytes(definition as Json).length > MAX_BYTES) note('', 'LIMIT', `a definition has at most ${MAX_BYTES} bytes`)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    note('', 'FORMAT', error.message)
  }
}

/** Everything that is wrong with a definition, each with its place; empty = it can be run. */
export const lintDefinition = (definition: unknown): LintError[] => {
  const errors: LintError[] = []
  const note: Note = (where, code, message) => void errors.push({ where, code, message })
  if (!isObject(definition)) return [{ where: '', code: 'FORMAT', message: 'an object expected' }]
  noUnknownFields(definition, ['name', 'version', 'created_by', 'states', 'transitions', 'observers', 'audit_clock', 'zeqond_tick_rate'], '', note)
  if (!isText(definition['name'], 255)) note('name', 'FORMAT', '1 to 255 characters expected')
  if (!isText(definition['version'], MAX_NAME)) note('version', 'FORMAT', `1 to ${MAX_NAME} characters expected`)
  if (Object.hasOwn(definition, 'created_by') && !isText(definition['created_by'], 255)) note('created_by', 'FORMAT', '1 to 255 characters expected')
  const states = definition['states']
  lintStates(states, note)
  lintTransitions(definition['transitions'], isObject(states) ? states : {}, note)
  const observers = definition['observers']
  if (!Array.isArray(observers)) note('observers', 'FORMAT', 'a list of origins expected')
  else {
    if (observers.length > MAX_NAME) note('observers', 'LIMIT', `at most ${MAX_NAME} observers`)
    observers.slice(0, MAX_NAME).forEach((observer: unknown, i) => {
      if (!isText(observer, 300)) note(`observers[${i}]`, 'FORMAT', 'an origin expected')
    })
  }
  const clock = definition['audit_clock']
  if (typeof clock !== 'boolean' && clock !== 'on' && clock !== 'off') note('audit_clock', 'FORMAT', 'true, false, "on" or "off" expected')
  const rate = definition['zeqond_tick_rate']
  if (!Number.isSafeInteger(rate) || (rate as number) < 1) note('zeqond_tick_rate', 'FORMAT', 'a whole number of ticks expected, 1 or more')
  lintSize(definition, note)
  return errors
}

/** The definition if nothing is wrong with it, else the objections. */
export const readDefinition = (
  definition: unknown,
): { readonly ok: true; readonly definition: Definition } | { readonly ok: false; readonly errors: readonly LintError[] } => {
  const errors = lintDefinition(definition)
  return errors.length === 0 ? { ok: true, definition: definition as Definition } : { ok: false, errors }
}

/** H("zeq.contract.v1", definition), hex. @throws FormatError for what canonical JSON refuses. */
export const definitionHash = (definition: Json): string => hashTagged('zeq.contract.v1', definition)

/** The state a new instance is in. */
export const initialState = (definition: Definition): string => {
  const initial = Object.entries(definition.states).find(([, state]) => state.initial === true)
  if (initial === undefined) throw new RangeError('a linted definition has an initial state')
  return initial[0]
}

export type Move =
  | { readonly ok: true; readonly from: string; readonly to: string; readonly operator: string; readonly proofRequired: boolean }
  | { readonly ok: false; readonly code: 'no_transition' | 'conflict'; readonly error: string }

/**
 * Compare-and-set: the move from `current` to `to`, if the definition has it and `current` is still what the caller saw
 * (`expected`; null = the caller does not care). The error is the documented text.
 */
export const moveTo = (definition: Definition, current: string, to: string, expected: string | null = null): Move => {
  if (expected !== null && expected !== current) return { ok: false, code: 'conflict', error: 'conflict' }
  const transition = definition.transitions.find((t) => t.from === current && t.to === to)
  const terminal = Object.hasOwn(definition.states, current) && definition.states[current]?.terminal === true
  if (transition === undefined || terminal) return { ok: false, code: 'no_transition', error: `No transition: ${current} → ${to}` }
  return { ok: true, from: current, to, operator: transition.operator, proofRequired: transition.proof_required }
}
