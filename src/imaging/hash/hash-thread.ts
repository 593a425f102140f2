// One of the hash workers: hashes parts of slots, in the order in which it is told, and says when it has done with
// each.
import { parentPort, workerData } from 'node:worker_threads';
import { SLOT_BYTES } from './hasher.js';
import type { HashJob, HashPart } from './hasher.js';
import { JobHashes } from './job-hashes.js';

/** What a thread is started with. */
export interface HashThreadData {
  /** All slots. */
  readonly memory: SharedArrayBuffer;
  readonly jobs: readonly HashJob[];
}

/** Jobs are those of the thread. */
export type HashThreadRequest = { readonly slot: number; readonly parts: readonly HashPart[] } | 'finish';

/** The number of a slot that the thread needs no more, or its digests. */
export type HashThreadAnswer = number | readonly string[];

const { memory, jobs } = workerData as HashThreadData;
const hashes = new JobHashes(jobs);
const port = parentPort!;

port.on('message', (order: HashThreadRequest) => {
  let answer: HashThreadAnswer;
  if (order === 'finish') answer = hashes.finish();
  else {
    hashes.update(new Uint8Array(memory, order.slot * SLOT_BYTES, SLOT_BYTES), order.parts);
    answer = order.slot;
  }
  port.postMessage(answer);
});
