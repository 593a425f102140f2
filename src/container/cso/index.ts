// Compressed images of PSP and PlayStation 2 discs: CSO (versions 0 to 2) and ZSO.
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { openIndexedImage } from '../packed/block-image.js';
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
    return openIndexedImage(main, 'CSO', {
      ...{ size: header.size, blockBytes: header.blockBytes },
      ...{ start: HEADER_BYTES, entryBytes: ENTRY_BYTES },
      parse: (entries, first) => parseEntries(header, entries, first),
    });
  },
};
