import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { generous } from './api/api.fixture.ts'
import { routes } from './api/routes.ts'
import { type ApiServer, startApiServer } from './api/server.ts'
import { noOrders, type StandingOrders } from './approvals/policy.ts'
import { fromHex, toHex, utf8 } from './crypto/bytes.ts'
import { canonicalJson, type Json, taggedBytes } from './crypto/canonical-json.ts'
import { ed25519PublicKey } from './crypto/ed25519.ts'
import { hkdfSha256 } from './crypto/hash.ts'
import { SecretBytes } from './crypto/secret.ts'
import { x25519PublicKey, x25519Shared } from './crypto/x25519.ts'
import { deriveSessionKey } from './hs/handshake.ts'
import { wipeSecret } from './identity/identity.ts'
import { readBackup } from './identity-backup.ts'
import { firstCommitment, recoveryKeys } from './ledger/recovery-keys.ts'
import { stepOf } from './m2m/rows-of.ts'
import { deriveKeys, keyConfirm, sharedSecrets } from './m2m/session.ts'
import { systemRandom } from './node-ports.ts'
import type { Log, Ports } from './ports.ts'
import { encodeClientLine } from './relay/envelope.ts'
import { createSearcher, filesOf, type Leak, type Place, type Secret, textPlace } from './secrets.fixture.ts'
import { cheapKdf, openTestRelay, passphrase, type TestRelay, type TestWallet, testPorts, until } from './wallet.fixture.ts'
import { columnKeyOf } from './wallet-identities.ts'

// One story from the first identity to the restart, by wallets as they ship, and a reader of everything that leaves them: what is logged,
// told, sent, answered, written. The reader knows every secret there was, because the random numbers pass through its hands.

const auto: StandingOrders = { ...noOrders, policy: { default: 'auto', peers: {} } }
const phrases = {
  backup: 'a passphrase for backups only',
  exported: 'what the original is given now',
  next: 'entirely another phrase for bob',
  wrong: 'this is simply not the right one',
}
const texts = [
  'the first thing that alice ever said to bob',
  'and what bob has got to say about it all',
  'said by alice while bob had locked his wallet',
  'a word in the session that is agreed by hand',
  'for the one who has no ledger at all',
  'the one without a ledger has an answer',
]
const fileName = 'report.bin'
const fileBytes = new Uint8Array(randomBytes(100_000))

interface Recorder {
  readonly ports: Partial<Ports>
  readonly log: string[]
  /** Copies: the wallet wipes its own. */
  readonly random: Uint8Array[]
  readonly derived: Uint8Array[]
}
const recorder = (): Recorder => {
  const [log, random, derived]: [string[], Uint8Array[], Uint8Array[]] = [[], [], []]
  const at =
    (level: string): Log['info'] =>
    (text, fields) =>
      void log.push(`${level} ${text} ${JSON.stringify(fields ?? {})}`)
  return {
    log,
    random,
    derived,
    ports: {
      log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
      random: {
        bytes: (length) => {
          const made = systemRandom.bytes(length)
          random.push(Uint8Array.from(made))
          return made
        },
      },
      kdf: {
        scrypt: async (...args) => {
          const key = await cheapKdf.scrypt(...args)
          derived.push(Uint8Array.from(key))
          return key
        },
      },
    },
  }
}

/** What lies sealed in a profile's database of keys that must go. */
const sealedKeys = (home: string, name: string, sql: string): Secret[] => {
  const database = new Database(join(home, name, 'countersign.db'), { readonly: true })
  try {
    return (database.prepare(sql).all() as { sealed: Uint8Array }[]).map(({ sealed }, i) => ({
      name: `${sql} ${i} of ${name}`,
      bytes: Uint8Array.from(sealed),
    }))
  } finally {
    database.close()
  }
}
const handshakeKeys = "SELECT sealed FROM m2m_secret WHERE kind IN ('eph', 'keys')"
const channelKeys = 'SELECT sealed FROM channel_secret'
const keptLines = 'SELECT sealed FROM locked_line'

let relay: TestRelay
let folder: string
let listener: Socket
let server: ApiServer
let alice: TestWallet
let bob: TestWallet
const made = { alice: recorder(), bob: recorder() }
const places: Place[] = []
const secrets: Secret[] = []
const lines: string[] = []
const told: Record<string, unknown[]> = { alice: [], bob: [] }
const printed: unknown[] = []
const statuses = new Map<string, Set<number>>()
/** Ephemerals and keys of a handshake that is over. */
const left: Secret[] = []
const wiped: { readonly what: string; readonly blobs: Secret[]; readonly before: Place[]; readonly after: Place[] }[] = []

const listen = (who: 'alice' | 'bob', w: TestWallet): void => {
  w.wallet.onEvent((event) => void told[who]?.push({ event }))
  w.wallet.onPatch((patch) => void told[who]?.push({ patch }))
  w.wallet.onApproval(() => void told[who]?.push({ approval: w.wallet.approvalCurrent({}) }))
}
const disk = (when: string): Place[] => [...filesOf(alice.home, `alice, ${when}`), ...filesOf(bob.home, `bob, ${when}`)]
const photograph = (when: string): void => void places.push(...disk(when))
const sessionOf = (w: TestWallet) => w.wallet.appSnapshot({}).sessions.at(-1)
const bothSealed = (): Promise<unknown> =>
  until('both sealed', () => [alice, bob].every((w) => sessionOf(w)?.evidence === 'SEALED' && sessionOf(w)?.state === 'open'))
const bothClosed = (): Promise<unknown> => until('both closed', () => [alice, bob].every((w) => sessionOf(w)?.state === 'closed'))
const heard = (w: TestWallet, text: string): Promise<unknown> =>
  until(text, () => w.events.some((e) => e.event === 'message' && e.direction === 'theirs' && e.text === text))
const asks = (w: TestWallet, step: string): Promise<unknown> => until(step, () => w.wallet.appSnapshot({}).requests.find((r) => r.step === step))

const call = async (method: string, path: string, key: string | null, body?: unknown): Promise<string> => {
  const stop = new AbortController()
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    signal: stop.signal,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  let text = JSON.stringify([...response.headers])
  const reader = response.body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (value !== undefined) text += Buffer.from(value).toString('latin1')
    // A stream has no end: its first words, in which it tells what is there.
    if (done || response.headers.get('content-type')?.startsWith('text/event-stream')) break
  }
  stop.abort()
  const route = `${method} ${path}`
  statuses.set(route, (statuses.get(route) ?? new Set()).add(response.status))
  places.push({ name: `answer to ${route}`, bytes: Buffer.from(text, 'latin1') })
  return text.slice(text.indexOf(']]') + 2)
}

/** The identity's keys, as the test can know them: the random numbers whose public keys are the profile's. */
const keysOf = (who: 'alice' | 'bob', w: TestWallet) => {
  const { random } = made[who]
  const dto = w.wallet.appSnapshot({}).app.profile
  const find = (what: string, fits: (bytes: Uint8Array) => boolean): Uint8Array => {
    const found = random.find((bytes) => bytes.length === 32 && fits(bytes))
    if (!found) throw new Error(`the ${what} of ${who} was not among the random numbers`)
    return found
  }
  const { header } = w.wallet.openLedger().ledger.own()
  return {
    find,
    sign: find('signing key', (bytes) => toHex(ed25519PublicKey(bytes)) === dto?.signPub),
    kx: find('exchange key', (bytes) => toHex(x25519PublicKey(bytes)) === dto?.kxPub),
    seed: find('recovery seed', (bytes) => firstCommitment(SecretBytes.copy(bytes)) === header.next),
  }
}

const know = (name: string, bytes: Uint8Array): void => void secrets.push({ name, bytes: Uint8Array.from(bytes) })
const knowText = (name: string, text: string): void => know(name, utf8(text))
const knowSecret = (name: string, secret: SecretBytes): void => secret.use((bytes) => know(name, bytes))

/** Every secret of the story. Called while both are unlocked, at its end. */
const learn = (apiKeys: readonly string[], hosted: string, older: string): void => {
  const keys = { alice: keysOf('alice', alice), bob: keysOf('bob', bob) }
  for (const [who, w] of [
    ['alice', alice],
    ['bob', bob],
  ] as const) {
    const { sign, kx, seed } = keys[who]
    know(`signing key of ${who}`, sign)
    know(`exchange key of ${who}`, kx)
    know(`recovery seed of ${who}`, seed)
    const next = recoveryKeys(SecretBytes.copy(seed), 1)
    knowSecret(`next signing key of ${who}`, next.signPriv)
    knowSecret(`next exchange key of ${who}`, next.kxPriv)
    const secret = { kxPriv: SecretBytes.copy(kx), signPriv: SecretBytes.copy(sign) }
    knowSecret(`column key of ${who}`, columnKeyOf({ ...secret, myId: w.id() as never, createdAt: '', recoverySeed: null, generation: 0 }))
    for (const [i, derived] of made[who].derived.entries()) know(`key ${i} from a passphrase of ${who}`, derived)
  }
  const machine = alice.wallet.openLedger().ledger.machine({ slug: hosted })
  know(
    'signing key of the hosted machine',
    keys.alice.find('hosted signing key', (b) => toHex(ed25519PublicKey(b)) === machine?.header.sign_pub),
  )
  know(
    'exchange key of the hosted machine',
    keys.alice.find('hosted exchange key', (b) => toHex(x25519PublicKey(b)) === machine?.header.kx_pub),
  )

  const [aLedger, bLedger] = [alice.wallet.openLedger().ledger, bob.wallet.openLedger().ledger]
  const [a, b] = [aLedger.own(), bLedger.own()]
  const dh = x25519Shared(keys.alice.kx, fromHex(b.header.kx_pub))
  know('secret of the two exchange keys', dh)
  const [first, second] = [a.genesis, b.genesis].sort()
  know('key of the sealed bodies', hkdfSha256(dh, null, taggedBytes('zeq.m2m.box.v1', { a: String(first), b: String(second) }), 32))

  know('key of the session in the older profile', deriveSessionKey(keys.alice.kx, fromHex(older)))

  const streams = new Set(lines.flatMap((line) => [...line.matchAll(/s\\*": *\\*"([0-9a-f]{32})\\*"/g)].map((m) => String(m[1]))))
  for (const [i, { id, nonce }] of alice.wallet
    .appSnapshot({})
    .sessions.filter(({ profile }) => profile === 'm2m')
    .entries()) {
    const [ours, theirs] = [aLedger, bLedger].map((ledger) => ledger.sessionRows(ledger.own().genesis, String(nonce)).flatMap((r) => stepOf(r) ?? []))
    const pubOf = (steps: typeof ours) => steps?.flatMap((s) => (s.kind === 'key' ? [s.ecdh_pub] : []))[0] ?? ''
    const [aPub, bPub] = [pubOf(ours), pubOf(theirs)]
    const aEph = keys.alice.find(`ephemeral ${i}`, (r) => toHex(x25519PublicKey(r)) === aPub)
    const bEph = keys.bob.find(`ephemeral ${i}`, (r) => toHex(x25519PublicKey(r)) === bPub)
    know(`ephemeral of alice, session ${i}`, aEph)
    know(`ephemeral of bob, session ${i}`, bEph)
    const shared = sharedSecrets('initiator', { eph: SecretBytes.copy(aEph), kx: SecretBytes.copy(keys.alice.kx) }, { eph: bPub, kx: b.header.kx_pub })
    for (const [n, at] of [0, 32, 64].entries()) know(`exchange ${n}, session ${i}`, shared.subarray(at, at + 32))
    const made = deriveKeys(shared, id)
    // They are the very keys that the activate row answers for.
    expect(ours?.flatMap((s) => (s.kind === 'activate' ? [s.key_confirm] : []))).toEqual([keyConfirm(made.confirm, 'initiator', id)])
    for (const name of ['a2b', 'b2a', 'root', 'confirm'] as const) knowSecret(`${name} of session ${i}`, made[name])
    for (const s of streams)
      for (const dir of ['a2b', 'b2a'] as const)
        made[dir].use((key) => know(`${dir} stream ${s}, session ${i}`, hkdfSha256(key, fromHex(s), 'zeq.m2m.stream.v1', 32)))
  }

  knowText('passphrase', Buffer.from(passphrase()).toString())
  for (const [name, phrase] of Object.entries(phrases)) knowText(`passphrase ${name}`, phrase)
  for (const [i, text] of texts.entries()) knowText(`text ${i}`, text)
  for (const at of [0, 50_000, 99_900]) know(`content of the file at ${at}`, fileBytes.subarray(at, at + 64))
  for (const [i, key] of apiKeys.entries()) {
    knowText(`API key ${i}`, key.slice(4))
    know(`bytes of API key ${i}`, Buffer.from(key.slice(4), 'base64url'))
  }
}

const story = async (): Promise<void> => {
  alice = await relay.wallet('alice', { m2m: true, orders: auto, ports: made.alice.ports })
  bob = await relay.wallet('bob', { m2m: true, orders: auto, ports: made.bob.ports })
  listen('alice', alice)
  listen('bob', bob)
  await until('cards', () => [alice, bob].every((w) => w.wallet.appSnapshot({}).peers.some((p) => p.profile === 'm2m')))
  photograph('created')

  // The HTTP API, with keys of all kinds, a hosted machine, and every question it answers.
  server = await startApiServer({ ...testPortsOf(made.alice) }, { ...alice.wallet.openLedger(), version: '0', port: 0, limits: { rate: generous } })
  const spinUp = JSON.parse(await call('POST', '/api/chain/state-machines', server.bootstrapToken, { slug: 'sensor', is_public: false })) as { api_key: string }
  const further = JSON.parse(
    await call('POST', '/api/chain/sensor/api-keys', spinUp.api_key, { name: 'reader', scope: 'viewer', rate_limit_tier: 'standard' }),
  ) as { api_key: string }
  await call('POST', '/api/chain/sensor/event', spinUp.api_key, { type: 'reading', payload: { celsius: '21.5' } })
  const apiKeys = [spinUp.api_key, further.api_key, server.bootstrapToken]

  // A session by policy: handshake, both speak, a file, the end.
  alice.wallet.peerPropose({ peer: bob.id() })
  await bothSealed()
  const blobs = [...sealedKeys(alice.home, 'alice', channelKeys), ...sealedKeys(bob.home, 'bob', channelKeys)]
  const open = disk('session open')
  places.push(...open)
  const session = sessionOf(alice)?.id ?? ''
  alice.wallet.sessionSend({ session, text: String(texts[0]) })
  await heard(bob, String(texts[0]))
  bob.wallet.sessionSend({ session, text: String(texts[1]) })
  await heard(alice, String(texts[1]))
  mkdirSync(join(folder, 'given'))
  writeFileSync(join(folder, 'given', fileName), fileBytes)
  await alice.wallet.sessionSendFile({ session, path: join(folder, 'given', fileName) })
  await until('the file to be there', () => bob.wallet.appSnapshot({}).files.some((f) => f.state === 'done'))
  photograph('file moved')
  bob.wallet.identityLock()
  await expect(bob.wallet.identityUnlock({ name: 'bob', passphrase: utf8(phrases.wrong) })).rejects.toMatchObject({ code: 'WRONG_PASSPHRASE' })
  alice.wallet.sessionSend({ session, text: String(texts[2]) })
  await until('a line kept while locked', () => sealedKeys(bob.home, 'bob', keptLines).length > 0)
  photograph('bob locked')
  await bob.wallet.identityUnlock({ name: 'bob', passphrase: passphrase() })
  await heard(bob, String(texts[2]))
  try {
    alice.wallet.sessionClose({ session })
  } catch {
    // Decided by the policy before there was a request to show.
  }
  await bothClosed()
  const after = disk('session closed')
  places.push(...after)
  wiped.push({ what: 'keys of the channel', blobs, before: open, after })

  // Another, by hand, on a wallet that was started anew: so that everything lies on disk between two steps.
  await bob.wallet.identityPassphrase({ old: passphrase(), new: utf8(phrases.next) })
  await bob.wallet.close()
  photograph('bob closed')
  bob = await relay.wallet('bob', { m2m: true, home: bob.home, create: false, ports: made.bob.ports })
  listen('bob', bob)
  await bob.wallet.identityUnlock({ name: 'bob', passphrase: utf8(phrases.next) })
  alice.wallet.peerPropose({ peer: bob.id() })
  const between: { blobs: Secret[]; before: Place[] } = { blobs: [], before: [] }
  for (const step of ['accept', 'key', 'activate']) {
    await asks(bob, step)
    for (const [name, w] of [
      ['alice', alice],
      ['bob', bob],
    ] as const)
      between.blobs.push(...sealedKeys(w.home, name, handshakeKeys))
    between.before.push(...disk(`bob is asked to ${step}`))
    await bob.approve(step)
  }
  await bothSealed()
  const open2 = disk('second session open')
  places.push(...between.before, ...open2)
  wiped.push({ what: 'ephemerals and keys of the handshake', ...between, after: open2 })
  left.push(...sealedKeys(bob.home, 'bob', handshakeKeys), ...sealedKeys(alice.home, 'alice', handshakeKeys))
  alice.wallet.sessionSend({ session: sessionOf(alice)?.id ?? '', text: String(texts[3]) })
  await heard(bob, String(texts[3]))

  // Somebody who speaks only the older profile, and somebody who speaks none.
  const dave = await relay.wallet('dave', { orders: { ...auto, meet: 'any' } })
  await until('dave', () => alice.wallet.appSnapshot({}).peers.some((p) => p.id === dave.id()))
  alice.wallet.peerPropose({ peer: dave.id() })
  const older = await until('a session with dave', () => alice.wallet.appSnapshot({}).sessions.find((s) => s.peer === dave.id() && s.state === 'open'))
  alice.wallet.sessionSend({ session: older.id, text: String(texts[4]) })
  await heard(dave, String(texts[4]))
  dave.wallet.sessionSend({ session: dave.wallet.appSnapshot({}).sessions[0]?.id ?? '', text: String(texts[5]) })
  await heard(alice, String(texts[5]))
  const frame = { k: session.slice(0, 16), e: 0, s: '00'.repeat(16), n: 0, c: Buffer.alloc(300).toString('base64url') }
  for (const rest of [{ d: frame }, { b: 'AAAA', s: 'A'.repeat(86) }, { b: '{', s: '' }])
    listener.write(encodeClientLine({ to: alice.id(), intent: 'm2m', ...rest, from: bob.id() }))
  await until('garbage to be dropped', () => made.alice.log.some((line) => line.startsWith('info dropped')))

  // What can be taken out of a wallet.
  const out = join(folder, 'out')
  mkdirSync(out)
  await alice.wallet.identityBackup({ passphrase: passphrase(), backupPassphrase: utf8(phrases.backup), messages: true, path: join(out, 'alice.csbackup') })
  await alice.wallet.identityExport({ passphrase: passphrase(), exportPassphrase: utf8(phrases.exported), path: join(out, 'id_agent_alice.json') })
  alice.wallet.auditSave({ peer: bob.id(), session: null, what: 'bundle', path: join(out, 'bundle.countersign') })
  for (const [who, w, peer] of [
    ['alice', alice, bob],
    ['bob', bob, alice],
  ] as const) {
    const { ledger } = w.wallet.openLedger()
    for (const machine of ledger.machines()) {
      const { header, rows, head } = ledger.chain(machine.genesis)
      places.push(
        textPlace(
          `chain ${machine.slug} of ${who}`,
          canonicalJson({ ...(header as { readonly [key: string]: Json }), rows: rows as readonly Json[], head: head as Json }),
        ),
      )
    }
    places.push(textPlace(`audit by ${who}`, w.wallet.auditPeer({ peer: peer.id(), session: null })))
    places.push(textPlace(`rows for the window of ${who}`, [w.wallet.ledgerRows({ before: null, limit: 100, session: null }), w.wallet.ledgerTokens({})]))
    for (const { id } of w.wallet.appSnapshot({}).peers) places.push(textPlace(`messages of ${who}`, w.wallet.sessionMessages({ peer: id, before: null })))
    places.push(textPlace(`snapshot of ${who}`, w.wallet.appSnapshot({})))
  }
  places.push(textPlace('audit of the bundle', await bob.wallet.auditFile({ path: join(out, 'bundle.countersign') })))
  places.push(...filesOf(out, 'taken out'))
  const { identity, ...inside } = await readBackup(testPorts(), { bytes: readFileSync(join(out, 'alice.csbackup')), passphrase: utf8(phrases.backup) })
  wipeSecret(identity)
  places.push(textPlace('what is inside the backup', inside))

  const { ledger } = alice.wallet.openLedger()
  const token = alice.wallet.ledgerTokens({}).tokens.find(({ own }) => own)
  for (const slug of [ledger.own().slug, 'sensor']) {
    const contract = ledger.contracts(ledger.machine({ slug })?.genesis ?? ('' as never))[0]
    for (const { path } of routes.filter(({ method }) => method === 'GET')) {
      const filled = path
        .replace(':slug', slug)
        .replace('/templates/:id', '/templates/m2m_handshake')
        .replace(':id', contract?.id ?? 'none')
        .replace(':tokenId', token?.id ?? 'none')
      const query = path.endsWith('/block') ? `?zeqond=${ledger.head(ledger.machine({ slug })?.genesis ?? ('' as never))?.zeqondNumber}` : ''
      for (const key of [null, ...apiKeys]) await call('GET', filled + query, key)
    }
  }

  learn(apiKeys, 'sensor', dave.wallet.appSnapshot({}).app.profile?.kxPub ?? '')
  bob.wallet.identityLock()
  photograph('bob locked, session open')
  await server.close()
  await alice.wallet.close()
  await bob.wallet.close()
  photograph('all closed')
  for (const who of ['alice', 'bob'] as const) {
    places.push(textPlace(`log of ${who}`, made[who].log.join('\n')))
    const [events, rest] = [told[who]?.filter((one) => 'event' in (one as object)), told[who]?.filter((one) => !('event' in (one as object)))]
    places.push(textPlace(`events of ${who}`, events), textPlace(`patches for the window of ${who}`, rest))
  }
  places.push(textPlace('lines on the relay', lines.join('')), textPlace('console', printed.map(String).join('\n')))
}

const testPortsOf = (r: Recorder): Ports => ({ ...testPorts(), ...r.ports })

/** Where a secret may stand, and why: everything else is a leak. */
const belongs: readonly { readonly secret: RegExp; readonly place: RegExp; readonly why: string }[] = [
  { secret: /^text /, place: /^(events|messages|patches for the window) of /, why: 'the owner reads it' },
  {
    secret: /^content of the file/,
    place: new RegExp(`^file bob/received/(${fileName}|[.]${fileName}[.][0-9a-f]+[.]part) `),
    why: 'the owner asked for the file',
  },
  { secret: /^confirm of session/, place: /^file bundle[.]countersign /, why: 'an auditor checks the MACs of both with it; it opens no traffic' },
  { secret: /^text |of the hosted machine$/, place: /^what is inside the backup$/, why: 'who opens it takes the owner’s place' },
  { secret: /API key [01]$/, place: /^answer to POST .*\/(state-machines|api-keys)$/, why: 'shown once to whom it is for' },
]
const out = (leak: Leak): boolean => !belongs.some(({ secret, place }) => secret.test(leak.secret) && place.test(leak.place))

beforeAll(async () => {
  for (const method of ['debug', 'log', 'info', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation((...args) => void printed.push(...args))
  folder = mkdtempSync(join(tmpdir(), 'countersign-secrets-'))
  relay = await openTestRelay()
  listener = connect(relay.port, relay.host)
  listener.setEncoding('utf8').on('data', (text: string) => void lines.push(text))
  await story()
}, 120_000)
afterAll(async () => {
  vi.restoreAllMocks()
  listener.destroy()
  await relay.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('no secret in database, API, bundle, log', () => {
  it('knows every kind of secret, and looked at every kind of place', () => {
    const names = secrets.map(({ name }) => name)
    for (const name of [
      ...[
        'signing key of alice',
        'exchange key of bob',
        'recovery seed of alice',
        'next signing key of bob',
        'column key of alice',
        'key of the sealed bodies',
        'key of the session in the older profile',
      ],
      ...[
        'signing key of the hosted machine',
        'exchange key of the hosted machine',
        'passphrase',
        'passphrase backup',
        'passphrase wrong',
        'API key 0',
        'API key 2',
      ],
      ...[0, 1].flatMap((i) => [`ephemeral of alice, session ${i}`, `ephemeral of bob, session ${i}`, `exchange 0, session ${i}`]),
      ...[0, 1].flatMap((i) => ['a2b', 'b2a', 'root', 'confirm'].map((key) => `${key} of session ${i}`)),
      ...texts.map((_, i) => `text ${i}`),
    ])
      expect(names, name).toContain(name)
    expect(names.filter((name) => /^a2b stream [0-9a-f]{32}, session 0$/.test(name)).length).toBeGreaterThan(1)
    for (const place of [
      ...['countersign.db', 'countersign.db-wal', 'countersign.db-shm', 'identity.json', 'identity.previous.json'].map(
        (file) => new RegExp(`^file bob/${file} `),
      ),
      ...[
        /^file alice[.]csbackup /,
        /^file bundle[.]countersign /,
        /^file id_agent_alice[.]json /,
        /^file HSAgent-.*[.]db /,
        /^file bob.*[(]bob, all closed[)]/,
      ],
      ...[/^log of alice$/, /^events of bob$/, /^patches /, /^lines on the relay$/, /^chain sensor of alice$/, /^audit by bob$/, /^answer to GET /],
    ])
      expect(places.filter(({ name, bytes }) => place.test(name) && bytes.length > 0).length, String(place)).toBeGreaterThan(0)
    // Frames and sealed bodies went past the listener.
    expect(lines.join('')).toMatch(/d\\*": *[{]\\*"k\\*"/)
    expect(lines.join('')).toMatch(/x\\*": *1/)
    for (const line of [/info .*sym_key fingerprint=/, /info .*opened message/, /info dropped: /, /info api: listening/])
      expect(made.alice.log.join('\n')).toMatch(line)
  })

  it('every question the API answers was asked, and answered at least once', () => {
    for (const { path, method } of routes) {
      if (method !== 'GET') continue
      const asked = new RegExp(`^GET ${path.replaceAll(/:[a-zA-Z]+/g, '[^/?]+')}([?].*)?$`)
      const answered = [...statuses].filter(([route]) => asked.test(route)).flatMap(([, all]) => [...all])
      expect(answered, path).toContain(200)
    }
  })

  it('none stands anywhere but where it belongs', () => {
    expect(createSearcher(secrets)(places).filter(out)).toEqual([])
  })

  it.each(belongs)('$secret does stand in $place: $why', ({ secret, place }) => {
    expect(createSearcher(secrets)(places).some((leak) => secret.test(leak.secret) && place.test(leak.place))).toBe(true)
  })

  it('what was wiped is gone from the files: the sealed keys lay there before, and do not any more', () => {
    for (const { what, blobs, before, after } of wiped) {
      const search = createSearcher(blobs)
      expect(blobs.length, what).toBeGreaterThan(1)
      expect(new Set(search(before).map(({ secret }) => secret)), what).toEqual(new Set(blobs.map(({ name }) => name)))
      expect(search(after), what).toEqual([])
    }
    expect(wiped).toHaveLength(2)
    expect(left).toEqual([])
  })
})

describe('a leak is found', () => {
  it('in every form, wherever it begins', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256)
    const search = createSearcher([{ name: 'key', bytes: key }])
    const hex = toHex(key)
    const base64 = Buffer.from(key).toString('base64')
    const written = [
      Buffer.from(key),
      ...[hex, hex.toUpperCase(), base64, Buffer.from(key).toString('base64url'), JSON.stringify(Buffer.from(key)), [...key].join(', ')].map((t) =>
        Buffer.from(t),
      ),
      // Half of it.
      Buffer.from(hex.slice(0, 32)),
      Buffer.from(key.subarray(16)),
    ]
    for (const before of ['', '.', '..', '...', '{"key":"'])
      for (const bytes of written) {
        const text = Buffer.concat([Buffer.from(before), bytes, Buffer.from('"}')])
        const name = `${before} ${bytes.toString('latin1')}`
        expect(search([{ name: 'it', bytes: text }]).length, name).toBeGreaterThan(0)
        for (const form of ['base64', 'base64url', 'hex'] as const)
          if (!bytes.includes(',') && !bytes.equals(Buffer.from(key)) && bytes.length > 16)
            expect(search([textPlace('it', text.toString(form))]).length, `${form} of ${name}`).toBeGreaterThan(0)
      }
    expect(search([textPlace('other', toHex(key.map((b) => b ^ 1))), textPlace('short', hex.slice(0, 31))])).toEqual([])
  })

  it('whoever leaks: log, event, console, relay, database, API, ledger, bundle, backup', { timeout: 60_000 }, async () => {
    const carol = recorder()
    const w = await relay.wallet('carol', { m2m: true, ports: carol.ports })
    const events: unknown[] = []
    w.wallet.onEvent((event) => void events.push(event))
    const dto = w.wallet.appSnapshot({}).app.profile
    const key = carol.random.find((bytes) => bytes.length === 32 && toHex(x25519PublicKey(bytes)) === dto?.kxPub) ?? new Uint8Array(0)
    const search = createSearcher([{ name: 'key', bytes: key }])
    const formsIn = (...found: Place[]): string[] => [...new Set(search(found).map(({ form }) => form))].sort()
    const { ledger, store, work } = w.wallet.openLedger()
    const own = ledger.own().genesis
    const database = (): Place[] => filesOf(w.home, 'carol').filter(({ name }) => /countersign[.]db(-wal)? /.test(name))
    const chain = (): Place => textPlace('chain', canonicalJson(ledger.chain(own).rows as readonly Json[]))
    expect(formsIn(...filesOf(w.home, 'carol'), chain(), textPlace('log', carol.log.join('\n')), textPlace('events', events))).toEqual([])

    carol.ports.log?.debug('unlocked', { kx: toHex(key) })
    expect(formsIn(textPlace('log', carol.log.join('\n')))).toEqual(['hex'])

    w.wallet.report({ event: 'error', code: 'INTERNAL', text: Buffer.from(key).toString('base64') })
    expect(formsIn(textPlace('events', events))).toContain('base64')
    // Events are sealed in the database.
    expect(formsIn(...database())).toEqual([])

    console.log(Buffer.from(key))
    console.log(JSON.stringify(Buffer.from(key)))
    expect(formsIn(textPlace('console', printed.map(String).join('\n')))).toEqual(['list'])

    const before = lines.length
    const leaking = connect(relay.port, relay.host)
    const body = Buffer.from(JSON.stringify({ v: 1, kx: toHex(key) })).toString('base64url')
    leaking.write(`${JSON.stringify({ v: 1, kind: 'leak', b: body })}\n`)
    await until('the line at the listener', () => lines.slice(before).join('').includes(body))
    leaking.destroy()
    expect(formsIn(textPlace('relay', lines.slice(before).join('')))).toContain('hex in base64url')

    // An unsealed column: in the journal at first, in the file after it was closed.
    const raw = new Database(join(w.home, 'carol', 'countersign.db'))
    raw.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run('leak', Buffer.from(key))
    expect(formsIn(...database())).toEqual(['raw'])
    raw.pragma('secure_delete = ON')
    raw.prepare("DELETE FROM meta WHERE key = 'leak'").run()
    raw.pragma('wal_checkpoint(TRUNCATE)')
    expect(formsIn(...database())).toEqual([])
    raw.close()
    store.publicSettings.set('leak', toHex(key))
    expect(formsIn(...database())).toEqual(['hex'])
    store.publicSettings.remove('leak')

    ledger.update(own, { purpose: `for ${toHex(key).toUpperCase()}` })
    const api = await startApiServer(testPorts(), { ledger, store, work, version: '0', port: 0 })
    const answer = await (
      await fetch(`http://127.0.0.1:${api.port}/api/chain/state-machines`, { headers: { authorization: `Bearer ${api.bootstrapToken}` } })
    ).text()
    await api.close()
    expect(formsIn(textPlace('api', answer))).toEqual(['HEX'])

    ledger.append(own, { type: 'event', payload: { type: 'note', payload: { kx: Buffer.from(key).toString('base64url') } } })
    expect(formsIn(chain())).toContain('base64url')
    const outFolder = mkdtempSync(join(folder, 'leak-'))
    const bundle = ledger.exportBundle({ peer: null, sessions: null, confirmKeys: { [own]: toHex(key) }, pins: [], legacyHs: [] })
    expect(formsIn(textPlace('bundle', bundle))).toContain('hex')
    await w.wallet.identityBackup({ passphrase: passphrase(), messages: true, path: join(outFolder, 'carol.csbackup') })
    expect(formsIn(...filesOf(outFolder, 'backup'))).toEqual([])
    appendFileSync(join(outFolder, 'carol.csbackup'), key.subarray(0, 16))
    expect(formsIn(...filesOf(outFolder, 'backup'))).toEqual(['raw'])
  })
})
