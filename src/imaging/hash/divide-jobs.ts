// Who hashes what: the dearest job first, each to whom has least to do, so that all threads end together.
import { startHash } from './digests.js';
import type { Algorithm } from './digests.js';
import type { HashJob } from './hasher.js';

/** Bytes hashed to learn what an algorithm costs here: processors with instructions for one are four times as fast. */
const TRIAL_BYTES = 262_144;
const TRIALS = 2;

/** Indexes of jobs for each of so many threads; none is empty when there are as many jobs. */
export function divideJobs(jobs: readonly HashJob[], threads: number): number[][] {
  const cost = measureCosts(jobs);
  const work = (job: number): number => jobs[job]!.size * cost.get(jobs[job]!.algorithm)!;
  const loads = Array.from({ length: threads }, () => ({ jobs: [] as number[], work: 0 }));
  const order = jobs.map((_, job) => job).sort((a, b) => work(b) - work(a));
  for (const job of order) {
    const least = loads.reduce((best, load) => (load.work < best.work ? load : best));
    least.jobs.push(job);
    least.work += work(job);
  }
  return loads.map((load) => load.jobs.sort((a, b) => a - b));
}

/** Milliseconds for the trial bytes, by algorithm. */
function measureCosts(jobs: readonly HashJob[]): Map<Algorithm, number> {
  const bytes = new Uint8Array(TRIAL_BYTES);
  const costs = new Map<Algorithm, number>();
  for (const algorithm of new Set(jobs.map((job) => job.algorithm))) {
    const times = Array.from({ length: TRIALS }, () => {
      const started = performance.now();
      startHash(algorithm).update(bytes).digest('hex');
      return performance.now() - started;
    });
    costs.set(algorithm, Math.min(...times));
  }
  return costs;
}
