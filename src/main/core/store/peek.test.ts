import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { peekPublicSetting } from './peek.ts'
import { openStore } from './store.ts'
import { myId, removeTempFolders, tempFolder, testPorts } from './testing.fixture.ts'

afterAll(removeTempFolders)

it('reads a public setting of a profile that is open elsewhere, closed, damaged, or not there', () => {
  const folder = tempFolder()
  expect(peekPublicSetting(folder, 'genesis')).toBeUndefined()
  const store = openStore(testPorts(), { folder, myId })
  store.publicSettings.set('genesis', 'ab'.repeat(32))
  expect(peekPublicSetting(folder, 'genesis')).toBe('ab'.repeat(32))
  expect(peekPublicSetting(folder, 'other')).toBeUndefined()
  // It took nothing from the one that has the profile.
  store.publicSettings.set('genesis', 'cd'.repeat(32))
  store.close()
  expect(peekPublicSetting(folder, 'genesis')).toBe('cd'.repeat(32))
  openStore(testPorts(), { folder, myId }).close()
  writeFileSync(join(folder, 'countersign.db'), 'not a database')
  expect(peekPublicSetting(folder, 'genesis')).toBeUndefined()
})
