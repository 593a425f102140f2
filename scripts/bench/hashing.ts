// How fast digests are computed, beside sha256sum and with several at once, on the same image in the same run.
import { link, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '../support/run-command.js';

/** The three that publishers give, dearest first on most processors. */
export const HASH_ALGORITHMS = ['md5', 'sha1', 'sha256'] as const;

/** Seconds by repetition. */
export interface HashingFigures {
  readonly sha256sum: number[];
  /** `isodrive checksum --hash sha256`. */
  readonly checksum: number[];
  /** `isodrive verify` with lists of all three algorithms. */
  readonly three: number[];
  /** The slowest of `isodrive verify` with one list, of each algorithm. */
  readonly slowest: number[];
}

/** `image` is in the page cache. The lists lie in a folder of their own beside it, so that links can be hard. */
export async function measureHashing(
  image: string,
  project: string,
  repetitions: number,
): Promise<HashingFigures> {
  const figures: HashingFigures = { sha256sum: [], checksum: [], three: [], slowest: [] };
  const main = join(project, 'dist', 'src', 'cli', 'main.js');
  const seconds = async (program: string, ...args: string[]): Promise<number> =>
    (await mustRun(program, args, { timeout: 600_000 })).seconds;
  const folder = await mkdtemp(join(dirname(image), 'hashing-'));
  try {
    const copies = await makeCopies(image, folder);
    for (let i = 0; i < repetitions; i += 1) {
      figures.sha256sum.push(await seconds('sha256sum', image));
      figures.checksum.push(await seconds(process.execPath, main, 'checksum', image, '--hash', 'sha256'));
      const [three, ...single] = copies;
      figures.three.push(await seconds(process.execPath, main, 'verify', three!));
      const alone: number[] = [];
      for (const copy of single) alone.push(await seconds(process.execPath, main, 'verify', copy));
      figures.slowest.push(Math.max(...alone));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return figures;
}

/** The image under one name with all lists beside it, and once more for each list alone. */
async function makeCopies(image: string, folder: string): Promise<string[]> {
  const lines = new Map<string, string>();
  for (const algorithm of HASH_ALGORITHMS) {
    const { stdout } = await mustRun(`${algorithm}sum`, [image], { timeout: 600_000 });
    lines.set(algorithm, stdout.toString().split(' ')[0]!);
  }
  const copies: string[] = [];
  for (const algorithms of [[...HASH_ALGORITHMS], ...HASH_ALGORITHMS.map((one) => [one])]) {
    const copy = join(folder, `${algorithms.join('-')}.iso`);
    await link(image, copy);
    for (const algorithm of algorithms) await writeFile(`${copy}.${algorithm}`, `${lines.get(algorithm)!}\n`);
    copies.push(copy);
  }
  return copies;
}
