// Runs and watches one worker: a hang or a full memory ends it, is told with the input that did it, and the next
// worker goes on behind that input.
import { Worker } from 'node:worker_threads';
import { PROGRESS } from './progress.js';
import type { WorkerOrder, WorkerReport, WorkerTotals } from './progress.js';

/** Megabytes that the objects of a worker may take. */
const MAX_HEAP = 256;
/** Milliseconds between looks at a worker. */
const INTERVAL = 500;

export interface FuzzDefect {
  /** As in Input. */
  readonly lineage: readonly number[];
  readonly message: string;
  /** Absent after a hang: the input can be made again from its lineage. */
  readonly base?: string;
  readonly bytes?: Uint8Array;
}

export interface WorkerResult {
  readonly executions: number;
  /** Undefined when the last input ended the worker. */
  readonly totals: WorkerTotals | undefined;
  readonly defects: readonly FuzzDefect[];
}

export interface RunOptions extends Omit<WorkerOrder, 'progress'> {
  /** Milliseconds that one execution may take. */
  readonly limit: number;
  /** Executions ended so far, told now and then. */
  readonly onProgress?: (done: number) => void;
}

export async function runWorker(options: RunOptions): Promise<WorkerResult> {
  const defects: FuzzDefect[] = [];
  let totals: WorkerTotals | undefined;
  let executions = 0;
  for (let first = options.first; first < options.end;) {
    const before = executions;
    const result = await runOnce({
      ...options,
      first,
      onProgress: (done) => options.onProgress?.(before + done),
    });
    executions += result.executions;
    defects.push(...result.defects);
    if (result.totals !== undefined) {
      totals = result.totals;
      break;
    }
    executions += 1;
    first = result.number + options.step;
  }
  return { executions, totals, defects };
}

interface OneResult {
  readonly executions: number;
  /** Of the input at which it ended too early. */
  readonly number: number;
  /** Absent when it ended too early. */
  readonly totals: WorkerTotals | undefined;
  readonly defects: readonly FuzzDefect[];
}

function runOnce({ limit, onProgress, ...order }: RunOptions): Promise<OneResult> {
  return new Promise((resolve) => {
    const shared = new SharedArrayBuffer(PROGRESS.words * 4);
    const progress = new Int32Array(shared);
    const defects: FuzzDefect[] = [];
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { ...order, progress: shared } satisfies WorkerOrder,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP },
    });
    let totals: OneResult['totals'];
    const kept: (readonly number[])[] = [];
    let lastBeat = 0;
    let beatAt = performance.now();
    const timer = setInterval(() => {
      onProgress?.(Atomics.load(progress, PROGRESS.done));
      const beat = Atomics.load(progress, PROGRESS.beat);
      const now = performance.now();
      if (beat !== lastBeat || beat === 0) [lastBeat, beatAt] = [beat, now];
      else if (now - beatAt > limit) {
        fail(`Execution takes longer than ${limit} ms`);
        void worker.terminate();
      }
    }, INTERVAL);
    const fail = (message: string): void => {
      const parent = kept[Atomics.load(progress, PROGRESS.parent)] ?? [];
      defects.push({ lineage: [...parent, Atomics.load(progress, PROGRESS.number)], message });
    };
    worker.on('message', (report: WorkerReport) => {
      if (report.kind === 'end') totals = report.totals;
      else if (report.kind === 'kept') kept.push(report.lineage);
      else defects.push(report);
    });
    worker.on('error', (error) => fail(`Worker ended: ${error.stack ?? error.message}`));
    worker.on('exit', () => {
      clearInterval(timer);
      const executions = Atomics.load(progress, PROGRESS.done);
      resolve({ executions, number: Atomics.load(progress, PROGRESS.number), totals, defects });
    });
  });
}
