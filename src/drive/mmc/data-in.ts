// What a command sends to the initiator. Long answers are read piece by piece as the transport can send them, so that
// no command, however much it asks for, costs more memory than one piece.

export interface DataIn {
  /** Bytes of the whole answer. */
  readonly length: number;
  /**
   * Bytes `offset` to `offset + length`, which must lie inside the answer. May be called concurrently; the caller owns
   * the result. Rejects with CheckCondition when the medium cannot be read, and with `cancelled`.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** An answer that is in memory, cut off at the allocation length (SPC-4 4.2.5.6). */
export function answer(bytes: Uint8Array, allocationLength: number): DataIn {
  const sent = bytes.subarray(0, allocationLength);
  return {
    length: sent.length,
    read: (offset, length) => Promise.resolve(sent.subarray(offset, offset + length)),
  };
}

/** Of commands without data. */
export const NO_DATA: DataIn = answer(new Uint8Array(), 0);
