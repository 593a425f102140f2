// The images of test/corpus/faults: each once showed a fault, and is packed with gzip because it is mostly zeros.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { OpenImageOptions, OpenedImage } from '../../../src/image/open-image.js';
import { openBytes } from '../judges/opened-bytes.js';

const FOLDER = join(import.meta.dirname, '../../corpus/faults');

/** Bytes of `NAME.gz`. */
export async function readFaultInput(name: string): Promise<Buffer> {
  return promisify(gunzip)(await readFile(join(FOLDER, `${name}.gz`)));
}

/** Writes the image into the folder; gives its path. */
export async function unpackFaultInput(name: string, folder: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, await readFaultInput(name));
  return path;
}

/** The image of `NAME.gz`, opened. Rejects as openImage does. */
export async function openFaultInput(name: string, options: OpenImageOptions = {}): Promise<OpenedImage> {
  return openBytes(await readFaultInput(name), options);
}
