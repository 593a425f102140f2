// The running hashes of jobs, in whichever thread they are computed. A job that has all its bytes keeps only its
// digest: a disc may have a job for each of a million files.
import { startHash } from './digests.js';
import type { RunningHash } from './digests.js';
import type { HashJob, HashPart } from './hasher.js';

export class JobHashes {
  readonly #jobs: readonly HashJob[];
  readonly #running = new Map<number, { hash: RunningHash; bytes: number }>();
  readonly #digests: (string | undefined)[];

  constructor(jobs: readonly HashJob[]) {
    this.#jobs = jobs;
    this.#digests = jobs.map(() => undefined);
  }

  update(bytes: Uint8Array, parts: readonly HashPart[]): void {
    for (const { job, from, to } of parts) {
      const { algorithm, size } = this.#jobs[job]!;
      const state = this.#running.get(job) ?? { hash: startHash(algorithm), bytes: 0 };
      state.hash.update(bytes.subarray(from, to));
      state.bytes += to - from;
      if (state.bytes < size) this.#running.set(job, state);
      else {
        this.#running.delete(job);
        this.#digests[job] = state.hash.digest('hex');
      }
    }
  }

  /** Digests of what came, by job. */
  finish(): string[] {
    return this.#jobs.map(({ algorithm }, job) => {
      const hash = this.#running.get(job)?.hash ?? startHash(algorithm);
      return this.#digests[job] ?? hash.digest('hex');
    });
  }
}
