// Compressed images of PSP discs by DAX, of versions 0 and 1.
import { ByteCursor } from '../../base/byte-cursor.js';
import { CachedStream } from '../../disc/cached-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { checkSizes, damagedHeader, mostPackedBytes, openBlockImage } from '../packed/block-image.js';
import type { BlockImage } from '../packed/block-image.js';
import { AREA_BYTES, FRAME_BYTES, HEADER_BYTES, LENGTH_BYTES, OFFSET_BYTES } from './parse.js';
import { parseAreas, parseHeader } from './parse.js';

export const daxFormat: Filter = {
  kind: 'filter',
  name: 'dax',
  title: 'a compressed image (DAX)',

  async probe({ main }, _marks, signal) {
    return parseHeader(await readAtMost(main, 0, HEADER_BYTES, signal)) === undefined ? 0 : 3;
  },

  async open({ main }, signal) {
    const { size, frames, areas } = parseHeader(
      await readExactly(main, 0, HEADER_BYTES, 'header of DAX', signal),
    )!;
    checkSizes(main.name, 'DAX', size, FRAME_BYTES);
    const areasAt = HEADER_BYTES + frames * (OFFSET_BYTES + LENGTH_BYTES);
    const end = areasAt + areas * AREA_BYTES;
    if (end > main.size)
      throw damagedHeader(main.name, 'DAX', `its tables end at byte ${end}, expected at most ${main.size}`);
    // Frames are in one range at most, and each range has one.
    if (areas > frames)
      throw damagedHeader(main.name, 'DAX', `it has ${areas} ranges, expected at most ${frames}`);
    const ranges = await readExactly(main, areasAt, areas * AREA_BYTES, 'ranges of DAX', signal);
    const isStored = parseAreas(ranges, frames);
    if (isStored === undefined)
      throw damagedHeader(main.name, 'DAX', `its ranges have more than its ${frames} frames`, areasAt);
    return openBlockImage(main, {
      size,
      blockBytes: FRAME_BYTES,
      locate: locator(main, size, frames, isStored),
    });
  },
};

function locator(main: ByteSource, size: number, frames: number, isStored: Uint8Array): BlockImage['locate'] {
  const table = new CachedStream(main);
  return async (first, count) => {
    const offsets = new Uint8Array(count * OFFSET_BYTES);
    const lengths = new Uint8Array(count * LENGTH_BYTES);
    await table.read(offsets, HEADER_BYTES + first * OFFSET_BYTES);
    await table.read(lengths, HEADER_BYTES + frames * OFFSET_BYTES + first * LENGTH_BYTES);
    const offsetAt = new ByteCursor(offsets, 'DAX offsets', 0);
    const lengthAt = new ByteCursor(lengths, 'DAX lengths', 0);
    return Array.from({ length: count }, (_, i) => {
      const content = Math.min(FRAME_BYTES, size - (first + i) * FRAME_BYTES);
      const isPlain = isStored[first + i] === 1;
      return {
        offset: offsetAt.u32le(i * OFFSET_BYTES),
        length: isPlain ? content : Math.min(mostPackedBytes(FRAME_BYTES), lengthAt.u16le(i * LENGTH_BYTES)),
        size: content,
        filledSize: FRAME_BYTES,
        coding: isPlain ? 'stored' : 'zlib',
      };
    });
  };
}
