import { defineConfig } from '@playwright/test'

/** Real Electron, started by e2e/app.ts; no browser is downloaded. `npm run test:e2e` prepares everything it needs. */
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/e2e',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  // Files side by side: most of the time is waiting (arming, undo, the hold), not work.
  workers: 2,
  fullyParallel: false,
  forbidOnly: true,
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
})
