// npm run fuzz [-- --executions N] [--seed N] [--workers N] [--keep FOLDER] [FOLDER...]: runs changed images of the
// folders (the corpus beside the project where none is named) through everything that reads untrusted bytes.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readImages } from './bases.js';
import { runWorker } from './run-worker.js';
import type { FuzzDefect, WorkerResult } from './run-worker.js';

/** Milliseconds that one execution may take; generous, because other programs may have the processors. */
const LIMIT = 20_000;
const SHOWN_DEFECTS = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    executions: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    keep: { type: 'string' },
  },
});
const corpus = process.env.ISODRIVE_CORPUS ?? join(import.meta.dirname, '../../../../shared/corpus');
const folders = positionals.length > 0 ? positionals : [join(corpus, 'images'), join(corpus, 'malformed')];
const missing = folders.find((folder) => !existsSync(folder));
if (missing !== undefined) {
  process.stderr.write(`Cannot fuzz: found no folder "${resolve(missing)}", expected one with images\n`);
  process.exit(2);
}
const images = readImages(folders);
const executions = Number(values.executions);
const workers = Number(values.workers);
const seed = Number(values.seed);
const started = performance.now();
const counts = Array.from({ length: workers }, () => 0);
let told = 0;
const results = await Promise.all(
  counts.map((_, index) =>
    runWorker({
      images,
      seed,
      first: index,
      end: executions,
      step: workers,
      limit: LIMIT,
      onProgress: (done) => tell(index, done),
    }),
  ),
);
finish(results);

function tell(index: number, done: number): void {
  counts[index] = done;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total - told < 50_000) return;
  told = total;
  const seconds = (performance.now() - started) / 1000;
  process.stderr.write(`${total} executions, ${Math.round(total / seconds)} a second\n`);
}

function finish(all: readonly WorkerResult[]): void {
  const outcomes: Record<string, number> = {};
  for (const result of all) {
    for (const [name, count] of Object.entries(result.outcomes))
      outcomes[name] = (outcomes[name] ?? 0) + count;
  }
  const defects = all.flatMap((result) => result.defects);
  for (const defect of defects) keep(defect);
  const record = {
    seed,
    executions: all.reduce((sum, result) => sum + result.executions, 0),
    images: images.length,
    seconds: Math.round((performance.now() - started) / 1000),
    outcomes,
    defects: defects.length,
    shown: defects.slice(0, SHOWN_DEFECTS).map(({ number, base, message }) => ({ number, base, message })),
  };
  process.stdout.write(`${JSON.stringify(record, undefined, 2)}\n`);
  process.exitCode = defects.length === 0 ? 0 : 1;
}

function keep({ number, bytes, base }: FuzzDefect): void {
  if (values.keep === undefined || bytes === undefined) return;
  mkdirSync(values.keep, { recursive: true });
  writeFileSync(join(values.keep, `${seed}-${number}-${base ?? 'unknown'}`), bytes);
}
