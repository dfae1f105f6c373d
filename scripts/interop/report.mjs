/** One line a check, and a count. */

/**
 * @typedef {object} Report
 * @property {(title: string) => void} part
 * @property {(name: string, holds: boolean, detail?: unknown) => void} check
 * @property {(name: string, actual: unknown, expected: unknown) => void} same
 * @property {() => number} failed
 * @property {() => string} summary
 */

/**
 * @param {(line: string) => void} print
 * @returns {Report}
 */
export function createReport(print) {
  let passed = 0
  let failed = 0
  let title = ''
  /** @type {Report['check']} */
  const check = (name, holds, detail) => {
    if (holds) passed += 1
    else failed += 1
    print(
      `${holds ? 'ok  ' : 'FAIL'} ${title}: ${name}${holds || detail === undefined ? '' : ` (${typeof detail === 'string' ? detail : JSON.stringify(detail)})`}`,
    )
  }
  return {
    part: (next) => (title = next),
    check,
    same: (name, actual, expected) =>
      check(name, JSON.stringify(actual) === JSON.stringify(expected), `is ${JSON.stringify(actual)}, should be ${JSON.stringify(expected)}`),
    failed: () => failed,
    summary: () => `${passed} passed, ${failed} failed`,
  }
}
