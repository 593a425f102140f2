// Compressed images of PSP and PlayStation 2 discs: CSO (versions 0 to 2) and ZSO.
import { CachedStream } from '../../disc/cached-stream.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { checkSizes, damagedHeader, openBlockImage } from '../packed/block-image.js';
import { ENTRY_BYTES, HEADER_BYTES, parseEntries, parseHeader } from './parse.js';

export const csoFormat: Filter = {
  kind: 'filter',
  name: 'cso',
  title: 'a compressed image (CSO or ZSO)',

  async probe({ main }, _marks, signal) {
    return parseHeader(await readAtMost(main, 0, HEADER_BYTES, signal)) === undefined ? 0 : 3;
  },

  async open({ main }, signal) {
    const header = parseHeader(await readExactly(main, 0, HEADER_BYTES, 'header of CSO', signal))!;
    const { size, blockBytes } = header;
    checkSizes(main.name, 'CSO', size, blockBytes);
    const indexEnd = HEADER_BYTES + (Math.ceil(size / blockBytes) + 1) * ENTRY_BYTES;
    if (indexEnd > main.size)
      throw damagedHeader(
        main.name,
        'CSO',
        `its index ends at byte ${indexEnd}, expected at most ${main.size}`,
      );
    const table = new CachedStream(main);
    return openBlockImage(main, {
      size,
      blockBytes,
      locate: async (first, count) => {
        const bytes = new Uint8Array((count + 1) * ENTRY_BYTES);
        await table.read(bytes, HEADER_BYTES + first * ENTRY_BYTES);
        return parseEntries(header, bytes, first);
      },
    });
  },
};
