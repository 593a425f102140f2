// RFC 1950 and bare RFC 1951 by native code, many blocks a call: a call of Node's zlib costs more than a small block.
// What it cannot
// decode is left to the decompressors of Node, which know the reason.
import { tryToLoadAddon } from '../io/load-addon.js';
import type { PackedBlock } from './decompressor.js';

/** Words of a block's place, see Addon.inflateBlocks. */
const PLACE_WORDS = 4;

/** Whether each block is in its target; none is where there is no such code. Never rejects. */
export async function inflateNatively(
  blocks: readonly PackedBlock[],
  isBare: boolean,
): Promise<readonly boolean[]> {
  const addon = tryToLoadAddon();
  const [first] = blocks;
  if (addon === undefined || first === undefined) return [];
  const stored = first.bytes.buffer;
  const target = first.target.buffer;
  if (blocks.some((block) => block.bytes.buffer !== stored || block.target.buffer !== target)) return [];
  const places = new Uint32Array(blocks.length * PLACE_WORDS);
  for (const [i, block] of blocks.entries()) {
    const { bytes } = block;
    const place = [bytes.byteOffset, bytes.length, block.target.byteOffset, block.target.length];
    places.set(place, i * PLACE_WORDS);
  }
  const done = await addon.inflateBlocks(new Uint8Array(stored), places, new Uint8Array(target), isBare);
  return Array.from(done, (one) => one === 1);
}
