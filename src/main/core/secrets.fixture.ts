import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

// Looks for secrets in whatever leaves the core: in any of the forms in which bytes are written down, whole or by half.

export interface Secret {
  readonly name: string
  /** 16 bytes or more. */
  readonly bytes: Uint8Array
}

/** Something that somebody other than the owner may come to read. */
export interface Place {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface Leak {
  readonly place: string
  readonly secret: string
  readonly form: string
}

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Base64 of the bytes wherever they begin in what is encoded: only the characters that depend on nothing around them. */
const inBase64 = (bytes: Buffer): Buffer[] =>
  [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const first = before === 0 ? 0 : before + 1
    const uneven = (before + bytes.length) % 3 !== 0
    return ascii(text.slice(first, uneven ? -1 : undefined))
  })
const inUrl = (text: Buffer): Buffer => ascii(text.toString('latin1').replaceAll('+', '-').replaceAll('/', '_'))

const direct = (bytes: Buffer): [string, Buffer][] => [
  ['raw', bytes],
  ['hex', ascii(bytes.toString('hex'))],
  ['HEX', ascii(bytes.toString('hex').toUpperCase())],
  ['list', ascii([...bytes].join(','))],
  ['spaced list', ascii([...bytes].join(', '))],
  ...inBase64(bytes).flatMap((text): [string, Buffer][] => [
    ['base64', text],
    ['base64url', inUrl(text)],
  ]),
]
/** The forms themselves, and each written down once more: hex within JSON within base64, as bodies on the wire are. */
const forms = (bytes: Buffer): [string, Buffer][] =>
  direct(bytes).flatMap(([form, written]): [string, Buffer][] => [
    [form, written],
    ...(form === 'raw' || form.endsWith('list')
      ? []
      : [
          ...inBase64(written).flatMap((text): [string, Buffer][] => [
            [`${form} in base64`, text],
            [`${form} in base64url`, inUrl(text)],
          ]),
          [`${form} in hex`, ascii(written.toString('hex'))] satisfies [string, Buffer],
        ]),
  ])

/** Half of a secret is one too; and a page of a database file may end in its middle. */
const halves = (bytes: Uint8Array): Buffer[] =>
  bytes.length < 32 ? [buffer(bytes)] : [buffer(bytes.subarray(0, bytes.length >> 1)), buffer(bytes.subarray(bytes.length >> 1))]

interface Needle {
  readonly bytes: Buffer
  readonly secret: string
  readonly form: string
}

/** One pass over each place, whatever the number of secrets. */
export const createSearcher = (secrets: readonly Secret[]): ((places: readonly Place[]) => Leak[]) => {
  const starts = new Uint8Array(65_536)
  const needles = new Map<number, Needle[]>()
  for (const { name, bytes } of secrets) {
    if (bytes.length < 16) throw new Error(`${name} is too short to be looked for`)
    for (const half of halves(bytes))
      for (const [form, written] of forms(half)) {
        starts[written.readUInt16LE(0)] = 1
        const key = written.readUInt32LE(0)
        const known = needles.get(key)
        if (known) known.push({ bytes: written, secret: name, form })
        else needles.set(key, [{ bytes: written, secret: name, form }])
      }
  }
  return (places) => {
    const leaks = new Map<string, Leak>()
    for (const place of places) {
      const text = buffer(place.bytes)
      for (let at = 0; at + 16 <= text.length; at += 1) {
        if (starts[text.readUInt16LE(at)] === 0) continue
        for (const { bytes, secret, form } of needles.get(text.readUInt32LE(at)) ?? [])
          if (at + bytes.length <= text.length && text.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0)
            leaks.set(`${place.name}/${secret}/${form}`, { place: place.name, secret, form })
      }
    }
    return [...leaks.values()]
  }
}

/** Every file of a folder and the folders in it; `when` names the moment. */
export const filesOf = (folder: string, when: string, root = folder): Place[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    const info = statSync(path)
    if (info.isDirectory()) return filesOf(path, when, root)
    return info.isFile() ? [{ name: `file ${relative(root, path)} (${when})`, bytes: readFileSync(path) }] : []
  })

export const textPlace = (name: string, value: unknown): Place => ({
  name,
  bytes: Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')),
})
