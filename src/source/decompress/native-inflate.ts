// RFC 1950 by native code, many blocks a call: a call of Node's zlib costs more than a small block. What it cannot decode is
// left to decompressZlib, which knows the reason.
import { tryToLoadAddon } from '../load-addon.js';
import type { PackedBlock } from './decompress.js';

/** Words of a block's place: where it starts, its bytes, and those of its content. */
const PLACE_WORDS = 3;

/** By number of the block; undefined for those that are not decoded. Never rejects. */
export async function inflateNatively(
  blocks: readonly PackedBlock[],
): Promise<readonly (Uint8Array | undefined)[]> {
  const addon = blocks.length < 2 ? undefined : tryToLoadAddon();
  if (addon === undefined) return [];
  const total = blocks.reduce((sum, { size }) => sum + size, 0);
  const target = new Uint8Array(Buffer.allocUnsafeSlow(total).buffer);
  const { stored, places } = gather(blocks);
  const done = await addon.inflateBlocks(stored, places, target);
  let at = 0;
  return blocks.map(({ size }, i) => {
    at += size;
    return done[i] === 1 ? target.subarray(at - size, at) : undefined;
  });
}

/** Blocks in one piece of memory, in which they are mostly already. */
function gather(blocks: readonly PackedBlock[]): { stored: Uint8Array; places: Uint32Array } {
  const { buffer } = blocks[0]!.bytes;
  const isOne = blocks.every(({ bytes }) => bytes.buffer === buffer);
  const stored = isOne ? new Uint8Array(buffer) : Buffer.concat(blocks.map(({ bytes }) => bytes));
  const places = new Uint32Array(blocks.length * PLACE_WORDS);
  let behind = 0;
  for (const [i, { bytes, size }] of blocks.entries()) {
    places.set([isOne ? bytes.byteOffset : behind, bytes.length, size], i * PLACE_WORDS);
    behind += bytes.length;
  }
  return { stored, places };
}
