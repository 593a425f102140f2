// The images of files and folders, with all folders below them; what is packed (gzip, xz) is unpacked when its turn
// comes.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

const IMAGE_NAME = /\.(iso|img|bin|udf|mdf|mds|nrg|cue|toc)(\.(gz|xz))?$/iu;
const UNPACKERS: readonly (readonly [string, string])[] = [
  ['.gz', 'gzip'],
  ['.xz', 'xz'],
];

/** Paths in the order of their names; of a folder only what is named like an image. */
export function findImages(places: readonly string[]): string[] {
  return places.flatMap((place) => {
    if (!statSync(place).isDirectory()) return [place];
    const entries = readdirSync(place, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory() || IMAGE_NAME.test(entry.name));
    return findImages(names.map(({ name }) => join(place, name)).sort());
  });
}

/** The image itself where it is not packed, else a copy in the folder. */
export function unpackInto(folder: string, path: string): string {
  const found = UNPACKERS.find(([ending]) => path.endsWith(ending));
  if (found === undefined) return path;
  const [ending, program] = found;
  const target = join(folder, basename(path, ending));
  const output = openSync(target, 'w');
  try {
    execFileSync(program, ['-dc', '--', path], { stdio: ['ignore', output, 'inherit'] });
  } finally {
    closeSync(output);
  }
  return target;
}
