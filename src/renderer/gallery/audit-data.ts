import type { AuditDto, RowDto, TokenDto } from '../../contract/dto.ts'
import { hex, idOf, now } from './data.ts'

/** Invented ledgers and audits for looking at screens. */
type Lane = AuditDto['lanes'][number]
const nonce = hex('nonce1')
const began = now - 2 * 3_600_000
const zeqond = (at: number): string => String(Math.floor(at / 777))

const laneRow = (seq: number, offset: number, title: string, step: string | null, hash: string, findings: string[] = []): Lane['rows'][number] => ({
  seq,
  title,
  zeqond: zeqond(began + offset),
  at: began + offset,
  session: nonce,
  step,
  hash: hex(hash),
  findings,
})

const alice: Lane = {
  side: 'a',
  label: 'alice-desktop',
  slug: 'alice-desktop',
  genesis: hex('genesis alice'),
  own: true,
  custody: 'own',
  rowCount: 47,
  hidden: 0,
  brokenAt: null,
  witnessedTo: 44,
  rows: [
    laneRow(40, 0, 'Contract', null, 'a40'),
    laneRow(41, 6000, 'Propose', 'A1', 'a41'),
    laneRow(42, 11_000, 'Key', 'A2', 'a42'),
    laneRow(43, 13_000, 'Activate', 'A3', 'a43'),
    laneRow(44, 15_000, 'Seal', null, 'a44'),
  ],
}
const bob: Lane = {
  ...alice,
  side: 'b',
  label: 'build-runner-07',
  slug: 'build-runner-07',
  genesis: hex('genesis build-runner-07'),
  own: false,
  rowCount: 18,
  witnessedTo: 17,
  rows: [
    laneRow(13, 7000, 'Contract', null, 'b13'),
    laneRow(14, 9000, 'Accept', 'B1', 'b14'),
    laneRow(15, 10_000, 'Key', 'B2', 'b15'),
    laneRow(16, 13_100, 'Activate', 'B3', 'b16'),
    laneRow(17, 15_200, 'Seal', null, 'b17'),
  ],
}

type End = AuditDto['links'][number]['from']
const at = (text: string): End => ({ side: text.startsWith('a') ? 'a' : 'b', seq: Number(text.slice(1)) })
const link = (
  from: string,
  to: string,
  kind: 'ack' | 'seal' = 'ack',
  ok = true,
  why = 'The hash is that of the row, and the signed head is on its ledger.',
) => ({
  from: at(from),
  to: at(to),
  kind,
  ok,
  why,
})
const links: AuditDto['links'] = [
  link('b14', 'a41'),
  link('b15', 'a41'),
  link('a42', 'b15'),
  link('b16', 'a42'),
  link('a43', 'b15'),
  link('b17', 'a43', 'seal'),
  link('a44', 'b16', 'seal'),
]

const session: AuditDto['sessions'][number] = {
  nonce,
  initiator: 'a',
  status: 'SEALED',
  meaning: 'Both stated the same session and each acknowledged that the other did.',
  suite: 'x25519',
  sessionId: hex('session1'),
  confirmed: true,
  suspect: false,
  steps: [
    { name: 'A1', title: 'Proposed a session', side: 'a', zeqond: zeqond(began + 6000), at: began + 6000 },
    { name: 'B1', title: 'Accepted it', side: 'b', zeqond: zeqond(began + 9000), at: began + 9000 },
    { name: 'B2', title: 'Gave its half of the key', side: 'b', zeqond: zeqond(began + 10_000), at: began + 10_000 },
    { name: 'A2', title: 'Gave its half of the key', side: 'a', zeqond: zeqond(began + 11_000), at: began + 11_000 },
    { name: 'A3', title: 'Stated the session', side: 'a', zeqond: zeqond(began + 13_000), at: began + 13_000 },
    { name: 'B3', title: 'Stated the session', side: 'b', zeqond: zeqond(began + 13_100), at: began + 13_100 },
  ],
  ended: [{ who: 'a', kind: 'close', reason: 'done' }],
}

const limits = [
  'Which person or firm owns a key: the ledgers know keys only.',
  'What was said in the session: nothing of it is on a ledger.',
  'The true date, if both sides agreed to write a false one.',
]

const sound: AuditDto = {
  ok: true,
  verdict: 'The session took place, and both ledgers say the same.',
  source: 'your ledger and build-runner-07’s',
  at: now,
  status: 'SEALED',
  pinned: true,
  lanes: [alice, bob],
  links,
  sessions: [session],
  findings: [],
  limits,
  proof: false,
}

const equivocation: AuditDto = {
  ...sound,
  ok: false,
  verdict: 'The session took place. One ledger was changed later.',
  status: 'ACTIVE_BOTH',
  lanes: [
    alice,
    {
      ...bob,
      brokenAt: 16,
      witnessedTo: 15,
      rows: bob.rows.map((row) => (row.seq === 16 ? { ...row, hash: hex('b16 forged'), findings: ['EQUIVOCATION'] } : row)),
    },
  ],
  links: links.map((one) => (one.to.side === 'b' && one.to.seq === 16 ? { ...one, ok: false, why: 'The row that is served now has another hash.' } : one)),
  sessions: [{ ...session, status: 'ACTIVE_BOTH', meaning: 'Both stated the same session.', confirmed: false, suspect: true, ended: [] }],
  findings: [
    {
      code: 'EQUIVOCATION',
      meaning: 'One owner signed two different histories.',
      why: 'Your row 44 holds build-runner-07’s signature over row 16 as it was; the row served now differs and is signed as well.',
      rows: [{ side: 'b', at: 16 }],
      session: nonce,
    },
  ],
  proof: true,
}

const manyFindings: AuditDto = {
  ...equivocation,
  pinned: false,
  source: 'evidence-2026-11-22.countersign',
  verdict: 'The file does not show a session that took place.',
  status: 'KEYED_ONE',
  proof: false,
  findings: [
    {
      code: 'LINK',
      meaning: 'A row does not name the one before it.',
      why: 'Row 42 names 8f30a1c2… as the row before it, which is not row 41.',
      rows: [{ side: 'a', at: 42 }],
      session: nonce,
    },
    {
      code: 'ACK_MISMATCH',
      meaning: 'An answer names a row that is not there.',
      why: 'Row 16 answers 42 by a hash that row 42 does not have.',
      rows: [
        { side: 'b', at: 16 },
        { side: 'a', at: 42 },
      ],
      session: nonce,
    },
    {
      code: 'HEAD_SIG',
      meaning: 'The last signature is not that of the owner.',
      why: 'The head of alice-desktop is not signed by the key in force.',
      rows: [{ side: 'a', at: 'head' }],
      session: null,
    },
  ],
}

const oneSided: AuditDto = {
  ...sound,
  verdict: 'Your ledger tells of the session. The other party keeps none, so this is your word, signed.',
  source: 'your ledger',
  status: 'NONE',
  pinned: null,
  lanes: [
    {
      ...alice,
      rows: [
        laneRow(21, 0, 'Confirmed the handshake', null, 'a21'),
        laneRow(22, 4000, 'Sent the first request', null, 'a22'),
        laneRow(25, 9000, 'Concluded the exchange', null, 'a25'),
        laneRow(26, 9800, 'Closed the session', null, 'a26'),
      ],
    },
  ],
  links: [],
  sessions: [],
  limits: ['Whether the other party did what your ledger says: it signed messages, and keeps no ledger.', ...limits],
}

export const audits = { sound, equivocation, manyFindings, oneSided } as const

const order = ['contract', 'propose', 'key', 'activate', 'seal', 'close'] as const
const titles: Readonly<Record<(typeof order)[number], readonly [string, string]>> = {
  contract: ['Contract of a handshake', 'contract_created'],
  propose: ['Proposed a session', 'contract proposed → accepted_pending'],
  key: ['Gave the half of a key', 'contract accepted_pending → keyed'],
  activate: ['Stated a session', 'contract keyed → active'],
  seal: ['Sealed a session', 'event m2m.seal'],
  close: ['Closed a session', 'event m2m.close'],
}
const labels = ['build-runner-07', 'ci-orchestrator', 'auditor-kim'] as const

/** Row `seq` of the own ledger of `total` rows. */
export const rowOf = (seq: number, total: number): RowDto => {
  const kind = order[seq % order.length] ?? 'seal'
  const label = labels[Math.floor(seq / order.length) % labels.length] ?? 'auditor-kim'
  const when = now - (total - seq) * 61_000
  const [title, type] = titles[kind]
  return {
    seq,
    zeqond: zeqond(when),
    at: when,
    type,
    title,
    hash: hex(`row${seq}`),
    prevHash: hex(`row${seq - 1}`),
    payloadHash: hex(`payload${seq}`),
    proofDigest: kind === 'contract' ? null : hex(`proof${seq}`),
    headSig: hex(`sig${seq}`, 128),
    payload:
      seq % 11 === 7
        ? null
        : JSON.stringify({
            input: { kind, peer_genesis: hex(`genesis ${label}`), role: 'initiator', session_nonce: nonce, v: 1 },
            operator_chain: ['KO42'],
            to: kind,
          }),
    session: nonce,
    peer: idOf(label),
    peerLabel: label,
    acks: kind === 'key' || kind === 'activate' ? { seq: 15, hash: hex('b15') } : null,
    witnessed: seq < total - 3,
  }
}

export const tokens: TokenDto[] = (['propose', 'accept', 'key', 'key', 'activate', 'activate'] as const).map((kind, i) => ({
  id: `ZT-${hex(`token${i}`, 32)}`,
  own: i % 2 === 0,
  peer: idOf('build-runner-07'),
  peerLabel: 'build-runner-07',
  kind,
  seq: i % 2 === 0 ? 41 + i / 2 : 14 + (i - 1) / 2,
  zeqond: zeqond(began + i * 2000),
  at: began + i * 2000,
  holds: i !== 5,
  json: JSON.stringify({ v: 'zeq-tally/1', kind }),
}))
