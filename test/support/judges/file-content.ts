// The bytes of one file of an opened image, as users see them.
import { ContentOpener } from '../../../src/image/content-opener.js';
import type { OpenedImage } from '../../../src/image/open-image.js';

export async function readFileContent(image: OpenedImage, path: string): Promise<Buffer> {
  const { row, size } = image.index.node(await image.index.resolve(path));
  const bytes = Buffer.alloc(size);
  await new ContentOpener(image.index, image.data).open(row).read(bytes, 0);
  return bytes;
}
