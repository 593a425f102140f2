// The content of a file of an image: as a reader, and as a SHA-256 digest.
import { createHash } from 'node:crypto';
import { IsodriveError } from '../base/error.js';
import { ContentOpener } from '../index/content-opener.js';
import type { OpenedImage } from '../index/open-image.js';
import type { FileContent } from '../filesystem/file-content.js';
import { MODE_TYPE } from '../filesystem/file-tree.js';
import type { ByteSource } from '../source/byte-source.js';

/** Bytes of one read of file content. */
export const CHUNK_BYTES = 1_048_576;

/** Content of the regular file in `row`, over `source` where the image's own is not wanted. Throws `usage` for others. */
export function openFile(image: OpenedImage, row: number, source: ByteSource = image.source): FileContent {
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

/** SHA-256 of a whole file, lower-case hexadecimal. `buffer` is scratch. Rejects as FileContent.read does. */
export async function hashFile(
  reader: FileContent,
  buffer: Uint8Array,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  for (let position = 0; position < reader.size;) {
    const got = await reader.read(buffer, position, signal);
    hash.update(buffer.subarray(0, got));
    position += got;
  }
  return hash.digest('hex');
}
