import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    // Engines (a JVM among them) and properties share two cores.
    maxWorkers: 2,
    // Its files import folders, which Node does not.
    server: { deps: { inline: ['dt-sql-parser'] } },
    reporters:
      process.env.CI === undefined
        ? ['default']
        : ['default', ['json', { outputFile: 'node_modules/.cache/rapport/test-results.json' }]],
  },
});
