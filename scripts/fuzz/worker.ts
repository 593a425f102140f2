// A thread that runs executions one after another. Where it is stands in shared memory, so that whoever watches knows
// which input hangs.
import { parentPort, workerData } from 'node:worker_threads';
import { BlockCoverage } from './coverage.js';
import { PROGRESS } from './progress.js';
import type { Counts, WorkerOrder, WorkerReport } from './progress.js';
import type { Kept } from './bases.js';
import type { Input } from './inputs.js';

/** Inputs after which V8 is asked what ran: asking costs as much as two executions. */
const BATCH = 16;

const order = workerData as WorkerOrder;
const progress = new Int32Array(order.progress);
const coverage = order.guided ? new BlockCoverage(new URL('../../src/', import.meta.url).href) : undefined;
// Only now may the code under test be loaded: see BlockCoverage.
const { BasePool, prepareBase } = await import('./bases.js');
const { Defect, execute } = await import('./execute.js');
const { makeInput } = await import('./inputs.js');
const { MemorySource } = await import('./memory-source.js');

function report(message: WorkerReport): void {
  parentPort?.postMessage(message);
}

function count(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

const bases = [];
for (const image of order.images) bases.push(await prepareBase(image));
const pool = new BasePool(bases);
coverage?.take(true);
const places = new Map<Kept, number>();
const outcomes: Counts = {};
const about: Counts = {};
const reached: Counts = {};

async function run(input: Input): Promise<void> {
  const { base, kind, image, lineage, parent, all } = input;
  Atomics.store(progress, PROGRESS.number, lineage.at(-1)!);
  Atomics.store(progress, PROGRESS.parent, parent === undefined ? -1 : places.get(parent)!);
  Atomics.add(progress, PROGRESS.beat, 1);
  count(about, kind);
  try {
    const { outcome, kinds } = await execute(new MemorySource(base.name, image), { all, files: base.files });
    count(outcomes, outcome);
    for (const one of kinds) count(reached, one);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const message = thrown instanceof Defect ? error.message : (error.stack ?? error.message);
    report({ kind: 'defect', lineage, base: base.name, bytes: image.toBytes(), message });
  }
  Atomics.add(progress, PROGRESS.done, 1);
}

/** One of the batch has led to new code: which it was is seen when they run one by one. */
async function keepNew(batch: readonly Input[], blocks: BlockCoverage): Promise<void> {
  for (const input of batch) {
    await run(input);
    if (!blocks.take(true) || !pool.keep(input)) continue;
    places.set(input, places.size);
    report({ kind: 'kept', lineage: input.lineage });
  }
}

let batch: Input[] = [];
for (let number = order.first; number < order.end; number += order.step) {
  const input = makeInput(pool, order.seed, number);
  await run(input);
  if (coverage === undefined) continue;
  batch.push(input);
  if (batch.length < BATCH) continue;
  if (coverage.take(false)) await keepNew(batch, coverage);
  batch = [];
}
const kept = places.size;
report({ kind: 'end', totals: { outcomes, about, reached, kept, covered: coverage?.covered ?? 0 } });
