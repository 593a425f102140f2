// Whether sectors are those of a disc, by the marks of every file system and partition table that is read here.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { Confidence } from '../../container/confidence.js';
import type { VolumeMarks } from '../../container/volume-marks.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readIfPossible } from '../../source/read-fully.js';
import { CD_I_IDENTIFIER, isDiscLabel } from '../cd-i/disc-label.js';
import { resemblesFatBootSector } from '../fat/boot-sector.js';
import { DESCRIPTOR_START, isDescriptor, isStandardIdentifier } from '../iso9660/volume-descriptor-set.js';
import { MAX_BLOCK_SIZE, resemblesAppleMap } from '../partition/apple-partition-map.js';
import { isBootSector, resemblesPartitionTable } from '../partition/master-boot-record.js';
import { FILE_SYSTEMS } from './probe-volumes.js';

/** Descriptors looked at: those of ECMA-119, or the volume recognition sequence of ECMA-167, fit in fewer. */
const PROBED_SECTORS = 16;
/** Bytes at the start of an image in which all other marks lie, but UDF's anchor. */
const PROBED_BYTES = MAX_BLOCK_SIZE + 2;

export const volumeMarks: VolumeMarks = {
  descriptorStart: DESCRIPTOR_START,
  isIdentifier: (text) => isStandardIdentifier(text) || text === CD_I_IDENTIFIER,

  async look(source, signal) {
    // One sector at a time: a bad sector behind the first descriptor must not hide the disc.
    for (let sector = 0; sector < PROBED_SECTORS; sector += 1) {
      const bytes = await readAtMost(source, DESCRIPTOR_START + sector * SECTOR_SIZE, SECTOR_SIZE, signal);
      if (bytes.length < SECTOR_SIZE) break;
      if (isDescriptor(bytes) || isDiscLabel(bytes)) return 3;
    }
    return lookForOthers(source, signal);
  },
};

/** Less sure than a descriptor, mostly: two bytes may stand anywhere by chance. Whoever opens the disc looks closer. */
async function lookForOthers(source: ByteSource, signal: AbortSignal | undefined): Promise<Confidence> {
  const start = new ByteCursor(await readIfPossible(source, 0, PROBED_BYTES, signal), source.name, 0);
  const isMarked = isBootSector(start) && (resemblesFatBootSector(start) || resemblesPartitionTable(start));
  let best: Confidence = isMarked || resemblesAppleMap(start) ? 1 : 0;
  for (const fileSystem of FILE_SYSTEMS) {
    const found = (await fileSystem.findMarks?.(source, start, signal)) ?? 0;
    if (found > best) best = found;
    if (best === 3) break;
  }
  // Nothing was found: a bad place that may have had it is told.
  if (best === 0 && start.length === 0) await readAtMost(source, 0, PROBED_BYTES, signal);
  return best;
}
