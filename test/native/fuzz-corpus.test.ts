// The inputs of native fuzzing, each of which once showed a defect or starts the search for one, without libFuzzer.
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { needs } from '../support/needs.js';

const ROOT = join(import.meta.dirname, '..', '..');
const CORPUS = join(ROOT, 'test', 'corpus', 'native');
const library = spawnSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
const HAS_LIBRARY = library.error === undefined && library.stdout.startsWith('/');

describe('A target of native fuzzing', needs({ what: "g++'s libasan", isThere: HAS_LIBRARY }), () => {
  it.each(readdirSync(CORPUS))(
    '%s bears every input of its corpus, with AddressSanitizer and UBSan',
    async (target) => {
      const inputs = readdirSync(join(CORPUS, target)).map((name) => join(CORPUS, target, name));
      const program = join(ROOT, 'scripts', 'fuzz-native.mjs');
      const { stderr } = await promisify(execFile)(process.execPath, [program, '--replay', target]);
      expect(stderr.trim().split('\n').sort()).toEqual(inputs.sort());
    },
    300_000,
  );
});
