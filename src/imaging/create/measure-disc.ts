// How far a disc reaches by its own account: volume descriptors and partition tables. A drive may say less (a bad
// medium, a wrong table of contents) or more (run-out blocks of a disc that was written track at once).
import { IsodriveError } from '../../base/error.js';
import { openContainer } from '../../container/open-container.js';
import type { Disc } from '../../disc/disc.js';
import { PlanStream } from '../../disc/plan-stream.js';
import { PARTITION_SECTOR } from '../../filesystem/contract/partition.js';
import { readPartitions } from '../../filesystem/partition/read-partitions.js';
import { probeVolumes } from '../../filesystem/choose/probe-volumes.js';
import { volumeMarks } from '../../filesystem/choose/volume-marks.js';
import { WorkBudget } from '../../filesystem/contract/work-budget.js';
import type { ByteSource } from '../../source/byte-source.js';

/** Length of a partition of 0xffffffff sectors, bytes. */
const TO_THE_END = 0xffff_ffff * PARTITION_SECTOR;

/** Byte behind the last that the disc's own structures claim; 0 when none can be read. */
export async function measureDisc(source: ByteSource, signal?: AbortSignal): Promise<number> {
  return Math.max(await forgive(volumeEnd(source, signal)), await forgive(partitionEnd(source, signal)));
}

async function volumeEnd(source: ByteSource, signal: AbortSignal | undefined): Promise<number> {
  const disc = await openAlone(source, signal);
  const ends: number[] = [];
  const context = { report: () => undefined, work: new WorkBudget(source.size), signal };
  for (const { summary, trees } of await probeVolumes(disc.data, context)) {
    // The partition of a disc that is written once reaches as far as the medium could be written.
    if (summary.udf?.partitions.includes('virtual') === true) continue;
    const { size, start = 0 } = summary;
    ends.push(start + size, ...trees.map(({ volumeSize }) => volumeSize));
  }
  return Math.max(0, ...ends);
}

/** Rejects with `usage` for a sheet, or another file that only describes an image. */
async function openAlone(source: ByteSource, signal: AbortSignal | undefined): Promise<Disc> {
  try {
    return await openContainer(source, volumeMarks, signal);
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'image-not-found') throw thrown;
    const found =
      'it describes an image whose sectors are in other files, expected a drive or a file of sectors';
    throw new IsodriveError('usage', `Cannot copy "${source.name}": ${found}`, {
      at: { source: source.name },
      action: 'Copy all files of the image, or write them anew with isodrive extract --tree image',
    });
  }
}

async function partitionEnd(source: ByteSource, signal: AbortSignal | undefined): Promise<number> {
  const partitions = await readPartitions(PlanStream.plain(source), () => undefined, signal);
  // A protective entry (UEFI 5.2.3) may say "to the end", whatever that is.
  const sized = partitions.filter(({ length }) => length !== TO_THE_END);
  return Math.max(0, ...sized.map(({ start, length }) => start + length));
}

/** A disc whose structures are damaged or of no known kind says nothing about its size. */
async function forgive(work: Promise<number>): Promise<number> {
  try {
    return await work;
  } catch (thrown) {
    const isFault =
      thrown instanceof IsodriveError && ['unsupported', 'damaged', 'image-unreadable'].includes(thrown.code);
    if (isFault) return 0;
    throw thrown;
  }
}
