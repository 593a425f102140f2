// Runs one case of cases.ts in a folder of its own, with the command line of this checkout.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { FaultCase, Finished } from './cases.js';

/** The checkout: this file lies in scripts/faults, or below dist once it is compiled. */
const root = findRoot(import.meta.dirname);
const inputs = join(root, 'test', 'corpus', 'faults');
/** Bytes of output that a hostile image may cause before its case fails. */
const OUTPUT_LIMIT = 256 << 20;

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}

interface Surroundings {
  readonly cwd?: string | undefined;
  /** File that standard output goes to. */
  readonly output?: string | undefined;
}

function run(program: string, args: readonly string[], { cwd, output }: Surroundings = {}): Finished {
  const descriptor = output === undefined ? 'pipe' : openSync(output, 'w');
  try {
    const {
      status,
      output: streams,
      error,
    } = spawnSync(program, args, {
      ...{ cwd, encoding: 'utf8', maxBuffer: OUTPUT_LIMIT, stdio: ['ignore', descriptor, 'pipe'] },
    });
    // It could not be started. (More output than the limit is an error too, but then there is output.)
    if (error !== undefined && status === null && (streams as unknown) === null) throw error;
    const [, stdout, stderr] = streams;
    return { status: status ?? -1, stdout: stdout ?? '', stderr: stderr ?? '' };
  } finally {
    if (descriptor !== 'pipe') closeSync(descriptor);
  }
}

/** What the case gives; an error that it throws is part of the answer, since the table has to show it. */
export function runCase({ file, observe }: FaultCase): string {
  const folder = mkdtempSync(join(tmpdir(), 'isodrive-faults-'));
  try {
    const image = join(folder, file);
    writeFileSync(image, gunzipSync(readFileSync(join(inputs, `${file}.gz`))));
    // Lists of checksums stand beside their image.
    for (const beside of readdirSync(inputs)) {
      if (beside.startsWith(`${file}.`) && !beside.endsWith('.gz'))
        copyFileSync(join(inputs, beside), join(folder, beside));
    }
    const output = join(folder, 'output');
    mkdirSync(output);
    return observe({
      image,
      folder: output,
      isodrive: (args, target) => run(join(root, 'scripts', 'isodrive'), args, { output: target }),
      run: (program, args, cwd) => run(program, args, { cwd }),
    });
  } catch (thrown) {
    return String(thrown);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
