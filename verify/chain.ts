import { END, fits, HEAD, HEADER, hash, isObj, type Json, mayKx, maySign, type Obj, PAYLOAD, PROOF, REVOKE, ROTATE, ROW, STEP, signedBy } from './formats.ts'

export type Place = number | 'header' | 'head'
/** `at`: seq of the row at fault, or another part of the exported chain. */
export type Finding = { code: string; chain?: string; at?: Place; session?: string }
export type Head = { genesis: string; seq: number; stateHash: string; zeqondNumber: string; sig: string }
type Keys = { sign_pub: string; kx_pub: string; next: string | null; from: number }
/** A row at its place: its payload is the one hashed (`shown`; or withheld, `hidden`) and of its form (`good`), the chain holds here (`sound`). */
type Row = { at: number; shown: boolean; good: boolean; sound: boolean; head: Head; z: bigint; type: string; payload: Obj; hidden: boolean }
/** A statement in its row, `s` flattened to strings where its form says so. */
export type Said = { c: Chain; row: Row; s: { [name: string]: string }; nonce: string; head: Head | null }
/** A contract while it is replayed; `edges` null where it cannot be. */
type Contract = { state: Json; edges: Obj[] | null; handshake: boolean; first: Said | null; at: number }
export type Chain = ReturnType<typeof absent>
/** A chain that is not there. `due`: the next seq; `gap`: rows are missing or withheld; `hidden`: the last of these before the row being replayed. */
const absent = (name: string) => {
  const [rows, steps, ends, keys, found]: [Row[], Said[], Said[], Keys[], Finding[]] = [[], [], [], [], []]
  const [contracts, nonces] = [new Map<Json, Contract>(), new Map<string, Json>()]
  return { name, there: false, slug: '', genesis: '', keys, due: 0, gap: true, hidden: -1, rows, steps, ends, found, contracts, nonces }
}
/** Takes what should hold at a place of the chain, by the code of the finding if it does not. Does all of it? */
export const must = (c: Chain, at: Place, holds: { [code: string]: boolean }, session?: string): boolean => {
  const wrong = Object.keys(holds).filter((code) => !holds[code])
  c.found.push(...wrong.map((code) => ({ code, chain: c.name, at, ...(session !== undefined && { session }) })))
  return wrong.length === 0
}
const HANDSHAKE = '2078fdb1e20b6b00bcec63e2879bb0c9996ecce15f34dbcd91cbb45d391100b5'
const without = (value: Json, name: string): Obj => Object.fromEntries(Object.entries(value as Obj).filter(([key]) => key !== name))
const has = (value: Obj, said: Obj) => Object.keys(said).every((name) => value[name] === said[name])
const genesisOf = (c: Obj) => hash('zeq.genesis.v1', without(c, 'slug'))
export const inForce = (keys: Keys[], seq: number): Keys => keys.findLast((k) => k.from <= seq) ?? (keys[0] as Keys)
export const headSigned = (key: string, head: Head) => signedBy(key, 'zeq.head.v1', head)
/** The same place in the same history, whoever signed it. */
export const same = (a: Head | null, b: Head) => a !== null && has(a, without(b, 'sig'))
const weak = (c: Obj) => !maySign(c.sign_pub) || !mayKx(c.kx_pub)
const slugFits = (c: Obj) => String(c.origin_id).endsWith(`:${c.slug}`)
/** Adds the keys of a rotation statement, or gives the code of what is wrong with it. */
const rotate = (keys: Keys[], genesis: string, s: Obj, from: number): string | undefined => {
  if (!fits(ROTATE, s)) return 'FORMAT'
  const next = { sign_pub: String(s.sign_pub), kx_pub: String(s.kx_pub) }
  const announced = s.self_genesis === genesis && s.n === keys.length && hash('zeq.next.v1', next) === keys.at(-1)?.next
  if (announced && weak(next)) return 'WEAK_KEY'
  if (!announced || !signedBy(next.sign_pub, 'zeq.m2m.rotate.v1', s)) return 'ROTATION'
  keys.push({ ...next, next: s.next as string | null, from })
}

/** Steps 1 and 2 of the procedure: the chain by itself, row by row, and the contracts on it. */
export const readChain = (name: string, raw: Json): Chain => {
  const [c, { rows, head, ...header }]: [Chain, Obj] = [absent(name), isObj(raw) ? raw : {}]
  if (raw === undefined || !must(c, 'header', { FORMAT: fits(HEADER, header) })) return c
  must(c, 'header', { WEAK_KEY: !weak(header), ORIGIN: slugFits(header) })
  Object.assign(c, { there: true, slug: header.slug, genesis: genesisOf(header), keys: [{ ...header, from: 0 }], gap: false })
  let [links, z, revoked] = [[c.genesis], BigInt(String(header.genesis_zeqond)), Infinity]
  for (const item of Array.isArray(rows) ? rows : []) {
    if (!must(c, c.due, { FORMAT: fits(ROW, item) })) {
      ;[links, c.due, c.gap] = [isObj(item) && fits(HEAD.stateHash, item.stateHash) ? [String(item.stateHash)] : [], c.due + 1, true]
      continue
    }
    const { payload, stateHash, headSig: sig, ...hashed } = item as Obj & Head & { payload: Obj | null; headSig: string; transitionType: string }
    const { seq, zeqondNumber, transitionType: type, proofDigest: proof } = hashed
    const [h, own] = [{ genesis: c.genesis, seq, stateHash, zeqondNumber, sig }, hash('zeq.row.v1', { v: 1, ...hashed })]
    const [held, shown] = [own === stateHash, payload !== null && hash('zeq.payload.v1', payload) === hashed.payloadHash]
    const [at, good] = [held && seq > c.due ? seq : c.due, shown && fits(PAYLOAD[type], payload)]
    const r: Row = { at, shown, good, sound: true, head: h, z: BigInt(zeqondNumber), type, payload: payload ?? {}, hidden: payload === null }
    if (good && type === 'event' && changeKeys(c, r)) revoked = Math.min(revoked, at)
    const signed = headSigned(inForce(c.keys, at).sign_pub, h)
    // Behind rows that nobody has any more the chain goes on: this one commits to them.
    const lost = at > c.due && signed
    const linked = { LINK: lost || links.length === 0 || links.includes(String(hashed.prevHash)), ORIGIN: hashed.originId === header.origin_id }
    const chained = must(c, at, { ...linked, STATE_HASH: held, HEAD_SIG: signed, ZEQOND_BACKWARD: !held || r.z >= z, AFTER_REVOKE: at <= revoked })
    const proved = type === 'contract' ? !good || proof === digest(zeqondNumber, r.payload) : (shown && !good) || proof === null
    must(c, at, { SEQ: seq === c.due, PAYLOAD_HASH: payload === null || shown, FORMAT: !shown || good, PROOF: proved })
    r.sound = chained && (seq === c.due || lost)
    ;[links, z, c.due, c.gap] = [held ? [own] : [stateHash, own], held && r.z > z ? r.z : z, lost ? at + 1 : c.due + 1, c.gap || lost || !shown]
    c.rows.push({ ...r, at: c.due - 1 })
  }
  const [last, h, empty] = [c.rows.at(-1), head as Head | null, c.due === 0 && head === null]
  const formed = must(c, 'head', { FORMAT: Array.isArray(rows) && (empty || fits(HEAD, h)) })
  if (formed && h) must(c, 'head', { HEAD: last !== undefined && same(h, last.head) && headSigned(inForce(c.keys, last.at).sign_pub, h) })
  for (const [i, r] of c.rows.entries()) {
    if (!r.shown || r.at > (c.rows[i - 1]?.at ?? -1) + 1) c.hidden = r.shown ? r.at - 1 : r.at
    const read = { event: readEnd, contract: readStep, contract_created: readContract }[r.type]
    if (r.good) read?.(c, r)
  }
  return c
}
const digest = (zeqond: string, { operator, input }: Obj) =>
  hash('zeq.ko42.v1', { operators: [operator], zeqond, input_digest: hash('zeq.input.v1', without(input, 'sig')) })
/** A rotation or a revocation; true when it revokes. */
const changeKeys = (c: Chain, r: Row): boolean => {
  const [s, type] = [r.payload.input as Obj, r.payload.type]
  const wrong = type === 'm2m.rotate' ? rotate(c.keys, c.genesis, s, r.at) : undefined
  if (wrong !== undefined) must(c, r.at, { [wrong]: false })
  if (type !== 'm2m.revoke' || !must(c, r.at, { FORMAT: fits(REVOKE, s) })) return false
  return must(c, r.at, { ROTATION: s.self_genesis === c.genesis && signedBy(inForce(c.keys, r.at).sign_pub, 'zeq.m2m.rotate.v1', s) })
}
/** What a definition may have besides is not looked at; where it is none at all, it is not replayed. */
const readContract = (c: Chain, r: Row): void => {
  const [id, d] = [r.payload.contract_id, r.payload.definition as Obj]
  const handshake = hash('zeq.contract.v1', d) === HANDSHAKE
  must(c, r.at, { DEFINITION_MISMATCH: handshake || d.name !== 'm2m_handshake', DUPLICATE_CONTRACT: !c.contracts.has(id) })
  const edges = Array.isArray(d.transitions) ? d.transitions.filter(isObj) : []
  const states = Object.entries(isObj(d.states) ? d.states : {})
  const [initial, ended] = ['initial', 'terminal'].map((mark) => states.flatMap(([name, s]): Json[] => (isObj(s) && s[mark] === true ? [name] : [])))
  const runs = edges.length > 0 && edges.every((e) => Object.keys(e).length === 5 && e.operator === 'KO42')
  const open = runs ? { state: initial?.[0], edges: edges.filter((e) => !ended?.includes(e.from)) } : { state: undefined, edges: null }
  c.contracts.set(id, c.contracts.get(id) ?? { ...open, handshake, first: null, at: r.at })
}
const said = (c: Chain, row: Row, s: Obj) => ({ c, row, s: s as Said['s'], nonce: String(s.session_nonce), head: (s.peer_head ?? null) as Head | null })
const readEnd = (c: Chain, r: Row): void => {
  const [type, s] = [String(r.payload.type), r.payload.input as Obj]
  if (!type.startsWith('m2m.') || /^m2m[.](rotate|revoke)$/.test(type)) return
  if (!must(c, r.at, { FORMAT: fits(END, s) && type === `m2m.${s.kind}` })) return
  const [end, signed] = [said(c, r, s), signedBy(inForce(c.keys, r.at).sign_pub, 'zeq.m2m.end.v1', s)]
  must(c, r.at, { END_SIG: signed, STATEMENT_BINDING: s.self_genesis === c.genesis, SELF: s.peer_genesis !== c.genesis }, end.nonce)
  c.ends.push(end)
}
const MOVE = /^((propose initiator|accept responder) proposed accepted_pending|key \w+ accepted_pending keyed|activate \w+ keyed active)$/
const readStep = (c: Chain, r: Row): void => {
  const { contract_id: id, from, to, operator, input } = r.payload as { [name: string]: string } & { input: Obj }
  const [claims, made] = [input.v === 'zeq-m2m/1', c.contracts.get(id)]
  const contract = made ?? { state: undefined, edges: null, handshake: claims, first: null, at: r.at }
  const due = contract.state === undefined || contract.state === from || c.hidden >= contract.at
  const legal = contract.edges === null || contract.edges.some((e) => has(e, { from, to, operator }))
  must(c, r.at, { ILLEGAL_TRANSITION: legal && due && (made !== undefined || c.hidden >= 0) })
  c.contracts.set(id, Object.assign(contract, { state: to, at: r.at }))
  if (!contract.handshake && !claims) return
  must(c, r.at, { DEFINITION_MISMATCH: contract.handshake })
  if (!must(c, r.at, { UNSIGNED: Object.hasOwn(input, 'sig') }) || !must(c, r.at, { FORMAT: fits(STEP, input) })) return
  const [step, keys] = [said(c, r, input), inForce(c.keys, r.at)]
  contract.first ??= step
  const [{ s, nonce }, first] = [step, contract.first]
  const here = { self_genesis: c.genesis, self_pubkey: keys.sign_pub, contract_id: id, from, to, definition_hash: HANDSHAKE, session_nonce: first.nonce }
  const used = s.kind === 'accept' ? [`A ${nonce}`, `B ${s.responder_nonce}`] : [`A ${nonce}`]
  const one = ['peer_genesis', 'peer_pubkey', 'peer_slug'].every((name) => s[name] === first.s[name])
  const moved = MOVE.test(`${s.kind} ${s.role} ${s.from} ${s.to}`) && s.role === first.s.role
  const binding = { STATEMENT_BINDING: has(s, here) && (s.self_kx_pub ?? keys.kx_pub) === keys.kx_pub, ROTATION: keys === inForce(c.keys, first.row.at) }
  const self = s.peer_genesis === c.genesis || c.keys.some((k) => k.sign_pub === s.peer_pubkey)
  const strong = maySign(s.peer_pubkey) && (s.ecdh_pub === undefined || mayKx(s.ecdh_pub))
  const fresh = used.every((one) => (c.nonces.get(one) ?? s.contract_id) === s.contract_id)
  const stepSig = signedBy(keys.sign_pub, 'zeq.m2m.step.v1', input)
  must(c, r.at, { STEP_SIG: stepSig, ROLE: moved, ...binding, PEER_MISMATCH: one, SELF: !self, WEAK_KEY: strong, NONCE_REUSE: fresh }, nonce)
  for (const one of used) c.nonces.set(one, c.nonces.get(one) ?? s.contract_id)
  c.steps.push(step)
}
/** Does the file prove that one key of the machine signed two histories? Not two keys: a thief of one given up could sign the second. */
export const proves = (file: Obj): boolean => {
  if (!fits(PROOF, file)) return false
  const [top, heads, rotations] = [file.chain as Obj, file.heads as Head[], file.rotations as Obj[]]
  const [genesis, keys] = [genesisOf(top), [{ ...top, from: 0 } as unknown as Keys]]
  if (weak(top) || !slugFits(top) || rotations.some((s) => rotate(keys, genesis, s, 0) !== undefined)) return false
  const [low, high] = heads.toSorted((x, y) => x.seq - y.seq) as [Head, Head]
  const fork = low.seq === high.seq ? low.stateHash !== high.stateHash : BigInt(low.zeqondNumber) > BigInt(high.zeqondNumber)
  return fork && keys.some((k) => heads.every((h) => h.genesis === genesis && headSigned(k.sign_pub, h)))
}
