/**
 * A second verifier of zeq-chain/1 and zeq-m2m/1, written from the specification and sharing nothing with the program's own
 * audit but the primitives Ed25519, X25519 and SHA-256: a mistake would have to be made twice to go unseen. Reads two chains,
 * a bundle or an equivocation proof, and says what is wrong with them in the codes of docs/ledger.md. Never throws on what a file says.
 */
import { hmacSha256, sha256Hex } from '../src/main/core/crypto/hash.ts'
import * as chain from './chain.ts'
import { type Chain, type Head, headSigned, inForce, type Keys, type Place, type Said, same } from './chain.ts'
import { BUNDLE, bytesOf, fits, hash, isObj, type Json, type Obj, PROOF, parse, signedBy, tagged, Unreadable } from './formats.ts'

/** `at`: seq of the row at fault, or the part of the exported chain. The codes are those of docs/ledger.md. */
export type Finding = { code: string; chain?: string; at?: Place; session?: string }
export type Session = { session_nonce: string; initiator: string; status: string; suite: string | null; session_id: string | null; confirmed: boolean }
export type Report = { ok: boolean; status: string; who: Obj; keys: Obj; sessions: Session[]; hidden: number; findings: Finding[] }
/** `skew`: ticks by which the stamps of a host may lag. */
export type Options = { sessions?: string[] | null; confirmKeys?: { [id: string]: string }; heads?: Head[]; expectGenesis?: string[]; skew?: number }

/** Most bytes a file may have. */
export const MOST_BYTES = 268_435_456

/** Step 6 of the procedure: is a head that somebody kept, in the row `by` or elsewhere, still on its chain? */
const checkWitness = (c: Chain, h: Head, by?: Said, nonce?: string): void => {
  const [key, there, last] = [inForce(c.keys, h.seq), c.rows.find((r) => r.at === h.seq), c.rows.at(-1)]
  const [signed, place] = [headSigned(key.sign_pub, h), (there?.at ?? 'head') as Place]
  const say = (code: string, at = place) => c.must(at, { [code]: false }, nonce)
  if (!signed && c.keys.some((k) => k.from < key.from && headSigned(k.sign_pub, h))) return say('SUPERSEDED')
  const agrees = there ? there.head.stateHash === h.stateHash && there.head.zeqondNumber === h.zeqondNumber : !signed || h.seq < c.due
  if (agrees) return signed ? undefined : by ? by.c.must(by.row.at, { WITNESSED_HEAD_SIG: false }, nonce) : say('WITNESSED_HEAD_SIG')
  if (!there) return last?.sound && last.z > BigInt(h.zeqondNumber) ? say('EQUIVOCATION', last.at) : say('ROLLBACK')
  const both = signed && there.head.stateHash !== h.stateHash && there.head.seq === h.seq && headSigned(key.sign_pub, there.head)
  say(both ? 'EQUIVOCATION' : 'HISTORY_CHANGED')
}

/** Steps 3 to 5: one session on the two chains. What comes back tells its status, once all findings are known. */
const checkSession = (nonce: string, a: Chain, b: Chain, o: Options): ((stands: (x: Said) => boolean) => Session) => {
  const of = (list: Said[]) => list.filter(({ s }) => s['session_nonce'] === nonce)
  const must = (x: Said | undefined, holds: { [code: string]: boolean }) => x?.c.must(x.row.at, holds, nonce)
  const leads = (c: Chain, role: string) => of(c.steps).some(({ s }) => s['role'] === role)
  const [A, B] = leads(a, 'initiator') || (!leads(b, 'initiator') && leads(b, 'responder')) ? [a, b] : [b, a]
  const slot = (c: Chain, role: string, kind: string) => of(c.steps).find(({ s }) => s['kind'] === kind && s['role'] === role)
  const [A1, A2, A3] = ['propose', 'key', 'activate'].map((kind) => slot(A, 'initiator', kind))
  const [B1, B2, B3] = ['accept', 'key', 'activate'].map((kind) => slot(B, 'responder', kind))
  const late = (x: Said | undefined, z: bigint | string | undefined) => x !== undefined && x.row.z + BigInt(o.skew ?? 0) < BigInt(z ?? 0)

  for (const [x, y, peer] of [[B1, A1, A] as const, [B2, A1, A] as const, [A2, B2, B] as const, [A3, B2, B] as const, [B3, A2, A] as const]) {
    const [row, statement] = [x?.s['ack_hash'] ?? x?.s['peer_keyed_hash'], x?.s['ack_stmt_hash'] ?? x?.s['peer_keyed_stmt_hash']]
    const right = y && row === y.row.head.stateHash && statement === hash('zeq.m2m.stmt.v1', y.s) && same(x?.head ?? null, y.row.head)
    must(x, { ACK_MISMATCH: right || (!y && withheld(peer, row)) || !peer.there, CAUSALITY: !late(x, y?.row.z) })
  }
  const [expires, day] = [A1 && BigInt(A1.s['expires_zeqond'] ?? 0), (x: Said | undefined) => x && x.row.z + 111_196n]
  for (const [x, latest] of [[B1, expires] as const, [B2, day(B1)] as const, [A2, day(B2)] as const, [A3, day(A2)] as const, [B3, day(A2)] as const])
    must(x, { EXPIRED: !x || latest === undefined || x.row.z <= latest })
  must(A1, { EXPIRED: !A1 || (expires ?? 0n) <= (day(A1) ?? 0n) })

  const suite = B1?.s['suite'] ?? null
  const [offered, known] = [A1, B1].map((x) => x?.s['suites'] as unknown as string[] | undefined)
  must(B1, { SUITE: !offered || suite === offered.find((name) => known?.includes(name)) })
  for (const [x, bytes] of [[B2, 1184] as const, [A2, 1088] as const])
    must(x, { SUITE: !B1 || (x?.s['kem']?.length ?? 0) === (suite === 'x25519' ? 0 : 2 * bytes) })
  const side = (x: Said, key: Said, own: string | undefined) => {
    const { self_genesis: genesis, self_pubkey: sign_pub, self_kx_pub: kx_pub } = x.s
    return { genesis, sign_pub, kx_pub, nonce: own, eph: key.s['ecdh_pub'], kem: key.s['kem'] ? sha256Hex(bytesOf(key.s['kem'])) : null } as Obj
  }
  const transcript = A1 && B1 && B2 && A2 ? { suite, a: side(A1, A2, nonce), b: side(B1, B2, B1.s['responder_nonce']) } : null
  const id = transcript && hash('zeq.m2m.session.v1', { transcript, rows: [A1, B1, B2, A2].map((x) => String(x?.row.head.stateHash)) })
  const confirm = id !== null && Object.hasOwn(o.confirmKeys ?? {}, id) ? o.confirmKeys?.[id] : undefined
  const mac = (role: string | undefined) => hmacSha256(bytesOf(String(confirm)), tagged('zeq.m2m.confirm.v1', { role: String(role), session_id: id }))
  const confirms = (x: Said | undefined) => x !== undefined && confirm !== undefined && Buffer.from(mac(x.s['role'])).toString('hex') === x.s['key_confirm']
  for (const x of [A3, B3]) must(x, { SESSION_ID: id === null || x?.s['session_id'] === id, KEY_CONFIRM: confirm === undefined || confirms(x) })

  for (const [c, peer, active, theirs, keyed] of [[A, B, A3, B3, A2] as const, [B, A, B3, A3, undefined] as const]) {
    const [steps, ends, [answer]] = [of(c.steps), of(c.ends), of(peer.steps)]
    const before = (x: Said | undefined, y: Said) => x !== undefined && x.row.at < y.row.at
    const keys = (answer ? [inForce(peer.keys, answer.row.at)] : peer.keys).map((k) => k.sign_pub)
    const [seal, end] = [ends.find(({ s }) => s['kind'] === 'seal'), ends.find(({ s }) => s['kind'] !== 'seal')]
    must(
      steps.find(({ s }) => (s['role'] === 'initiator') !== (c === A)),
      { ROLE: false },
    )
    for (const x of [...steps, ...ends]) {
      const { peer_genesis: genesis, peer_slug: slug, peer_pubkey: key } = x.s
      const named = genesis === peer.genesis && (key === undefined || (slug === peer.slug && keys.includes(key)))
      const recorded = x.head === null || x.head.genesis === genesis
      must(x, { PEER_MISMATCH: (named || !peer.there) && recorded, CAUSALITY: !late(x, x.head?.zeqondNumber), END: !before(end, x) })
    }
    for (const x of ends) {
      const { session_id: said, peer_active_hash: row, kind } = x.s
      const right = theirs ? row === theirs.row.head.stateHash && same(x.head, theirs.row.head) : withheld(peer, row) || !peer.there
      const sealed = kind !== 'seal' || (right && x === seal && (active ? before(active, x) : c.gap))
      const aborted = !before(active, x) && (said !== null || !before(keyed, x))
      const ended = (c.gap || steps.some((step) => before(step, x))) && (kind === 'abort' ? aborted : c.gap || before(active, x))
      // An abort may leave out an id that its party could not know; it may not invent one.
      must(x, { SESSION_ID: id === null || said === id || said === null, SEAL: sealed, END: kind === 'seal' || ended })
      must(x, { CAUSALITY: kind !== 'seal' || !late(x, theirs?.row.z) })
    }
  }
  return (stands) => {
    const [a1, b1, b2, a2, a3, b3] = [A1, B1, B2, A2, A3, B3].map((x) => x !== undefined && stands(x))
    const sealed = [A, B].every((c) => of(c.ends).some((x) => x.s['kind'] === 'seal' && stands(x)))
    const alone = a3 || b3 ? 'ACTIVE_ONE' : a2 || b2 ? 'KEYED_ONE' : b1 ? 'ACCEPTED' : a1 ? 'PROPOSED' : 'NONE'
    const active = a3 && b3 ? (sealed ? 'SEALED' : 'ACTIVE_BOTH') : a3 || b3 ? 'ACTIVE_ONE' : 'KEYED_BOTH'
    const both = !a1 ? 'NONE' : !b1 ? 'PROPOSED' : !b2 ? 'ACCEPTED' : !a2 ? 'KEYED_ONE' : active
    const status = A.there && B.there ? both : alone
    return { session_nonce: nonce, initiator: A.name, status, suite, session_id: id, confirmed: confirms(A3) && confirms(B3) }
  }
}
const withheld = (c: Chain, row: string | undefined) => c.rows.findLast((r) => r.head.stateHash === row)?.shown === false

/** Judges one chain or two (docs/ledger.md, "Audit"). Chains are headers with `rows` and `head`, as in a bundle. */
export const audit = (raw: Json[], o: Options = {}): Report => auditChains(raw, o).report

const auditChains = (raw: Json[], o: Options): { report: Report; chains: Chain[] } => {
  const found: Finding[] = []
  const on = (name: string) => (at: Place, holds: { [code: string]: boolean }, session?: string) => {
    for (const code of Object.keys(holds)) if (!holds[code]) found.push({ code, chain: name, at, ...(session !== undefined && { session }) })
  }
  const [a, b] = ['a', 'b'].map((name, i) => (i < raw.length ? chain.readChain(raw[i], name, on(name)) : chain.absent(name, on(name)))) as [Chain, Chain]
  const there = [a, b].filter((c) => c.there)
  const bytes = (c: Chain) => c.keys.flatMap((k) => [k.sign_pub, k.kx_pub])
  const shared = there.length === 2 && (a.genesis === b.genesis || bytes(a).some((k) => bytes(b).includes(k)))
  for (const c of there) c.must('header', { SELF: !shared, PEER_MISMATCH: o.expectGenesis?.includes(c.genesis) ?? true })

  const wanted = (nonce: string) => !o.sessions || o.sessions.includes(nonce)
  const all = [a, b].flatMap((c) => [...c.steps, ...c.ends].map((x) => ({ x, peer: c === a ? b : a, nonce: String(x.s['session_nonce']) })))
  const named = ({ s }: Said, peer: Chain) => s['peer_genesis'] === peer.genesis || peer.keys.some((k) => k.sign_pub === s['peer_pubkey'])
  const about = all.filter(({ x, peer }) => !peer.there || named(x, peer))
  const began = (nonce: string) => all.filter((one) => one.nonce === nonce).reduce((z, { x }) => (x.row.z < z ? x.row.z : z), 10n ** 18n)
  const nonces = [...new Set(about.map(({ nonce }) => nonce))].filter(wanted).sort((x, y) => Number(began(x) - began(y)) || (x < y ? -1 : 1))
  const open = nonces.map((nonce) => checkSession(nonce, a, b, o))
  for (const { x, peer, nonce } of all) if (x.head && peer.there && x.head.genesis === peer.genesis) checkWitness(peer, x.head, x, nonce)
  for (const h of o.heads ?? []) for (const c of there) if (c.genesis === h.genesis) checkWitness(c, h)

  const sessions = open.map((close) => close((x) => !found.some((f) => f.chain === x.c.name && f.at === x.row.at)))
  const findings = found.filter((f) => f.session === undefined || wanted(f.session))
  const per = (value: (c: Chain) => Json): Obj => ({ a: a.there ? value(a) : null, b: b.there ? value(b) : null })
  const report = { ok: findings.length === 0, status: sessions.at(-1)?.status ?? 'NONE', who: per((c) => c.genesis), keys: per((c) => c.keys.length), sessions }
  return { report: { ...report, hidden: [...a.rows, ...b.rows].filter((r) => r.hidden).length, findings }, chains: there }
}

const verifyBundle = (file: Obj, o: Options): Report => {
  const wrong = Object.keys({ ...BUNDLE, ...file }).filter((name) => !Object.hasOwn(BUNDLE, name) || !fits(BUNDLE[name], file[name]))
  const part = <T>(name: string, otherwise: T): T => (wrong.includes(name) ? otherwise : (file[name] as T))
  const named = o.sessions ?? part<string[] | null>('sessions', null)
  const options = { ...o, sessions: named, confirmKeys: part('confirm_keys', {}), heads: part<Head[]>('heads', []) }
  const { report, chains } = auditChains(file['chains'] as Json[], options)
  const exporter = chains.find((c) => c.genesis === file['exporter'])
  const absent = (named ?? []).filter((nonce) => !report.sessions.some((s) => s.session_nonce === nonce))
  const step = (at: number) => exporter?.rows.find((r) => r.at === at && r.good && r.payload['type'] === 'hs.step')?.payload['input'] as Obj | undefined
  const changed = part<{ row_seq: number; hs: Obj }[]>('legacy_hs', []).filter(({ row_seq, hs }) => step(row_seq)?.['hs_hash'] !== hash('zeq.hs.v1', hs))
  const signed = exporter !== undefined && signedBy(String(exporter.keys.at(-1)?.sign_pub), 'zeq.bundle.v1', file)
  const parts = [
    ...wrong.map(() => ({ code: 'FORMAT' })),
    ...absent.map((session) => ({ code: 'FORMAT', session })),
    ...(signed ? [] : [{ code: 'BUNDLE_SIG' }]),
  ]
  const findings = [...parts, ...changed.map(({ row_seq: at }) => ({ code: 'PAYLOAD_HASH', chain: exporter?.name ?? 'b', at })), ...report.findings]
  return { ...report, ok: findings.length === 0, findings }
}

/** Does the file prove that one key of the machine signed two histories? Not two keys: a thief of one given up could sign the second. */
const proves = (file: Obj): boolean => {
  const [heads, top] = [file['heads'] as Head[], file['chain'] as Obj]
  const [low, high] = fits(PROOF, file) ? (heads.toSorted((x, y) => x.seq - y.seq) as [Head, Head]) : [null, null]
  if (!low || !high || chain.weak(top) || !chain.slugFits(top)) return false
  const [genesis, keys] = [chain.genesisOf(top), [{ ...top, from: 0 } as unknown as Keys]]
  for (const s of file['rotations'] as Obj[]) {
    const next = chain.rotated(keys, genesis, s, 0)
    if (typeof next === 'string') return false
    keys.push(next)
  }
  const fork = low.seq === high.seq ? low.stateHash !== high.stateHash : BigInt(low.zeqondNumber) > BigInt(high.zeqondNumber)
  return fork && keys.some((k) => heads.every((h) => h.genesis === genesis && headSigned(k.sign_pub, h)))
}

/** Judges the text of a bundle or of an equivocation proof. @throws Unreadable when it is neither, or not canonical. */
export const verifyFile = (content: string, o: Options = {}): Report => {
  if (content.length > MOST_BYTES || !content.endsWith('\n')) throw new Unreadable('more than 256 MiB, or no newline at its end')
  const file = parse(content.slice(0, -1))
  if (isObj(file) && fits(BUNDLE['chains'], file['chains'])) return verifyBundle(file, o)
  if (!isObj(file) || file['v'] !== 'zeq-equivocation/1') throw new Unreadable('neither a bundle nor a proof')
  return { ok: false, status: 'NONE', who: {}, keys: {}, sessions: [], hidden: 0, findings: [{ code: proves(file) ? 'EQUIVOCATION' : 'HEAD' }] }
}
