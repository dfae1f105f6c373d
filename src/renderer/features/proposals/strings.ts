import type { HandshakeDto, HistoryDto, KnockDto, RequestDto } from '../../../contract/dto.ts'

type Step = RequestDto['step']

const steps: Record<Step, string> = {
  confirm: 'confirm',
  request: 'first request',
  conclude: 'conclude',
  close: 'close',
  policy: 'policy',
  propose: 'propose, 1 of 4',
  accept: 'accept, 2 of 4',
  key: 'key, 3 of 4',
  activate: 'activate, 4 of 4',
  abort: 'give up',
  file: 'file',
  handover: 'hand over to a program',
}

const approved: Record<Step, string> = {
  confirm: 'Confirmed a handshake',
  request: 'Sent the first request',
  conclude: 'Concluded the exchange',
  close: 'Closed the session',
  policy: 'Set a policy',
  propose: 'Proposed a session',
  accept: 'Accepted a proposal',
  key: 'Sent a session key',
  activate: 'Activated a session',
  abort: 'Gave a handshake up',
  file: 'Took a file',
  handover: 'Handed a session over',
}

const rejected: Record<Step, string> = {
  confirm: 'Rejected a handshake',
  request: 'Rejected the first request',
  conclude: 'Kept the exchange going',
  close: 'Kept the session open',
  policy: 'Left the policy as it was',
  propose: 'Did not propose a session',
  accept: 'Rejected a proposal',
  key: 'Sent no session key',
  activate: 'Did not activate a session',
  abort: 'Kept a handshake going',
  file: 'Refused a file',
  handover: 'Kept a session to this app',
}

const expired = 'Expired, nobody decided'

const how: Record<HistoryDto['by'], string> = { person: 'By hand', policy: 'By policy', 'person-earlier': 'By hand, earlier in this handshake' }

const knocks: Record<KnockDto['kind'], string> = {
  meet: 'Announced itself on the relay',
  confirm: 'Offered a handshake nobody here asked for',
  reconnect: 'Asks to reconnect',
}

export const text = {
  title: 'Proposals',
  aside: 'Oldest first. New ones join below.',
  rejectAll: 'Reject all…',
  waiting: {
    label: 'Waiting for you',
    aside: (requests: number, peers: number): string =>
      `${requests === 1 ? '1 request' : `${requests} requests`} from ${peers === 1 ? '1 peer' : `${peers} peers`}`,
    step: (step: RequestDto['step']): string => `Step: ${steps[step]}`,
    identical: (n: number): string => `×${n} identical`,
    review: 'Review',
    reviewOf: (label: string): string => `Review the request of ${label}`,
    reject: 'Reject',
    rejectOf: (label: string): string => `Reject the request of ${label}`,
    expires: (left: string): string => `Expires in ${left}`,
    expiring: 'Expiring',
    approved: (left: number): string => `Approved. It begins in ${left} s`,
    undo: 'Undo',
    firstContact: 'First contact. You have no history with this key.',
    changed: 'Key is not the one you pinned. Nothing can be accepted.',
    frozen: 'Frozen',
    unknownPeer: 'A peer that is no longer known',
  },
  handshakes: {
    label: 'On their way',
    aside: 'Begun, and no session yet.',
    ended: 'Ended before a session',
    steps: (label: string): string => `Steps of the handshake with ${label}`,
    abort: 'Give up…',
    abortOf: (label: string): string => `Give up the handshake with ${label}`,
    gone: 'Given up. Nothing of it is on your ledger.',
    match: {
      initiator: 'Their prompt must show the same two words and the same colour. Ask them by a call you started, or in person.',
      responder: 'The same two words and the same colour stand on their screen.',
    } satisfies Record<HandshakeDto['role'], string>,
    done: { us: 'by you, done', them: 'by them, done' },
    open: { us: 'by you, not yet', them: 'by them, not yet' },
    row: { us: (seq: number): string => `your row ${seq}`, them: (seq: number): string => `their row ${seq}` },
  },
  knocks: {
    label: 'At the door',
    aside: 'Nothing of this waits for a decision. Answering one makes it a proposal.',
    kinds: knocks,
    count: (n: string): string => `×${n}`,
    first: 'first',
    answer: 'Answer…',
    propose: 'Propose session',
    reconnect: 'Reconnect',
    dismiss: 'Dismiss',
    dismissOf: (label: string): string => `Dismiss the entry of ${label}`,
    dismissed: 'Dismissed. It comes back if they ask again.',
  },
  history: {
    today: 'Decided today',
    all: 'All decisions',
    none: 'Nothing was decided today.',
    showAll: 'Full history',
    showToday: 'Today only',
    time: 'Time',
    peer: 'Peer',
    decision: 'Decision',
    how: 'How',
    view: 'What was shown',
    by: how,
    expired: 'Timer',
    decided: (entry: HistoryDto): string => (entry.decision === 'expire' ? expired : entry.decision === 'reject' ? rejected[entry.step] : approved[entry.step]),
  },
  reject: {
    titleAll: (n: number): string => `Reject all ${n} requests?`,
    titlePeer: (n: number, label: string): string => `Reject all ${n} requests of ${label}?`,
    body: 'Each one is recorded as rejected by you. The peers may ask again, unless you mute or block them. A peer that is rejected again and again is held back for a minute.',
    act: 'Reject all',
    keep: 'Keep them waiting',
    done: (n: number): string => (n === 1 ? 'Rejected 1 request' : `Rejected ${n} requests`),
  },
  empty: {
    title: 'Nothing waits for you',
    lead: 'When a peer asks for something, it waits here until you decide. Closing a request decides nothing.',
    last: 'Last decision,',
    with: 'with',
    propose: 'Propose a session',
  },
} as const
