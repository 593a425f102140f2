// Whether sectors are those of a disc, by the marks of every file system and partition table that is read here.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { Confidence } from '../../container/confidence.js';
import type { VolumeMarks } from '../../container/volume-marks.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost } from '../../source/read-fully.js';
import { CD_I_IDENTIFIER, isDiscLabel } from '../cd-i/disc-label.js';
import { resemblesFatBootSector } from '../fat/boot-sector.js';
import { resemblesAppleVolume } from '../hfs/apple-volumes.js';
import { DESCRIPTOR_START, isDescriptor, isStandardIdentifier } from '../iso9660/volume-descriptor-set.js';
import { showsOpera } from '../opera/volume-label.js';
import { MAX_BLOCK_SIZE, resemblesAppleMap } from '../partition/apple-partition-map.js';
import { isBootSector, resemblesPartitionTable } from '../partition/master-boot-record.js';
import { showsAnchor } from '../udf/anchor.js';
import { showsXdvdfs } from '../xdvdfs/probe.js';

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
    return (await showsXdvdfs(source, signal)) ? 3 : lookForOthers(source, signal);
  },
};

/** Less sure than a descriptor: two bytes may stand anywhere by chance, and whoever opens the disc looks closer. */
async function lookForOthers(source: ByteSource, signal: AbortSignal | undefined): Promise<Confidence> {
  const start = new ByteCursor(await readAtMost(source, 0, PROBED_BYTES, signal), source.name, 0);
  if (showsOpera(start)) return 3;
  const isMarked = isBootSector(start) && (resemblesFatBootSector(start) || resemblesPartitionTable(start));
  const isKnown = isMarked || resemblesAppleMap(start) || resemblesAppleVolume(start);
  // ECMA-167 3/8.4.2.1: a UDF disc whose recognition sequence is lost still has its anchor, at sector 256.
  return isKnown || (await showsAnchor(source, signal)) ? 1 : 0;
}
