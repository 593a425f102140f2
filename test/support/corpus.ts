// Finds the shared corpus of disc images beside the project (or at ISODRIVE_CORPUS) and unpacks its images once.
// The corpus is optional: tests that need it must be skipped by name where `findCorpus` gives undefined.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface Corpus {
  readonly folder: string;
}

/** Where the corpus is, or undefined. */
export function findCorpus(): Corpus | undefined {
  const folder = process.env.ISODRIVE_CORPUS ?? resolve(import.meta.dirname, '../../../shared/corpus');
  return existsSync(join(folder, 'manifests')) ? { folder } : undefined;
}

/** Names of the images in `images` or `malformed`, ".xz" taken off, in order. */
export function listImages(corpus: Corpus, part: 'images' | 'malformed'): string[] {
  return readdirSync(join(corpus.folder, part), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name.replace(/\.xz$/, ''))
    .sort();
}

/** Text of IMAGE.VARIANT.txt, or undefined where there is none. */
export function readManifest(corpus: Corpus, image: string, variant: string): string | undefined {
  return readIfThere(join(corpus.folder, 'manifests', `${image}.${variant}.txt`));
}

/** Mount options for which there is a manifest of an image, such as "iso-norock". */
export function listVariants(corpus: Corpus, image: string): string[] {
  const start = `${image}.`;
  return readdirSync(join(corpus.folder, 'manifests'))
    .filter((name) => name.startsWith(start) && name.endsWith('.txt'))
    .map((name) => name.slice(start.length, -'.txt'.length));
}

/** Text of the true tree that generated images were made from, such as "rich". */
export function readSourceManifest(corpus: Corpus, tree: string): string | undefined {
  return readIfThere(join(corpus.folder, 'manifests', 'sources', `${tree}.txt`));
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/**
 * Path of an image, ready to be read. What is packed is unpacked into a cache of the user's, and found there by the
 * next run.
 */
export async function unpackImage(
  corpus: Corpus,
  part: 'images' | 'malformed',
  image: string,
): Promise<string> {
  const plain = join(corpus.folder, part, image);
  if (existsSync(plain)) return plain;
  const packed = `${plain}.xz`;
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'isodrive-corpus');
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const cached = join(cache, `${part}-${String((await stat(packed)).mtimeMs)}-${image}`);
  if (existsSync(cached)) return cached;
  const scratch = await mkdtemp(join(cache, 'unpack-'));
  const target = join(scratch, basename(image));
  try {
    await promisify(execFile)('sh', ['-c', 'exec xz -dc -- "$1" > "$2"', 'sh', packed, target]);
    await rename(target, cached);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return cached;
}
