// @ts-check
/**
 * better-sqlite3 for Node-API 8. Its prebuilt addon needs Node-API 10 only because it keeps references to strings;
 * here those become references to objects that hold one (held-string.hpp), and a copy is compiled without node-gyp.
 */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { run } from '../child-process.mjs'

const REFERENCE = 'Napi::Reference<Napi::String>'
const KEPT = /Napi::Persistent\((?=InternalizedFrom|pair->name)/g

/**
 * What is replaced in which file, and how often it must be found there: a version of better-sqlite3 with other
 * sources has to be looked at by a person, not compiled on a guess.
 * @type {Readonly<Record<string, readonly { find: string | RegExp, times: number, put: (held: string) => string }[]>>}
 */
export const sourceEdits = {
  'better_sqlite3.cpp': [{ find: '#include <napi.h>\n', times: 1, put: (held) => `#include <napi.h>\n${held}` }],
  'util/constants.cpp': [
    { find: REFERENCE, times: 20, put: () => 'HeldString' },
    { find: KEPT, times: 2, put: () => 'HeldString(' },
  ],
  'util/bind-map.cpp': [
    { find: REFERENCE, times: 1, put: () => 'HeldString' },
    { find: KEPT, times: 2, put: () => 'HeldString(' },
  ],
  'util/helpers.cpp': [{ find: REFERENCE, times: 1, put: () => 'HeldString' }],
}

/**
 * One source file for Node-API 8; files without edits come back unchanged. Throws when an edit does not find
 * exactly what it expects, or when a reference to a string is left.
 * @param {string} file path below better-sqlite3's src, with forward slashes
 * @param {string} text
 * @param {string} held content of held-string.hpp
 * @returns {string}
 */
export function forNodeApi8(file, text, held) {
  let result = text
  for (const { find, times, put } of sourceEdits[file] ?? []) {
    const found = result.split(find).length - 1
    if (found !== times) throw new Error(`better-sqlite3's src/${file} is not as expected: ${String(find)} stands there ${found} times, not ${times}`)
    result = result.replaceAll(find, () => put(held))
  }
  if (result.includes(REFERENCE)) throw new Error(`better-sqlite3's src/${file} is not as expected: it still keeps a ${REFERENCE}`)
  return result
}

/**
 * The -D switches of better-sqlite3's deps/defines.gypi. Throws when there are none: SQLite would build, with other
 * defaults than the ones tested against.
 * @param {string} gypi
 * @returns {string[]}
 */
export function sqliteDefines(gypi) {
  const defines = [...gypi.matchAll(/'([A-Z][A-Z0-9_]*(?:=[^']*)?)',/g)].map(([, define]) => `-D${define}`)
  if (defines.length === 0) throw new Error("better-sqlite3's deps/defines.gypi is not as expected: no defines in it")
  return defines
}

/**
 * Compiles the addon into `cache` unless it is there, and returns its path. `work` is a folder of this process alone;
 * the finished file is moved into place in one step, so that an interrupted build leaves nothing that looks finished.
 * @param {{ root: string, cache: string, work: string }} folders
 * @returns {Promise<string>}
 */
export async function buildSqliteAddon({ root, cache, work }) {
  const require = createRequire(join(root, 'package.json'))
  const home = dirname(require.resolve('better-sqlite3/package.json'))
  const held = readFileSync(new URL('held-string.hpp', import.meta.url), 'utf8')
  const recipe = createHash('sha256')
    .update(readFileSync(new URL(import.meta.url)))
    .update(held)
    .digest('hex')
    .slice(0, 12)
  const finished = join(cache, `better-sqlite3-${require('better-sqlite3/package.json').version}-napi8-${recipe}.node`)
  if (existsSync(finished)) return finished

  const build = join(work, 'sqlite')
  mkdirSync(build, { recursive: true })
  for (const folder of ['src', 'deps']) cpSync(join(home, folder), join(build, folder), { recursive: true })
  for (const file of readdirSync(join(build, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!/\.[ch]pp$/.test(file)) continue
    const path = join(build, 'src', file)
    writeFileSync(path, forNodeApi8(file.replaceAll('\\', '/'), readFileSync(path, 'utf8'), held))
  }

  const optimise = ['-O1', '-fPIC', '-DNDEBUG', '-w', '-Ideps/sqlite3', '-c']
  const c = ['-std=c99', ...sqliteDefines(readFileSync(join(build, 'deps/defines.gypi'), 'utf8'))]
  const cpp = [
    '-std=c++20',
    '-fvisibility=hidden',
    '-fvisibility-inlines-hidden',
    '-DNAPI_VERSION=8',
    '-DNAPI_DISABLE_CPP_EXCEPTIONS',
    '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  ]
  const compilers = [
    () => run('gcc', [...c, ...optimise, 'deps/sqlite3/sqlite3.c', '-o', 'sqlite3.o'], { cwd: build }),
    () =>
      run(
        'g++',
        [
          ...cpp,
          `-I${nodeHeaders(root)}`,
          `-I${dirname(require.resolve('node-addon-api/package.json'))}`,
          ...optimise,
          'src/better_sqlite3.cpp',
          '-o',
          'addon.o',
        ],
        { cwd: build },
      ),
  ]
  if (availableParallelism() > 1) await Promise.all(compilers.map((compile) => compile()))
  else for (const compile of compilers) await compile()
  await run('g++', ['-shared', '-Wl,-Bsymbolic', '-Wl,--exclude-libs,ALL', 'addon.o', 'sqlite3.o', '-ldl', '-lpthread', '-o', 'addon.node'], { cwd: build })
  renameSync(join(build, 'addon.node'), finished)
  return finished
}

/** @param {string} root */
function nodeHeaders(root) {
  const places = [
    join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'include/node'),
    resolve(dirname(process.execPath), '../include/node'),
    '/usr/include/node',
  ]
  const found = places.find((place) => existsSync(join(place, 'node_api.h')))
  if (!found) throw new Error(`Node's headers (node_api.h) are in none of ${places.join(', ')}`)
  return found
}
