// What passes between the threads of the fuzzer.
import type { StoredImage } from './paged-image.js';

/** Words of the shared memory of one worker. */
export const PROGRESS = {
  /** Number of the input that is being run. */
  number: 0,
  /** Counts up with every input: stands still while one hangs. */
  beat: 1,
  /** Executions ended by this worker. */
  done: 2,
  /** Place, among the changed images that the worker has told of, of the one the input is made from; -1 for none. */
  parent: 3,
  words: 4,
} as const;

export interface WorkerOrder {
  readonly images: readonly StoredImage[];
  readonly seed: number;
  /** Numbers of the inputs: from `first` below `end`, `step` apart. */
  readonly first: number;
  readonly end: number;
  readonly step: number;
  /** Changed images that lead to code which never ran are changed further. */
  readonly guided: boolean;
  readonly progress: SharedArrayBuffer;
}

/** How often something was seen, by its name. */
export type Counts = Record<string, number>;

export interface WorkerTotals {
  /** How executions ended. */
  readonly outcomes: Counts;
  /** Executions by the kind of tree that they were about. */
  readonly about: Counts;
  /** Executions that listed something in a tree of the kind. */
  readonly reached: Counts;
  /** Changed images that were kept. */
  readonly kept: number;
  /** Characters of our compiled code that ran; 0 where that was not asked. */
  readonly covered: number;
}

export type WorkerReport =
  | {
      readonly kind: 'defect';
      readonly lineage: readonly number[];
      readonly base: string;
      readonly bytes: Uint8Array;
      readonly message: string;
    }
  | { readonly kind: 'kept'; readonly lineage: readonly number[] }
  | { readonly kind: 'end'; readonly totals: WorkerTotals };
