// bzip2, by the package seek-bzip. It checks its checksums, and holds at most 3.6 MB for a block of its own.
import Bunzip from 'seek-bzip';
import type { Decompress } from './decompressor.js';
import { FixedOutput } from './fixed-output.js';

// eslint-disable-next-line @typescript-eslint/require-await -- errors are to be rejections
export const decompressBzip2: Decompress = async (block, size) => {
  const output = new FixedOutput(size);
  Bunzip.decode(block, output);
  return output.finish();
};
