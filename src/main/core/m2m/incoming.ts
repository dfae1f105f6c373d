import { toHex } from '../crypto/bytes.ts'
import { uuidOf } from '../identity/identity.ts'
import { ticks, zeqondAt } from '../ledger/zeqond.ts'
import type { Answer, Inbound } from './delivery-types.ts'
import type { Core } from './engine-core.ts'
import type { M2mDeps } from './engine-types.ts'
import { matchWords, wordsCommit } from './match-words.ts'
import { judgeRow, nonceOf, placeOf, proposeOf } from './rows-of.ts'
import { chooseSuite, type EndReason, type Propose, SUITES } from './statement.ts'
import { isHandshake, MOST_OPEN, newResponder, type Thread } from './thread.ts'

/** Identities cost nothing on a relay: more strangers than these do not take the places that known peers and the person's own wishes need. */
const MOST_STRANGERS = 50

type Proposal = Extract<Inbound, { t: 'propose' }>

/** Takes the messages of a handshake: finds the thread or begins one, and lets it look at the peer's rows. */
export const createIncoming = (deps: M2mDeps, core: Core): ((message: Inbound) => Answer | 'later' | null) => {
  const { ledger, ports } = deps

  const refuse = (why: string): null => {
    deps.dropped(`m2m: ${why}`)
    return null
  }
  /** Not now: a repeat of the message is judged anew. */
  const later = (why: string): 'later' => {
    deps.dropped(`m2m: ${why}`)
    return 'later'
  }
  const err = (code: 'bad_row' | 'unknown_session', why: string): Answer => {
    deps.dropped(`m2m: ${why}`)
    return { t: 'err', code, seq: null }
  }
  /** Ends a proposal that no thread was made for: a stranger cannot make our chain grow. */
  const turnDown = (nonce: string, reason: EndReason): Answer => ({ t: 'abort', nonce, reason, rows: [] })

  const ofPeer = (message: Inbound): Thread[] => [...core.all()].filter((t) => t.peerGenesis === message.genesis)

  /** Proposals of peers that nobody knows yet. */
  const waitingStrangers = (): number =>
    core.live().filter((t) => t.role === 'responder' && t.state === 'r.ask1' && deps.peers.get(t.peerId).pinnedAt === null).length

  /** Both have proposed: the proposal of the smaller genesis stands. Is it the peer's? */
  const peerStands = (message: Inbound): boolean => message.genesis < ledger.own().genesis

  const begin = (message: Proposal, a1: Propose, seq: number): Answer | 'later' | null => {
    const open = ofPeer(message).filter((t) => isHandshake(t.state))
    const ours = open.filter((t) => t.state === 'i.sent' || t.state === 'i.ask1')
    if (!peerStands(message) && ours.some((t) => t.state === 'i.sent')) return turnDown(a1.session_nonce, 'glare')
    // A person's consent to propose is none to accept: the standing proposal is asked about anew.
    if (peerStands(message)) for (const t of ours) core.handle(t.id, { type: 'glare' })
    const left = open.filter((t) => isHandshake(core.get(t.id).state))
    if (left.length >= MOST_OPEN) return later('too many open handshakes')
    const pinned = deps.peers.get(message.from).pinnedAt !== null
    if (!pinned && left.some((t) => t.role === 'responder' && t.state === 'r.ask1')) return later('a proposal of this peer waits already')
    if (!pinned && waitingStrangers() >= MOST_STRANGERS) return later('too many strangers wait for an answer')
    if (chooseSuite(a1.suites, SUITES) === null) return turnDown(a1.session_nonce, 'suite')
    const thread = newResponder({
      id: toHex(ports.random.bytes(16)),
      peerId: message.from,
      peerGenesis: message.genesis,
      nonce: a1.session_nonce,
      contractId: uuidOf(ports.random.bytes(16)),
      suites: SUITES,
      wordsCommit: a1.words_commit,
      expires: a1.expires_zeqond,
      y: toHex(ports.random.bytes(16)),
      responderNonce: toHex(ports.random.bytes(32)),
      now: ports.clock.now(),
    })
    const event = core.peerRow(thread, seq)
    if (event === null || event === 'odd') return err('bad_row', 'a proposal without its row')
    const why = core.begin(thread, event)
    return why === null ? null : refuse(why)
  }

  const propose = (message: Proposal): Answer | 'later' | null => {
    const row = message.rows.find((one) => placeOf(one.row, 'A') === 'A1')
    const a1 = row === undefined ? null : proposeOf(row.row)
    if (row === undefined || a1 === null) return err('bad_row', 'a proposal without its row')
    const known = core.byNonce(a1.session_nonce)
    if (known !== undefined && known.peerGenesis === message.genesis && known.role === 'responder') {
      core.advance(known.id)
      return null
    }
    const own = ledger.own().genesis
    if (known !== undefined || ledger.sessionRows(own, a1.session_nonce).length > 0) return err('bad_row', 'a nonce that was used before')
    const barred = core.barred(message.from, message.genesis)
    if (barred !== null) return later(barred)
    const tick = zeqondAt(ports.clock.now())
    if (ticks(tick) > ticks(a1.expires_zeqond)) return refuse('a proposal that has expired')
    const { check } = judgeRow({ ledger, own, peer: message.genesis, nonce: a1.session_nonce, upTo: row.at, since: null, confirm: null, tick })
    if (!check.ok) return err('bad_row', `a proposal that does not hold: ${check.why}`)
    const rows = ledger.sessionRows(message.genesis, a1.session_nonce)
    // Its proposer has taken it back by now.
    if (rows.some((one) => placeOf(one, 'A') === 'peerEnd')) return refuse('a proposal that was taken back')
    return begin(message, a1, row.at)
  }

  /** The thread whose proposal row has this hash. */
  const ofProposal = (message: Inbound, a1: string): Thread | undefined => ofPeer(message).find((t) => t.rows.A1?.hash === a1)

  return (message) => {
    switch (message.t) {
      case 'propose':
        return propose(message)
      case 'ring': {
        const t = ofProposal(message, message.a1)
        if (t?.role !== 'initiator') return refuse('a ring for no proposal')
        core.handle(t.id, { type: 'ring', y: message.y })
        return null
      }
      case 'show': {
        const t = ofProposal(message, message.a1)
        if (t?.role !== 'responder' || t.y === null) return refuse('a show for no proposal')
        const opens = wordsCommit({ x: message.x, self_genesis: t.peerGenesis, peer_genesis: ledger.own().genesis, session_nonce: t.nonce }) === t.wordsCommit
        core.handle(t.id, { type: 'show', x: message.x, opens, words: matchWords({ a1: message.a1, x: message.x, y: t.y }) })
        return null
      }
      case 'accept':
      case 'key':
      case 'activate':
      case 'seal':
      case 'close':
      case 'abort': {
        const named = message.t === 'abort' ? [message.nonce] : message.rows.map(({ row }) => nonceOf(row))
        const found = [...new Set(named)].flatMap((nonce) => {
          const t = nonce === null ? undefined : core.byNonce(nonce)
          return t !== undefined && t.peerGenesis === message.genesis ? [t] : []
        })
        if (found.length === 0) return message.t === 'abort' ? refuse('an abort of nothing') : err('unknown_session', 'a step of no session')
        for (const t of found) {
          core.advance(t.id)
          if (message.t === 'abort' && message.rows.length === 0) core.handle(t.id, { type: 'peerAbort', reason: message.reason })
        }
        return null
      }
      default:
        return null
    }
  }
}
