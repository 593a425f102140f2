// Chooses where digests are computed.
import { availableParallelism } from 'node:os';
import { HashWorkers } from './hash-workers.js';
import type { HashJob, Hasher } from './hasher.js';
import { InlineHasher } from './inline-hasher.js';

/** Bytes of all jobs below which starting threads takes longer than they save. */
export const MIN_BYTES_FOR_THREADS = 64 * 1_048_576;
/** More gain nothing: the source gives no more. */
const MAX_THREADS = 8;

/** The caller disposes it. */
export function startHasher(jobs: readonly HashJob[]): Hasher {
  const bytes = jobs.reduce((sum, { size }) => sum + size, 0);
  const threads = Math.min(availableParallelism(), MAX_THREADS, jobs.length);
  if (bytes < MIN_BYTES_FOR_THREADS || availableParallelism() < 2) return new InlineHasher(jobs);
  return new HashWorkers(jobs, threads);
}
