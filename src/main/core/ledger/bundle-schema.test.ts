import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { End, Step } from '../m2m/statement.ts'
import { type BundleChain, signBundle, writeBundle } from './bundle.ts'
import { Genesis, Hex32, Seq, Signature, Zeqond } from './fields.ts'
import { ChainHeader } from './genesis.ts'
import { Head } from './head.ts'
import { Revoke, Rotate } from './rotation.ts'
import { Row } from './row.ts'
import { story } from './story.fixture.ts'
import { m2m, repeated } from './vectors.fixture.ts'

/** docs/schemas/bundle.schema.json, made from the schemas that read bundles, so that the two cannot drift apart. `vitest -u` writes it. */

type Schema = Record<string, unknown>
const of = (schema: z.ZodType): Schema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema
  return rest
}
const ref = (name: string) => ({ $ref: `#/$defs/${name}` })
const object = (properties: Schema): Schema => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false })
const list = (items: Schema, more: Schema = {}): Schema => ({ type: 'array', items, ...more })

const rowSchema = of(Row)
const header = of(ChainHeader)['properties'] as Schema
const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Bundle of ledgers, zeq-bundle/1',
  description:
    'The form of a .countersign file (docs/ledger.md). The file itself is canonical JSON and a newline. What fits this form is readable; whether it is sound, only an audit can say.',
  ...object({
    v: { const: 'zeq-bundle/1' },
    made_at: of(Zeqond),
    exporter: of(Genesis),
    profile: object({ chain: { const: 'zeq-chain/1' }, m2m: { const: 'zeq-m2m/1' }, zeqond_rule: { const: 'floor(unix_ms/777)' } }),
    chains: list(ref('chain'), { minItems: 1, maxItems: 2 }),
    sessions: { anyOf: [list(of(Hex32), { minItems: 1 }), { type: 'null' }] },
    confirm_keys: { type: 'object', propertyNames: of(Hex32), additionalProperties: of(Hex32) },
    heads: list(ref('head'), { maxItems: 10_000 }),
    pins: list(
      object({
        genesis: of(Genesis),
        name: { type: 'string', maxLength: 64 },
        method: { anyOf: [{ type: 'string', maxLength: 32 }, { type: 'null' }] },
        at: { anyOf: [of(Zeqond), { type: 'null' }] },
      }),
    ),
    legacy_hs: list(object({ row_seq: of(Seq), hs: { type: 'object' } })),
    sig: of(Signature),
  }),
  $defs: {
    head: of(Head),
    row: {
      ...rowSchema,
      properties: { ...(rowSchema['properties'] as Schema), payload: { anyOf: [{ type: 'object' }, { type: 'null' }], description: 'null = withheld' } },
    },
    chain: object({ ...header, rows: list(ref('row')), head: { anyOf: [ref('head'), { type: 'null' }] } }),
    step: { description: '`input` of a contract row of the handshake', ...of(Step) },
    end: { description: '`input` of an event m2m.seal, m2m.abort or m2m.close', ...of(End) },
    rotate: { description: '`input` of an event m2m.rotate', ...of(Rotate) },
    revoke: { description: '`input` of an event m2m.revoke', ...of(Revoke) },
  },
}

const bundle = JSON.parse(
  new TextDecoder().decode(
    writeBundle(
      signBundle(repeated(1), {
        made_at: Zeqond.parse('2310560700'),
        exporter: Genesis.parse(m2m.a.genesis),
        chains: [m2m.rotation.chains.a, m2m.rotation.chains.b] as unknown as BundleChain[],
        sessions: [m2m.transcript.a.nonce],
        confirm_keys: { [m2m.session_id]: m2m.keys.confirm },
        heads: [m2m.chains.b.head] as never,
        pins: [{ genesis: Genesis.parse(m2m.b.genesis), name: 'Bob', method: null, at: Zeqond.parse('2310560650') }],
        legacy_hs: [{ row_seq: 1, hs: { nonce: 'x' } }],
      }),
    ),
  ),
) as { chains: { rows: Record<string, unknown>[]; head: object }[]; [part: string]: unknown }

describe('docs/schemas/bundle.schema.json', () => {
  it('is what the program reads', () => expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../../../../docs/schemas/bundle.schema.json'))

  const validator = z.fromJSONSchema(schema as never)
  const part = (name: string) => z.fromJSONSchema({ ...ref(name), $defs: schema.$defs } as never)
  it('takes a real bundle', () => expect(validator.safeParse(bundle).error).toBeUndefined())
  it.each<[string, unknown]>([
    ['a part is missing', { ...bundle, heads: undefined }],
    ['a part too many', { ...bundle, note: 1 }],
    ['three chains', { ...bundle, chains: [...bundle.chains, bundle.chains[0]] }],
    ['no chain', { ...bundle, chains: [] }],
    ['another version', { ...bundle, v: 'zeq-bundle/2' }],
    ['upper case', { ...bundle, exporter: String(bundle['exporter']).toUpperCase() }],
    ['another clock', { ...bundle, profile: { chain: 'zeq-chain/1', m2m: 'zeq-m2m/1', zeqond_rule: 'floor(unix_ns/777000777)' } }],
    ['a row with more', { ...bundle, chains: [{ ...bundle.chains[0], rows: [{ ...bundle.chains[0]!.rows[0], id: '1' }] }] }],
    ['a tick as a number', { ...bundle, made_at: 2310560700 }],
  ])('not one in which %s', (_, value) => expect(validator.safeParse(JSON.parse(JSON.stringify(value))).success).toBe(false))
  it('has every statement of a handshake, and of a rotation', () => {
    const told = story()
    told.a.rotate()
    const rows = [...told.a.rows, ...told.b.rows]
    const inputs = rows.flatMap(({ payload }) => [(payload as { input?: { kind: string } }).input ?? []].flat())
    const known = { step: ['propose', 'accept', 'key', 'activate'], end: ['seal'], rotate: ['rotate'] }
    for (const input of inputs) {
      const name = Object.entries(known).find(([, kinds]) => kinds.includes(input.kind))?.[0] ?? ''
      expect([input.kind, part(name).safeParse(input).error]).toEqual([input.kind, undefined])
      expect(part(name).safeParse({ ...input, note: 1 }).success).toBe(false)
    }
    expect(inputs).toHaveLength(9)
  })
})
