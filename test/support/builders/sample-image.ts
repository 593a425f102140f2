// Writes a small tree and makes an image of it with xorriso: for tests that break an image at a known place.
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';
import { mustRun } from '../../../scripts/support/run-command.js';

const ENTRY_TIME = 1_704_164_645;

/** Name to size in bytes; the content is the same for the same order of names. */
export type SampleFiles = Readonly<Record<string, number>>;

export interface SampleImage {
  readonly image: string;
  /** The tree that it was made of. */
  readonly tree: string;
}

/** Makes `folder`/tree and `folder`/sample.iso (Rock Ridge and Joliet). */
export async function makeSampleImage(folder: string, files: SampleFiles): Promise<SampleImage> {
  const tree = join(folder, 'tree');
  const image = join(folder, 'sample.iso');
  const random = new PseudoRandom(7);
  for (const [name, size] of Object.entries(files)) {
    const path = join(tree, name);
    await mkdir(dirname(path), { recursive: true });
    const words = new Uint32Array(Math.ceil(size / 4));
    random.fill(words);
    await writeFile(path, new Uint8Array(words.buffer, 0, size));
    await utimes(path, ENTRY_TIME, ENTRY_TIME);
  }
  await mustRun('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-J', '-V', 'SAMPLE', '-o', image, tree]);
  return { image, tree };
}

/** Byte offset of a file's or directory's first extent in the image, as xorriso reports it. */
export async function findExtent(image: string, path: string): Promise<number> {
  const { stdout } = await mustRun('isoinfo', ['-R', '-l', '-i', image]);
  return parseExtent(stdout.toString(), path);
}

/** isoinfo -l: a heading "Directory listing of /DIR/" before the lines "... [ EXTENT FLAGS] NAME ". */
function parseExtent(listing: string, path: string): number {
  let directory = '';
  for (const line of listing.split('\n')) {
    const heading = /^Directory listing of (.*)$/.exec(line);
    if (heading !== null) directory = heading[1]!;
    const entry = /\[\s*(\d+)\s+\d+\]\s+(.*?)\s*$/.exec(line);
    if (entry !== null && `${directory}${entry[2]!}` === path) return Number(entry[1]) * 2048;
  }
  throw new Error(`No "${path}" in the listing of isoinfo`);
}
