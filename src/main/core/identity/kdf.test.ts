import { scryptSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scrypt as nobleScrypt } from '@noble/hashes/scrypt.js'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../crypto/bytes.ts'
import hs from '../hs/fixtures/hs.json' with { type: 'json' }
import { workerKdf } from './kdf.ts'

const kdf = workerKdf(new URL('./kdf.worker.ts', import.meta.url))
const broken = (source: string): { kdf: ReturnType<typeof workerKdf>; done: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'kdf-'))
  const file = join(folder, 'worker.cjs')
  writeFileSync(file, source)
  return { kdf: workerKdf(file), done: () => rmSync(folder, { recursive: true }) }
}

describe('scrypt in a worker thread', () => {
  it('RFC 7914 test vector, key of 64 bytes', async () => {
    const key = await kdf.scrypt(utf8('pleaseletmein'), utf8('SodiumChloride'), { n: 16384, r: 8, p: 1 }, undefined, 64)
    expect(toHex(key)).toBe('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887')
  })
  it("the original's identity key", async () => {
    const v = hs.identity_encrypted
    expect(toHex(await kdf.scrypt(utf8(v.password_utf8), fromHex(v.salt_hex), v.scrypt))).toBe(v.scrypt_key_hex)
  })
  it('at full cost equals node:crypto and noble; the progress is real and grows from 0 to 1', async () => {
    const [passphrase, salt] = [utf8('correct horse battery staple'), new Uint8Array(32).fill(7)]
    const seen: number[] = []
    const key = await kdf.scrypt(passphrase, salt, { n: 2 ** 17, r: 8, p: 1 }, (f) => seen.push(f))
    expect(toHex(key)).toBe(scryptSync(passphrase, salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 }).toString('hex'))
    expect(toHex(key)).toBe(toHex(nobleScrypt(passphrase, salt, { N: 2 ** 17, r: 8, p: 1, dkLen: 32 })))
    expect(seen[0]).toBe(0)
    expect(seen.at(-1)).toBe(1)
    expect(seen.length).toBeGreaterThan(100)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    // The caller's passphrase is the caller's.
    expect(toHex(passphrase)).toBe(toHex(utf8('correct horse battery staple')))
  })
  it('the first 32 bytes of 64 are the key of 32: what lets one derivation stop short of the second box', async () => {
    const one = await kdf.scrypt(utf8('p'), utf8('s'), { n: 2, r: 1, p: 1 }, undefined, 32)
    const two = await kdf.scrypt(utf8('p'), utf8('s'), { n: 2, r: 1, p: 1 }, undefined, 64)
    expect(toHex(two.subarray(0, 32))).toBe(toHex(one))
  })
  it.each([
    ['throws', 'throw new Error("no memory")'],
    ['ends silently', 'process.exit(3)'],
    [
      'reports an error',
      'require("node:worker_threads").parentPort.once("message", () => require("node:worker_threads").parentPort.postMessage({ error: "x" }))',
    ],
  ])('a thread that %s is an error, not a hang', async (_, source) => {
    const { kdf: bad, done } = broken(source)
    await expect(bad.scrypt(utf8('p'), utf8('s'), { n: 2, r: 1, p: 1 })).rejects.toMatchObject({ code: 'INTERNAL' })
    done()
  })
  it('impossible parameters and a failing progress bar are errors', async () => {
    await expect(kdf.scrypt(utf8('p'), utf8('s'), { n: 3, r: 1, p: 1 })).rejects.toMatchObject({ code: 'INTERNAL' })
    const boom = (): void => {
      throw new Error('bar')
    }
    await expect(kdf.scrypt(utf8('p'), utf8('s'), { n: 2 ** 14, r: 8, p: 1 }, boom)).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})
