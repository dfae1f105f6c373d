import { describe, expect, it } from 'vitest'
import { canonicalJson, type Json } from '../crypto/canonical-json.ts'
import { audit } from './audit.ts'
import { chainOf, m2m } from './vectors.fixture.ts'

const golden = [
  ['one handshake', m2m.chains, m2m.audit, { [m2m.session_id]: m2m.keys.confirm }],
  ['a rotation and two sessions', m2m.rotation.chains, m2m.rotation.audit, {}],
] as const

describe('golden audits', () => {
  it.each(golden)('%s, byte for byte', (_, chains, expected) => {
    const { report, proofs } = audit({ a: chainOf(chains.a), b: chainOf(chains.b) })
    const { scope, ...rest } = report
    expect(canonicalJson(rest as unknown as Json)).toBe(canonicalJson(expected as Json))
    expect(scope).toMatchObject({ one_sided: false, pinned: null, suspect: [], more: 0 })
    expect(scope.limits).toEqual(['COLLUDING_DATES', 'UNWITNESSED_TAIL', 'POLICY_STEPS', 'NOT_PINNED'])
    expect(proofs).toEqual([])
  })
})
