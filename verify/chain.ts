import { fits, HEAD, HEADER, hash, isObj, type Json, mayKx, maySign, type Obj, PAYLOAD, ROW, STATEMENT, STATES, signedBy } from './formats.ts'

/** Seq of a row, or another part of the exported chain. */
export type Place = number | 'header' | 'head'
/** Takes what should hold at a place of one chain, by the code of the finding if it does not. */
export type Must = (at: Place, holds: { [code: string]: boolean }, session?: string) => void

export type Head = { genesis: string; seq: number; stateHash: string; zeqondNumber: string; sig: string }
export type Keys = { sign_pub: string; kx_pub: string; next: string | null; from: number }
/** A row at its place: its payload is the one hashed (`shown`; or withheld, `hidden`) and of its form (`good`), the chain holds here (`sound`). */
export type Row = { at: number; shown: boolean; good: boolean; sound: boolean; head: Head; z: bigint; type: string; payload: Obj; hidden: boolean }
/** A statement in its row, `s` flattened to strings where its form says so. */
export type Said = { c: Chain; row: Row; s: { [name: string]: string }; head: Head | null }
/** `due`: the next seq; `gap`: rows are missing or withheld. */
type Named = { name: string; there: boolean; slug: string; genesis: string; keys: Keys[]; due: number; gap: boolean }
export type Chain = Named & { must: Must; rows: Row[]; steps: Said[]; ends: Said[] }

const HANDSHAKE = '2078fdb1e20b6b00bcec63e2879bb0c9996ecce15f34dbcd91cbb45d391100b5'

const without = (value: Obj, name: string): Obj => Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
export const genesisOf = (c: Obj) => hash('zeq.genesis.v1', without(c, 'slug'))
export const inForce = (keys: Keys[], seq: number): Keys => keys.findLast((k) => k.from <= seq) ?? (keys[0] as Keys)
export const headSigned = (key: string, head: Head) => signedBy(key, 'zeq.head.v1', head)
/** The same place in the same history, whoever signed it. */
export const same = (a: Head | null, b: Head) => a !== null && hash('', without(a, 'sig')) === hash('', without(b, 'sig'))
export const weak = (c: Obj) => !maySign(String(c['sign_pub'])) || !mayKx(String(c['kx_pub']))
export const slugFits = (c: Obj) => String(c['origin_id']).endsWith(`:${c['slug']}`)
/** The keys after a rotation statement, or the code of what is wrong with it. */
export const rotated = (keys: Keys[], genesis: string, s: Obj, from: number): Keys | string => {
  if (!fits(STATEMENT['rotate'], s)) return 'FORMAT'
  const next = { sign_pub: String(s['sign_pub']), kx_pub: String(s['kx_pub']) }
  if (s['self_genesis'] !== genesis || s['n'] !== keys.length || hash('zeq.next.v1', next) !== keys.at(-1)?.next) return 'ROTATION'
  if (weak(next)) return 'WEAK_KEY'
  return signedBy(next.sign_pub, 'zeq.m2m.rotate.v1', s) ? { ...next, next: s['next'] as string | null, from } : 'ROTATION'
}
/** A chain of which nothing is read yet, or that is not there. */
export const absent = (name: string, must: Must): Chain => {
  return { name, there: false, slug: '', genesis: '', keys: [], due: 0, gap: true, must, rows: [], steps: [], ends: [] }
}

/** Steps 1 and 2 of the procedure: the chain by itself, row by row, and the contracts on it. */
export const readChain = (raw: Json | undefined, name: string, must: Must): Chain => {
  const { rows, head, ...header } = isObj(raw) ? raw : ({} as Obj)
  const formed = fits(HEADER, header)
  must('header', { FORMAT: formed, WEAK_KEY: !formed || !weak(header), ORIGIN: !formed || slugFits(header) })
  if (!formed) return absent(name, must)
  const keys = [{ ...header, from: 0 } as unknown as Keys]
  const c: Chain = { ...absent(name, must), there: true, slug: String(header['slug']), genesis: genesisOf(header), keys, gap: false }
  let [links, z, revoked] = [[c.genesis], BigInt(String(header['genesis_zeqond'])), Infinity]
  for (const item of Array.isArray(rows) ? rows : []) {
    if (!fits(ROW, item)) {
      must(c.due, { FORMAT: false })
      ;[links, c.due, c.gap] = [isObj(item) && fits(HEAD['stateHash'], item['stateHash']) ? [String(item['stateHash'])] : [], c.due + 1, true]
      continue
    }
    const { payload, stateHash, headSig, ...hashed } = item as Obj & { payload: Obj | null; stateHash: string; headSig: string }
    const { seq, zeqondNumber, transitionType: type, proofDigest: proof } = hashed as unknown as Head & { transitionType: string; proofDigest: Json }
    const [h, own] = [{ genesis: c.genesis, seq, stateHash, zeqondNumber, sig: headSig }, hash('zeq.row.v1', { v: 1, ...hashed })]
    const [held, shown] = [own === stateHash, payload !== null && hash('zeq.payload.v1', payload) === hashed['payloadHash']]
    const [at, good] = [held && seq > c.due ? seq : c.due, shown && fits(PAYLOAD[type], payload)]
    const r: Row = { at, shown, good, sound: true, head: h, z: BigInt(zeqondNumber), type, payload: payload ?? {}, hidden: payload === null }
    if (good && type === 'event' && changeKeys(c, r)) revoked = Math.min(revoked, at)
    const signed = headSigned(inForce(keys, at).sign_pub, h)
    // Behind rows that nobody has any more the chain goes on: this one commits to them.
    const lost = at > c.due && signed
    const linked = { LINK: lost || links.length === 0 || links.includes(String(hashed['prevHash'])), ORIGIN: hashed['originId'] === header['origin_id'] }
    const sealed = { STATE_HASH: held, HEAD_SIG: signed, ZEQOND_BACKWARD: !held || r.z >= z, AFTER_REVOKE: at <= revoked }
    const proved = type === 'contract' ? !good || proof === digest(r) : (shown && !good) || proof === null
    must(at, { SEQ: seq === c.due, ...linked, ...sealed, PAYLOAD_HASH: payload === null || shown, FORMAT: !shown || good, PROOF: proved })
    r.sound = (seq === c.due || lost) && Object.values({ ...linked, ...sealed }).every((holds) => holds)
    if (held && r.z > z) z = r.z
    ;[links, c.due, c.gap] = [held ? [own] : [stateHash, own], lost ? at + 1 : c.due + 1, c.gap || lost || !shown]
    c.rows.push({ ...r, at: c.due - 1 })
  }
  const [last, empty] = [c.rows.at(-1), c.due === 0 && head === null]
  const read = Array.isArray(rows) && (empty || fits(HEAD, head))
  const is = last && same(head as Head, last.head) && headSigned(inForce(keys, last.at).sign_pub, head as Head)
  must('head', { FORMAT: read, HEAD: !read || empty || is === true })
  replay(c)
  return c
}
const digest = ({ payload: { operator, input }, head: { zeqondNumber: zeqond } }: Row): string =>
  hash('zeq.ko42.v1', { operators: [operator as Json], zeqond, input_digest: hash('zeq.input.v1', without(input as Obj, 'sig')) })

/** A rotation or a revocation; true when it revokes. */
const changeKeys = (c: Chain, r: Row): boolean => {
  const [s, type, old] = [r.payload['input'] as Obj, r.payload['type'], inForce(c.keys, r.at)]
  const next = type === 'm2m.rotate' ? rotated(c.keys, c.genesis, s, r.at) : null
  if (typeof next === 'string') c.must(r.at, { [next]: false })
  else if (next !== null) c.keys.push(next)
  const formed = type === 'm2m.revoke' && fits(STATEMENT['revoke'], s)
  const signed = formed && s['self_genesis'] === c.genesis && signedBy(old.sign_pub, 'zeq.m2m.rotate.v1', s)
  c.must(r.at, { FORMAT: type !== 'm2m.revoke' || formed, ROTATION: !formed || signed })
  return signed
}

/** A contract while it is replayed; `edges` null where it cannot be. */
type Contract = { state: Json | undefined; edges: Obj[] | null; handshake: boolean; first: Said | null; at: number }
type Ledger = { contracts: Map<string, Contract>; nonces: Map<string, string>; hidden: number }

/** Replays every contract from its initial state; what stands behind withheld rows is not blamed for the gap. */
const replay = (c: Chain): void => {
  const l: Ledger = { contracts: new Map(), nonces: new Map(), hidden: -1 }
  for (const [i, r] of c.rows.entries()) {
    if (!r.shown) l.hidden = r.at
    else if (r.at > (c.rows[i - 1]?.at ?? -1) + 1) l.hidden = r.at - 1
    if (r.good && r.type === 'event') readEnd(c, r)
    if (r.good && r.type.startsWith('contract')) (r.type === 'contract' ? readStep : readContract)(c, r, l)
  }
}

/** What the definition of another machine may have besides is not looked at, nor is it replayed where it is no definition at all. */
const readContract = (c: Chain, r: Row, l: Ledger): void => {
  const [id, d] = [String(r.payload['contract_id']), r.payload['definition'] as Obj]
  const handshake = hash('zeq.contract.v1', d) === HANDSHAKE
  c.must(r.at, { DEFINITION_MISMATCH: handshake || d['name'] !== 'm2m_handshake', DUPLICATE_CONTRACT: !l.contracts.has(id) })
  const edges = Array.isArray(d['transitions']) ? d['transitions'].filter(isObj) : []
  const states = Object.entries(isObj(d['states']) ? d['states'] : {}).filter((entry): entry is [string, Obj] => isObj(entry[1]))
  const runs = edges.length > 0 && edges.every((e) => Object.keys(e).length === 5 && e['operator'] === 'KO42')
  const state = runs ? states.find(([, s]) => s['initial'] === true)?.[0] : undefined
  const open = edges.filter((e) => !states.some(([name, s]) => name === e['from'] && s['terminal'] === true))
  l.contracts.set(id, l.contracts.get(id) ?? { state, edges: runs ? open : null, handshake, first: null, at: r.at })
}

const said = (c: Chain, row: Row, s: Obj): Said => ({ c, row, s: s as Said['s'], head: (s['peer_head'] ?? null) as Head | null })

const readEnd = (c: Chain, r: Row): void => {
  const [kind, s] = [/^m2m[.](?!rotate$|revoke$)(.*)$/s.exec(String(r.payload['type']))?.[1], r.payload['input'] as Obj]
  if (kind === undefined) return
  const formed = ['seal', 'abort', 'close'].includes(kind) && fits(STATEMENT[kind], s)
  c.must(r.at, { FORMAT: formed })
  if (!formed) return
  const [signed, bound] = [signedBy(inForce(c.keys, r.at).sign_pub, 'zeq.m2m.end.v1', s), s['self_genesis'] === c.genesis]
  c.must(r.at, { END_SIG: signed, STATEMENT_BINDING: bound, SELF: s['peer_genesis'] !== c.genesis }, String(s['session_nonce']))
  c.ends.push(said(c, r, s))
}

/** Role and first state of a step; a key and an activation are either role's. */
const PATH: { [kind: string]: [string, number] } = { propose: ['initiator', 0], accept: ['responder', 0], key: ['', 1], activate: ['', 2] }

const readStep = (c: Chain, r: Row, l: Ledger): void => {
  const { contract_id: id, from, to, operator, input } = r.payload as { [name: string]: string } & { input: Obj }
  const [claims, made] = [input['v'] === 'zeq-m2m/1', l.contracts.get(String(id))]
  const contract = made ?? { state: undefined, edges: null, handshake: claims, first: null, at: r.at }
  const due = contract.state === undefined || contract.state === from || l.hidden >= contract.at
  const legal = contract.edges === null || contract.edges.some((e) => e['from'] === from && e['to'] === to && e['operator'] === operator)
  c.must(r.at, { ILLEGAL_TRANSITION: legal && due && (made !== undefined || l.hidden >= 0) })
  l.contracts.set(String(id), Object.assign(contract, { state: to, at: r.at }))
  if (!contract.handshake && !claims) return
  const [kind, signed] = [String(input['kind']), Object.hasOwn(input, 'sig')]
  const formed = signed && Object.hasOwn(PATH, kind) && fits(STATEMENT[kind], input)
  c.must(r.at, { DEFINITION_MISMATCH: contract.handshake, UNSIGNED: signed, FORMAT: !signed || formed })
  if (!formed) return
  const step = said(c, r, input)
  contract.first ??= step
  const [s, keys, first] = [step.s, inForce(c.keys, r.at), contract.first]
  const bound = s['self_genesis'] === c.genesis && s['self_pubkey'] === keys.sign_pub && (s['self_kx_pub'] ?? keys.kx_pub) === keys.kx_pub
  const here = s['contract_id'] === id && s['from'] === from && s['to'] === to
  const told = here && s['definition_hash'] === HANDSHAKE && s['session_nonce'] === first.s['session_nonce']
  const [role, move] = PATH[kind] as [string, number]
  const moved = s['from'] === STATES[move] && s['to'] === STATES[move + 1] && (role || s['role']) === s['role']
  const used = [`A ${s['session_nonce']}`, ...(kind === 'accept' ? [`B ${s['responder_nonce']}`] : [])]
  const one = ['peer_genesis', 'peer_pubkey', 'peer_slug'].every((name) => s[name] === first.s[name])
  const strong = maySign(String(s['peer_pubkey'])) && (s['ecdh_pub'] === undefined || mayKx(s['ecdh_pub']))
  const fresh = used.every((nonce) => (l.nonces.get(nonce) ?? s['contract_id']) === s['contract_id'])
  const self = s['peer_genesis'] === c.genesis || c.keys.some((k) => k.sign_pub === s['peer_pubkey'])
  const bindings = { STATEMENT_BINDING: bound && told, ROLE: moved && s['role'] === first.s['role'], ROTATION: keys === inForce(c.keys, first.row.at) }
  const stepSig = signedBy(keys.sign_pub, 'zeq.m2m.step.v1', input)
  c.must(r.at, { STEP_SIG: stepSig, ...bindings, PEER_MISMATCH: one, SELF: !self, WEAK_KEY: strong, NONCE_REUSE: fresh }, s['session_nonce'])
  for (const nonce of used) l.nonces.set(nonce, l.nonces.get(nonce) ?? String(s['contract_id']))
  c.steps.push(step)
}
