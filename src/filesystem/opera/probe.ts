// Finds the Opera volume of a 3DO disc: its label is the first thing on it.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { FileSystem, Volume } from '../contract/file-system.js';
import { completeSummary } from '../contract/volume-summary.js';
import { LABEL_BYTES, parseLabel, showsOpera } from './volume-label.js';

export const operaFileSystem: FileSystem = {
  title: 'Opera',
  findMarks: (_source, start) => (showsOpera(start) ? 3 : 0),

  async probe(reader, context): Promise<Volume> {
    const offset = (context.sessionStart ?? 0) * SECTOR_SIZE;
    const bytes = await readIfPossible(reader, offset, LABEL_BYTES, context.signal);
    const cursor = new ByteCursor(bytes, reader.name, offset);
    const at = { source: reader.name, offset };
    if (!showsOpera(cursor)) {
      throw new IsodriveError(
        'unsupported',
        `Cannot find an Opera volume in "${reader.name}": no label starts it, expected one`,
        { at },
      );
    }
    const label = parseLabel(cursor);
    if (label === undefined) {
      throw new IsodriveError(
        'damaged',
        `Cannot read the Opera volume of "${reader.name}": its label says that a block has ` +
          `${countBytes(cursor.u32be(76))} and the root's last copy number ${cursor.u32be(96)}, expected 2048 and 7 at most`,
        { at },
      );
    }
    const { OperaTree } = await import('./opera-tree.js');
    const tree = new OperaTree(reader, label, context);
    const { volumeSize: size, blockSize } = tree;
    if (size > reader.size) {
      context.report({
        code: 'truncated-image',
        severity: 'damage',
        message: `Image has ${countBytes(reader.size)}, expected ${size}: it is truncated`,
        at: { ...at, offset: reader.size },
      });
    }
    const facts = { volumeId: label.label, volumeSetId: label.comment, blockSize, size };
    return { trees: [tree], summary: completeSummary(facts) };
  },
};
