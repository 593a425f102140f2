// Images packed by lz4 in frames whose blocks stand alone (LZ4 Frame Format, by Yann Collet), little-endian.
import { IsodriveError } from '../../base/error.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { BlockMap, openBlockMap } from '../packed/block-map.js';
import { readNear } from '../packed/read-near.js';
import { refuseUnseekable } from '../packed/refuse.js';
import { measureBlock } from './measure-block.js';
import { MAX_HEADER_BYTES, parseFrame } from './parse.js';
import type { Frame } from './parse.js';

const STORED = 0x8000_0000;

interface Blocks {
  readonly map: BlockMap;
  readonly lengths: number[];
  readonly isStored: boolean[];
}

export const lz4Format: Filter = {
  kind: 'filter',
  name: 'lz4',
  title: 'an lz4 file of blocks that stand alone',

  async probe({ main }, _marks, signal) {
    return parseFrame(await readAtMost(main, 0, MAX_HEADER_BYTES, signal)) === undefined ? 0 : 3;
  },

  async open({ main }, signal) {
    const blocks: Blocks = { map: new BlockMap(), lengths: [], isStored: [] };
    for (let at = 0; at < main.size && !blocks.map.isFull;) {
      const frame = parseFrame(await readAtMost(main, at, MAX_HEADER_BYTES, signal));
      if (frame === undefined) break;
      if (frame.isLinked)
        throw refuseUnseekable(main, 'an lz4 file of linked blocks', 'lz4 -dc', 'lz4 -B7', 'lz4');
      at = await addFrame(main, at + frame.bytes, frame, blocks, signal);
    }
    const { map, lengths, isStored } = blocks;
    if (map.size === 0) {
      throw new IsodriveError(
        'damaged',
        `Cannot open "${main.name}": it begins as an lz4 file, but has no block`,
        {
          at: { source: main.name, offset: 0 },
          action: 'Fetch the image again: it is damaged or cut off',
        },
      );
    }
    return openBlockMap(main, map, (i) => ({
      offset: map.offsets[i]!,
      length: lengths[i]!,
      size: map.sizeOf(i),
      coding: isStored[i]! ? 'stored' : 'lz4',
    }));
  },
};

interface Place {
  readonly at: number;
  readonly length: number;
  readonly isStored: boolean;
}

/** Bytes of the content of a frame's last block: what is left of that of the frame, or as the block itself tells. */
async function measureLast(
  main: ByteSource,
  { at, length, isStored }: Place,
  { size, blockBytes }: Frame,
  done: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const left = size === undefined ? 0 : size - done;
  if (left > 0 && left <= blockBytes) return left;
  if (isStored) return length;
  return measureBlock(await readExactly(main, at, length, 'block of lz4', signal), blockBytes);
}

/** Every block of a frame but the last is as large as the frame allows. Gives where the frame ends. */
async function addFrame(
  main: ByteSource,
  start: number,
  frame: Frame,
  { map, lengths, isStored }: Blocks,
  signal: AbortSignal | undefined,
): Promise<number> {
  let before: Place | undefined;
  const add = (size: number): void => {
    if (before === undefined || size === 0) return;
    map.add(before.at, size);
    lengths.push(before.length);
    isStored.push(before.isStored);
  };
  const base = map.size;
  for (let at = start; !map.isFull;) {
    const bytes = Buffer.from(await readNear(main, at, 4, signal));
    const word = bytes.length < 4 ? undefined : bytes.readUInt32LE();
    const length = word === undefined ? 0 : word % STORED;
    if (word === undefined || word === 0 || length > frame.blockBytes) {
      // Of one that is cut off nothing tells how much it held.
      if (before !== undefined && before.at + before.length <= main.size)
        add(await measureLast(main, before, frame, map.size - base, signal));
      return word === 0 ? at + 4 + (frame.hasSum ? 4 : 0) : main.size;
    }
    add(frame.blockBytes);
    before = { at: at + 4, length, isStored: word >= STORED };
    at += 4 + length + (frame.hasBlockSums ? 4 : 0);
  }
  return main.size;
}
