import type { HistoryDto, KnockDto, RequestDto } from '../../../contract/dto.ts'

const steps: Record<RequestDto['step'], string> = { confirm: 'confirm', request: 'first request', conclude: 'conclude', close: 'close', policy: 'policy' }

const decided: Record<HistoryDto['decision'], Record<RequestDto['step'], string>> = {
  approve: {
    confirm: 'Confirmed a handshake',
    request: 'Sent the first request',
    conclude: 'Concluded the exchange',
    close: 'Closed the session',
    policy: 'Set a policy',
  },
  auto: {
    confirm: 'Confirmed a handshake',
    request: 'Sent the first request',
    conclude: 'Concluded the exchange',
    close: 'Closed the session',
    policy: 'Set a policy',
  },
  reject: {
    confirm: 'Rejected a handshake',
    request: 'Rejected the first request',
    conclude: 'Kept the exchange going',
    close: 'Kept the session open',
    policy: 'Left the policy as it was',
  },
  expire: {
    confirm: 'Expired, nobody decided',
    request: 'Expired, nobody decided',
    conclude: 'Expired, nobody decided',
    close: 'Expired, nobody decided',
    policy: 'Expired, nobody decided',
  },
}

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
    decided: (entry: HistoryDto): string => decided[entry.decision][entry.step],
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
