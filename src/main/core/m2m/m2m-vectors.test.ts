import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../crypto/bytes.ts'
import { canonicalJson, hashTagged, type Json } from '../crypto/canonical-json.ts'
import { ed25519Verify } from '../crypto/ed25519.ts'
import { KeyRefusedError } from '../crypto/errors.ts'
import { elevenBits } from '../crypto/key-words.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { admitX25519, x25519PublicKey } from '../crypto/x25519.ts'
import { payloadHash, Row, rowPreimage, stateHash, statementHash } from '../ledger/row.ts'
import { signTagged, verifyTagged } from '../ledger/signing.ts'
import { chainOf, m2m, repeated, seeds } from '../ledger/vectors.fixture.ts'
import { matchWords, wordsCommit } from './match-words.ts'
import { deriveKeys, keyConfirm, sessionId, sharedSecrets, type Transcript, transcriptOf } from './session.ts'
import { chooseSuite, End, kemFits, moveOf, Step, signEnd, signStep, verifyEnd, verifyStep } from './statement.ts'

const inputsOf = (k: 'a' | 'b') => chainOf(m2m.chains[k]).rows.map((raw) => (Row.parse(raw).payload as { input?: { readonly [key: string]: Json } }).input)

const transcript: Transcript = m2m.transcript as Transcript
const hybrid: Transcript = {
  suite: 'x25519mlkem768',
  a: { ...m2m.hybrid.transcript.a, kem: m2m.hybrid.kem.ct },
  b: { ...m2m.hybrid.transcript.b, kem: m2m.hybrid.kem.pub },
}
const rowHashes = (rows: typeof m2m.rows) => ({ A1: rows.A1.stateHash, B1: rows.B1.stateHash, B2: rows.B2.stateHash, A2: rows.A2.stateHash })
const own = (who: 'alice' | 'bob') => ({ eph: repeated(seeds[who].eph), kx: repeated(seeds[who].kx) })
const hexKeys = (keys: ReturnType<typeof deriveKeys>) => Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, key.use(toHex)]))

describe('statements of the golden handshake', () => {
  it.each(['a', 'b'] as const)('%s: each step is read, signed again to the same bytes, and hashed', (k) => {
    const seed = repeated(k === 'a' ? 1 : 3)
    for (const [seq, input] of inputsOf(k).entries()) {
      if (seq === 0) continue
      if (seq < 4) {
        const { sig, ...unsigned } = Step.parse(input)
        expect(signStep(seed, unsigned)).toEqual(input)
        expect(verifyStep(m2m[k].sign_pub, Step.parse(input))).toBe(true)
        expect(verifyStep(m2m[k === 'a' ? 'b' : 'a'].sign_pub, Step.parse(input))).toBe(false)
        const name = `${k.toUpperCase()}${seq}` as keyof typeof m2m.rows
        expect(sig).toBe(m2m.rows[name].step_sig)
        expect(statementHash(input!)).toBe(m2m.rows[name].stmt_hash)
        const step = Step.parse(input)
        expect(moveOf(step.role, step.kind)).toEqual({ from: step.from, to: step.to })
      } else {
        const { sig: _, ...unsigned } = End.parse(input)
        expect(signEnd(seed, unsigned)).toEqual(input)
        expect(verifyEnd(m2m[k].sign_pub, End.parse(input))).toBe(true)
      }
    }
  })
  it('a statement has exactly its fields', () => {
    for (const input of [...inputsOf('a'), ...inputsOf('b')]) {
      if (input === undefined) continue
      const schema = 'role' in input ? Step : End
      for (const key of Object.keys(input)) {
        const { [key]: _, ...without } = input
        expect(schema.safeParse(without).success, `without ${key}`).toBe(false)
      }
      expect(schema.safeParse({ ...input, note: '' }).success).toBe(false)
    }
  })
  it('a signature of one kind is none of another', () => {
    const seal = End.parse(inputsOf('a')[4])
    const { sig, ...unsigned } = seal
    expect(verifyTagged(m2m.a.sign_pub, 'zeq.m2m.end.v1', unsigned, sig)).toBe(true)
    expect(verifyTagged(m2m.a.sign_pub, 'zeq.m2m.step.v1', unsigned, sig)).toBe(false)
  })
  it('who may do what', () => {
    expect(moveOf('responder', 'propose')).toBeNull()
    expect(moveOf('initiator', 'accept')).toBeNull()
    expect(moveOf('initiator', 'activate')).toEqual({ from: 'keyed', to: 'active' })
  })
})

describe('session', () => {
  it('id from transcript and rows', () => {
    expect(canonicalJson(transcriptOf(transcript))).toBe(canonicalJson(m2m.transcript))
    expect(sessionId(transcript, rowHashes(m2m.rows))).toBe(m2m.session_id)
  })
  it.each(['alice', 'bob'] as const)('keys as %s derives them', (who) => {
    const [role, peer] = who === 'alice' ? (['initiator', m2m.transcript.b] as const) : (['responder', m2m.transcript.a] as const)
    const dh = sharedSecrets(role, own(who), { eph: peer.eph, kx: peer.kx_pub })
    expect(toHex(dh)).toBe(m2m.dh_ee_es_se.join(''))
    expect(hexKeys(deriveKeys(dh, m2m.session_id))).toEqual(m2m.keys)
    expect(dh.every((b) => b === 0)).toBe(true)
  })
  it('key confirmation as in A3 and B3', () => {
    const confirm = SecretBytes.take(fromHex(m2m.keys.confirm))
    expect(keyConfirm(confirm, 'initiator', m2m.session_id)).toBe(inputsOf('a')[3]!['key_confirm'])
    expect(keyConfirm(confirm, 'responder', m2m.session_id)).toBe(inputsOf('b')[3]!['key_confirm'])
  })
  it("hybrid suite: transcript, id and keys, given the KEM's secret", () => {
    expect(canonicalJson(transcriptOf(hybrid))).toBe(canonicalJson(m2m.hybrid.transcript))
    expect(sessionId(hybrid, rowHashes(m2m.hybrid.rows))).toBe(m2m.hybrid.session_id)
    const dh = sharedSecrets('initiator', own('alice'), { eph: m2m.transcript.b.eph, kx: m2m.transcript.b.kx_pub })
    expect(toHex(dh)).toBe(m2m.hybrid.dh_ee_es_se.join(''))
    expect(hexKeys(deriveKeys(dh, m2m.hybrid.session_id, fromHex(m2m.hybrid.kem.ss)))).toEqual(m2m.hybrid.keys)
  })
  it.each(m2m.x25519_refused)('an ephemeral of %s is refused', (pub) => {
    expect(admitX25519(fromHex(pub))).toBe(false)
    expect(() => sharedSecrets('initiator', own('alice'), { eph: pub, kx: m2m.b.kx_pub })).toThrow(KeyRefusedError)
  })
  it('any change of a part changes the id', () => {
    const leaves = fc.constantFrom('genesis', 'sign_pub', 'kx_pub', 'nonce', 'eph')
    fc.assert(
      fc.property(fc.constantFrom('a' as const, 'b' as const), leaves, fc.uint8Array({ minLength: 32, maxLength: 32 }), (side, leaf, bytes) => {
        const changed = { ...transcript, [side]: { ...transcript[side], [leaf]: toHex(bytes) } }
        expect(sessionId(changed, rowHashes(m2m.rows))).not.toBe(m2m.session_id)
      }),
    )
    const { A1, B1, B2, A2 } = rowHashes(m2m.rows)
    expect(sessionId(transcript, { A1: B1, B1: A1, B2, A2 })).not.toBe(m2m.session_id)
  })
  it('both sides of any two parties get the same keys', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(fc.tuple(key, key, key, key), ([ea, sa, eb, sb]) => {
        const pub = (k: Uint8Array) => toHex(x25519PublicKey(k))
        const a = sharedSecrets('initiator', { eph: SecretBytes.copy(ea), kx: SecretBytes.copy(sa) }, { eph: pub(eb), kx: pub(sb) })
        const b = sharedSecrets('responder', { eph: SecretBytes.copy(eb), kx: SecretBytes.copy(sb) }, { eph: pub(ea), kx: pub(sa) })
        expect(a).toEqual(b)
      }),
      { numRuns: 20 },
    )
  })
})

describe('rows of the hybrid handshake', () => {
  it.each(Object.entries(m2m.hybrid.rows))('%s', (_, row) => {
    const { v: _v, ...content } = JSON.parse(row.preimage_utf8) as Row & { v: 1 }
    expect(canonicalJson(rowPreimage(content))).toBe(row.preimage_utf8)
    expect(stateHash(content)).toBe(row.stateHash)
    expect(content.payloadHash).toBe(row.payloadHash)
  })
  it.each(['a', 'b'] as const)('%s: key rows made again with the KEM fields', (k) => {
    // The golden data gives only the hashes of these rows; the x25519 rows with the fields of the other suite must reach them.
    const rebuilt = rebuildHybrid()
    for (const seq of [1, 2, 3]) {
      const name = `${k.toUpperCase()}${seq}` as keyof typeof m2m.hybrid.rows
      expect(rebuilt[name], name).toEqual({
        payloadHash: m2m.hybrid.rows[name].payloadHash,
        stmt_hash: m2m.hybrid.rows[name].stmt_hash,
        step_sig: m2m.hybrid.rows[name].step_sig,
      })
    }
  })
})

/** A1 to B3 of the hybrid handshake, from those of the first one. */
const rebuildHybrid = () => {
  type Made = { payloadHash: string; stmt_hash: string; step_sig: string }
  const made: Record<string, Made> = {}
  const heads: Record<string, Json> = {}
  const confirm = SecretBytes.take(fromHex(m2m.hybrid.keys.confirm))
  const change: Record<string, () => Record<string, Json>> = {
    A1: () => ({ suites: ['x25519mlkem768', 'x25519'] }),
    B1: () => ({ suites: ['x25519mlkem768', 'x25519'], suite: 'x25519mlkem768', ...ack('A1') }),
    B2: () => ({ kem: m2m.hybrid.kem.pub, ...ack('A1') }),
    A2: () => ({ kem: m2m.hybrid.kem.ct, ...ack('B2') }),
    A3: () => ({ ...keyed('B2'), key_confirm: keyConfirm(confirm, 'initiator', m2m.hybrid.session_id) }),
    B3: () => ({ ...keyed('A2'), key_confirm: keyConfirm(confirm, 'responder', m2m.hybrid.session_id) }),
  }
  const hashOf = (name: string) => m2m.hybrid.rows[name as keyof typeof m2m.hybrid.rows].stateHash
  const ack = (name: string) => ({ ack_hash: hashOf(name), ack_stmt_hash: made[name]!.stmt_hash, peer_head: heads[name]! })
  const keyed = (name: string) => ({
    peer_keyed_hash: hashOf(name),
    peer_keyed_stmt_hash: made[name]!.stmt_hash,
    session_id: m2m.hybrid.session_id,
    peer_head: heads[name]!,
  })
  for (const name of ['A1', 'B1', 'B2', 'A2', 'A3', 'B3']) {
    const k = name[0] === 'A' ? 'a' : 'b'
    const seed = repeated(k === 'a' ? 1 : 3)
    const row = Row.parse(chainOf(m2m.chains[k]).rows[Number(name[1])])
    const { sig: _, ...old } = (row.payload as { input: Record<string, Json> }).input
    const step = signStep(seed, { ...old, ...change[name]!() } as never) as Step
    const payload = { ...(row.payload as object), input: step } as unknown as Json
    made[name] = { payloadHash: payloadHash(payload), stmt_hash: statementHash(step), step_sig: step.sig }
    const head = { genesis: m2m[k].genesis, seq: row.seq, stateHash: hashOf(name), zeqondNumber: row.zeqondNumber }
    heads[name] = { ...head, sig: signTagged(seed, 'zeq.head.v1', head) }
  }
  return made
}

describe('suites', () => {
  it("the first of the initiator's that the responder has", () => {
    expect(chooseSuite(['x25519mlkem768', 'x25519'], ['x25519', 'x25519mlkem768'])).toBe('x25519mlkem768')
    expect(chooseSuite(['x25519', 'x25519mlkem768'], ['x25519mlkem768', 'x25519'])).toBe('x25519')
    expect(chooseSuite(['x25519mlkem768'], ['x25519'])).toBeNull()
  })
  it('kem fits suite and role', () => {
    const { pub, ct } = m2m.hybrid.kem
    expect([kemFits('x25519', 'initiator', null), kemFits('x25519mlkem768', 'responder', pub), kemFits('x25519mlkem768', 'initiator', ct)]).toEqual([
      true,
      true,
      true,
    ])
    expect([kemFits('x25519', 'initiator', ct), kemFits('x25519mlkem768', 'responder', ct), kemFits('x25519mlkem768', 'initiator', null)]).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('match words', () => {
  const { words } = m2m
  const from = { x: words.x, self_genesis: m2m.a.genesis, peer_genesis: m2m.b.genesis, session_nonce: m2m.transcript.a.nonce }
  it('commitment, words and chip', () => {
    expect(wordsCommit(from)).toBe(words.commit)
    expect(inputsOf('a')[1]!['words_commit']).toBe(words.commit)
    expect(matchWords(words)).toEqual({ words: words.text, chip: words.chip })
    expect(elevenBits(fromHex(hashTagged('zeq.m2m.words.v1', { a1: words.a1, x: words.x, y: words.y })), 2)).toEqual(words.words)
  })
  it('take the chip from bits 22 to 24', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (y) => {
        const d = hashTagged('zeq.m2m.words.v1', { a1: words.a1, x: words.x, y: toHex(y) })
        const bits = BigInt(`0x${d}`).toString(2).padStart(256, '0')
        expect(matchWords({ ...words, y: toHex(y) }).chip).toBe(Number.parseInt(bits.slice(22, 25), 2))
      }),
    )
  })
})

describe('signatures: one rule', () => {
  it.each(m2m.ed25519)('$name', ({ pub, msg, sig, valid }) => {
    const wellFormed = /^[0-9a-f]{128}$/.test(sig)
    expect(wellFormed && ed25519Verify(fromHex(pub), fromHex(msg), fromHex(sig))).toBe(valid)
    // The message is "zeq.head.v1" ‖ 0 ‖ {"t":1}: the same through the tagged form, which also refuses the malformed.
    expect(verifyTagged(pub, 'zeq.head.v1', { t: 1 }, sig)).toBe(valid)
  })
})
