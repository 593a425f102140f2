// The content of a file of an image, as a reader.
import { IsodriveError } from '../base/error.js';
import { ContentOpener } from './content-opener.js';
import type { OpenedImage } from './open-image.js';
import type { FileContent } from '../filesystem/contract/file-content.js';
import { MODE_TYPE } from '../filesystem/contract/file-tree.js';
import type { Readable } from './file-reader.js';

/** Bytes of one read of file content. */
export const CHUNK_BYTES = 1_048_576;

/**
 * Content of the regular file in `row`, over `source` where the image's own is not wanted. Throws `usage` for
 * others.
 */
export function openFile(image: OpenedImage, row: number, source: Readable = image.data): FileContent {
  const { table } = image.index;
  const type = table.type(row);
  if (type !== MODE_TYPE.regular) {
    const found = type === MODE_TYPE.directory ? 'a directory' : image.index.node(row).type;
    throw new IsodriveError(
      'usage',
      `Cannot read "${image.index.path(row)}" of "${image.source.name}": found ${found}, expected a file`,
    );
  }
  return new ContentOpener(image.index, source).open(row);
}
