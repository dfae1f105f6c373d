import { z } from 'zod'
import { fromHex } from '../crypto/bytes.ts'
import { hashTagged } from '../crypto/canonical-json.ts'
import { admitEd25519 } from '../crypto/ed25519.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { Step, StepKind } from '../m2m/statement.ts'
import { type CheckedChain, epochAt, rowAt } from './chain.ts'
import { firstIssue, Genesis, Hex32, RowHash, Seq, Signature, SignPub, Zeqond } from './fields.ts'
import { inputOf } from './payload.ts'
import { type Row, statementHash } from './row.ts'
import { signTagged, verifyTagged } from './signing.ts'

/** Receipt of one step: its holder's own word that can be checked without its chain and, better, against it. */
export const TallyToken = z.strictObject({
  v: z.literal('zeq-tally/1'),
  token_id: z.string().regex(/^ZT-[0-9a-f]{32}$/, 'ZT- and 32 hex digits expected'),
  token_hash: Hex32,
  genesis: Genesis,
  zeqond: Zeqond,
  audit_state_hash: RowHash,
  operator_chain: z.tuple([z.literal('KO42')]),
  result_digest: Hex32,
  statement_hash: Hex32,
  peer_genesis: Genesis,
  seq: Seq,
  kind: StepKind,
  sign_pub: SignPub,
  sig: Signature,
})
export type TallyToken = z.infer<typeof TallyToken>

/** H("zeq.tally.v1", …) over what the token is about, hex; the id is its first 32 digits. */
const tokenHash = (token: Omit<TallyToken, 'v' | 'token_id' | 'token_hash' | 'seq' | 'kind' | 'sign_pub' | 'sig'>): string =>
  hashTagged('zeq.tally.v1', {
    genesis: token.genesis,
    zeqond: token.zeqond,
    audit_state_hash: token.audit_state_hash,
    operator_chain: token.operator_chain,
    result_digest: token.result_digest,
    statement_hash: token.statement_hash,
    peer_genesis: token.peer_genesis,
  })

/**
 * The token of a step's row. Deterministic: minting twice gives the same bytes, so a crash between two tries does no harm.
 * @throws RangeError for a row that is no signed step.
 */
export const mintToken = (row: Row, signPub: z.infer<typeof SignPub>, seed: SecretBytes): TallyToken => {
  const input = inputOf(row.payload)
  const step = Step.safeParse(input)
  if (input === null || !step.success || row.proofDigest === null) throw new RangeError('only a signed step has a token')
  const about = {
    genesis: step.data.self_genesis,
    zeqond: row.zeqondNumber,
    audit_state_hash: row.stateHash,
    operator_chain: ['KO42'] as ['KO42'],
    result_digest: row.proofDigest,
    statement_hash: statementHash(input),
    peer_genesis: step.data.peer_genesis,
  }
  const hash = tokenHash(about)
  const sig = signTagged(seed, 'zeq.tally.sig.v1', { token_hash: hash })
  return { v: 'zeq-tally/1', token_id: `ZT-${hash.slice(0, 32)}`, token_hash: hash, ...about, seq: row.seq, kind: step.data.kind, sign_pub: signPub, sig }
}

export interface TokenVerdict {
  readonly ok: boolean
  /** "signature": this key states this step. "row": and it is on the chain, with this peer. */
  readonly level: 'signature' | 'row'
  readonly findings: readonly string[]
}

const verdict = (level: TokenVerdict['level'], findings: readonly string[]): TokenVerdict => ({ ok: findings.length === 0, level, findings })

const failing = (checks: readonly (readonly [string, boolean])[]): string[] => checks.filter(([, holds]) => !holds).map(([why]) => why)

/** Checks a token by itself: strict form, hash, id, and the signature of an acceptable key. Offline; asks nobody to vouch for himself. */
export const verifyToken = (value: unknown): TokenVerdict => {
  const parsed = TallyToken.safeParse(value)
  if (!parsed.success) return verdict('signature', [firstIssue(parsed.error)])
  const token = parsed.data
  return verdict(
    'signature',
    failing([
      ['token_hash is not the hash of the token', tokenHash(token) === token.token_hash],
      ['token_id is not from token_hash', token.token_id === `ZT-${token.token_hash.slice(0, 32)}`],
      ['sign_pub is not an acceptable key', admitEd25519(fromHex(token.sign_pub))],
      ['sig is not by sign_pub', verifyTagged(token.sign_pub, 'zeq.tally.sig.v1', { token_hash: token.token_hash }, token.sig)],
    ]),
  )
}

/** Checks a token against the chain it names: key in force, row, statement, peer, kind. One party's step; agreement is the audit's to show. */
export const verifyTokenOnChain = (value: unknown, chain: CheckedChain): TokenVerdict => {
  const alone = verifyToken(value)
  const parsed = TallyToken.safeParse(value)
  if (!parsed.success || !alone.ok) return verdict('row', alone.findings)
  const token = parsed.data
  const checked = token.genesis === chain.state.genesis ? rowAt(chain, token.seq) : null
  if (checked === null) return verdict('row', [token.genesis === chain.state.genesis ? 'the chain has no such row' : 'the token is of another machine'])
  const { row } = checked
  const input = checked.shown ? inputOf(row.payload) : null
  return verdict(
    'row',
    failing([
      ['the chain does not hold up to that row', checked.sound && (chain.brokenAt === null || chain.brokenAt > token.seq)],
      ['sign_pub is not the key in force at that row', epochAt(chain.state.epochs, token.seq).sign_pub === token.sign_pub],
      ['the row has another hash', row.stateHash === token.audit_state_hash],
      ['the row has another tick', row.zeqondNumber === token.zeqond],
      ['the row has another proof digest', row.proofDigest === token.result_digest],
      ['the row does not show this statement', input !== null && statementHash(input) === token.statement_hash],
      ['the statement names another peer', input?.['peer_genesis'] === token.peer_genesis],
      ['the statement is of another kind', input?.['kind'] === token.kind],
    ]),
  )
}
