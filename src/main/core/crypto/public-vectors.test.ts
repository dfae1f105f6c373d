import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { aesGcmOpen, aesGcmSeal, nativeAead, referenceAead } from './aead.ts'
import { concat, fromHex, toHex } from './bytes.ts'
import { canonicalJson, parseRestrictedJson } from './canonical-json.ts'
import { nativeEd25519, referenceEd25519, verifyWith } from './ed25519.ts'
import { AuthenticationError, FormatError, KeyRefusedError } from './errors.ts'
import { hkdfSha256, nativeHash, referenceHash } from './hash.ts'
import { admitX25519, nativeX25519, referenceX25519, sharedWith } from './x25519.ts'

/** The public vectors of fixtures/README.md through both implementations, and where our rule is stricter than theirs. */

interface Case {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly [hex: string]: unknown
}
interface Group {
  readonly tests: readonly Case[]
  readonly publicKey?: { readonly pk: string }
  readonly ivSize?: number
  readonly keySize?: number
  readonly tagSize?: number
}

const textOf = (path: string): string => readFileSync(new URL(`fixtures/${path}`, import.meta.url), 'utf8')
const wycheproof = (name: string): readonly (Case & { readonly group: Group })[] => {
  const { testGroups, numberOfTests } = JSON.parse(textOf(`wycheproof/${name}.json`)) as { testGroups: readonly Group[]; numberOfTests: number }
  const cases = testGroups.flatMap((group) => group.tests.map((test) => ({ ...test, group })))
  expect(cases).toHaveLength(numberOfTests)
  return cases
}
const bytes = (test: Case, field: string): Uint8Array => fromHex(String(test[field]))
const count = <T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1
  return counts
}
const attempt = <T>(run: () => T): T | string => {
  try {
    return run()
  } catch (error) {
    return error instanceof Error ? error.constructor.name : 'thrown'
  }
}

describe.each([
  ['native', nativeEd25519],
  ['noble', referenceEd25519],
] as const)('Wycheproof Ed25519, %s', (_, suite) => {
  it('as they say in every case; our rule refuses no valid one of them', () => {
    const cases = wycheproof('ed25519')
    const wrong = cases.filter((c) => verifyWith(suite, fromHex(c.group.publicKey?.pk ?? ''), bytes(c, 'msg'), bytes(c, 'sig')) !== (c.result === 'valid'))
    expect(wrong.map(({ tcId, comment }) => `${tcId} ${comment}`)).toEqual([])
    expect(count(cases, (c) => c.result)).toEqual({ valid: 88, invalid: 63 })
  })
})

describe.each([
  ['native', nativeX25519],
  ['noble', referenceX25519],
] as const)('Wycheproof X25519, %s', (_, suite) => {
  const cases = wycheproof('x25519')
  const judged = cases.map((c) => ({
    c,
    admitted: admitX25519(bytes(c, 'public')),
    got: attempt(() => toHex(sharedWith(suite, bytes(c, 'private'), bytes(c, 'public')))),
  }))
  it('the secret is theirs for every key that is admitted', () => {
    const open = judged.filter(({ admitted }) => admitted)
    expect(open.filter(({ c, got }) => got !== c['shared']).map(({ c }) => c.tcId)).toEqual([])
    expect(open.length).toBe(474)
  })
  it('stricter: keys of low order and keys that are not canonical are refused, all of them only "acceptable" there', () => {
    const refused = judged.filter(({ admitted }) => !admitted)
    expect(new Set(refused.map(({ got }) => got))).toEqual(new Set([KeyRefusedError.name]))
    expect(count(refused, ({ c }) => c.result)).toEqual({ acceptable: 44 })
    const strict = ['LowOrderPublic', 'ZeroSharedSecret', 'NonCanonicalPublic']
    expect(refused.filter(({ c }) => !c.flags.some((flag) => strict.includes(flag))).map(({ c }) => c.comment)).toEqual([])
    expect(judged.filter(({ c, admitted }) => admitted && c.flags.some((flag) => strict.includes(flag))).map(({ c }) => c.comment)).toEqual([])
  })
})

describe.each([
  ['native', nativeHash],
  ['noble', referenceHash],
] as const)('Wycheproof HKDF-SHA-256, %s', (_, suite) => {
  it('as they say; what is too long is refused', () => {
    const cases = wycheproof('hkdf_sha256')
    const valid = cases.filter((c) => c.result === 'valid')
    const made = (c: Case) => toHex(suite.hkdfSha256(bytes(c, 'ikm'), bytes(c, 'salt'), bytes(c, 'info'), Number(c['size'])))
    expect(valid.filter((c) => made(c) !== c['okm']).map(({ tcId }) => tcId)).toEqual([])
    for (const c of cases.filter(({ result }) => result === 'invalid'))
      expect(() => hkdfSha256(bytes(c, 'ikm'), bytes(c, 'salt'), bytes(c, 'info'), Number(c['size']))).toThrow(RangeError)
    expect([valid.length, cases.length]).toEqual([83, 86])
  })
  it('no salt and an empty one are the same', () => {
    const cases = wycheproof('hkdf_sha256').filter((c) => c.result === 'valid' && c['salt'] === '')
    for (const c of cases) expect(toHex(hkdfSha256(bytes(c, 'ikm'), null, bytes(c, 'info'), Number(c['size'])))).toBe(c['okm'])
    expect(cases.length).toBe(23)
  })
})

describe.each([
  ['native', nativeAead],
  ['noble', referenceAead],
] as const)('Wycheproof AES-GCM, %s', (_, suite) => {
  const cases = wycheproof('aes_gcm')
  const ours = cases.filter(({ group }) => group.keySize === 256 && group.ivSize === 96 && group.tagSize === 128)
  const sealed = (c: Case) => concat(bytes(c, 'ct'), bytes(c, 'tag'))
  it('AES-256 with a nonce of 12 bytes: as they say', () => {
    for (const c of ours) {
      const opened = attempt(() => toHex(suite.open(bytes(c, 'key'), bytes(c, 'iv'), sealed(c), bytes(c, 'aad'))))
      if (c.result === 'valid') {
        expect([c.tcId, opened]).toEqual([c.tcId, c['msg']])
        expect(toHex(suite.seal(bytes(c, 'key'), bytes(c, 'iv'), bytes(c, 'msg'), bytes(c, 'aad')))).toBe(toHex(sealed(c)))
      } else {
        expect([c.tcId, opened]).toEqual([c.tcId, 'Error'])
        expect(() => aesGcmOpen(bytes(c, 'key'), bytes(c, 'iv'), sealed(c), bytes(c, 'aad'))).toThrow(AuthenticationError)
      }
    }
    expect(count(ours, (c) => c.result)).toEqual({ valid: 39, invalid: 27 })
  })
  it('stricter: other keys and nonces are refused, valid or not', () => {
    const others = cases.filter((c) => !ours.includes(c))
    for (const c of others) {
      expect(() => aesGcmOpen(bytes(c, 'key'), bytes(c, 'iv'), sealed(c), bytes(c, 'aad'))).toThrow(RangeError)
      expect(() => aesGcmSeal(bytes(c, 'key'), bytes(c, 'iv'), bytes(c, 'msg'), bytes(c, 'aad'))).toThrow(RangeError)
    }
    expect(others.length).toBe(250)
  })
})

describe('RFC 8785', () => {
  it.each(['arrays', 'french', 'unicode', 'weird'])('%s: byte for byte', (name) => {
    const out = textOf(`rfc8785/output/${name}.json`)
    expect(canonicalJson(parseRestrictedJson(textOf(`rfc8785/input/${name}.json`)))).toBe(out)
    expect(canonicalJson(parseRestrictedJson(out))).toBe(out)
  })
  it.each(['structures', 'values'])('stricter: %s has decimals, which are refused', (name) => {
    expect(() => parseRestrictedJson(textOf(`rfc8785/input/${name}.json`))).toThrow(FormatError)
  })
  it('structures: byte for byte once 56.0 is written 56', () => {
    const text = textOf('rfc8785/input/structures.json')
    expect(canonicalJson(parseRestrictedJson(text.replace('56.0', '56')))).toBe(textOf('rfc8785/output/structures.json'))
  })
  it('values: the rest of it is as in their file', () => {
    const { numbers: _, ...rest } = JSON.parse(textOf('rfc8785/input/values.json')) as Record<string, never>
    const { numbers: __, ...out } = JSON.parse(textOf('rfc8785/output/values.json')) as Record<string, never>
    expect(canonicalJson(rest)).toBe(JSON.stringify(out))
    expect(() => canonicalJson({ numbers: _ } as never)).toThrow(FormatError)
  })
})
