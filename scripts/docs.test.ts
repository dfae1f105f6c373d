import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const filesIn = (folder: string, fits: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => fits.test(name) && !name.includes('node_modules'))

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const plain = (text: string): string => text.trim().toLowerCase()
const headings = (path: string): string[] => [...read(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) => plain(title ?? ''))
/** As GitHub makes them. */
const anchorOf = (title: string): string => title.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')

/** Comments may break a line anywhere: what begins a line of one is no part of its text. */
const joined = (text: string): string => text.replace(/\s*\n\s*(?:\*(?!\/)|\/\/|--|#)?\s*/g, ' ')

/** `docs/NAME.md`, and `"Section"` behind it where there is one, in code and its comments. */
const pointers = (path: string): { readonly doc: string; readonly section: string | null }[] =>
  [...joined(read(path)).matchAll(/\bdocs\/([a-z0-9/-]+\.md)(?:, "([^"]{1,80})")?/g)].map(([, doc, section]) => ({
    doc: join('docs', doc ?? ''),
    section: section ?? null,
  }))

const code = [
  ...['src', 'verify', 'client', 'bench', 'e2e', 'scripts'].flatMap((folder) => filesIn(folder, /(?<!docs\.test)\.(?:ts|tsx|mjs|js)$/)),
  ...filesIn('resources', /\.sql$/),
]
const documents = ['README.md', 'CHANGELOG.md', 'verify/README.md', ...filesIn('docs', /\.md$/)]

it('every document that code names is there, and has the section named', () => {
  const lost: string[] = []
  let seen = 0
  for (const path of code) {
    for (const { doc, section } of pointers(path)) {
      seen += 1
      if (!existsSync(join(root, doc))) lost.push(`${path}: ${doc}`)
      else if (section !== null && !headings(doc).includes(plain(section))) lost.push(`${path}: ${doc}, "${section}"`)
    }
  }
  expect(lost).toEqual([])
  expect(seen).toBeGreaterThan(60)
})

it('every link between documents leads to a file, and to a heading of it', () => {
  const lost: string[] = []
  let seen = 0
  for (const path of documents) {
    const text = read(path).replace(/```[\s\S]*?```/g, '')
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (target === undefined || /^[a-z]+:/.test(target)) continue
      seen += 1
      const [file = '', anchor] = target.split('#')
      const at = file === '' ? path : relative(root, join(root, dirname(path), file))
      if (!existsSync(join(root, at))) lost.push(`${path}: ${target}`)
      else if (anchor !== undefined && !statSync(join(root, at)).isDirectory() && !headings(at).map(anchorOf).includes(anchor)) lost.push(`${path}: ${target}`)
    }
    // [name](file.md), *Section*: what stands behind a link in this way is a section of it.
    for (const [, target, section] of text.matchAll(/\]\(([^)#\s:]+\.md)\), \*([^*]+)\*/g)) {
      const at = relative(root, join(root, dirname(path), target ?? ''))
      if (existsSync(join(root, at)) && !headings(at).includes(plain(section ?? ''))) lost.push(`${path}: ${target}, *${section}*`)
    }
  }
  expect(lost).toEqual([])
  expect(seen).toBeGreaterThan(100)
})
