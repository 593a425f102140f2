// The images of test/corpus/ok that are packed with xz: most of their bytes are zeros.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../corpus/ok');
const MAX_BYTES = 32 * 1024 * 1024;

/** Bytes of `NAME.xz`. */
export function readPackedImage(name: string): Buffer {
  return execFileSync('xz', ['-dc', join(FOLDER, `${name}.xz`)], { maxBuffer: MAX_BYTES });
}
