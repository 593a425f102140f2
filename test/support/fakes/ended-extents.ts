// Extents that are in no index, for readers of files.
import type { Extent } from '../../../src/filesystem/contract/file-tree.js';
import type { EndedExtents } from '../../../src/image/file-reader.js';

export function endExtents(extents: readonly Extent[]): EndedExtents {
  let bytes = 0;
  const ends = extents.map(({ length }) => (bytes += length));
  return { length: extents.length, at: (i) => extents[i], end: (i) => ends[i]! };
}
