// npm run fuzz [-- --executions N] [--seed N] [--workers N] [--unguided] [--keep FOLDER] [--replay N,N...] [FOLDER...]:
// runs changed images of the folders (the project's own and the corpus beside it where none is named), and of volumes
// that other programs make here, through everything that reads untrusted bytes.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BasePool, prepareBase } from './bases.js';
import { makeImages, readFileSets, readImages } from './corpus-images.js';
import { makeSheets } from './sheet-images.js';
import { remakeInput } from './inputs.js';
import type { Counts } from './progress.js';
import { runWorker } from './run-worker.js';
import type { FuzzDefect, WorkerResult } from './run-worker.js';

/** Milliseconds that one execution may take; generous, because other programs may have the processors. */
const LIMIT = 20_000;
const SHOWN_DEFECTS = 20;
/** Executions between lines that tell how far it is. */
const TOLD_EVERY = 20_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    executions: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    unguided: { type: 'boolean', default: false },
    keep: { type: 'string' },
    replay: { type: 'string' },
  },
});
const root = join(import.meta.dirname, '../../..');
const corpus = process.env.ISODRIVE_CORPUS ?? join(root, '../shared/corpus');
const own = [join(root, 'test/corpus/ok'), join(root, 'test/corpus/bad')].filter((folder) =>
  existsSync(folder),
);
const folders =
  positionals.length > 0 ? positionals : [...own, join(corpus, 'images'), join(corpus, 'malformed')];
const missing = folders.find((folder) => !existsSync(folder));
if (missing !== undefined) {
  process.stderr.write(`Cannot fuzz: found no folder "${resolve(missing)}", expected one with images\n`);
  process.exit(2);
}
const sets = join(root, 'test/corpus/containers');
const images = [
  ...readImages(folders),
  ...(positionals.length === 0 && existsSync(sets) ? readFileSets(sets) : []),
  ...makeImages(),
  ...makeSheets(),
];
const seed = Number(values.seed);
const started = performance.now();

if (values.replay === undefined) {
  const counts = Array.from({ length: Number(values.workers) }, () => 0);
  finish(await Promise.all(counts.map((_, index) => work(index, counts))));
} else {
  const pool = new BasePool(await Promise.all(images.map(prepareBase)));
  const { base, image, lineage } = remakeInput(pool, seed, values.replay.split(',').map(Number));
  keep({ base: base.name, bytes: image.toBytes(), lineage, message: '' });
}

function work(index: number, counts: number[]): Promise<WorkerResult> {
  let told = 0;
  return runWorker({
    images,
    seed,
    first: index,
    end: Number(values.executions),
    step: counts.length,
    guided: !values.unguided,
    limit: LIMIT,
    onProgress: (done) => {
      counts[index] = done;
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (index > 0 || total - told < TOLD_EVERY) return;
      told = total;
      process.stderr.write(
        `${total} executions, ${Math.round((total * 1000) / (performance.now() - started))} a second\n`,
      );
    },
  });
}

function finish(all: readonly WorkerResult[]): void {
  const totals = all.flatMap(({ totals: one }) => one ?? []);
  const defects = all.flatMap((result) => result.defects);
  for (const defect of defects) keep(defect);
  const record = {
    seed,
    executions: all.reduce((sum, result) => sum + result.executions, 0),
    images: images.length,
    seconds: Math.round((performance.now() - started) / 1000),
    outcomes: addUp(totals.map(({ outcomes }) => outcomes)),
    about: addUp(totals.map(({ about }) => about)),
    reached: addUp(totals.map(({ reached }) => reached)),
    kept: totals.reduce((sum, { kept }) => sum + kept, 0),
    covered: Math.max(0, ...totals.map(({ covered }) => covered)),
    defects: defects.length,
    shown: defects.slice(0, SHOWN_DEFECTS).map(({ lineage, base, message }) => ({ lineage, base, message })),
  };
  process.stdout.write(`${JSON.stringify(record, undefined, 2)}\n`);
  process.exitCode = defects.length === 0 ? 0 : 1;
}

function addUp(all: readonly Counts[]): Counts {
  const sum: Counts = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}

function keep({ lineage, bytes, base }: FuzzDefect): void {
  if (values.keep === undefined || bytes === undefined) return;
  mkdirSync(values.keep, { recursive: true });
  writeFileSync(join(values.keep, `${seed}-${lineage.join('-')}-${base ?? 'unknown'}`), bytes);
}
