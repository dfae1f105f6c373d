import type { PeerId } from '../brand.ts'
import { AppFault } from '../fault.ts'
import type { FollowedRecord } from '../store/ledger-records.ts'
import { type CheckedRow, epochAt, startChain } from './chain.ts'
import { equivocationProof } from './equivocation.ts'
import type { Extending } from './extending.ts'
import { firstIssue } from './fields.ts'
import type { FindingCode } from './findings.ts'
import { ChainHeader, genesisHash, slugFits } from './genesis.ts'
import { Head, sameHead, verifyHead } from './head.ts'
import type { Followed, HeadOptions, HeadVerdict, LedgerDeps, Offered } from './ledger-types.ts'
import { inputOf } from './payload.ts'
import type { Reading } from './reading.ts'
import { checkRotate, type MachineKeys, type Rotate, weakKey } from './rotation.ts'
import { judgeHead } from './witness.ts'
import { ticks } from './zeqond.ts'

/** The keys that statements shown with a head lead to, from those in force at the end of the copy on; what does not open a commitment is passed over. */
export const keysAfter = (state: FollowedRecord['state'], rotations: readonly Rotate[]): MachineKeys[] => {
  const keys: MachineKeys[] = []
  let last: MachineKeys & { readonly generation: number } = epochAt(state.epochs, state.nextSeq)
  for (const rotation of rotations) {
    const change = checkRotate(state.genesis, last, last.generation, rotation)
    if (!change.ok) continue
    last = { ...change.statement, generation: change.statement.n }
    keys.push(last)
  }
  return keys
}

/** The head of its peer that a row records, whatever the row is. */
export const peerHeadOf = ({ row }: CheckedRow): Head | null => {
  const parsed = Head.safeParse(inputOf(row.payload)?.['peer_head'])
  return parsed.success ? parsed.data : null
}

/** Chains of peers: copies that only ever grow by rows that verify. */
export const createFollowed = (
  { ports, store, work, onFork }: LedgerDeps,
  reading: Reading,
  extending: Extending,
  shown: (rows: readonly CheckedRow[]) => void,
) => {
  const record = (genesis: string): FollowedRecord => {
    const chain = store.chains.get(genesis)
    if (chain?.kind !== 'followed') throw new AppFault('NOT_FOUND', 'This machine is not followed.')
    return chain
  }
  const followedOf = (chain: FollowedRecord): Followed => ({
    genesis: chain.state.genesis,
    header: chain.info.header,
    peerId: chain.info.peerId,
    state: chain.state,
    head: reading.headOfChain(chain),
    nextSeq: chain.state.nextSeq,
    fork: chain.info.fork,
    gaps: chain.info.gaps,
    firstSeen: chain.info.firstSeen,
  })

  const noteFork = (chain: FollowedRecord, code: FindingCode, why: string, proof: ReturnType<typeof equivocationProof> | null): void => {
    // The first stays, unless it was only a suspicion and this one is proved.
    if (chain.info.fork !== null && (chain.info.fork.proof !== null || proof === null)) return
    store.chains.put({ ...chain, info: { ...chain.info, fork: { code, why: why.slice(0, 500), proof, at: ports.clock.now() } } })
    onFork?.(chain.state.genesis)
  }

  const contradiction = (chain: FollowedRecord, code: FindingCode, why: string, conflict: readonly [Head, Head] | null): HeadVerdict => {
    const proof = conflict === null ? null : equivocationProof(reading.checkedChain(chain, []), conflict)
    return { kind: 'contradiction', code, why, proof }
  }

  const keysOf = (chain: FollowedRecord, rotations: readonly Rotate[] = []): readonly MachineKeys[] => [
    ...chain.state.epochs,
    ...keysAfter(chain.state, rotations),
  ]
  const signedBy = (chain: FollowedRecord, head: Head, { rotations }: HeadOptions): boolean =>
    keysOf(chain, rotations).some((key) => verifyHead(key.sign_pub, head))

  /** A properly signed head behind the end of the copy, held against the other heads and, by its tick, against the last row. */
  const judgeUnreached = (chain: FollowedRecord, head: Head, { rotations = [], newest = false }: HeadOptions): HeadVerdict => {
    const keys = keysOf(chain, rotations)
    const signer = keys.find((key) => verifyHead(key.sign_pub, head))
    if (signer === undefined) return contradiction(chain, 'WITNESSED_HEAD_SIG', `a head at ${head.seq} is not signed by a key of this machine`, null)
    const inForce = epochAt(chain.state.epochs, chain.state.nextSeq)
    if (chain.state.epochs.some((key) => key === signer && key.generation < inForce.generation))
      return contradiction(chain, 'SUPERSEDED', `a head at ${head.seq} is signed by a key that was rotated away before it`, null)
    const last = reading.headOfChain(chain)
    for (const other of [...(last === null ? [] : [last]), ...store.keptHeads.all(chain.id).map((kept) => kept.head)]) {
      if (sameHead(other, head)) continue
      const [low, high] = other.seq <= head.seq ? [other, head] : [head, other]
      const impossible = other.seq === head.seq ? other.stateHash !== head.stateHash : ticks(low.zeqondNumber) > ticks(high.zeqondNumber)
      if (!impossible) continue
      store.keptHeads.add(chain.id, head)
      const both = keys.some((key) => verifyHead(key.sign_pub, low) && verifyHead(key.sign_pub, high))
      const why = low.seq === high.seq ? `two signed heads at ${low.seq}` : `row ${low.seq} was signed with a later tick than row ${high.seq}`
      return both ? contradiction(chain, 'EQUIVOCATION', why, [low, high]) : contradiction(chain, 'HISTORY_CHANGED', why, null)
    }
    store.keptHeads.add(chain.id, head)
    const top = store.keptHeads.all(chain.id).at(-1)
    if (newest && top !== undefined && top.head.seq > head.seq)
      return contradiction(chain, 'ROLLBACK', `a signed head at ${top.head.seq} was seen before, the chain now ends at ${head.seq}`, null)
    return { kind: 'unknown' }
  }

  const judge = (chain: FollowedRecord, head: Head, options: HeadOptions): HeadVerdict => {
    if (head.seq >= chain.state.nextSeq) return judgeUnreached(chain, head, options)
    const held = store.ledgerRows.at(chain.id, head.seq)?.row
    const { code, why, conflict } = judgeHead(reading.checkedChain(chain, held === undefined ? [] : [held]), head)
    if (code !== null) {
      if (signedBy(chain, head, options)) store.keptHeads.add(chain.id, head)
      return contradiction(chain, code, why, conflict)
    }
    const top = Math.max(chain.state.nextSeq - 1, store.keptHeads.all(chain.id).at(-1)?.head.seq ?? 0)
    if (options.newest === true && top > head.seq)
      return contradiction(chain, 'ROLLBACK', `a signed head at ${top} was seen before, the chain now ends at ${head.seq}`, null)
    return { kind: 'ok' }
  }

  return {
    followed: (genesis: string): Followed | undefined => {
      const chain = store.chains.get(genesis)
      return chain?.kind === 'followed' ? followedOf(chain) : undefined
    },
    followedByPeer: (peerId: string): Followed[] => store.chains.byPeer(peerId).map(followedOf),
    followedCount: store.chains.followedCount,

    follow: (value: ChainHeader, peerId: string): Followed =>
      work.run(() => {
        const parsed = ChainHeader.safeParse(value)
        if (!parsed.success) throw new AppFault('FORMAT', `The machine’s header is not as it should be (${firstIssue(parsed.error)}).`)
        const header = parsed.data
        if (!slugFits(header)) throw new AppFault('FORMAT', 'The machine’s slug is not the end of its origin.')
        const weak = weakKey(header)
        if (weak !== null) throw new AppFault('FORMAT', `The machine’s ${weak}.`)
        const genesis = genesisHash(header)
        const mine = store.chains.machines().flatMap(({ state }) => state.epochs.flatMap((key) => [key.sign_pub, key.kx_pub] as string[]))
        const held = store.chains.get(genesis)
        if ((held !== undefined && held.kind !== 'followed') || mine.includes(header.sign_pub) || mine.includes(header.kx_pub))
          throw new AppFault('BAD_ARGUMENT', 'This machine has a key of ours: it is no peer.')
        if (held !== undefined) {
          const known = held.info.peerId === peerId ? held : { ...held, info: { ...held.info, peerId: peerId as PeerId } }
          if (known !== held) store.chains.put(known)
          return followedOf(known)
        }
        const chain = {
          kind: 'followed' as const,
          info: { header, peerId: peerId as PeerId, firstSeen: ports.clock.now(), fork: null, gaps: [] },
          state: startChain(header),
        }
        return followedOf({ id: store.chains.add(chain), ...chain })
      }),

    offer: (genesis: string, rows: readonly unknown[], options: { readonly acceptGap?: boolean } = {}): Offered =>
      work.run(() => {
        const chain = record(genesis)
        const { offered, revealed } = extending.offer(chain, rows, options.acceptGap === true)
        // A row that nobody signed changes no history; the evidence of a kept head stays kept.
        if (offered.kind === 'fork' && offered.code !== 'HISTORY_CHANGED') noteFork(chain, offered.code, offered.why, offered.proof)
        shown(revealed)
        return offered
      }),

    keepHead: (value: Head, options: HeadOptions = {}): HeadVerdict =>
      work.run(() => {
        const head = Head.parse(value)
        const chain = record(head.genesis)
        const verdict = judge(chain, head, options)
        // What anybody could have made up is no fork.
        if (verdict.kind === 'contradiction' && signedBy(chain, head, options)) noteFork(chain, verdict.code, verdict.why, verdict.proof)
        return verdict
      }),

    keptHeads: (genesis: string): Head[] => store.keptHeads.all(record(genesis).id).map(({ head }) => head),
  }
}
