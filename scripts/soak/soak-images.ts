// The images of a soak: each of a tree of its own, so that bytes of another image are wrong bytes, and each of
// another kind, so that all ways to read are taken: by native code, by JavaScript, through a decoder.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasProgram, mustRun } from '../support/run-command.js';
import { makeContent } from './content.js';

/** Tells who watches the soak. */
export type SoakSay = (line: string) => void;

const MIB = 1_048_576;
const SECTOR = 2048;
const LARGE_FILE = 'large.bin';
/** Sizes of the small files spread from one byte to this. */
const MAX_SMALL_BYTES = 40_000;
/** Files by key: those of image n have keys from n * KEYS_EACH on. */
const KEYS_EACH = 65_536;

export interface SoakImage {
  readonly name: string;
  readonly path: string;
  /** What readers expect: a line "KEY SIZE PATH" for each file. */
  readonly manifest: string;
  /** The tree that it was made of. */
  readonly tree: string;
  /** A map of what was read, which has JavaScript read the image. */
  readonly map?: string;
}

export interface SoakImages {
  readonly plain: SoakImage;
  readonly mapped: SoakImage;
  readonly compressed: SoakImage;
  /** Absent where genisoimage is not installed. */
  readonly udf?: SoakImage;
  /** A small one, of which events make copies. */
  readonly small: SoakImage;
}

interface TreeSizes {
  readonly largeBytes: number;
  readonly files: number;
  readonly directories: number;
}

const FULL: TreeSizes = { largeBytes: 12 * MIB, files: 240, directories: 20 };
const SMALL: TreeSizes = { largeBytes: 2 * MIB, files: 40, directories: 6 };

/** Makes all of them in `folder`. */
export async function makeSoakImages(folder: string, say: SoakSay): Promise<SoakImages> {
  await mkdir(folder, { recursive: true });
  const hasUdf = await hasProgram('genisoimage');
  if (!hasUdf) say('genisoimage is not installed: no UDF image');
  const plain = await makeImage(folder, 'plain', 1, FULL, makeIso);
  const mapped = await makeImage(folder, 'mapped', 2, FULL, makeIso);
  return {
    plain,
    mapped: { ...mapped, map: await mapAllButTheEnd(mapped.path) },
    compressed: await makeImage(folder, 'compressed', 3, FULL, makeCompressed),
    ...(hasUdf ? { udf: await makeImage(folder, 'udf', 4, FULL, makeUdf) } : {}),
    small: await makeImage(folder, 'small', 5, SMALL, makeIso),
  };
}

async function makeImage(
  folder: string,
  name: string,
  number: number,
  sizes: TreeSizes,
  make: (image: string, tree: string, label: string) => Promise<unknown>,
): Promise<SoakImage> {
  const image = {
    name,
    path: join(folder, `${name}.iso`),
    manifest: join(folder, `${name}.manifest`),
    tree: join(folder, name),
  };
  const lines: string[] = [];
  for (const [i, { path, size }] of listFiles(sizes).entries()) {
    const key = number * KEYS_EACH + i;
    lines.push(`${key} ${size} ${path}\n`);
    await mkdir(dirname(join(image.tree, path)), { recursive: true });
    await writeFile(join(image.tree, path), makeContent(key, size));
  }
  await writeFile(image.manifest, lines.join(''));
  await make(image.path, image.tree, `SOAK_${name.toUpperCase()}`);
  return image;
}

function listFiles({ largeBytes, files, directories }: TreeSizes): { path: string; size: number }[] {
  const list = [{ path: LARGE_FILE, size: largeBytes }];
  for (let i = 0; i < files; i += 1) {
    list.push({
      path: `directory-${i % directories}/below/file-${i}`,
      size: 1 + ((i * 7919) % MAX_SMALL_BYTES),
    });
  }
  return list;
}

function makeIso(image: string, tree: string, label: string): Promise<unknown> {
  return mustRun('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-J', '-V', label, '-o', image, tree]);
}

/** Files of zisofs, which are decoded as they are read. */
function makeCompressed(image: string, tree: string, label: string): Promise<unknown> {
  const filter = ['-set_filter_r', '--zisofs', '/', '--'];
  return mustRun('xorriso', ['-outdev', image, '-volid', label, '-map', tree, '/', ...filter]);
}

function makeUdf(image: string, tree: string, label: string): Promise<unknown> {
  return mustRun('genisoimage', ['-quiet', '-udf', '-V', label, '-o', image, tree]);
}

/** Calls the last sector unread, which is padding: whoever reads the image has to ask the map, and be no thread. */
async function mapAllButTheEnd(image: string): Promise<string> {
  const path = `${image}.unread-end.map`;
  const end = (await stat(image)).size - SECTOR;
  const hex = (value: number): string => `0x${value.toString(16)}`;
  await writeFile(path, `0x0 + 1\n0x0 ${hex(end)} +\n${hex(end)} ${hex(SECTOR)} -\n`);
  return path;
}
