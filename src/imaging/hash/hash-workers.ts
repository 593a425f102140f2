// Hashes in threads that share the memory which the image is read into: no byte is copied, and the digests of a disc
// take as long as the dearest of them.
import { Worker } from 'node:worker_threads';
import { IsodriveError } from '../../base/error.js';
import { divideJobs } from './divide-jobs.js';
import type { HashThreadAnswer, HashThreadData, HashThreadRequest } from './hash-thread.js';
import { SLOT_BYTES } from './hasher.js';
import type { HashJob, HashPart, HashSlot, Hasher } from './hasher.js';

/** Slots of all threads: how far the fastest may be ahead of the slowest. */
const SLOTS = 16;

interface Thread {
  readonly worker: Worker;
  /** Indexes of its jobs among all jobs. */
  readonly jobs: readonly number[];
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

export class HashWorkers implements Hasher {
  readonly #jobCount: number;
  readonly #threads: readonly Thread[];
  /** By job: its thread and its index among that thread's jobs. */
  readonly #places: readonly { readonly thread: number; readonly job: number }[];
  readonly #free: HashSlot[] = [];
  readonly #slots: readonly HashSlot[];
  /** Threads that still read a slot. */
  readonly #users: number[];
  readonly #takers: Waiting<HashSlot>[] = [];
  readonly #finishers = new Map<number, Waiting<readonly string[]>>();
  #failure: IsodriveError | undefined;

  constructor(jobs: readonly HashJob[], threadCount: number) {
    this.#jobCount = jobs.length;
    const memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
    this.#slots = Array.from({ length: SLOTS }, (_, index) => ({
      index,
      bytes: new Uint8Array(memory, index * SLOT_BYTES, SLOT_BYTES),
    }));
    this.#free.push(...this.#slots);
    this.#users = this.#slots.map(() => 0);
    const shares = divideJobs(jobs, threadCount);
    const places: { thread: number; job: number }[] = [];
    for (const [thread, share] of shares.entries()) {
      for (const [job, whole] of share.entries()) places[whole] = { thread, job };
    }
    this.#places = places;
    this.#threads = shares.map((share, thread) => {
      const data: HashThreadData = { memory, jobs: share.map((job) => jobs[job]!) };
      const worker = new Worker(new URL('./hash-thread.js', import.meta.url), { workerData: data });
      worker.on('message', (answer: HashThreadAnswer) => this.#hear(thread, answer));
      worker.on('error', (error) => this.#fail(error));
      return { worker, jobs: share };
    });
  }

  take(): Promise<HashSlot> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const slot = this.#free.pop();
    if (slot !== undefined) return Promise.resolve(slot);
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject });
    });
  }

  send(slot: HashSlot, parts: readonly HashPart[]): void {
    const shares = new Map<number, HashPart[]>();
    for (const { job, from, to } of parts) {
      const place = this.#places[job]!;
      const share = shares.get(place.thread) ?? [];
      share.push({ job: place.job, from, to });
      shares.set(place.thread, share);
    }
    this.#users[slot.index] = shares.size;
    if (shares.size === 0) this.#release(slot);
    for (const [thread, share] of shares) this.#tell(thread, { slot: slot.index, parts: share });
  }

  async finish(): Promise<readonly string[]> {
    const digests = new Array<string>(this.#jobCount);
    const answers = this.#threads.map((_, thread) => this.#ask(thread));
    for (const [thread, list] of (await Promise.all(answers)).entries()) {
      for (const [i, job] of this.#threads[thread]!.jobs.entries()) digests[job] = list[i]!;
    }
    return digests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #ask(thread: number): Promise<readonly string[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#finishers.set(thread, { resolve, reject });
      this.#tell(thread, 'finish');
    });
  }

  #tell(thread: number, order: HashThreadRequest): void {
    this.#threads[thread]!.worker.postMessage(order);
  }

  #hear(thread: number, answer: HashThreadAnswer): void {
    if (typeof answer !== 'number') this.#finishers.get(thread)?.resolve(answer);
    else if ((this.#users[answer]! -= 1) === 0) this.#release(this.#slots[answer]!);
  }

  #release(slot: HashSlot): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#free.push(slot);
    else taker.resolve(slot);
  }

  #fail(cause: unknown): void {
    this.#failure ??= new IsodriveError('internal', 'Cannot hash: a thread for it has died', { cause });
    for (const { reject } of [...this.#takers.splice(0), ...this.#finishers.values()]) reject(this.#failure);
  }
}
