import { basename, dirname } from 'node:path'
import type { AuditDto, FileDto, HandshakeDto, MachineDto, RowDto, TokenDto } from '../../contract/index.ts'
import type { Approvals } from './approvals/approvals.ts'
import type { Genesis, PeerId } from './brand.ts'
import { utf8 } from './crypto/bytes.ts'
import { canonicalJson, type Json } from './crypto/canonical-json.ts'
import { AppFault } from './fault.ts'
import { writeDurably } from './identity/durable-file.ts'
import { type Audit, type AuditOptions, audit } from './ledger/audit.ts'
import { auditDto, proofDto } from './ledger/audit-lanes.ts'
import { type AuditSource, judgeSources, readAuditFile } from './ledger/audit-source.ts'
import { type HttpGet, readAuditUrl } from './ledger/audit-url.ts'
import { type BundlePin, writeBundle } from './ledger/bundle.ts'
import { inPauses } from './ledger/in-pauses.ts'
import type { Ledger } from './ledger/ledger-types.ts'
import { aboutRow, rowTitle } from './ledger/row-title.ts'
import { unixOf, zeqondAt } from './ledger/zeqond.ts'
import type { LedgerView } from './ledger-view.ts'
import type { M2mSide } from './m2m-side.ts'
import type { PeerBook } from './peers/peer-book.ts'
import { labelOf } from './peers/trust.ts'
import type { Ports } from './ports.ts'
import type { Recovery } from './recovery.ts'
import { describeFile } from './session/channel/describe-file.ts'
import type { Sessions } from './session/sessions.ts'
import type { RequestRow } from './store/rows.ts'
import type { Store } from './store/store.ts'

/** What the wallet's commands ask of ledger, handshakes and evidence. */
export interface ProfileM2m {
  handshakes(): HandshakeDto[]
  handshake(nonce: string): HandshakeDto | null
  files(): FileDto[]
  file(id: string): FileDto | null
  row(seq: number): RowDto | null
  /** Places of the own ledger, lost rows among them. */
  places(): number
  machine(): MachineDto
  /** Null: ended at once, nothing had been written. */
  abort(nonce: string): RequestRow | null
  /** Reads the file to its end before it is offered. @throws AppFault UNREADABLE, STATE, NOT_FOUND. */
  sendFile(session: string, path: string): Promise<FileDto>
  cancelFile(id: string): void
  rows(query: { readonly before: number | null; readonly limit: number; readonly session: string | null }): { rows: RowDto[]; total: number }
  /** `count`: places from the first on that hold, those of lost rows among them. */
  verify(): Promise<{ valid: boolean; count: number; brokenSeq: number | null; reason: string | null }>
  tokens(): TokenDto[]
  goOn(): void
  setPublic(isPublic: boolean): void
  audit(peer: PeerId, session: string | null): AuditDto
  auditFile(path: string): Promise<AuditDto>
  auditUrls(urls: readonly string[]): Promise<AuditDto>
  /** Writes a bundle or a proof at `path`. */
  save(peer: PeerId, session: string | null, what: 'bundle' | 'proof', path: string): { fileName: string }
  readonly ledger: Ledger
}

export const createProfileM2m = (deps: {
  readonly ports: Ports
  readonly store: Store
  readonly ledger: Ledger
  readonly side: M2mSide
  readonly view: LedgerView
  readonly peers: PeerBook
  readonly sessions: Sessions
  readonly recovery: Recovery
  readonly approvals: Approvals
  readonly selfName: string
  readonly get: HttpGet
}): ProfileM2m => {
  const { ports, store, ledger, side, view, peers } = deps
  const own = (): Genesis => ledger.own().genesis
  const genesisOf = (peer: PeerId): Genesis | null => side.keysOf(peer)?.genesis ?? ledger.followedByPeer(peer)[0]?.genesis ?? null
  /** Is the ledger that stands for this peer one of the keys that were pinned? A card under its id alone makes it none. */
  const pinned = (peer: PeerId): boolean => {
    const row = store.peers.get(peer)
    const genesis = genesisOf(peer)
    if (row?.pinnedAt == null || genesis === null) return false
    return (side.keysOf(peer)?.signPub ?? ledger.followed(genesis)?.state.epochs.at(-1)?.sign_pub) === row.signPub
  }

  /** The session's nonce, by its id or by the nonce itself. */
  const nonceOf = (session: string): string => side.engine.ofSession(session)?.nonce ?? session

  const judge = (peer: PeerId, session: string | null): Audit => {
    const genesis = genesisOf(peer)
    const options: AuditOptions = {
      ...(genesis !== null && pinned(peer) ? { expect: [own(), genesis] } : {}),
      ...(session === null ? {} : { sessions: [nonceOf(session)] }),
      confirmKeys: confirmKeys(peer),
    }
    if (genesis === null || !ledger.followed(genesis)) return audit({ a: ledger.chain(own()), b: null }, options)
    const proved = ledger.followed(genesis)?.fork?.proof?.heads ?? []
    return audit({ a: ledger.chain(own()), b: ledger.chain(genesis) }, { ...options, heads: [...ledger.keptHeads(genesis), ...proved] })
  }
  const confirmKeys = (peer: PeerId): Record<string, string> =>
    Object.fromEntries(
      side.engine
        .threads()
        .filter((t) => t.peerId === peer && t.sessionId !== null)
        .flatMap((t) => {
          const key = t.sessionId === null ? null : side.engine.confirmKey(t.sessionId)
          return t.sessionId === null || key === null ? [] : [[t.sessionId, key] as const]
        }),
    )
  const drawn = (judged: Audit, peer: PeerId): AuditDto =>
    auditDto(judged, {
      source: `your ledger and what you hold of ${labelOf(peers.get(peer))}’s`,
      at: ports.clock.now(),
      names: { a: deps.selfName, b: labelOf(peers.get(peer)) },
      own: own(),
    })

  /** What the own ledger alone says of a peer that keeps none: steps of the older profile, with what the peer signed. */
  const oneSided = (peer: PeerId): AuditDto => {
    const judged = audit({ a: ledger.chain(own()), b: null }, { sessions: [] })
    const dto = drawn(judged, peer)
    const signPub = peers.get(peer).signPub
    const signed = new Set(legacy(peer).map(({ row_seq }) => row_seq))
    const steps = (judged.chains.a?.rows ?? []).filter(({ row }) => {
      const about = aboutRow(row)
      return about?.kind.startsWith('hs ') === true && about.peer === signPub
    })
    const rows = steps.map(({ row, at }) => ({
      seq: at,
      title: rowTitle(row, () => labelOf(peers.get(peer))),
      zeqond: row.zeqondNumber,
      at: unixOf(row.zeqondNumber),
      session: null,
      step: null,
      hash: row.stateHash,
      findings: [],
    }))
    const shown = rows.filter(({ seq }) => signed.has(seq)).length
    const count = rows.length === 1 ? '1 step' : `${rows.length} steps`
    return {
      ...dto,
      verdict: dto.ok
        ? `Your ledger holds. It records ${count} with ${labelOf(peers.get(peer))}, ${shown} of them with what the peer signed. The peer keeps no ledger: nothing shows that it recorded the same.`
        : dto.verdict,
      lanes: dto.lanes.map((lane) => (lane.own ? { ...lane, rows: [...lane.rows.filter((row) => row.findings.length > 0), ...rows] } : lane)),
    }
  }

  /** Whom this wallet knows by more than the file's own word: itself, and the peers whose keys it pinned. */
  const expected = (): string[] => [own(), ...store.peers.all().flatMap((peer) => (pinned(peer.id) ? (genesisOf(peer.id) ?? []) : []))]

  const drawnSources = (sources: readonly AuditSource[]): AuditDto => {
    const result = judgeSources(sources)
    const at = ports.clock.now()
    if (result.kind === 'proof') return proofDto(result.verdict, { source: result.source, at })
    const { who } = result.judged.report
    const parties = [who.a, who.b].filter((genesis) => genesis !== null)
    const known = expected()
    const all = parties.length > 0 && parties.every((genesis) => known.includes(genesis))
    const judged = all ? judgeSources(sources, { expect: parties }) : result
    if (judged.kind === 'proof') return proofDto(judged.verdict, { source: judged.source, at })
    return auditDto(judged.judged, { source: result.source, at, own: own() })
  }

  const pins = (peer: PeerId): BundlePin[] => {
    const row = store.peers.get(peer)
    const genesis = genesisOf(peer)
    if (row?.pinnedAt == null || genesis === null || !pinned(peer)) return []
    return [{ genesis, name: labelOf(row).slice(0, 64), method: row.trust === 'verified' ? 'verified' : 'approval', at: zeqondAt(row.pinnedAt) }]
  }
  const legacy = (peer: PeerId) =>
    store.sessions.byPeer(peer).flatMap((row) => deps.sessions.legacyOf(row.id).map(({ row: row_seq, hs }) => ({ row_seq, hs: { ...hs } })))

  return {
    ledger,
    handshakes: side.handshakes,
    handshake: side.handshake,
    files: side.files,
    file: side.file,
    row: view.row,
    places: view.places,
    machine: () => view.machine(deps.recovery.dto()),
    abort: (nonce) => {
      const t = side.engine.thread(nonce)
      if (!t) throw new AppFault('NOT_FOUND', 'There is no such handshake.')
      if (!side.engine.abort(nonce)) return null
      const request = deps.approvals.waiting().find((r) => r.extra['m2m'] === t.id && r.step === 'abort')
      return request ?? null
    },
    sendFile: async (session, path) => {
      const described = await describeFile(ports, path)
      return side.fileDto(side.channels.sendFile(session, described))
    },
    cancelFile: (id) => side.channels.cancelFile(id),
    rows: view.rows,
    verify: async () => {
      const places = view.places()
      const { valid, head, broken_seq: brokenSeq, reason } = await inPauses(ports.clock, ledger.verifying(own()))
      return { valid, count: valid ? places : (head?.seq ?? -1) + 1, brokenSeq, reason }
    },
    tokens: view.tokens,
    goOn: deps.recovery.goOn,
    setPublic: (isPublic) => {
      if (ledger.own().isPublic !== isPublic) ledger.update(own(), { isPublic })
    },
    audit: (peer, session) => (genesisOf(peer) === null ? oneSided(peer) : drawn(judge(peer, session), peer)),
    auditFile: async (path) => drawnSources([readAuditFile(ports.files, path, basename(path))]),
    auditUrls: async (urls) => drawnSources(await Promise.all(urls.map((url) => readAuditUrl(ports, deps.get, url)))),
    save: (peer, session, what, path) => {
      const genesis = genesisOf(peer)
      let bytes: Uint8Array
      if (what === 'bundle') {
        const followed = genesis !== null && ledger.followed(genesis) ? genesis : null
        bytes = writeBundle(
          ledger.exportBundle({
            peer: followed,
            sessions: session === null ? null : [nonceOf(session)],
            confirmKeys: confirmKeys(peer),
            pins: pins(peer),
            legacyHs: legacy(peer),
          }),
        )
      } else {
        const proof = (genesis === null ? null : ledger.followed(genesis)?.fork?.proof) ?? null
        if (proof === null) throw new AppFault('NOT_FOUND', 'There is no proof against this peer.')
        bytes = utf8(`${canonicalJson(proof as unknown as Json)}\n`)
      }
      writeDurably(ports, { folder: dirname(path), name: basename(path), bytes, what: what === 'bundle' ? 'the evidence' : 'the proof' })
      return { fileName: basename(path) }
    },
  }
}
