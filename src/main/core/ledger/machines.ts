import type { Zeqond } from '../brand.ts'
import { fromHex, toHex } from '../crypto/bytes.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { AppFault } from '../fault.ts'
import type { MachineInfo, MachineRecord, Recovering } from '../store/ledger-records.ts'
import { epochAt, startChain } from './chain.ts'
import { ChainHeader } from './genesis.ts'
import type { ClockDoubt, LedgerDeps, Machine, NewMachine } from './ledger-types.ts'
import { weakKey } from './rotation.ts'
import { ticks, zeqondAt } from './zeqond.ts'

const PARENT = 'countersign'
const CLOCK_TOLERANCE = 77n
const THIRTY_DAYS = 30 * 24 * 3_600_000

/** A slug for a name: a-z, 0-9 and "-", at most 64; `fallback` where nothing of the name is left. */
export const slugOf = (name: string, fallback: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 64)
    .replace(/^-+|-+$/g, '') || fallback

export const machineOf = ({ id, kind, info, state }: MachineRecord): Machine => ({
  id: String(id),
  genesis: state.genesis,
  slug: info.header.slug,
  originId: info.header.origin_id,
  header: info.header,
  custody: kind,
  isPublic: info.isPublic,
  displayName: info.displayName,
  purpose: info.purpose,
  status: info.recovering === null ? 'active' : 'recovering',
  createdAt: info.createdAt,
  updatedAt: info.updatedAt,
})

const whyRecovering: Readonly<Record<Recovering['reason'], string>> = {
  restored: 'it was restored from a backup and its peers have not been asked yet',
  foreign_head: 'a peer holds a later or another row of it, so this profile is an old copy',
  damaged: 'the end of its chain does not verify',
  keys: 'its keys in force are not those of this identity',
}

/** Own and hosted machines: making them, their keys, and whether anything may be appended. */
export const createMachines = ({ ports, store, work, self, next }: LedgerDeps) => {
  /** Seeds by public key, hex: the identity's, and those it has rotated to since. */
  const seeds = new Map<string, SecretBytes>([[self.signPub, self.signPriv]])

  const nowTick = (): Zeqond => zeqondAt(ports.clock.now())

  const make = (
    kind: 'own' | 'host',
    slug: string,
    parent: string,
    keys: { sign_pub: string; kx_pub: string; next: string | null },
    over: Partial<MachineInfo>,
  ) => {
    const now = ports.clock.now()
    const header = ChainHeader.safeParse({ slug, origin_id: `${parent}:${slug}`, genesis_zeqond: nowTick(), ...keys })
    if (!header.success) throw new AppFault('BAD_ARGUMENT', 'A machine’s slug is 1 to 64 of a-z, 0-9 and "-"; its parent has no spaces.')
    if (weakKey(header.data) !== null) throw new AppFault('STATE', 'The keys cannot be used for a machine.')
    const info: MachineInfo = {
      header: header.data,
      isPublic: false,
      displayName: null,
      purpose: null,
      keys: null,
      recovering: null,
      gaps: [],
      clockAt: now,
      createdAt: now,
      updatedAt: now,
      ...over,
    }
    const record = { kind, info, state: startChain(header.data) }
    return { id: store.chains.add(record), ...record }
  }

  const freeSlug = (base: string): string => {
    if (store.chains.bySlug(base) === undefined) return base
    for (let n = 2; ; n += 1) {
      const slug = `${base.slice(0, 63 - String(n).length)}-${n}`
      if (store.chains.bySlug(slug) === undefined) return slug
    }
  }

  const find = (genesis: string): MachineRecord => {
    const chain = store.chains.get(genesis)
    if (chain === undefined || chain.kind === 'followed') throw new AppFault('NOT_FOUND', 'There is no such machine.')
    return chain
  }
  const own = (): MachineRecord => {
    const chain = store.chains.own()
    if (chain === undefined) throw new AppFault('STATE', 'The identity has no machine.')
    return chain
  }
  const put = (record: MachineRecord, change: Partial<MachineInfo>, state = record.state): MachineRecord => {
    const changed = { ...record, info: { ...record.info, ...change }, state }
    store.chains.put(changed)
    return changed
  }

  /** The last row's tick that a person has said to be wrong while the clock is right; asked again after a restart. */
  let confirmedBehind: Zeqond | null = null

  const clockDoubt = (record = own()): ClockDoubt | null => {
    const { info, state } = record
    const now = ports.clock.now()
    const behind = ticks(state.zeqond) - ticks(zeqondAt(now)) > CLOCK_TOLERANCE
    if (behind && confirmedBehind !== state.zeqond) return { kind: 'behind', last: Number(ticks(state.zeqond)) * 777, now }
    if (info.clockAt !== null && Math.abs(now - info.clockAt) > THIRTY_DAYS) return { kind: 'jump', last: info.clockAt, now }
    return null
  }

  /** Notes that the clock is sound, at most once an hour. `record`: the own machine as it stands. */
  const noteClock = (record = own()): void => {
    const now = ports.clock.now()
    const due = record.info.clockAt === null || Math.abs(now - record.info.clockAt) > 3_600_000
    if (due && clockDoubt(record) === null) put(record, { clockAt: now })
  }

  return {
    find,
    own,
    put,
    clockDoubt: () => clockDoubt(),
    noteClock,
    nowTick,
    /** Makes the own machine where there is none. */
    ensureOwn: (): MachineRecord =>
      store.chains.own() ??
      make(
        'own',
        freeSlug(slugOf(self.name, `id-${self.signPub.slice(0, 8)}`)),
        PARENT,
        { sign_pub: self.signPub, kx_pub: self.kxPub, next },
        { isPublic: true },
      ),
    create: (input: NewMachine): MachineRecord => {
      const { displayName = null, purpose = null, isPublic = false, parentOrigin = PARENT } = input
      if ((displayName?.length ?? 0) > 255 || (purpose?.length ?? 0) > 4000) throw new AppFault('BAD_ARGUMENT', 'The name or the purpose is too long.')
      const slug = input.slug ?? freeSlug(slugOf(self.name, 'machine'))
      if (store.chains.bySlug(slug) !== undefined) throw new AppFault('EXISTS', 'slug_taken')
      const [sign, kx] = [ports.random.bytes(32), ports.random.bytes(32)]
      try {
        const keys = { sign_pub: toHex(ed25519PublicKey(sign)), kx_pub: toHex(x25519PublicKey(kx)), next: null }
        return make('host', slug, parentOrigin, keys, { isPublic, displayName, purpose, keys: { sign: toHex(sign), kx: toHex(kx) } })
      } finally {
        sign.fill(0)
        kx.fill(0)
      }
    },
    update: (
      genesis: string,
      change: { readonly isPublic?: boolean | undefined; readonly displayName?: string | null | undefined; readonly purpose?: string | null | undefined },
    ) => {
      const record = find(genesis)
      if ((change.displayName?.length ?? 0) > 255 || (change.purpose?.length ?? 0) > 4000)
        throw new AppFault('BAD_ARGUMENT', 'The name or the purpose is too long.')
      const { isPublic = record.info.isPublic, displayName = record.info.displayName, purpose = record.info.purpose } = change
      return put(record, { isPublic, displayName, purpose, updatedAt: ports.clock.now() })
    },
    /** Lends the seed of the key in force. @throws AppFault STATE when it is not here. */
    withSeed: <T>(record: MachineRecord, sign: (seed: SecretBytes) => T): T => {
      const { keys } = record.info
      if (keys !== null) {
        const seed = SecretBytes.take(fromHex(keys.sign))
        try {
          return sign(seed)
        } finally {
          seed.wipe()
        }
      }
      const seed = seeds.get(epochAt(record.state.epochs, record.state.nextSeq).sign_pub)
      if (seed === undefined) throw new AppFault('STATE', 'The machine’s key in force is not at hand.')
      return sign(seed)
    },
    hasSeed: (record: MachineRecord): boolean => record.info.keys !== null || seeds.has(epochAt(record.state.epochs, record.state.nextSeq).sign_pub),
    learnSeed: (signPub: string, seed: SecretBytes): void => void seeds.set(signPub, seed),
    /** @throws AppFault STATE: recovering, clock, an acked row from the future. */
    writable: (genesis: string, acked: readonly Zeqond[]): MachineRecord => {
      const record = find(genesis)
      const { recovering } = record.info
      if (recovering !== null) throw new AppFault('STATE', `Nothing is appended to this machine: ${whyRecovering[recovering.reason]}.`)
      if (clockDoubt(record.kind === 'own' ? record : own()) !== null || (record.kind === 'host' && clockDoubt(record)?.kind === 'behind'))
        throw new AppFault('STATE', 'Nothing is appended before you have confirmed the computer’s clock.')
      const now = ticks(nowTick())
      if (acked.some((tick) => ticks(tick) > now + CLOCK_TOLERANCE))
        throw new AppFault('STATE', 'A row that would be acknowledged is more than a minute ahead of the clock.')
      return record
    },
    confirmClock: (): void =>
      work.run(() => {
        const record = own()
        put(record, { clockAt: ports.clock.now() })
        confirmedBehind = record.state.zeqond
      }),
    setRecovering: (record: MachineRecord, recovering: Recovering | null): void => void put(record, { recovering, updatedAt: ports.clock.now() }),
  }
}
export type Machines = ReturnType<typeof createMachines>
