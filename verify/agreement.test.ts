import { afterAll, expect, it, vi } from 'vitest'
import type { AuditInput, AuditOptions } from '../src/main/core/ledger/audit.ts'
import type { ReadBundle } from '../src/main/core/ledger/bundle.ts'
import type { RawChain } from '../src/main/core/ledger/chain.ts'
import { difference } from './difference.fixture.ts'
import { type Json, Unreadable, write } from './formats.ts'
import { audit, type Options, verifyFile } from './verify.ts'

/**
 * The scripted lies of the core's own tests, judged by both: those tests are run here once more, and every chain, bundle and proof
 * that they hand to the program's audit goes to the second verifier as well.
 */
const { seen, apart } = vi.hoisted(() => ({ seen: { chains: 0, bundles: 0, proofs: 0 }, apart: [] as string[] }))
const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null)) as Json
const joined = ({ header, rows, head }: RawChain): Json => (header !== null && typeof header === 'object' ? plain({ ...header, rows, head }) : plain(header))
const optionsOf = ({ sessions, confirmKeys, heads, expect: expectGenesis, skew }: AuditOptions): Options => ({
  ...(sessions && { sessions: [...sessions] }),
  ...(confirmKeys && { confirmKeys }),
  ...(heads && { heads: heads.map((head) => ({ ...head })) }),
  ...(expectGenesis && { expectGenesis: [...expectGenesis] }),
  ...(skew !== undefined && { skew: Number(skew) }),
})
const tell = (difference: string | null): void => void (difference === null || apart.push(`${expect.getState().currentTestName}: ${difference}`))

vi.mock('../src/main/core/ledger/audit.ts', async (original) => {
  const core = await original<typeof import('../src/main/core/ledger/audit.ts')>()
  const both = (input: AuditInput, options: AuditOptions = {}) => {
    const judged = core.audit(input, options)
    seen.chains += 1
    // Which definitions of other contracts a machine could run is for the program's lint alone.
    const findings = judged.report.findings.filter(({ code, why }) => code !== 'FORMAT' || !why.startsWith('definition, '))
    const report = { ...judged.report, ok: findings.length === 0, findings }
    tell(difference(audit([input.a, ...(input.b === null ? [] : [input.b])].map(joined), optionsOf(options)), report))
    return judged
  }
  return { ...core, audit: both }
})
vi.mock('../src/main/core/ledger/bundle.ts', async (original) => {
  const core = await original<typeof import('../src/main/core/ledger/bundle.ts')>()
  const auditBundle = (bundle: ReadBundle, options: AuditOptions = {}) => {
    const judged = core.auditBundle(bundle, options)
    seen.bundles += 1
    tell(difference(verifyFile(`${write(plain(bundle.value))}\n`, optionsOf(options)), judged.report))
    return judged
  }
  return { ...core, auditBundle }
})
vi.mock('../src/main/core/ledger/equivocation.ts', async (original) => {
  const core = await original<typeof import('../src/main/core/ledger/equivocation.ts')>()
  const proves = (value: unknown): boolean => {
    try {
      return verifyFile(`${write(plain(value))}\n`).findings[0]?.code === 'EQUIVOCATION'
    } catch (error) {
      if (error instanceof Unreadable) return false
      throw error
    }
  }
  const verifyEquivocation = (value: unknown) => {
    const verdict = core.verifyEquivocation(value)
    seen.proofs += 1
    if (verdict.holds !== proves(value)) tell(`the proof holds: ${!verdict.holds}; core: ${verdict.holds}, ${verdict.why}`)
    return verdict
  }
  return { ...core, verifyEquivocation }
})

await import('../src/main/core/ledger/audit.test.ts')
await import('../src/main/core/ledger/hostile.test.ts')
await import('../src/main/core/ledger/rules.test.ts')
await import('../src/main/core/ledger/witness.test.ts')
await import('../src/main/core/ledger/bundle.test.ts')

afterAll(() => {
  expect(apart).toEqual([])
  expect(seen.chains).toBeGreaterThan(400)
  expect(seen.bundles).toBeGreaterThan(300)
  expect(seen.proofs).toBeGreaterThan(30)
})
it('is what the tests above are run for', () => expect(seen.chains).toBeGreaterThan(0))
