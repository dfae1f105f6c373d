/** Data recorded from the originals (core/hs/fixtures) and ports for the tests of this folder. */
import { readFileSync } from 'node:fs'
import { systemClock, systemRandom } from '../node-ports.ts'
import type { Ports } from '../ports.ts'
import type { JsonValue } from './json-guard.ts'

interface WireWrap {
  readonly payload: JsonValue
  readonly client_line: string
  readonly relayed_line_python_server: string
  readonly recovered: JsonValue
}
interface WireRecover {
  readonly name: string
  readonly content: string
  readonly result: { readonly ok: boolean; readonly value: JsonValue }
}
interface TranscriptEntry {
  readonly kind: string
  readonly raw_client_line?: string
  readonly raw_relay_line?: string
}

const read = (name: string): string => readFileSync(new URL(`../hs/fixtures/${name}`, import.meta.url), 'utf8')

export const wire = JSON.parse(read('hs.json')) as { readonly wire_wrap: readonly WireWrap[]; readonly wire_recover_cases: readonly WireRecover[] }
const transcript = read('hs-transcript.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as TranscriptEntry)
/** Lines as they came from the original relay, newline included. */
export const relayLines: readonly string[] = transcript.flatMap((entry) => entry.raw_relay_line ?? [])
export const clientLines: readonly string[] = transcript.flatMap((entry) => entry.raw_client_line ?? [])

const silent = (): void => {}
const unused = (): never => {
  throw new Error('not for the relay')
}

/** The real clock and random source; no files, no key derivation, a silent log. */
export const testPorts: Ports = {
  clock: systemClock,
  random: systemRandom,
  log: { debug: silent, info: silent, warn: silent, error: silent },
  kdf: { scrypt: unused },
  files: {
    read: unused,
    list: unused,
    exists: unused,
    makeFolder: unused,
    createExclusive: unused,
    openRead: unused,
    openUpdate: unused,
    readAt: unused,
    writeAt: unused,
    info: unused,
    write: unused,
    sync: unused,
    close: unused,
    rename: unused,
    remove: unused,
    syncFolder: unused,
  },
}
