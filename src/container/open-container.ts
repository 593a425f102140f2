// Finds the container format of a source and opens it. The table below is the only list of formats.
import { IsodriveError } from '../base/error.js';
import type { Disc } from '../disc/disc.js';
import type { ByteSource } from '../source/byte-source.js';
import type { Confidence, ContainerFormat } from './container-format.js';
import { nameForeignFormat } from './foreign-format.js';
import { DESCRIPTOR_START, isoFormat } from './iso/index.js';

export const CONTAINER_FORMATS: readonly ContainerFormat[] = [isoFormat];

/**
 * The disc in a source. Rejects with `unsupported` (some other known kind of file), `damaged` (nothing known, or cut
 * off before its first descriptor), and as ByteSource.read does. The disc does not own the source.
 */
export async function openContainer(source: ByteSource, signal?: AbortSignal): Promise<Disc> {
  let best: ContainerFormat | undefined;
  let bestConfidence: Confidence = 0;
  for (const format of CONTAINER_FORMATS) {
    const confidence = await format.probe(source, signal);
    if (confidence > bestConfidence) [best, bestConfidence] = [format, confidence];
  }
  if (best === undefined) throw await explainRefusal(source, signal);
  return best.open(source, signal);
}

async function explainRefusal(source: ByteSource, signal: AbortSignal | undefined): Promise<IsodriveError> {
  const at = { source: source.name, offset: 0 };
  const wanted = 'expected an image with ISO 9660, UDF, HFS, HFS+ or FAT';
  const foreign = await nameForeignFormat(source, signal);
  if (foreign !== undefined) {
    return new IsodriveError('unsupported', `Cannot open "${source.name}": it is ${foreign}, ${wanted}`, {
      at,
      action: 'Unpack or convert it to a plain .iso first',
    });
  }
  const found =
    source.size <= DESCRIPTOR_START
      ? `it ends at byte ${source.size}, before the volume descriptors of a disc at byte ${DESCRIPTOR_START}`
      : `no volume descriptor stands at byte ${DESCRIPTOR_START} or behind it`;
  return new IsodriveError('damaged', `Cannot open "${source.name}": ${found}, ${wanted}`, {
    at: { ...at, offset: DESCRIPTOR_START, clause: 'ECMA-119 6.2.1' },
  });
}
