/** A second verifier, written from the specification: judges chains, bundles and proofs in the codes of docs/ledger.md. Never throws on what a file says. */
import { hmacSha256, sha256Hex } from '../src/main/core/crypto/hash.ts'
import { type Chain, type Finding, type Head, headSigned, inForce, must, type Place, proves, readChain, type Said, same } from './chain.ts'
import { BUNDLE, bytesOf, fits, hash, isObj, type Json, type Obj, parse, signedBy, tagged, Unreadable } from './formats.ts'

export type Session = { session_nonce: string; initiator: string; status: string; suite: string | null; session_id: string | null; confirmed: boolean }
export type Report = { ok: boolean; status: string; who: Obj; keys: Obj; sessions: Session[]; hidden: number; findings: Finding[] }
/** `skew`: ticks by which the stamps of a host may lag. */
export type Options = { sessions?: string[] | null; confirmKeys?: { [id: string]: string }; heads?: Head[]; expectGenesis?: string[]; skew?: number }
export const MOST_BYTES = 268_435_456

/** Step 6 of the procedure: is a head that somebody kept, in the row `by` or elsewhere, still on its chain? */
const checkWitness = (c: Chain, h: Head, by?: Said): void => {
  const [key, there, last] = [inForce(c.keys, h.seq), c.rows.find((r) => r.at === h.seq), c.rows.at(-1)]
  const signed = headSigned(key.sign_pub, h)
  const say = (code: string, at: Place = there?.at ?? 'head') => void must(c, at, { [code]: false }, by?.nonce)
  if (!signed && c.keys.some((k) => k.from < key.from && headSigned(k.sign_pub, h))) return say('SUPERSEDED')
  const agrees = there ? there.head.stateHash === h.stateHash && there.head.zeqondNumber === h.zeqondNumber : !signed || h.seq < c.due
  if (agrees) return signed ? undefined : by ? void must(by.c, by.row.at, { WITNESSED_HEAD_SIG: false }, by.nonce) : say('WITNESSED_HEAD_SIG')
  if (!there) return last?.sound && last.z > BigInt(h.zeqondNumber) ? say('EQUIVOCATION', last.at) : say('ROLLBACK')
  const both = signed && there.head.stateHash !== h.stateHash && there.head.seq === h.seq && headSigned(key.sign_pub, there.head)
  say(both ? 'EQUIVOCATION' : 'HISTORY_CHANGED')
}
const STATUS = ['NONE', 'PROPOSED', 'ACCEPTED', 'KEYED_ONE', 'KEYED_BOTH', 'ACTIVE_ONE', 'ACTIVE_BOTH', 'SEALED']
type Maybe = Said | undefined
const withheld = (c: Chain, row: string | undefined) => c.rows.findLast((r) => r.head.stateHash === row)?.shown === false
const before = (x: Maybe, y: Said) => x !== undefined && x.row.at < y.row.at

/** Steps 3 to 5: one session on the two chains, of which all else is known already: a step with a finding does not count. */
const checkSession = (nonce: string, a: Chain, b: Chain, o: Options): Session => {
  const of = (list: Said[]) => list.filter((x) => x.nonce === nonce)
  const check = (x: Maybe, holds: { [code: string]: boolean }) => x && must(x.c, x.row.at, holds, nonce)
  const slot = (c: Chain, role: string, kind?: string) => of(c.steps).find(({ s }) => s.role === role && (kind ?? s.kind) === s.kind)
  const [A, B] = slot(a, 'initiator') || (!slot(b, 'initiator') && slot(b, 'responder')) ? [a, b] : [b, a]
  const [A1, A2, A3] = ['propose', 'key', 'activate'].map((kind) => slot(A, 'initiator', kind))
  const [B1, B2, B3] = ['accept', 'key', 'activate'].map((kind) => slot(B, 'responder', kind))
  const late = (x: Said, z: bigint | string | undefined) => x.row.z + BigInt(o.skew ?? 0) < BigInt(z ?? 0)
  // Each step, the one that it acknowledges, and the one that it has to follow within a day, or before the proposal expires.
  const [day, expires] = [111_196n, BigInt(A1?.s.expires_zeqond ?? 0)]
  for (const [i, x] of [B1, B2, A2, A3, B3].entries()) {
    if (!x) continue
    const [y, since] = [[A1, A1, B2, B2, A2][i], [A1, B1, B2, A2, A2][i]]
    const [peer, row, statement] = [x.c === A ? B : A, x.s.ack_hash ?? x.s.peer_keyed_hash, x.s.ack_stmt_hash ?? x.s.peer_keyed_stmt_hash]
    const right = y && row === y.row.head.stateHash && statement === hash('zeq.m2m.stmt.v1', y.s) && same(x.head, y.row.head)
    const inTime = !since || x.row.z <= (since === A1 ? expires : since.row.z + day)
    check(x, { ACK_MISMATCH: right || (!y && withheld(peer, row)) || !peer.there, CAUSALITY: !late(x, y?.row.z), EXPIRED: inTime })
  }
  check(A1, { EXPIRED: !A1 || expires <= A1.row.z + day })
  const suite = B1?.s.suite ?? null
  const [offered, known] = [A1, B1].map((x) => x?.s.suites as unknown as string[] | undefined)
  check(B1, { SUITE: !offered || suite === offered.find((name) => known?.includes(name)) })
  for (const x of [B2, A2]) check(x, { SUITE: !B1 || x?.s.kem?.length === (suite === 'x25519' ? undefined : 2 * (x === B2 ? 1184 : 1088)) })
  const side = ({ s: { self_genesis: genesis, self_pubkey: sign_pub, self_kx_pub: kx_pub } }: Said, { s }: Said, own: Json): Obj => {
    return { genesis, sign_pub, kx_pub, nonce: own, eph: s.ecdh_pub, kem: s.kem ? sha256Hex(bytesOf(s.kem)) : null }
  }
  const transcript = A1 && B1 && B2 && A2 ? { suite, a: side(A1, A2, nonce), b: side(B1, B2, B1.s.responder_nonce) } : null
  const id = transcript && hash('zeq.m2m.session.v1', { transcript, rows: [A1, B1, B2, A2].map((x) => x?.row.head.stateHash) })
  const confirm = id === null ? undefined : o.confirmKeys?.[id]
  const mac = (role: Json) => hmacSha256(bytesOf(confirm), tagged('zeq.m2m.confirm.v1', { role, session_id: id }))
  const confirms = (x: Maybe) => x !== undefined && confirm !== undefined && Buffer.from(mac(x.s.role)).toString('hex') === x.s.key_confirm
  for (const x of [A3, B3]) check(x, { SESSION_ID: id === null || x?.s.session_id === id, KEY_CONFIRM: confirm === undefined || confirms(x) })
  for (const c of [A, B]) {
    const [peer, active, theirs, keyed]: [Chain, Maybe, Maybe, Maybe] = c === A ? [B, A3, B3, A2] : [A, B3, A3, undefined]
    const [steps, ends, [answer]] = [of(c.steps), of(c.ends), of(peer.steps)]
    const keys = (answer ? [inForce(peer.keys, answer.row.at)] : peer.keys).map((k) => k.sign_pub)
    const [seal, end] = [ends.find(({ s }) => s.kind === 'seal'), ends.find(({ s }) => s.kind !== 'seal')]
    check(slot(c, c === A ? 'responder' : 'initiator'), { ROLE: false })
    for (const x of [...steps, ...ends]) {
      const { peer_genesis: genesis, peer_slug: slug, peer_pubkey: key } = x.s
      const named = genesis === peer.genesis && (key === undefined || (slug === peer.slug && keys.includes(key)))
      check(x, {
        PEER_MISMATCH: (named || !peer.there) && (x.head?.genesis ?? genesis) === genesis,
        CAUSALITY: !late(x, x.head?.zeqondNumber),
        END: !before(end, x),
      })
    }
    for (const x of ends) {
      const { session_id: said, peer_active_hash: row, kind } = x.s
      const right = theirs ? row === theirs.row.head.stateHash && same(x.head, theirs.row.head) : withheld(peer, row) || !peer.there
      const sealed = { SEAL: right && x === seal && (active ? before(active, x) : c.gap), CAUSALITY: !late(x, theirs?.row.z) }
      const due = kind === 'abort' ? !before(active, x) && (said !== null || !before(keyed, x)) : c.gap || before(active, x)
      const ended = { END: due && (c.gap || steps.some((step) => before(step, x))) }
      // An abort may leave out an id that its party could not know; it may not invent one.
      check(x, { SESSION_ID: id === null || said === id || said === null, ...(kind === 'seal' ? sealed : ended) })
    }
  }
  const stands = (x: Maybe) => x !== undefined && !x.c.found.some((f) => f.at === x.row.at)
  const [a1, b1, b2, a2, a3, b3] = [A1, B1, B2, A2, A3, B3].map(stands)
  const sealed = [A, B].every((c) => of(c.ends).some((x) => x.s.kind === 'seal' && stands(x)))
  const both = [a1, b1, b2, a2, a3 || b3, a3 && b3, sealed, false].indexOf(false)
  const status = String(STATUS[A.there && B.there ? both : [a1, b1, a2 || b2, false, a3 || b3].lastIndexOf(true) + 1])
  return { session_nonce: nonce, initiator: A.name, status, suite, session_id: id, confirmed: confirms(A3) && confirms(B3) }
}

/** Judges one chain or two (docs/ledger.md, "Audit"): headers with `rows` and `head`, as in a bundle. `file` finds what is wrong with their file. */
export const audit = (raw: Json[], o: Options = {}, file: (chains: Chain[], sessions: Session[]) => Finding[] = () => []): Report => {
  const [a, b] = [readChain('a', raw[0]), readChain('b', raw[1])]
  const there = [a, b].filter((c) => c.there)
  const bytes = (c: Chain) => c.keys.flatMap((k) => [k.sign_pub, k.kx_pub])
  for (const c of there) must(c, 'header', { SELF: !bytes(a).some((k) => bytes(b).includes(k)), PEER_MISMATCH: o.expectGenesis?.includes(c.genesis) ?? true })
  const [wanted, peerOf] = [(nonce: string) => o.sessions?.includes(nonce) ?? true, ({ c }: Said) => (c === a ? b : a)]
  const names = ({ s }: Said, peer: Chain) => !peer.there || s.peer_genesis === peer.genesis || peer.keys.some((k) => k.sign_pub === s.peer_pubkey)
  const all = [a, b].flatMap((c) => [...c.steps, ...c.ends]).sort((x, y) => Number(x.row.z - y.row.z) || (x.nonce < y.nonce ? -1 : 1))
  const about = new Set(all.filter((x) => names(x, peerOf(x))).map((x) => x.nonce))
  for (const x of all) if (x.head?.genesis === peerOf(x).genesis) checkWitness(peerOf(x), x.head, x)
  for (const h of o.heads ?? []) for (const c of there) if (c.genesis === h.genesis) checkWitness(c, h)
  const sessions = [...new Set(all.map((x) => x.nonce))].filter((n) => about.has(n) && wanted(n)).map((nonce) => checkSession(nonce, a, b, o))
  const findings = [...file(there, sessions), ...[...a.found, ...b.found].filter((f) => f.session === undefined || wanted(f.session))]
  const per = (value: (c: Chain) => Json): Obj => ({ a: a.there ? value(a) : null, b: b.there ? value(b) : null })
  const [status, hidden] = [sessions.at(-1)?.status ?? 'NONE', [...a.rows, ...b.rows].filter((r) => r.hidden).length]
  return { ok: findings.length === 0, status, who: per((c) => c.genesis), keys: per((c) => c.keys.length), sessions, hidden, findings }
}

const verifyBundle = (file: Obj, o: Options): Report => {
  const part = <T>(name: string, otherwise: T): T => (fits(BUNDLE[name], file[name]) ? (file[name] as T) : otherwise)
  const named = o.sessions ?? part<string[] | null>('sessions', null)
  return audit(file.chains as Json[], { ...o, sessions: named, confirmKeys: part('confirm_keys', {}), heads: part('heads', []) }, (chains, sessions) => {
    const exporter = chains.find((c) => c.genesis === file.exporter)
    const absent = (named ?? []).filter((nonce) => !sessions.some((s) => s.session_nonce === nonce)).map((session) => ({ code: 'FORMAT', session }))
    const step = (at: number) => exporter?.rows.find((r) => r.at === at && r.good && r.payload.type === 'hs.step')?.payload.input as Obj | undefined
    const other = part<{ row_seq: number; hs: Obj }[]>('legacy_hs', []).filter(({ row_seq, hs }) => step(row_seq)?.hs_hash !== hash('zeq.hs.v1', hs))
    const changed = other.map(({ row_seq: at }) => ({ code: 'PAYLOAD_HASH', chain: exporter?.name ?? 'b', at }))
    const signed = exporter !== undefined && signedBy(String(exporter.keys.at(-1)?.sign_pub), 'zeq.bundle.v1', file)
    return [...(fits(BUNDLE, file) ? [] : [{ code: 'FORMAT' }]), ...absent, ...(signed ? [] : [{ code: 'BUNDLE_SIG' }]), ...changed]
  })
}
/** Judges the text of a bundle or of an equivocation proof. @throws Unreadable when it is neither, or not canonical. */
export const verifyFile = (content: string, o: Options = {}): Report => {
  if (content.length > MOST_BYTES || !content.endsWith('\n')) throw new Unreadable('more than 256 MiB, or no newline at its end')
  const file = parse(content.slice(0, -1))
  if (isObj(file) && fits(BUNDLE.chains, file.chains)) return verifyBundle(file, o)
  if (!isObj(file) || file.v !== 'zeq-equivocation/1') throw new Unreadable('neither a bundle nor a proof')
  return { ok: false, status: 'NONE', who: {}, keys: {}, sessions: [], hidden: 0, findings: [{ code: proves(file) ? 'EQUIVOCATION' : 'HEAD' }] }
}
