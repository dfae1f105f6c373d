import { createHash } from 'node:crypto'
import { concat, utf8 } from '../crypto/bytes.ts'
import { hkdfSha256 } from '../crypto/hash.ts'
import type { Clock, Files, Kdf, Log, Ports } from '../ports.ts'

// For tests only: ports whose time, chance, cost and disk are in the test's hands.

type FileNode = { readonly kind: 'file'; content: Uint8Array; synced: Uint8Array }
type FolderNode = { readonly kind: 'folder'; live: Map<string, Node>; durable: Map<string, Node> }
type Node = FileNode | FolderNode

const newFolder = (): FolderNode => ({ kind: 'folder', live: new Map(), durable: new Map() })
const failure = (code: string): Error => Object.assign(new Error(`${code}: from the test`), { code })

/**
 * A disk in memory with the durability rules of a real one: content survives a power cut only after `sync` of the file, names only after
 * `syncFolder` of their folder. Any call can be made to fail, once or from then on.
 */
export interface MemoryDisk {
  readonly files: Files
  /** The name of every call since the last reset. */
  readonly calls: string[]
  reset(): void
  /** The call with this index (since `reset`) fails with the code; a failing write leaves half of its bytes. `forever`: so do all after it. */
  failAt(index: number, code: string, forever: boolean): void
  /** Every call on a path that contains `part` fails. */
  failOn(part: string, code: string): void
  /** Power cut. `names`: are folder entries that were not synced kept or lost? Content that was not synced is lost either way. */
  powerCut(names: 'kept' | 'lost'): void
  put(path: string, content: Uint8Array | string): void
  has(path: string): boolean
  modes: Map<string, number>
}

export const memoryDisk = (): MemoryDisk => {
  const root = newFolder()
  const handles = new Map<number, FileNode>()
  let nextHandle = 3
  let plan: { index: number; code: string; forever: boolean } | null = null
  const badParts: { part: string; code: string }[] = []
  const calls: string[] = []
  const modes = new Map<string, number>()

  const parts = (path: string): string[] => path.split('/').filter((p) => p.length > 0)
  const find = (path: string): Node | undefined => {
    let node: Node | undefined = root
    for (const part of parts(path)) {
      if (node?.kind === 'file') throw failure('ENOTDIR')
      node = node?.live.get(part)
    }
    return node
  }
  const folderAt = (path: string): FolderNode => {
    const node = find(path)
    if (node === undefined) throw failure('ENOENT')
    if (node.kind !== 'folder') throw failure('ENOTDIR')
    return node
  }
  const split = (path: string): [FolderNode, string] => {
    const all = parts(path)
    return [folderAt(all.slice(0, -1).join('/')), all.at(-1) ?? '']
  }
  const step = (call: string, path = '', onFailure?: () => void): void => {
    const index = calls.length
    calls.push(path === '' ? call : `${call} ${parts(path).at(-1) ?? ''}`)
    const bad = badParts.find(({ part }) => path.includes(part))
    if (bad !== undefined) throw failure(bad.code)
    if (plan !== null && (index === plan.index || (plan.forever && index > plan.index))) {
      onFailure?.()
      throw failure(plan.code)
    }
  }
  const opened = (handle: number): FileNode => {
    const node = handles.get(handle)
    if (node === undefined) throw failure('EBADF')
    return node
  }
  const cut = (node: Node, names: 'kept' | 'lost'): void => {
    if (node.kind === 'file') {
      node.content = node.synced
      return
    }
    if (names === 'lost') node.live = new Map(node.durable)
    for (const child of node.live.values()) cut(child, names)
  }

  const files: Files = {
    read: (path) => {
      step('read', path)
      const node = find(path)
      if (node === undefined) throw failure('ENOENT')
      if (node.kind !== 'file') throw failure('EISDIR')
      return Uint8Array.from(node.content)
    },
    list: (path) => {
      step('list', path)
      return [...folderAt(path).live.keys()]
    },
    exists: (path) => {
      step('exists', path)
      try {
        return find(path) !== undefined
      } catch {
        return false
      }
    },
    makeFolder: (path) => {
      step('makeFolder', path)
      let node: FolderNode = root
      for (const part of parts(path)) {
        let next: Node | undefined = node.live.get(part)
        if (next === undefined) {
          next = newFolder()
          node.live.set(part, next)
        }
        if (next.kind !== 'folder') throw failure('ENOTDIR')
        node = next
      }
    },
    createExclusive: (path, mode) => {
      step('create', path)
      const [folder, name] = split(path)
      if (folder.live.has(name)) throw failure('EEXIST')
      const node: FileNode = { kind: 'file', content: new Uint8Array(0), synced: new Uint8Array(0) }
      folder.live.set(name, node)
      modes.set(path, mode)
      nextHandle += 1
      handles.set(nextHandle, node)
      return nextHandle
    },
    write: (handle, bytes) => {
      const node = opened(handle)
      step('write', '', () => {
        node.content = concat(node.content, bytes.subarray(0, bytes.length >> 1))
      })
      node.content = concat(node.content, bytes)
    },
    openRead: (path) => {
      step('openRead', path)
      const node = find(path)
      if (node === undefined) throw failure('ENOENT')
      if (node.kind !== 'file') throw failure('EINVAL')
      nextHandle += 1
      handles.set(nextHandle, node)
      return nextHandle
    },
    openUpdate: (path) => files.openRead(path),
    readAt: (handle, offset, length) => {
      step('readAt')
      return opened(handle).content.slice(offset, offset + length)
    },
    writeAt: (handle, offset, bytes) => {
      step('writeAt')
      const node = opened(handle)
      const content = new Uint8Array(Math.max(node.content.length, offset + bytes.length))
      content.set(node.content)
      content.set(bytes, offset)
      node.content = content
    },
    info: (handle) => ({ size: opened(handle).content.length, modified: 0 }),
    sync: (handle) => {
      step('sync')
      const node = opened(handle)
      node.synced = node.content
    },
    close: (handle) => {
      step('close')
      opened(handle)
      handles.delete(handle)
    },
    rename: (from, to) => {
      step('rename', to)
      const [source, name] = split(from)
      const node = source.live.get(name)
      if (node === undefined) throw failure('ENOENT')
      const [target, newName] = split(to)
      source.live.delete(name)
      target.live.set(newName, node)
      const mode = modes.get(from)
      if (mode !== undefined) modes.set(to, mode)
    },
    remove: (path) => {
      step('remove', path)
      const [folder, name] = split(path)
      if (!folder.live.delete(name)) throw failure('ENOENT')
    },
    syncFolder: (path) => {
      step('syncFolder', path)
      const folder = folderAt(path)
      folder.durable = new Map(folder.live)
    },
  }

  return {
    files,
    calls,
    modes,
    reset: () => {
      calls.length = 0
      plan = null
      badParts.length = 0
    },
    failAt: (index, code, forever) => {
      plan = { index, code, forever }
    },
    failOn: (part, code) => {
      badParts.push({ part, code })
    },
    powerCut: (names) => {
      plan = null
      handles.clear()
      cut(root, names)
    },
    put: (path, content) => {
      let folder = root
      const all = parts(path)
      for (const part of all.slice(0, -1)) {
        let next = folder.live.get(part)
        if (next?.kind !== 'folder') {
          next = newFolder()
          folder.live.set(part, next)
          folder.durable.set(part, next)
        }
        folder = next
      }
      const bytes = typeof content === 'string' ? utf8(content) : Uint8Array.from(content)
      const node: FileNode = { kind: 'file', content: bytes, synced: bytes }
      folder.live.set(all.at(-1) ?? '', node)
      folder.durable.set(all.at(-1) ?? '', node)
    },
    has: (path) => find(path) !== undefined,
  }
}

export interface FakeClock extends Clock {
  wall: number
  mono: number
  /** Real time passes: both clocks go on. */
  pass(ms: number): void
}

export const fakeClock = (): FakeClock => {
  const clock: FakeClock = {
    wall: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    mono: 1000,
    now: () => clock.wall,
    monotonic: () => clock.mono,
    zoneOffsetMinutes: () => 0,
    schedule: () => () => {},
    pass: (ms) => {
      clock.wall += ms
      clock.mono += ms
    },
  }
  return clock
}

export interface FakeKdf extends Kdf {
  /** Parameters and lengths asked for. */
  readonly asked: { readonly n: number; readonly r: number; readonly p: number; readonly length: number }[]
  /** The keys handed out, by reference: to see whether they get wiped. */
  readonly keys: Uint8Array[]
  /** The passphrases seen, by reference. */
  readonly passphrases: Uint8Array[]
  active: number
  mostActive: number
}

/** Depends on everything scrypt depends on, costs nothing, and like scrypt's a shorter output is the start of a longer one. */
export const fakeKdf = (): FakeKdf => {
  const kdf: FakeKdf = {
    asked: [],
    keys: [],
    passphrases: [],
    active: 0,
    mostActive: 0,
    scrypt: async (passphrase, salt, params, onProgress, length = 32) => {
      kdf.asked.push({ ...params, length })
      kdf.passphrases.push(passphrase)
      kdf.active += 1
      kdf.mostActive = Math.max(kdf.active, kdf.mostActive)
      onProgress?.(0)
      await new Promise<void>((resolve) => setImmediate(resolve))
      onProgress?.(1)
      kdf.active -= 1
      const key = hkdfSha256(passphrase, salt, `${params.n},${params.r},${params.p}`, length)
      kdf.keys.push(key)
      return key
    },
  }
  return kdf
}

export interface LogLine {
  readonly level: string
  readonly text: string
}

export const recordingLog = (lines: LogLine[]): Log => {
  const at =
    (level: string) =>
    (text: string): void => {
      lines.push({ level, text })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export interface TestPorts extends Ports {
  readonly disk: MemoryDisk
  readonly clock: FakeClock
  readonly kdf: FakeKdf
  readonly lines: LogLine[]
}

/** All ports together. The random bytes are a hash chain from `seed`: different on every call, the same in every run. */
export const testPorts = (seed = 'seed'): TestPorts => {
  const disk = memoryDisk()
  const lines: LogLine[] = []
  let counter = 0
  return {
    disk,
    files: disk.files,
    clock: fakeClock(),
    kdf: fakeKdf(),
    log: recordingLog(lines),
    lines,
    random: {
      bytes: (length) => {
        counter += 1
        return hkdfSha256(new Uint8Array(createHash('sha256').update(`${seed}/${counter}`).digest()), null, 'random', length)
      },
    },
  }
}
