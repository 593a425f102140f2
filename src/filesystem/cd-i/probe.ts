// Finds the volume of a CD-i disc by its disc label. Bridge discs (Video CD, Photo CD) have descriptors of ISO 9660.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import type { FileSystem, Volume } from '../contract/file-system.js';
import { completeSummary } from '../contract/volume-summary.js';
import type { VolumeSummary } from '../contract/volume-summary.js';
import { FIRST_SECTOR, MAX_DESCRIPTORS } from '../iso9660/volume-descriptor-set.js';
import { isDiscLabel, parseDiscLabel } from './disc-label.js';
import type { DiscLabel } from './disc-label.js';

export const cdiFileSystem: FileSystem = {
  title: 'CD-i',

  async probe(reader, context): Promise<Volume> {
    const { signal, report, sessionStart = 0 } = context;
    const first = (sessionStart + FIRST_SECTOR) * SECTOR_SIZE;
    const label = await findLabel(reader, first, signal);
    const { CdiTree } = await import('./cd-i-tree.js');
    const tree = new CdiTree(reader, label, context);
    const end = sessionStart * SECTOR_SIZE + label.size;
    if (end > reader.size) {
      report({
        code: 'truncated-image',
        severity: 'damage',
        message: `Image has ${countBytes(reader.size)}, expected ${end}: it is truncated`,
        at: { source: reader.name, offset: reader.size },
      });
    }
    return { trees: [tree], summary: summarize(label) };
  },
};

function summarize(label: DiscLabel): VolumeSummary {
  const { systemId, volumeId, albumId, publisherId, preparerId, applicationId } = label;
  const { size, blockSize, created, modified } = label;
  return completeSummary({
    ...{ systemId, volumeId, volumeSetId: albumId, publisherId, preparerId, applicationId },
    ...{ size, blockSize, created, modified, localTimes: ['created', 'modified'] },
  });
}

/** The first label of a volume. Rejects with `unsupported`, or `damaged` where none can be used, and as `read` does. */
async function findLabel(
  reader: DataStream,
  first: number,
  signal: AbortSignal | undefined,
): Promise<DiscLabel> {
  let isThere = false;
  for (let index = 0; index < MAX_DESCRIPTORS; index += 1) {
    const offset = first + index * SECTOR_SIZE;
    const sector = await readAtMost(reader, offset, SECTOR_SIZE, signal);
    if (sector.length < SECTOR_SIZE || !isDiscLabel(sector)) break;
    isThere = true;
    const label = parseDiscLabel(sector, reader.name, offset);
    if (label !== undefined) return label;
  }
  const found = isThere ? 'none of its disc labels is that of a volume' : 'it has no disc label';
  throw new IsodriveError(
    isThere ? 'damaged' : 'unsupported',
    `Cannot find a CD-i volume in "${reader.name}": ${found}, expected one`,
    { at: { source: reader.name, offset: first } },
  );
}
