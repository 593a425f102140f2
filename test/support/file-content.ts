// The bytes of one file of an opened image.
import { FileReader } from '../../src/index/file-reader.js';
import { readExtents } from '../../src/index/node-record.js';
import type { OpenedImage } from '../../src/index/open-image.js';

export async function readFileContent(image: OpenedImage, path: string): Promise<Buffer> {
  const { row, size } = image.index.node(await image.index.resolve(path));
  const bytes = Buffer.alloc(size);
  await new FileReader(image.source, readExtents(image.index.table, row), size).read(bytes, 0);
  return bytes;
}
