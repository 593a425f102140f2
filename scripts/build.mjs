// Compiles TypeScript and the addon when their inputs are newer than the last build. Progress goes to stderr.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildNative } from './build-native.mjs';

const root = join(import.meta.dirname, '..');

process.stderr.write('isodrive: compiling TypeScript\n');
const tsc = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')],
  {
    stdio: ['ignore', 2, 2],
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
process.exit(await buildNative());
