// The contract of whoever computes digests of many ranges at once: it gives out memory to read into, takes it back
// with what is to be hashed of it, and gives it out again.
import type { Algorithm } from './digests.js';

/** Bytes of a slot: one large read. */
export const SLOT_BYTES = 1_048_576;

/** One digest of one run of bytes. */
export interface HashJob {
  readonly algorithm: Algorithm;
  /** Bytes that will come at most. */
  readonly size: number;
}

/** Memory for one read. */
export interface HashSlot {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** What of a slot is for a job: bytes that follow those of the job's last part. */
export interface HashPart {
  /** Index of the job. */
  readonly job: number;
  readonly from: number;
  readonly to: number;
}

export interface Hasher extends AsyncDisposable {
  /** A slot that is free, waiting for one; its bytes are the caller's until `send`. Rejects when a thread died. */
  take(): Promise<HashSlot>;
  /** Gives a slot back, with parts in the order of the data. */
  send(slot: HashSlot, parts: readonly HashPart[]): void;
  /** Lower-case hexadecimal digests of what each job was given, by job; nothing may be sent any more. */
  finish(): Promise<readonly string[]>;
}
