// Test runner set-up: two files at a time, because many mount real file systems on a small machine. Three projects,
// one a tier of the suite.
import { defineConfig } from 'vitest/config';
import { listTiers } from './test/support/tiers.js';

export default defineConfig({
  test: {
    globalSetup: ['./test/support/run-folder.ts', './test/support/open-fuse-device.ts'],
    setupFiles: ['./test/support/fixed-seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Administrators' programs too, which are not on the PATH of an ordinary user.
    env: { PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` },
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: Object.entries(listTiers()).map(([name, include]) => ({
      extends: true as const,
      test: { name, include },
    })),
  },
});
