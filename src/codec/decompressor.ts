// The contract of every decompressor of blocks.

/**
 * Decompresses a block to exactly `size` bytes, without ever holding many more. Rejects with an ordinary Error that
 * says why when the block is damaged, or holds fewer bytes or more.
 */
export type Decompress = (block: Uint8Array, size: number) => Promise<Uint8Array>;

/** A block, and where its content goes, which must fill that exactly. */
export interface PackedBlock {
  readonly bytes: Uint8Array;
  readonly target: Uint8Array;
}
