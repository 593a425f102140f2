// An image whose sectors are stored otherwise, as the plain image of the same disc: for whoever compares places of
// files with places in the image, and reads both.
import type { ByteSource } from '../source/byte-source.js';
import { PlanStream } from '../disc/plan-stream.js';
import { withoutRanges } from '../disc/read-plan.js';
import { RescueMap } from '../source/rescue-map/rescue-map.js';
import type { OpenedImage } from './open-image.js';

/** The image itself where its files lie in it as they are. What this gives owns nothing. */
export function asPlainImage(image: OpenedImage): OpenedImage {
  const { data } = image;
  // The file that was opened may be a sheet, beside the one that the sectors lie in.
  if (data.isPlain && (data.bases[0] === image.source || data.bases.length === 0)) return image;
  const source: ByteSource = {
    name: data.name,
    size: data.size,
    read: (target, position, signal) => data.read(target, position, signal),
    readCached: (target, position) => data.readCached(target, position),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { ...image, source, data: PlanStream.plain(source), damage: damageOfData(image) };
}

/** The map of the file, as one of the disc's data. */
function damageOfData({ data, damage, source }: OpenedImage): RescueMap | undefined {
  if (damage === undefined) return undefined;
  const map = new RescueMap(data.size);
  const base = data.bases.indexOf(source);
  for (const { kind, start, length } of withoutRanges(data.segments, base, damage.missing(source.size)))
    map.mark(start, length, kind === 'absent' ? '-' : '+');
  return map;
}
