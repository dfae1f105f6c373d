import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['verify/**/*.test.ts', 'client/**/*.test.ts', 'src/**/*.test.ts', 'src/**/*.test.tsx', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
  },
})
