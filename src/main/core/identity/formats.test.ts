import { scryptSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PeerId, ProfileName } from '../brand.ts'
import { aesGcmOpen } from '../crypto/aead.ts'
import { fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from '../crypto/bytes.ts'
import { canonicalBytes, type Json, taggedBytes } from '../crypto/canonical-json.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { SecretBytes } from '../crypto/secret.ts'
import type { AppFault } from '../fault.ts'
import hs from '../hs/fixtures/hs.json' with { type: 'json' }
import type { Kdf } from '../ports.ts'
import { openBackup, readBackupHeader, sealBackup } from './backup.ts'
import { exportIdV1, importIdV1 } from './id-v1.ts'
import { openIdentity, readPublicPart, sealIdentity } from './id-v2.ts'
import { type IdentitySecret, newIdentity, publicOf, type WholeIdentity } from './identity.ts'
import { testPorts } from './ports.fixture.ts'

const fixtureSecret = {
  myId: '11111111-1111-4111-8111-111111111111',
  createdAt: '2026-01-02T03:04:05+00:00',
  kx: '02'.repeat(32),
  sign: '01'.repeat(32),
  seed: '21'.repeat(32),
}
const alice = 'alice' as ProfileName
const pass = utf8('correct horse battery')

/** Real scrypt, by node: the files of the original have real keys. */
const realKdf: Kdf = {
  scrypt: async (passphrase, salt, { n, r, p }, _, length = 32) => new Uint8Array(scryptSync(passphrase, salt, length, { N: n, r, p, maxmem: 2 ** 28 })),
}

const codeOf = async (run: () => unknown): Promise<string> => {
  try {
    await run()
    return 'opened'
  } catch (error) {
    return (error as AppFault).code ?? `not a fault: ${String(error)}`
  }
}
const hexOf = (secret: IdentitySecret): unknown => ({
  myId: secret.myId,
  createdAt: secret.createdAt,
  kx: secret.kxPriv.use(toHex),
  sign: secret.signPriv.use(toHex),
  seed: secret.recoverySeed?.use(toHex) ?? null,
  generation: secret.generation,
})

interface File {
  v: string
  public: Record<string, Json>
  kdf: Record<string, Json>
  boxes: Record<string, { nonce: string; sealed: string }>
  check: string
}
/** Alters a file as someone on purpose would: with a right checksum. */
const forge = (bytes: Uint8Array, change: (file: File) => void): Uint8Array => {
  const { check: _, ...file } = JSON.parse(fromUtf8(bytes)) as File
  change(file as File)
  return utf8(`${JSON.stringify({ ...file, check: sha256Hex(canonicalBytes(file as unknown as Json)) }, null, 2)}\n`)
}

describe('id.v2', () => {
  const ports = testPorts()
  let secret: WholeIdentity
  let bytes: Uint8Array
  beforeAll(async () => {
    secret = newIdentity(ports)
    bytes = await sealIdentity(ports, alice, secret, pass)
  })
  const open = (b: Uint8Array, p = pass, recovery = true): Promise<IdentitySecret> => openIdentity(ports.kdf, b, p, { recovery })

  it('opens to the same identity; the public part needs no passphrase', async () => {
    expect(hexOf(await open(bytes))).toEqual(hexOf(secret))
    expect(readPublicPart(bytes)).toEqual(publicOf(alice, secret))
    expect(secret.generation).toBe(0)
    expect(secret.recoverySeed).toHaveLength(32)
    expect(secret.myId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(secret.createdAt).toBe('2026-01-02T03:04:05+00:00')
  })
  it('writes N=2^17 r=8 p=1, salt of 32 bytes, nonces of 12, and no private key in clear', () => {
    const file = JSON.parse(fromUtf8(bytes)) as File
    expect(file.kdf).toMatchObject({ name: 'scrypt', n: 131072, r: 8, p: 1 })
    expect(fromBase64(String(file.kdf.salt))).toHaveLength(32)
    for (const box of Object.values(file.boxes)) expect(fromBase64(box.nonce)).toHaveLength(12)
    const text = fromUtf8(bytes)
    for (const s of [secret.kxPriv, secret.signPriv, secret.recoverySeed]) {
      expect(text).not.toContain(s.use(toHex))
      expect(text).not.toContain(s.use(toBase64).slice(0, 40))
    }
  })
  it('an ordinary opening neither gives the recovery seed nor derives the key of its box', async () => {
    ports.kdf.asked.length = 0
    expect((await open(bytes, pass, false)).recoverySeed).toBeNull()
    expect(ports.kdf.asked).toEqual([{ n: 131072, r: 8, p: 1, length: 32 }])
  })
  it('wipes derived keys and its copy of the passphrase, after success and after failure', async () => {
    for (const p of [pass, utf8('wrong passphrase')]) {
      ports.kdf.keys.length = 0
      ports.kdf.passphrases.length = 0
      await codeOf(() => open(bytes, p))
      expect(ports.kdf.keys).toHaveLength(1)
      expect(ports.kdf.keys.every((k) => k.every((b) => b === 0))).toBe(true)
      expect(ports.kdf.passphrases.every((k) => k.every((b) => b === 0))).toBe(true)
      expect(p.some((b) => b !== 0)).toBe(true)
    }
  })
  it('uses new salts, nonces and keys each time', async () => {
    const again = JSON.parse(fromUtf8(await sealIdentity(ports, alice, secret, pass))) as File
    const first = JSON.parse(fromUtf8(bytes)) as File
    expect(again.kdf.salt).not.toBe(first.kdf.salt)
    expect(again.boxes.daily?.nonce).not.toBe(first.boxes.daily?.nonce)
    expect(again.boxes.daily?.nonce).not.toBe(again.boxes.recovery?.nonce)
  })
  it('wrong passphrase', async () => expect(await codeOf(() => open(bytes, utf8('correct horse batterx')))).toBe('WRONG_PASSPHRASE'))
  it('a passphrase typed in another Unicode spelling opens', async () => {
    const composed = await sealIdentity(ports, alice, secret, utf8('un café très noir'))
    expect(await codeOf(() => open(composed, utf8('un café très noir'.normalize('NFD'))))).toBe('opened')
  })
  it('cut off anywhere: TRUNCATED, no key derived', async () => {
    ports.kdf.asked.length = 0
    for (let end = 0; end < bytes.length - 1; end += 1) expect(await codeOf(() => open(bytes.subarray(0, end))), `at ${end}`).toBe('TRUNCATED')
    expect(ports.kdf.asked).toEqual([])
    expect(await codeOf(() => open(bytes.subarray(0, bytes.length - 1))), 'only the last newline is missing').toBe('opened')
  })
  it('every flipped bit of every byte is refused before a key is derived', async () => {
    ports.kdf.asked.length = 0
    const seen = new Map<string, number>()
    for (let i = 0; i < bytes.length; i += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const altered = Uint8Array.from(bytes)
        altered[i] = (altered[i] ?? 0) ^ (1 << bit)
        const code = await codeOf(() => open(altered))
        // No character of white space becomes another by one bit, so not even that survives.
        expect(['FORMAT', 'VERSION', 'KDF_BOUNDS', 'TRUNCATED'], `byte ${i} bit ${bit}`).toContain(code)
        seen.set(code, (seen.get(code) ?? 0) + 1)
      }
    }
    expect(ports.kdf.asked).toEqual([])
    // What is damaged in the middle is called damaged; only the very end looks cut off.
    expect(seen.get('TRUNCATED')).toBeLessThan(30)
    expect(seen.get('VERSION')).toBeLessThan(30)
  })
  it('everything in clear is authenticated: each change with a right checksum fails to open', async () => {
    const other = publicOf('bob' as ProfileName, newIdentity(ports))
    const changes: Record<string, (f: File) => void> = {
      name: (f) => void (f.public.name = 'mallory'),
      id: (f) => void (f.public.id = other.myId),
      'sign key': (f) => void (f.public.sign_pub = other.signPub),
      'kx key': (f) => void (f.public.kx_pub = other.kxPub),
      created: (f) => void (f.public.created_at = '2020-01-01T00:00:00+00:00'),
      n: (f) => void (f.kdf.n = 65536),
      p: (f) => void (f.kdf.p = 2),
      salt: (f) => void (f.kdf.salt = toBase64(new Uint8Array(32))),
      nonce: (f) => void (f.boxes.daily = { nonce: toBase64(new Uint8Array(12)), sealed: f.boxes.daily?.sealed ?? '' }),
      sealed: (f) => void (f.boxes.daily = { nonce: f.boxes.daily?.nonce ?? '', sealed: toBase64(new Uint8Array(85)) }),
      'boxes swapped': (f) => void (f.boxes = { daily: f.boxes.recovery ?? { nonce: '', sealed: '' }, recovery: f.boxes.daily ?? { nonce: '', sealed: '' } }),
    }
    for (const [what, change] of Object.entries(changes)) expect(await codeOf(() => open(forge(bytes, change))), what).toBe('WRONG_PASSPHRASE')
    const recoveryOnly = forge(bytes, (f) => void (f.boxes.recovery = { nonce: f.boxes.recovery?.nonce ?? '', sealed: toBase64(new Uint8Array(53)) }))
    expect(await codeOf(() => open(recoveryOnly, pass, true))).toBe('WRONG_PASSPHRASE')
    expect(await codeOf(() => open(forge(bytes, () => {}))), 'control: no change').toBe('opened')
  })
  it('the boxes are sealed as documented: key and associated data rebuilt by hand', async () => {
    const file = JSON.parse(fromUtf8(bytes)) as File
    const okm = await ports.kdf.scrypt(pass, fromBase64(String(file.kdf.salt)), { n: 2 ** 17, r: 8, p: 1 }, undefined, 64)
    const openBox = (box: string, at: number): string => {
      const { nonce, sealed } = file.boxes[box] ?? { nonce: '', sealed: '' }
      const aad = taggedBytes('countersign.envelope.v1', { v: 'id.v2', box, public: file.public, kdf: file.kdf, nonce })
      return toHex(aesGcmOpen(okm.subarray(at, at + 32), fromBase64(nonce), fromBase64(sealed), aad))
    }
    expect(openBox('daily', 0)).toBe(`01${secret.signPriv.use(toHex)}${secret.kxPriv.use(toHex)}00000000`)
    expect(openBox('recovery', 32)).toBe(`01${secret.recoverySeed.use(toHex)}00000000`)
  })
  it('a file written by the first release opens, with real scrypt', async () => {
    const text = readFileSync(new URL('./fixtures/identity.v2.json', import.meta.url))
    const opened = await openIdentity(realKdf, text, utf8('a passphrase for the fixture'), { recovery: true })
    expect(hexOf(opened)).toEqual({ ...fixtureSecret, generation: 3 })
    await expect(openIdentity(realKdf, text, utf8('a passphrase for the fixturf'), { recovery: false })).rejects.toMatchObject({ code: 'WRONG_PASSPHRASE' })
  })
  it.each([
    ['n half of the weakest', { n: 2 ** 14 }],
    ['n = 1', { n: 1 }],
    ['n = 0', { n: 0 }],
    ['n negative', { n: -131072 }],
    ['n no power of two', { n: 2 ** 17 + 1 }],
    ['n twice the costliest', { n: 2 ** 21 }],
    ['n enormous', { n: 2 ** 52 }],
    ['r below', { r: 7 }],
    ['r above', { r: 9 }],
    ['r makes up for n', { n: 2 ** 14, r: 16 }],
    ['p below', { p: 0 }],
    ['p above', { p: 5 }],
  ])('parameters out of bounds are refused before deriving: %s', async (_, change) => {
    ports.kdf.asked.length = 0
    expect(await codeOf(() => open(forge(bytes, (f) => void Object.assign(f.kdf, change))))).toBe('KDF_BOUNDS')
    // Also without a right checksum: the bounds come first.
    const careless = utf8(fromUtf8(bytes).replace('"n": 131072', '"n": 1024'))
    expect(await codeOf(() => open(careless))).toBe('KDF_BOUNDS')
    expect(ports.kdf.asked).toEqual([])
  })
  it.each([
    [2 ** 15, 8, 1],
    [2 ** 20, 8, 4],
  ])('the bounds themselves are tried: %d %d %d', async (n, r, p) => {
    ports.kdf.asked.length = 0
    expect(await codeOf(() => open(forge(bytes, (f) => void Object.assign(f.kdf, { n, r, p }))))).toBe('WRONG_PASSPHRASE')
    expect(ports.kdf.asked).toMatchObject([{ n, r, p }])
  })
  it.each([
    ['id.v3', 'VERSION'],
    ['id.v1', 'VERSION'],
    ['id.v200', 'VERSION'],
    ['csbackup.v1', 'FORMAT'],
    ['id.vx', 'FORMAT'],
    ['', 'FORMAT'],
  ])('version %j: %s', async (v, code) => expect(await codeOf(() => open(forge(bytes, (f) => void (f.v = v))))).toBe(code))
  it.each([
    ['not JSON', 'hello', 'FORMAT'],
    ['JSON of another kind', '[1,2,3]', 'FORMAT'],
    ['null', 'null', 'FORMAT'],
    ['nothing', '', 'TRUNCATED'],
    ['zeros', '\0'.repeat(500), 'FORMAT'],
    ['deep', `{"v":${'['.repeat(5000)}`, 'TRUNCATED'],
    ['too large', `{"v":"id.v2","x":"${'a'.repeat(70_000)}"}`, 'FORMAT'],
  ])('%s', async (_, text, code) => expect(await codeOf(() => open(utf8(text)))).toBe(code))
  it('schemas are strict', async () => {
    const cases: ((f: File) => void)[] = [
      (f) => void (f.public.extra = '1'),
      (f) => void (f.kdf.extra = 1),
      (f) => void (f.boxes.third = { nonce: '', sealed: '' }),
      (f) => void delete f.boxes.recovery,
      (f) => void delete f.public.id,
      (f) => void (f.public.name = '../x'),
      (f) => void (f.public.sign_pub = String(f.public.sign_pub).toUpperCase()),
      (f) => void (f.public.created_at = 'yesterday'),
      (f) => void (f.kdf.name = 'pbkdf2'),
      (f) => void (f.kdf.salt = 'AAAA'),
      (f) => void (f.kdf.n = '131072'),
      (f) => void (f.boxes.daily = { nonce: '!!!!', sealed: f.boxes.daily?.sealed ?? '' }),
      (f) => void Object.assign(f, { extra: true }),
    ]
    for (const change of cases) expect(await codeOf(() => open(forge(bytes, change))), change.toString()).toBe('FORMAT')
    const twice = utf8(fromUtf8(bytes).replace('"v": "id.v2",', '"v": "id.v2", "v": "id.v2",'))
    expect(await codeOf(() => open(twice)), 'duplicate key').toBe('FORMAT')
  })
  it('rubbish never does anything but fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map(utf8),
          fc.nat({ max: bytes.length - 1 }).map((n) => bytes.subarray(n)),
        ),
        async (b) => {
          if (b.length === bytes.length) return
          expect(['FORMAT', 'TRUNCATED']).toContain(await codeOf(() => open(b)))
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('id.v1', () => {
  const v = hs.identity_encrypted
  const { A } = hs.keys
  const expected = { myId: A.my_id, createdAt: '2026-01-02T03:04:05+00:00', kx: A.kx_priv_hex, sign: A.sign_seed_hex, seed: null, generation: 0 }
  const ports = { kdf: realKdf, random: { bytes: (n: number): Uint8Array => (n === 16 ? fromHex(v.salt_hex) : fromHex(v.gcm_nonce_hex)) } }
  const password = utf8(v.password_utf8)

  it("reads the original's file, weak passphrase and all", async () => expect(hexOf(await importIdV1(ports, v.file_text, password))).toEqual(expected))
  it('writes it, byte for byte', async () => {
    const secret = await importIdV1(ports, v.file_text, password)
    expect(await exportIdV1(ports, secret, password)).toBe(v.file_text)
  })
  it("reads the developers' plain form, whose timestamp has two zones", async () => {
    expect(hexOf(await importIdV1(ports, hs.identity_plain_dev_format.file_text, new Uint8Array(0)))).toEqual(expected)
  })
  it('round-trips any identity', async () => {
    const p = testPorts()
    for (const id of ['11111111-1111-4111-8111-111111111111', 'agent é ☃ \u{1f600} "q"\\']) {
      const secret: IdentitySecret = { ...newIdentity(p), myId: id as PeerId, recoverySeed: null }
      const text = await exportIdV1(p, secret, utf8('x'))
      expect(hexOf(await importIdV1(p, text, utf8('x')))).toEqual(hexOf(secret))
    }
  })
  it.each([
    ['wrong passphrase', v.file_text, 'my_id_pw_bob', 'WRONG_PASSPHRASE'],
    ['cut off', v.file_text.slice(0, 300), v.password_utf8, 'TRUNCATED'],
    ['empty', ' \n', v.password_utf8, 'TRUNCATED'],
    ['ciphertext cut', v.file_text.replace('HNme"', '"'), v.password_utf8, 'WRONG_PASSPHRASE'],
    ['altered AAD', v.file_text.replace('SFNB', 'SFNC'), v.password_utf8, 'WRONG_PASSPHRASE'],
    ['no version', v.file_text.replace('"v": "id.v1",', ''), v.password_utf8, 'FORMAT'],
    ['another version', v.file_text.replace('id.v1', 'id.v9'), v.password_utf8, 'VERSION'],
    ['id.v2', v.file_text.replace('id.v1', 'id.v2'), v.password_utf8, 'VERSION'],
    ['another kdf', v.file_text.replace('"scrypt"', '"argon2"'), v.password_utf8, 'FORMAT'],
    ['short salt', v.file_text.replace('AAECAwQFBgcICQoLDA0ODw==', 'AAEC'), v.password_utf8, 'FORMAT'],
    ['not base64', v.file_text.replace('yMnKy8zNzs/Q0dLT', 'yMnKy'), v.password_utf8, 'FORMAT'],
    ['not JSON', 'hello', v.password_utf8, 'FORMAT'],
    ['too large', `{"v":"${'x'.repeat(70_000)}"}`, v.password_utf8, 'FORMAT'],
  ])('%s: %4$s', async (_, text, p, code) => expect(await codeOf(() => importIdV1(ports, text, utf8(p)))).toBe(code))
  it('every flipped byte of the file is refused or harmless, never another identity', async () => {
    const fast = testPorts()
    const secret = await importIdV1(ports, v.file_text, password)
    const file = utf8(await exportIdV1(fast, secret, password))
    for (let i = 0; i < file.length; i += 1) {
      const altered = Uint8Array.from(file)
      altered[i] = (altered[i] ?? 0) ^ 1
      const outcome = await importIdV1(fast, fromUtf8(altered), password).then(hexOf, (error: AppFault) => error.code)
      // "!" for a space, a bit that base64 leaves unused: the original opens those as well.
      expect(typeof outcome === 'string' ? ['FORMAT', 'TRUNCATED', 'VERSION', 'WRONG_PASSPHRASE'] : [expected], `byte ${i}`).toContainEqual(outcome)
    }
  })
  it('keys that do not belong together are refused', async () => {
    const plain = JSON.parse(hs.identity_plain_dev_format.file_text) as Record<string, string>
    for (const key of ['kx_pub_b64', 'sign_pub_b64', 'kx_priv_b64', 'sign_priv_b64']) {
      expect(await codeOf(() => importIdV1(ports, JSON.stringify({ ...plain, [key]: hs.keys.B.kx_pub_b64 }), password)), key).toBe('FORMAT')
    }
    for (const my_id of ['', 'x'.repeat(257), 'a\nb'])
      expect(await codeOf(() => importIdV1(ports, JSON.stringify({ ...plain, my_id }), password))).toBe('FORMAT')
  })
})

describe('backup', () => {
  const ports = testPorts('backup')
  const header = { ...publicOf(alice, { ...newIdentity(ports), signPriv: SecretBytes.copy(new Uint8Array(32).fill(1)) }), madeAt: '2026-01-02T03:04:05+00:00' }
  const seal = (contents: Uint8Array): Promise<Uint8Array> => sealBackup(ports, { header, contents, passphrase: pass })

  it('round-trips contents and header; the header needs no passphrase', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000, size: 'max' }), async (contents) => {
        const bytes = await seal(contents)
        expect(readBackupHeader(bytes)).toEqual(header)
        const opened = await openBackup(ports, bytes, pass)
        expect(opened.header).toEqual(header)
        expect(opened.contents).toEqual(new Uint8Array(contents))
      }),
      { numRuns: 30 },
    )
  })
  it('takes some megabytes', async () => {
    const contents = new Uint8Array(5_000_000).fill(0xa5)
    const opened = await openBackup(ports, await seal(contents), pass)
    expect(sha256Hex(opened.contents)).toBe(sha256Hex(contents))
  })
  it('refuses what is wrong, each with its code', async () => {
    const bytes = await seal(utf8('{"everything":true}'))
    const open = (b: Uint8Array, p = pass): Promise<string> => codeOf(() => openBackup(ports, b, p))
    expect(await open(bytes, utf8('another passphrase'))).toBe('WRONG_PASSPHRASE')
    expect(await open(bytes.subarray(0, bytes.length - 10))).toBe('TRUNCATED')
    expect(await open(forge(bytes, (f) => void (f.v = 'csbackup.v2')))).toBe('VERSION')
    expect(await open(forge(bytes, (f) => void (f.kdf.n = 2 ** 14)))).toBe('KDF_BOUNDS')
    expect(await open(forge(bytes, (f) => void (f.kdf.n = 2 ** 21)))).toBe('KDF_BOUNDS')
    expect(await open(forge(bytes, (f) => void (f.public.made_at = '2027-01-02T03:04:05+00:00')))).toBe('WRONG_PASSPHRASE')
    for (let i = 0; i < bytes.length; i += 1) {
      const altered = Uint8Array.from(bytes)
      altered[i] = (altered[i] ?? 0) ^ 4
      expect(['FORMAT', 'TRUNCATED', 'VERSION', 'KDF_BOUNDS'], `byte ${i}`).toContain(await open(altered))
    }
    const identity = await sealIdentity(ports, alice, newIdentity(ports), pass)
    expect(await open(identity), 'an identity is no backup').toBe('FORMAT')
    expect(await codeOf(() => sealBackup(ports, { header, contents: new Uint8Array(1), passphrase: utf8('weak') }))).toBe('WEAK_PASSPHRASE')
  })
})
