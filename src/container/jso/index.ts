// Compressed images of PSP discs by JISO, those packed by deflate.
import { IsodriveError } from '../../base/error.js';
import { CachedStream } from '../../disc/cached-stream.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { checkSizes, damagedHeader, openBlockImage } from '../packed/block-image.js';
import { ENTRY_BYTES, HEADER_BYTES, parseEntries, parseHeader } from './parse.js';

export const jsoFormat: Filter = {
  kind: 'filter',
  name: 'jso',
  title: 'a compressed image (JSO)',

  async probe({ main }, _marks, signal) {
    return parseHeader(await readAtMost(main, 0, HEADER_BYTES, signal)) === undefined ? 0 : 3;
  },

  async open({ main }, signal) {
    const header = parseHeader(await readExactly(main, 0, HEADER_BYTES, 'header of JSO', signal))!;
    const { method, size, blockBytes, headerBytes } = header;
    if (method === 'lzo') {
      const found = 'it is a compressed image (JSO) packed by LZO, expected one packed by deflate';
      throw new IsodriveError('unsupported', `Cannot open "${main.name}": ${found}`, {
        at: { source: main.name, offset: 0x0a },
        action: 'Convert it to a plain .iso first, with the program that made it',
      });
    }
    checkSizes(main.name, 'JSO', size, blockBytes);
    const end = headerBytes + (Math.ceil(size / blockBytes) + 1) * ENTRY_BYTES;
    if (end > main.size)
      throw damagedHeader(main.name, 'JSO', `its index ends at byte ${end}, expected at most ${main.size}`);
    const table = new CachedStream(main);
    return openBlockImage(main, {
      size,
      blockBytes,
      locate: async (first, count) => {
        const bytes = new Uint8Array((count + 1) * ENTRY_BYTES);
        await table.read(bytes, headerBytes + first * ENTRY_BYTES);
        return parseEntries(header, bytes, first);
      },
    });
  },
};
