// Finds the container format of a source and opens it. The table below is the only list of formats.
import { IsodriveError } from '../base/error.js';
import type { Disc } from '../disc/disc.js';
import type { ByteSource } from '../source/byte-source.js';
import { readAtMost } from '../source/read-fully.js';
import type { Confidence } from './confidence.js';
import type { ContainerFormat } from './container-format.js';
import { nameForeignFormat } from './foreign-format.js';
import { isoFormat } from './iso/index.js';
import type { VolumeMarks } from './volume-marks.js';

export const CONTAINER_FORMATS: readonly ContainerFormat[] = [isoFormat];

/** Bytes of a standard identifier. */
const IDENTIFIER_BYTES = 5;
/** Ends of the names of files that a program has not downloaded to the end. */
const PARTIAL_NAMES = [
  '.part',
  '.partial',
  '.crdownload',
  '.download',
  '.aria2',
  '.!ut',
  '.!qb',
  '.opdownload',
];

/**
 * The disc in a source; `marks` tell plain sectors from other files. Rejects with `unsupported` (some other kind of file), `damaged` (cut
 * off before its first descriptor), and as ByteSource.read does. The disc does not own the source.
 */
export async function openContainer(
  source: ByteSource,
  marks: VolumeMarks,
  signal?: AbortSignal,
): Promise<Disc> {
  let best: ContainerFormat | undefined;
  let bestConfidence: Confidence = 0;
  for (const format of CONTAINER_FORMATS) {
    const confidence = await format.probe(source, marks, signal);
    if (confidence > bestConfidence) [best, bestConfidence] = [format, confidence];
  }
  if (best === undefined) throw await explainRefusal(source, marks, signal);
  return best.open(source, signal);
}

async function explainRefusal(
  source: ByteSource,
  { descriptorStart, isIdentifier }: VolumeMarks,
  signal: AbortSignal | undefined,
): Promise<IsodriveError> {
  const at = { source: source.name, offset: 0 };
  const wanted = 'expected an image with ISO 9660, UDF, HFS, HFS+ or FAT';
  const place = { ...at, offset: descriptorStart, clause: 'ECMA-119 6.2.1' };
  const start = Buffer.from(await readAtMost(source, descriptorStart + 1, IDENTIFIER_BYTES, signal));
  if (isIdentifier(start.toString('latin1'))) {
    const found = `it ends at byte ${source.size}, within its first volume descriptor`;
    return new IsodriveError('damaged', `Cannot open "${source.name}": ${found}, ${wanted}`, { at: place });
  }
  const foreign = await nameForeignFormat(source, signal);
  if (foreign !== undefined) {
    const { title, action } = foreign;
    return new IsodriveError('unsupported', `Cannot open "${source.name}": it is ${title}, ${wanted}`, {
      at,
      action,
    });
  }
  if (source.size <= descriptorStart) {
    const found = `it ends at byte ${source.size}, before the volume descriptors of a disc at byte ${descriptorStart}`;
    return new IsodriveError('damaged', `Cannot open "${source.name}": ${found}, ${wanted}`, { at: place });
  }
  const isPartial = PARTIAL_NAMES.some((suffix) => source.name.toLowerCase().endsWith(suffix));
  const found = isPartial
    ? 'its name is that of a download that is not complete, and it has no volume descriptor yet'
    : `it is of no kind that is known here: no volume descriptor stands at byte ${descriptorStart} or behind it`;
  return new IsodriveError('unsupported', `Cannot open "${source.name}": ${found}, ${wanted}`, {
    at: place,
    action: isPartial
      ? 'Let the download end first'
      : 'Check that it is the image of a disc; if it is, compare it with its published checksum',
  });
}
