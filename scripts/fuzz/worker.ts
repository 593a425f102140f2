// A thread that runs executions one after another. Where it is stands in shared memory, so that whoever watches knows
// which input hangs.
import { parentPort, workerData } from 'node:worker_threads';
import { prepareBase } from './bases.js';
import { Defect, execute } from './execute.js';
import { MemorySource } from './memory-source.js';
import { mutate, randomOf } from './mutate.js';
import { PROGRESS } from './progress.js';
import type { WorkerOrder, WorkerReport } from './progress.js';

const order = workerData as WorkerOrder;
const progress = new Int32Array(order.progress);

function report(message: WorkerReport): void {
  parentPort?.postMessage(message);
}

const bases = [];
for (const { name, bytes } of order.images) bases.push(await prepareBase(name, bytes));
const outcomes: Record<string, number> = {};
let done = 0;
for (let number = order.first; number < order.end; number += order.step) {
  const random = randomOf(order.seed, number);
  const base = bases[random.between(0, bases.length - 1)]!;
  const bytes = mutate(base.bytes, base.regions, random);
  Atomics.store(progress, PROGRESS.number, number);
  Atomics.add(progress, PROGRESS.beat, 1);
  try {
    const outcome = await execute(new MemorySource(base.name, bytes));
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    report({
      kind: 'defect',
      number,
      base: base.name,
      bytes,
      message: thrown instanceof Defect ? error.message : (error.stack ?? error.message),
    });
  }
  done += 1;
  Atomics.store(progress, PROGRESS.done, done);
}
report({ kind: 'end', outcomes });
