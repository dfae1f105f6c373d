import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../crypto/bytes.ts'
import { canonicalJson, type Json, taggedBytes } from '../crypto/canonical-json.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { hkdfSha256 } from '../crypto/hash.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { appendRow, stampFor } from './append.ts'
import { extendChain, startChain, verifyChain } from './chain.ts'
import { Zeqond } from './fields.ts'
import { ChainHeader, genesisHash, nextCommitment } from './genesis.ts'
import { Head, headOf, signHead, verifyHead } from './head.ts'
import { signKeyStatement } from './rotation.ts'
import { payloadHash, Row, rowPreimage, stateHash, statementHash, stripRow } from './row.ts'
import { chainOf, headerOf, m2m, repeated, seeds } from './vectors.fixture.ts'
import { latest, plusTicks, zeqondAt } from './zeqond.ts'

const tick = (text: string) => Zeqond.parse(text)
const all = [
  ['first a', m2m.chains.a, seeds.alice],
  ['first b', m2m.chains.b, seeds.bob],
  ['rotation a', m2m.rotation.chains.a, seeds.alice],
  ['rotation b', m2m.rotation.chains.b, seeds.bob],
] as const

/** Keys of generation n ≥ 1 from the recovery seed (32 repeats of a byte). */
const generation = (byte: number, n: number) => {
  const okm = hkdfSha256(new Uint8Array(32).fill(byte), null, taggedBytes('zeq.recovery.v1', { n }), 64)
  return { sign: okm.slice(0, 32), sign_pub: toHex(ed25519PublicKey(okm.slice(0, 32))), kx_pub: toHex(x25519PublicKey(okm.slice(32))) }
}

describe('ticks', () => {
  it.each(m2m.zeqond)('$unix_ms', (v) => expect(zeqondAt(v.unix_ms)).toBe(String(v.floor_ms_777)))
  it('is the floor of the division, up to the last safe time', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger().filter((n) => n >= 0),
        (ms) => {
          expect(zeqondAt(ms)).toBe(String(BigInt(ms) / 777n))
        },
      ),
    )
  })
  it('adds and compares beyond what a double holds', () => {
    expect(plusTicks(tick('99999999999999999'), 1n)).toBe('100000000000000000')
    expect(latest(tick('99999999999999999'), tick('100000000000000000'), tick('7'))).toBe('100000000000000000')
    expect(() => plusTicks(tick('999999999999999999'), 1n)).toThrow(RangeError)
  })
  it.each(['01', '-1', '', '1.0', '1e3', '1000000000000000000', '5\n', ' 5'])('refuses %j', (text) => expect(Zeqond.safeParse(text).success).toBe(false))
})

describe('golden chains, byte for byte', () => {
  it.each(m2m.jcs)('canonical $out', (v) => expect(canonicalJson(v.in as Json)).toBe(v.out))

  it.each(['a', 'b'] as const)('genesis of %s', (k) => {
    expect(genesisHash(headerOf(m2m.chains[k]))).toBe(m2m[k].genesis)
    expect(m2m[k]).toEqual({ genesis: m2m[k].genesis, sign_pub: m2m.chains[k].sign_pub, kx_pub: m2m.chains[k].kx_pub, next: m2m.chains[k].next })
  })
  it('commitments to the next keys open', () => {
    const [one, two] = [generation(0x21, 1), generation(0x21, 2)]
    expect(one).toMatchObject(m2m.rotation.keys.a1)
    expect(nextCommitment(one)).toBe(m2m.rotation.keys.commit_a1)
    expect(nextCommitment(two)).toBe(m2m.rotation.keys.commit_a2)
    expect(nextCommitment(generation(0x22, 1))).toBe(m2m.b.next)
  })
  const steps = { A1: ['a', 1], A2: ['a', 2], A3: ['a', 3], B1: ['b', 1], B2: ['b', 2], B3: ['b', 3] } as const
  it.each(Object.entries(steps))('preimage and hashes of %s', (name, [k, seq]) => {
    const golden = m2m.rows[name as keyof typeof steps]
    const row = Row.parse(chainOf(m2m.chains[k]).rows[seq])
    const { input } = row.payload as { input: { sig: string; [key: string]: Json } }
    expect(canonicalJson(rowPreimage(row))).toBe(golden.preimage_utf8)
    expect(stateHash(row)).toBe(golden.stateHash)
    expect(payloadHash(row.payload)).toBe(golden.payloadHash)
    expect(statementHash(input)).toBe(golden.stmt_hash)
    expect(input.sig).toBe(golden.step_sig)
  })
  it.each(all)('%s verifies, its head too', (_, chain) => {
    const { chain: checked, findings } = verifyChain(chainOf(chain))
    expect(findings).toEqual([])
    expect(checked?.rows.every((r) => r.sound && r.shown)).toBe(true)
    expect(checked).toMatchObject({ brokenAt: null, hidden: 0 })
    expect(checked?.state.nextSeq).toBe(chain.rows.length)
  })
  it.each(all)('%s: every row is made again by appending', (_, chain, seed) => {
    let state = startChain(headerOf(chain))
    for (const raw of chainOf(chain).rows) {
      const row = Row.parse(raw)
      const rotated = state.epochs.length > 1 || (row.payload as { type?: string }).type === 'm2m.rotate'
      const key = rotated ? SecretBytes.copy(generation(0x21, 1).sign) : repeated(seed.sign)
      const made = appendRow(state, { ...row, zeqondNumber: row.zeqondNumber }, key)
      expect(made.row).toEqual(raw)
      state = made.state
    }
  })
  it('the keys in force follow the rotation, and the genesis stays the name', () => {
    const { chain } = verifyChain(chainOf(m2m.rotation.chains.a))
    expect(chain?.state.epochs.map((e) => [e.generation, e.from, e.sign_pub])).toEqual([
      [0, 0, m2m.a.sign_pub],
      [1, 6, m2m.rotation.keys.a1.sign_pub],
    ])
    expect(chain?.state.genesis).toBe(m2m.a.genesis)
  })
  it('skeletons count for the chain', () => {
    const raw = chainOf(m2m.chains.a)
    for (const row of raw.rows) row['payload'] = null
    const { chain, findings } = verifyChain(raw)
    expect(findings).toEqual([])
    expect(chain?.hidden).toBe(5)
  })
  it('goes on from a verified prefix that was stored as JSON', () => {
    const raw = chainOf(m2m.rotation.chains.a)
    let state = startChain(headerOf(m2m.rotation.chains.a))
    for (const row of raw.rows.slice(0, 8)) state = extendChain(state, row).state
    state = JSON.parse(JSON.stringify(state)) as typeof state
    for (const row of raw.rows.slice(8)) {
      const step = extendChain(state, row)
      expect(step.findings).toEqual([])
      state = step.state
    }
    expect(state).toEqual(verifyChain(raw).chain?.state)
  })
  it("a host's fields outside the hash are stripped, not trusted", () => {
    const [row] = chainOf(m2m.chains.a).rows
    const served = { ...row, id: '1', createdAt: 'yesterday', zspEnvelope: null }
    expect(Row.safeParse(served).success).toBe(false)
    expect(stripRow(served)).toEqual(row)
  })
})

describe('one fault, one place', () => {
  const codesOf = (change: (raw: ReturnType<typeof chainOf>) => void, chain: Readonly<Record<string, unknown>> = m2m.chains.a) => {
    const raw = chainOf(chain)
    change(raw)
    return verifyChain(raw).findings.map((f) => `${f.code}@${f.at}`)
  }
  it.each<[string, (raw: ReturnType<typeof chainOf>) => void, string[]]>([
    ['a payload edited', (r) => (r.rows[1]!['payload'] = { ...(r.rows[1]!['payload'] as object), from: 'keyed' }), ['PAYLOAD_HASH@1']],
    ['a tick edited', (r) => (r.rows[2]!['zeqondNumber'] = '2310560625'), ['STATE_HASH@2', 'HEAD_SIG@2', 'PROOF@2']],
    ['a link edited', (r) => (r.rows[2]!['prevHash'] = '00'.repeat(32)), ['LINK@2', 'STATE_HASH@2']],
    ['a hash edited', (r) => (r.rows[2]!['stateHash'] = '00'.repeat(32)), ['STATE_HASH@2', 'HEAD_SIG@2']],
    ['a signature edited', (r) => (r.rows[4]!['headSig'] = '00'.repeat(64)), ['HEAD_SIG@4']],
    ['a row dropped', (r) => r.rows.splice(2, 1), ['SEQ@3']],
    ['the last row dropped', (r) => r.rows.pop(), ['HEAD@head']],
    ['two rows exchanged', (r) => ([r.rows[1], r.rows[2]] = [r.rows[2]!, r.rows[1]!]), ['SEQ@2', 'SEQ@3', 'LINK@3', 'ZEQOND_BACKWARD@3', 'SEQ@4', 'LINK@4']],
    ['another origin', (r) => (r.rows[0]!['originId'] = 'other:alice'), ['ORIGIN@0', 'STATE_HASH@0']],
    ['a proof where there is none', (r) => (r.rows[4]!['proofDigest'] = '00'.repeat(32)), ['STATE_HASH@4', 'PROOF@4']],
    ['a field too many', (r) => (r.rows[3]!['note'] = ''), ['FORMAT@3']],
    ['upper case', (r) => (r.rows[3]!['headSig'] = String(r.rows[3]!['headSig']).toUpperCase()), ['FORMAT@3']],
    ['a slug that is not of the origin', (r) => (r.header['slug'] = 'alicex'), ['ORIGIN@header']],
    ['no header', (r) => (r.header = {}), ['FORMAT@header']],
    ['a head of another row', (r) => (r.head['seq'] = 3), ['HEAD@head']],
    ['a head that is none', (r) => (r.head = { seq: 3 }), ['FORMAT@head']],
    ['not even a row', (r) => (r.rows[1] = [] as never), ['FORMAT@1']],
    ['a float in a payload', (r) => (r.rows[1]!['payload'] = { ...(r.rows[1]!['payload'] as object), from: 0.5 }), ['FORMAT@1']],
  ])('%s', (_, change, expected) => {
    const found = codesOf(change)
    expect(found.filter((c) => expected.includes(c))).toEqual(expected)
    // Nothing is blamed on rows before it.
    const places = (codes: readonly string[]) => codes.map((c) => Number(c.split('@')[1])).filter(Number.isInteger)
    expect(Math.min(...places(found), 99)).toBe(Math.min(...places(expected), 99))
  })
  it('another header: the first row does not start from it', () => {
    const found = codesOf((r) => (r.header['genesis_zeqond'] = '2310560599'))
    expect(found).toContain('LINK@0')
    expect(found).toContain('HEAD_SIG@0')
  })
  it('a rotation to keys nobody committed to', () => {
    const raw = chainOf(m2m.rotation.chains.a)
    const rotate = raw.rows[6]!['payload'] as { input: Record<string, unknown> }
    rotate.input = signKeyStatement(repeated(9), {
      v: 'zeq-m2m/1',
      kind: 'rotate',
      self_genesis: m2m.a.genesis,
      n: 1,
      sign_pub: toHex(ed25519PublicKey(new Uint8Array(32).fill(9))),
      kx_pub: toHex(x25519PublicKey(new Uint8Array(32).fill(9))),
      next: null,
      reason: 'planned',
    })
    const state = raw.rows.slice(0, 6).reduce((s, row) => extendChain(s, row).state, startChain(headerOf(m2m.rotation.chains.a)))
    expect(() =>
      appendRow(
        state,
        { transitionType: 'event', transitionId: String(raw.rows[6]!['transitionId']), payload: raw.rows[6]!['payload'] as Json, zeqondNumber: state.zeqond },
        repeated(9),
      ),
    ).toThrow(/ROTATION/)
  })
})

describe('appending', () => {
  const base = () => startChain(headerOf(m2m.chains.a))
  const event = (input: Json) => ({
    transitionType: 'event' as const,
    transitionId: '00000000-0000-4000-8000-000000000001',
    payload: { type: 'note', payload: input },
  })
  it('stamps the latest of clock, last row and what is acknowledged', () => {
    expect(stampFor(base(), tick('5'))).toBe('2310560600')
    expect(stampFor(base(), tick('2310560700'), tick('2310560650'))).toBe('2310560700')
    expect(stampFor(base(), tick('2310560640'), tick('2310560650'))).toBe('2310560650')
  })
  it.each<[string, () => unknown, RegExp]>([
    ['the wrong key', () => appendRow(base(), { ...event(1), zeqondNumber: tick('2310560601') }, repeated(3)), /HEAD_SIG/],
    ['a tick before the last row', () => appendRow(base(), { ...event(1), zeqondNumber: tick('2310560599') }, repeated(1)), /ZEQOND_BACKWARD/],
    ['a payload of no known form', () => appendRow(base(), { ...event(1), payload: { type: 'x' }, zeqondNumber: tick('2310560601') }, repeated(1)), /FORMAT/],
    ['a float', () => appendRow(base(), { ...event(0.5), zeqondNumber: tick('2310560601') }, repeated(1)), /canonical/],
  ])('refuses %s', (_, run, why) => expect(run).toThrow(why))
  it('nothing after a revocation', () => {
    const revoke = signKeyStatement(repeated(1), { v: 'zeq-m2m/1', kind: 'revoke', self_genesis: m2m.a.genesis, reason: 'retired' })
    const { state } = appendRow(base(), { ...event(1), payload: { type: 'm2m.revoke', input: revoke }, zeqondNumber: tick('2310560601') }, repeated(1))
    expect(state.revokedAt).toBe(0)
    expect(() => appendRow(state, { ...event(1), zeqondNumber: tick('2310560602') }, repeated(1))).toThrow(/AFTER_REVOKE/)
  })
  it('any chain of events verifies, and no row of it can be moved', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 50 }), { minLength: 2, maxLength: 6 }), (delays) => {
        let state = base()
        const rows = delays.map((delay, i) => {
          const made = appendRow(state, { ...event(i), zeqondNumber: plusTicks(state.zeqond, BigInt(delay)) }, repeated(1))
          state = made.state
          return made.row
        })
        const raw = { header: headerOf(m2m.chains.a), rows, head: headOf(state.genesis, rows.at(-1)!) }
        expect(verifyChain(raw).findings).toEqual([])
        expect(verifyChain({ ...raw, rows: [...rows.slice(1), rows[0]!] }).findings).not.toEqual([])
      }),
      { numRuns: 15 },
    )
  })
})

describe('heads', () => {
  it('signs as the golden head', () => {
    const head = Head.parse(m2m.chains.a.head)
    expect(signHead(repeated(1), head)).toBe(head.sig)
    expect(verifyHead(m2m.a.sign_pub, head)).toBe(true)
    expect(verifyHead(m2m.b.sign_pub, head)).toBe(false)
    expect(fromHex(head.sig)).toHaveLength(64)
  })
  it('a header schema has no room for more', () => expect(ChainHeader.safeParse({ ...headerOf(m2m.chains.a), x: 1 }).success).toBe(false))
})
