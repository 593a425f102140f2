// Compressed images of PSP discs by JISO, those packed by deflate.
import { IsodriveError } from '../../base/error.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { openIndexedImage } from '../packed/block-image.js';
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
    return openIndexedImage(main, 'JSO', {
      ...{ size, blockBytes, start: headerBytes, entryBytes: ENTRY_BYTES },
      parse: (entries, first) => parseEntries(header, entries, first),
    });
  },
};
