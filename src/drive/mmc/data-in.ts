// What a command sends to the initiator. Long answers are read piece by piece as the transport can send them, so that
// no command, however much it asks for, costs more memory than one piece.

import type { ImageRange } from '../image-message.js';

export interface DataIn {
  /** Bytes of the whole answer. */
  readonly length: number;
  /** Where an image has these very bytes. */
  readonly image?: ImageRange | undefined;
  /**
   * Fills `target` from byte `offset` of the answer on, which must have as many. May be called concurrently; the caller
   * owns `target`, and must not touch it until the promise settles. Rejects with CheckCondition when the medium cannot
   * be read, and with `cancelled`.
   */
  read(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<void>;
}

/** An answer that is in memory, cut off at the allocation length (SPC-4). */
export function answer(bytes: Uint8Array, allocationLength: number): DataIn {
  const sent = bytes.subarray(0, allocationLength);
  return {
    length: sent.length,
    read: (target, offset) => {
      target.set(sent.subarray(offset, offset + target.length));
      return Promise.resolve();
    },
  };
}

/** Of commands without data. */
export const NO_DATA: DataIn = answer(new Uint8Array(), 0);
