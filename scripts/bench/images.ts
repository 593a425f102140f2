// Builds the images of the benchmark, once: A as an installer or source tree looks (small files and one large) and B
// with very many entries with xorriso, and A as UDF with genisoimage. The trees that they are made from stay beside
// them: the native copies.
import { closeSync, mkdirSync, openSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PseudoRandom } from '../support/pseudo-random.js';
import { hasProgram, mustRun } from '../support/run-command.js';

/** Changed whenever the content below changes, so that old images are built anew. */
const CONTENT_VERSION = 3;
const LARGE_CHUNK_BYTES = 1024 * 1024;
/** Of one program that makes an image. */
const LIMIT = { timeout: 1_800_000 };
/** 2024-01-02T03:04:05Z, the time of every entry. */
const ENTRY_TIME = 1_704_164_645;
/** Name of the large file in image A's root. */
export const LARGE_NAME = 'large.bin';

export interface ImageSizes {
  /** Image A: small files, spread over directories of so many, and the bytes of the large file. */
  readonly smallFiles: number;
  readonly filesPerDirectory: number;
  readonly largeBytes: number;
  /** Image B: directories in the root, and files in each. */
  readonly directories: number;
  readonly filesEach: number;
}

export const FULL_SIZES: ImageSizes = {
  smallFiles: 50_000,
  filesPerDirectory: 20,
  largeBytes: 1024 * 1024 * 1024,
  directories: 400,
  filesEach: 500,
};

export const QUICK_SIZES: ImageSizes = {
  smallFiles: 400,
  filesPerDirectory: 20,
  largeBytes: 16 * 1024 * 1024,
  directories: 20,
  filesEach: 20,
};

export interface BenchImage {
  readonly path: string;
  /** The tree that it was made from. */
  readonly tree: string;
  /** Which of its views is mounted, where it has several. */
  readonly view?: string;
}

export interface BenchImages {
  /** Image A: few entries a directory, as in source trees. */
  readonly mixed: BenchImage;
  /** Image B: hundreds of entries a directory. */
  readonly many: BenchImage;
  /** The tree of image A as UDF; a file only where genisoimage was there. */
  readonly udf: BenchImage;
}

/** Builds what `folder` does not hold yet. `say` gets progress lines. */
export async function buildImages(
  folder: string,
  sizes: ImageSizes,
  say: (line: string) => void,
): Promise<BenchImages> {
  const images = {
    mixed: { path: join(folder, 'mixed.iso'), tree: join(folder, 'mixed') },
    many: { path: join(folder, 'many.iso'), tree: join(folder, 'many') },
    udf: { path: join(folder, 'mixed-udf.iso'), tree: join(folder, 'mixed'), view: 'udf' },
  };
  const stamp = join(folder, 'built.json');
  const wanted = JSON.stringify({ CONTENT_VERSION, ...sizes });
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return images;

  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  say('building image A (small files and one large)');
  writeMixedTree(images.mixed.tree, sizes);
  await makeImage(images.mixed, 'BENCH_MIXED');
  if (await hasProgram('genisoimage')) {
    say('building image A as UDF');
    await mustRun(
      'genisoimage',
      ['-quiet', '-udf', '-V', 'BENCH_UDF', '-o', images.udf.path, images.udf.tree],
      LIMIT,
    );
  }
  say('building image B (many entries)');
  writeManyTree(images.many.tree, sizes);
  await makeImage(images.many, 'BENCH_MANY');
  await mustRun('sync', []);
  await writeFile(`${stamp}.new`, wanted);
  await rename(`${stamp}.new`, stamp);
  return images;
}

/** Three levels, as source trees have: usr/PACKAGE/DIRECTORY/FILE. */
function writeMixedTree(root: string, sizes: ImageSizes): void {
  const random = new PseudoRandom(1);
  const content = new Uint32Array(2048);
  const directories = new Set<string>();
  for (let file = 0; file < sizes.smallFiles; file += 1) {
    const directory = Math.floor(file / sizes.filesPerDirectory);
    const path = join(root, 'usr', `package-${Math.floor(directory / 25)}`, `directory-${directory}`);
    if (!directories.has(path)) mkdirSync(path, { recursive: true });
    directories.add(path);
    random.fill(content.subarray(0, 16));
    writeEntry(join(path, `file-${file}.txt`), new Uint8Array(content.buffer, 0, random.between(1024, 8192)));
  }
  writeLarge(join(root, LARGE_NAME), sizes.largeBytes, random);
  for (const path of directories) setTime(path);
}

function writeLarge(path: string, bytes: number, random: PseudoRandom): void {
  const chunk = new Uint32Array(LARGE_CHUNK_BYTES / 4);
  random.fill(chunk);
  const fd = openSync(path, 'w');
  for (let done = 0; done < bytes; done += LARGE_CHUNK_BYTES) {
    // A new word in each page is enough to make every page of the file differ.
    for (let word = 0; word < chunk.length; word += 1024) chunk[word] = random.next();
    writeSync(fd, new Uint8Array(chunk.buffer));
  }
  closeSync(fd);
  setTime(path);
}

function writeManyTree(root: string, sizes: ImageSizes): void {
  for (let directory = 0; directory < sizes.directories; directory += 1) {
    const path = join(root, `directory-${directory}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < sizes.filesEach; file += 1) {
      writeEntry(join(path, `file-${directory}-${file}.dat`), new TextEncoder().encode(`${file}\n`));
    }
    setTime(path);
  }
}

function writeEntry(path: string, content: Uint8Array): void {
  writeFileSync(path, content);
  setTime(path);
}

function setTime(path: string): void {
  utimesSync(path, ENTRY_TIME, ENTRY_TIME);
}

async function makeImage({ path, tree }: BenchImage, label: string): Promise<void> {
  const args = ['-as', 'mkisofs', '-quiet', '-R', '-iso-level', '3', '-V', label, '-o', path, tree];
  await mustRun('xorriso', args, { cwd: dirname(path), ...LIMIT });
  if ((await stat(path)).size === 0)
    throw new Error(`Image "${path}" is empty, expected xorriso to write it`);
}
