// Tells of files that lie before the first sector of an image that was cut out of a disc.
import { decodePath } from '../base/path-text.js';
import type { Finding } from '../base/finding.js';
import { MODE_TYPE, isOnDisc } from '../filesystem/contract/file-tree.js';
import type { DirectoryEntry, EntrySink } from '../filesystem/contract/file-tree.js';

/** `start`: byte of the disc where the image named `source` begins. */
export function checkPlaces(
  sink: EntrySink,
  start: number,
  source: string,
  report: (finding: Finding) => void,
): EntrySink {
  return {
    add: (entry) => {
      if (liesBefore(entry, start)) {
        const name = decodePath(entry.name.subarray(0, entry.nameLength));
        report({
          code: 'file-before-image',
          severity: 'damage',
          message: `File "${name}" lies before the first sector of the image`,
          at: { source, offset: entry.locator },
        });
      }
      sink.add(entry);
    },
  };
}

function liesBefore({ mode, size, locator, extents }: DirectoryEntry, start: number): boolean {
  if ((mode & MODE_TYPE.mask) !== MODE_TYPE.regular || size === 0) return false;
  if (extents === undefined) return locator < start;
  for (const extent of extents) if (isOnDisc(extent) && extent.offset < start) return true;
  return false;
}
