import { expect, test } from 'vitest'
import { inWords, ofCheck, ofPlaywright, ofVitest, sum } from './test-counts.mjs'

test('all runners and checks add up to one line', () => {
  const vitest = ofVitest({ numPassedTests: 10, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 }, 0)
  const playwright = ofPlaywright({ stats: { expected: 5, unexpected: 0, flaky: 0, skipped: 0 } }, 0)
  expect(inWords(sum([ofCheck(true), vitest, playwright]))).toBe('16 passed, 0 failed, 2 skipped')
  expect(inWords(sum([ofCheck(true), ofCheck(false)]))).toBe('1 passed, 1 failed')
})

test('a runner that fails without a failed test has failed', () => {
  expect(ofVitest({ numPassedTests: 10, numFailedTests: 0 }, 1)).toEqual({ passed: 10, failed: 1, skipped: 0 })
  expect(ofVitest(null, 139).failed).toBe(1)
  expect(ofPlaywright({ stats: { expected: 3 } }, 1).failed).toBe(1)
  expect(ofPlaywright(null, 1).failed).toBe(1)
})

test('a runner that ran nothing has failed, whatever it says', () => {
  expect(ofVitest({ numPassedTests: 0, numFailedTests: 0 }, 0).failed).toBe(1)
  expect(ofVitest({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 7 }, 0).failed).toBe(1)
  expect(ofPlaywright({ stats: { expected: 0 } }, 0).failed).toBe(1)
})

test('failures are counted as they are, and a flaky test is one', () => {
  expect(ofVitest({ numPassedTests: 1, numFailedTests: 2 }, 1)).toEqual({ passed: 1, failed: 2, skipped: 0 })
  expect(ofPlaywright({ stats: { expected: 1, unexpected: 1, flaky: 1, skipped: 1 } }, 1)).toEqual({ passed: 1, failed: 2, skipped: 1 })
})
