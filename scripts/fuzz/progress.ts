// What passes between the threads of the fuzzer.

/** Words of the shared memory of one worker. */
export const PROGRESS = {
  /** Number of the input that is being run. */
  number: 0,
  /** Counts up with every input: stands still while one hangs. */
  beat: 1,
  /** Executions ended by this worker. */
  done: 2,
  words: 3,
} as const;

export interface WorkerOrder {
  readonly images: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly seed: number;
  /** Numbers of the inputs: from `first` below `end`, `step` apart. */
  readonly first: number;
  readonly end: number;
  readonly step: number;
  readonly progress: SharedArrayBuffer;
}

export type WorkerReport =
  | {
      readonly kind: 'defect';
      readonly number: number;
      readonly base: string;
      readonly bytes: Uint8Array;
      readonly message: string;
    }
  | { readonly kind: 'end'; readonly outcomes: Readonly<Record<string, number>> };
