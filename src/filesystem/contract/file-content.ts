// What can be read of a file, however it is stored: the contract between decoders of stored bytes and those who show
// content. src/image/content-opener.ts gives it for any row of an index.

import type { UnitContent } from '../../codec/unit-reader.js';

export interface FileContent extends Partial<UnitContent> {
  /** Bytes. */
  readonly size: number;
  /**
   * Reads at byte `position` of the file into `target`; gives the bytes read, short only at the end of the file. May be
   * called concurrently; the caller owns `target`, and must not touch it until the promise settles. Rejects with
   * `damaged` where the image holds no such bytes or they cannot be decoded (only reads that need them are concerned),
   * and as ByteSource.read does.
   */
  read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number>;
}
