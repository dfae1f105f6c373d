// @ts-check
/** What the test runners and checks of `npm test` add up to. */

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * A check that only holds or fails counts as one.
 * @param {boolean} holds
 * @returns {Counts}
 */
export const ofCheck = (holds) => ({ passed: holds ? 1 : 0, failed: holds ? 0 : 1, skipped: 0 })

/**
 * @param {unknown} report vitest's JSON report, null when it left none
 * @param {number} code its exit code
 * @returns {Counts}
 */
export function ofVitest(report, code) {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = /** @type {Record<string, number>} */ (report ?? {})
  return withExit({ passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }, code)
}

/**
 * A test that passed only on a second try counts as failed.
 * @param {unknown} report Playwright's JSON report, null when it left none
 * @param {number} code its exit code
 * @returns {Counts}
 */
export function ofPlaywright(report, code) {
  const { stats = {} } = /** @type {{ stats?: Record<string, number> }} */ (report ?? {})
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = stats
  return withExit({ passed: expected, failed: unexpected + flaky, skipped }, code)
}

/**
 * A runner that ran nothing, or says it failed without a failed test (a file that cannot be loaded, a crash), failed.
 * @param {Counts} counts
 * @param {number} code
 * @returns {Counts}
 */
function withExit(counts, code) {
  const silent = counts.failed === 0 && (code !== 0 || counts.passed === 0)
  return silent ? { ...counts, failed: 1 } : counts
}

/**
 * @param {readonly Counts[]} all
 * @returns {Counts}
 */
export function sum(all) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const { passed, failed, skipped } of all) {
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
  }
  return total
}

/**
 * The last line of `npm test`.
 * @param {Counts} counts
 */
export const inWords = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
