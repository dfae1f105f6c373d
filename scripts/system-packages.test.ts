import { expect, test } from 'vitest'
import { missingFrom, needed } from './system-packages.mjs'

const all = (status: string): string => needed.map(([name]) => `${name} ${status}`).join('\n')

test('nothing is missing when all are installed', () => {
  expect(missingFrom(all('installed'))).toEqual([])
})

test('removed, half-installed and unknown packages are missing', () => {
  expect(missingFrom('')).toEqual(needed.map(([name]) => name))
  for (const status of ['not-installed', 'config-files', 'half-installed', 'unpacked']) expect(missingFrom(all(status))).toEqual(needed.map(([name]) => name))
  expect(missingFrom(all('installed').replace('xvfb installed', 'xvfb not-installed'))).toEqual(['xvfb'])
})

test("a newer Debian's name counts as well", () => {
  expect(missingFrom(all('installed').replace('libgtk-3-0 installed', 'libgtk-3-0t64 installed'))).toEqual([])
})
