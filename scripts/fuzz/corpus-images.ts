// The images of given folders, unpacked, and those that independent writers make here of formats that a corpus of
// discs has few of.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { storeImage } from './paged-image.js';
import type { StoredFile, StoredImage } from './paged-image.js';

/** Bytes of an image, unpacked. */
export const MAX_IMAGE_BYTES = 32 * 1024 * 1024;
/** Shorter files hold no volume. */
const MIN_IMAGE_BYTES = 2048;

/** Images of the folders (their own files only) that are not too large, in the order of their names. */
export function readImages(folders: readonly string[]): StoredImage[] {
  const images: StoredImage[] = [];
  for (const folder of folders) {
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      const facts = statSync(path);
      if (!facts.isFile() || facts.size > MAX_IMAGE_BYTES) continue;
      const bytes = name.endsWith('.xz') ? unpack(path) : new Uint8Array(readFileSync(path));
      if (bytes === undefined || bytes.length <= MIN_IMAGE_BYTES || bytes.length > MAX_IMAGE_BYTES) continue;
      images.push(storeImage(name, bytes));
    }
  }
  return images;
}

/** Images of several files, a folder each and packed: the file whose name comes first is the one that is opened. */
export function readFileSets(folder: string): StoredImage[] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const packed = readdirSync(join(folder, name)).sort();
      const names = packed.map((one) => one.replace(/\.gz$/, ''));
      const parts = packed.map((one) => gunzipSync(readFileSync(join(folder, name, one))));
      let start = 0;
      const files = parts.map(({ length }, i): StoredFile => {
        start += length;
        return { name: names[i]!, start: start - length, size: length };
      });
      return { ...storeImage(name, Buffer.concat(parts)), files };
    });
}

/** Undefined when it is too large. */
function unpack(path: string): Uint8Array | undefined {
  try {
    const options = {
      maxBuffer: MAX_IMAGE_BYTES + 1,
      stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'],
    };
    return new Uint8Array(execFileSync('xz', ['-dc', path], options));
  } catch {
    return undefined;
  }
}

/** Volumes to make: a size for an empty file, and the programs to run in the folder where it lies. */
const RECIPES: readonly { name: string; bytes: number; commands: readonly (readonly string[])[] }[] = [
  fatRecipe('made-fat12.img', 368_640, '12'),
  fatRecipe('made-fat16.img', 4_194_304, '16', '-s', '1'),
  fatRecipe('made-fat32.img', 36_700_160, '32', '-s', '1'),
  {
    name: 'made-hfs.img',
    bytes: 1_048_576,
    commands: [
      ['hformat', '-l', 'Made', 'made-hfs.img'],
      ['hmkdir', ':Folder'],
      ['hcopy', '-r', 'tree/file', ':Folder:file'],
      ...Array.from({ length: 40 }, (_, i) => ['hcopy', '-r', 'tree/file', `:Folder:file ${i}`]),
      ['humount'],
    ],
  },
  {
    name: 'made-hfsplus.iso',
    bytes: 0,
    commands: [
      ['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-J', '-hfsplus', '-o', 'made-hfsplus.iso', 'tree'],
    ],
  },
];

function fatRecipe(name: string, bytes: number, width: string, ...options: readonly string[]) {
  const commands = [
    ['mkfs.vfat', '-F', width, '-i', '12345678', ...options, name],
    ['mcopy', '-s', '-i', name, 'tree/file', 'tree/A rather long name.text', 'tree/folder', '::'],
  ];
  return { name, bytes, commands };
}

/** Those of the volumes whose programs are there. */
export function makeImages(): StoredImage[] {
  const folder = mkdtempSync(join(tmpdir(), 'isodrive-fuzz-bases-'));
  try {
    fillTree(join(folder, 'tree'));
    return RECIPES.flatMap(({ name, bytes, commands }) => {
      const path = join(folder, name);
      try {
        writeFileSync(path, '');
        truncateSync(path, bytes);
        // mcopy and hcopy keep what they know of a volume in the home folder.
        const env = { ...process.env, HOME: folder, MTOOLS_SKIP_CHECK: '1' };
        for (const [program = '', ...args] of commands)
          execFileSync(program, args, { cwd: folder, env, stdio: 'ignore' });
        return existsSync(path) ? [storeImage(name, new Uint8Array(readFileSync(path)))] : [];
      } catch {
        return [];
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fillTree(tree: string): void {
  mkdirSync(join(tree, 'folder', 'inner'), { recursive: true });
  const text = (length: number): string => 'content '.repeat(length / 8);
  writeFileSync(join(tree, 'file'), text(3000));
  writeFileSync(join(tree, 'A rather long name.text'), text(9000));
  writeFileSync(join(tree, 'folder', 'inner', '\u00fcber.txt'), text(80));
  for (let i = 0; i < 60; i += 1) writeFileSync(join(tree, 'folder', `entry number ${i}`), text(i * 8));
}
