import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['lib/**/*.test.ts', 'components/**/*.test.ts', 'app/**/*.test.ts', 'e2e/stack/**/*.test.ts', 'scripts/**/*.test.ts'],
    globalSetup: ['e2e/test/postgres.ts'],
    setupFiles: ['lib/cluster/testing-addresses.ts'],
    testTimeout: 30_000,
    hookTimeout: 180_000,
    // Two cores: more workers than that only make the real parts time out.
    maxWorkers: 2,
  },
});
