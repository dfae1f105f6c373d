import { createPublicKey, verify } from 'node:crypto'
import { Bench } from 'tinybench'
import { fromHex } from '../src/main/core/crypto/bytes.ts'
import { type Json, taggedBytes } from '../src/main/core/crypto/canonical-json.ts'
import { auditBundle, type BundleChain, readBundle, signBundle, writeBundle } from '../src/main/core/ledger/bundle.ts'
import { verifyChain } from '../src/main/core/ledger/chain.ts'
import { Zeqond } from '../src/main/core/ledger/fields.ts'
import { Party, story } from '../src/main/core/ledger/story.fixture.ts'
import { type Figure, figure, millis } from './measure.ts'

/** A signature with everything its bare verification needs, made beforehand. */
const bareOf = (signPub: string, tag: string, statement: Readonly<Record<string, unknown>>, sig: string) => {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(fromHex(signPub)).toString('base64url') }, format: 'jwk' })
  return { key, message: taggedBytes(tag, statement as Json), sig: fromHex(sig) }
}
const verifyAll = (signatures: readonly ReturnType<typeof bareOf>[]): void => {
  for (const { key, message, sig } of signatures) if (!verify(null, message, key, sig)) throw new Error('a signature does not verify')
}
const headsOf = (party: Party) =>
  party.rows.map(({ seq, stateHash, zeqondNumber, headSig }) =>
    bareOf(party.header.sign_pub, 'zeq.head.v1', { genesis: party.genesis, seq, stateHash, zeqondNumber }, headSig),
  )

/** One handshake of 5 + 5 rows out of a bundle file, beside the bare verification of its signatures. */
export const auditOfBundle = async (): Promise<Figure> => {
  const told = story()
  const chains = [told.a, told.b].map((party) => {
    const { header, rows, head } = party.raw()
    return { ...header, rows, head } as BundleChain
  })
  const content = { made_at: Zeqond.parse('2310560700'), exporter: told.a.genesis, chains, sessions: null, heads: [], pins: [], legacy_hs: [] }
  const bundle = signBundle(told.a.seed, { ...content, confirm_keys: { [told.id]: told.confirm } })
  const bytes = writeBundle(bundle)
  const statements = [told.a, told.b].flatMap((party) =>
    party.rows.flatMap((row) => {
      const { sig, ...input } = ((row.payload as { input?: { sig?: string } }).input ?? {}) as Record<string, string>
      const tag = row.transitionType === 'contract' ? 'zeq.m2m.step.v1' : 'zeq.m2m.end.v1'
      return sig === undefined ? [] : [bareOf(party.header.sign_pub, tag, input, sig)]
    }),
  )
  const { sig, ...unsigned } = bundle
  const signatures = [...headsOf(told.a), ...headsOf(told.b), ...statements, bareOf(told.a.header.sign_pub, 'zeq.bundle.v1', unsigned, sig)]
  const bench = new Bench({ time: 1000 })
  bench.add('audit', () => {
    if (!auditBundle(readBundle(bytes)).report.ok) throw new Error('the bundle is not sound')
  })
  bench.add('bare', () => verifyAll(signatures))
  await bench.run()
  const mean = (name: string): number => {
    const result = bench.getTask(name)?.result
    if (result?.state !== 'completed') throw new Error(`${name} was not measured`)
    return result.latency.p50
  }
  const reference = ['its signatures, bare', mean('bare')] as const
  return figure('audit of one handshake from a bundle, p50', [mean('audit'), 'ms'], reference, '< 10 ms', (value) => value < 10)
}

/** A chain of signed rows, verified whole on one thread, beside the bare verification of as many signatures. */
export const verifyRows = (count: number): Figure => {
  const party = new Party('alice', 1)
  for (let i = 0; i < count; i += 1) party.append('event', { type: 'note', payload: i })
  const raw = party.raw()
  const signatures = headsOf(party)
  const perSecond = (run: () => void): number => (count / millis(run)) * 1000
  const bare = perSecond(() => verifyAll(signatures))
  const ours = perSecond(() => {
    const { findings } = verifyChain(raw)
    if (findings.length > 0) throw new Error(JSON.stringify(findings[0]))
  })
  return figure(`verify a chain of ${count} rows, one thread`, [ours, 'rows/s'], ['node:crypto verify, bare', bare], '≥ 0.8 × bare', (_, ratio) => ratio >= 0.8)
}
