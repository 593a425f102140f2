// Images of test/corpus/faults, unpacked into a folder of the test's own.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = resolve(import.meta.dirname, '../corpus/faults');
const MAX_BYTES = 256 * 1024 * 1024;
const run = promisify(execFile);

/** The bytes of an image; what is packed as NAME.xz is unpacked. */
export async function readFaultInput(name: string): Promise<Buffer> {
  const path = join(FOLDER, name);
  try {
    return await readFile(path);
  } catch {
    const options = { encoding: 'buffer', maxBuffer: MAX_BYTES } as const;
    return (await run('xz', ['-dc', `${path}.xz`], options)).stdout;
  }
}

/** Writes the image into the folder; gives its path. */
export async function unpackFaultInput(name: string, folder: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, await readFaultInput(name));
  return path;
}
