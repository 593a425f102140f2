// Compares two images sector by sector, whatever they hold.
import { compareBack } from '../create/compare-back.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import { RescueMap } from '../../source/rescue-map/rescue-map.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import { readExactly } from '../../source/read-fully.js';
import type { PassOptions } from '../verify/image-pass.js';

/** Ranges of whole sectors that differ or cannot be read on one side; what only the longer one has is one of them. */
export async function compareSectors(
  a: ByteSource,
  b: ByteSource,
  { onProgress, signal }: PassOptions = {},
): Promise<ByteRange[]> {
  const size = Math.min(a.size, b.size);
  const all = new RescueMap(size);
  all.mark(0, size, '+');
  const differing = await compareBack(b, {
    ...{ size, map: all, sectorBytes: SECTOR_SIZE, signal },
    readBack: async (target, position) => {
      target.set(await readExactly(a, position, target.length, 'a sector', signal));
    },
    onProgress: (bytes) => onProgress?.(bytes, size),
  });
  const longer = Math.max(a.size, b.size) - size;
  return longer === 0 ? differing : [...differing, { position: size, size: longer }];
}
