// Checksums of the whole image in files beside it.
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../../base/error.js';
import { decodePath, hostPath } from '../../base/path-text.js';
import type { ByteSource } from '../../source/byte-source.js';
import { listFolder } from '../../source/file/path-folder.js';
import { foldName } from '../../source/image-files.js';
import type { Algorithm } from '../hash/digests.js';
import { MAX_LIST_BYTES, parseChecksumList } from './checksum-list.js';
import type { ListedDigest } from './checksum-list.js';
import type { BesideContext, Evidence } from './evidence.js';
import { settled } from './evidence.js';
import { runPass } from './image-pass.js';
import type { PassOptions } from './image-pass.js';
import { judgeDigest } from './judge-digest.js';
import { kindWord, listScope } from './list-names.js';
import { RangeHash } from './range-hash.js';

/** Lists told of that do not speak of the image. */
const MAX_SILENT = 20;

/** One piece of evidence for each line that is about the image; each algorithm is hashed once. */
export async function gatherListsBeside({ image, options }: BesideContext): Promise<Evidence[]> {
  const name = basename(options.path);
  const digests = new ImageDigests(image.files.main, options);
  const found: Evidence[] = [];
  const silent: Evidence[] = [];
  const siblings = new Set(await listFolder(dirname(options.path)));
  for (const list of await findListsBeside(options.path)) {
    const base = { kind: 'checksum', evidence: basename(list), subject: name } as const;
    const bytes = await readSmallFile(list);
    if (bytes === undefined) {
      found.push(settled({ ...base, status: 'unchecked', detail: 'it cannot be read' }));
      continue;
    }
    const lines = parseChecksumList(bytes, kindWord(basename(list), name));
    const isOwn = listScope(basename(list), name) === 'own';
    const own = lines.filter((line) =>
      line.name === undefined ? isOwn : isImageName(line.name, name, siblings),
    );
    for (const expected of own) {
      found.push({
        consumers: digests.want(expected),
        finish: async () => [{ ...base, ...(await judgeDigest(expected, (one) => digests.find(one))) }],
      });
    }
    if (own.length > 0) continue;
    const detail =
      lines.length === 0
        ? 'found no line with a checksum in it'
        : `none of its ${lines.length} checksums is of "${name}"`;
    silent.push(settled({ ...base, status: 'unchecked', detail }));
  }
  // Where there is evidence, lists of other files are no news.
  return found.length > 0 ? found : silent.slice(0, MAX_SILENT);
}

/** Digests of the whole image: the likeliest kinds in the pass, others when those disagree. */
class ImageDigests {
  readonly #source: ByteSource;
  readonly #options: PassOptions;
  readonly #hashes = new Map<Algorithm, RangeHash>();
  readonly #late = new Map<Algorithm, Promise<string | undefined>>();

  constructor(source: ByteSource, options: PassOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** What the pass has to read for it. */
  want({ algorithms: [likeliest] }: ListedDigest): RangeHash[] {
    if (likeliest === undefined || this.#hashes.has(likeliest)) return [];
    const hash = new RangeHash(likeliest, 0, this.#source.size);
    this.#hashes.set(likeliest, hash);
    return [hash];
  }

  /** After the pass. */
  find(algorithm: Algorithm): Promise<string | undefined> {
    const known = this.#hashes.get(algorithm);
    if (known !== undefined) return Promise.resolve(known.finish());
    let late = this.#late.get(algorithm);
    if (late === undefined) {
      late = this.#read(algorithm);
      this.#late.set(algorithm, late);
    }
    return late;
  }

  async #read(algorithm: Algorithm): Promise<string | undefined> {
    const hash = new RangeHash(algorithm, 0, this.#source.size);
    await runPass(this.#source, [hash], this.#options);
    return hash.finish();
  }
}

/**
 * Whether a list means the image: with folders of any system before it, and in other case where no file is called
 * so.
 */
function isImageName(named: Uint8Array, image: string, siblings: ReadonlySet<string>): boolean {
  const text = decodePath(named);
  const names = [text, text.trim()].flatMap((one) => [basename(one), one.replace(/^.*[/\\]/s, '')]);
  if (names.includes(image)) return true;
  const wanted = foldName(image);
  return names.some((one) => foldName(one) === wanted && !siblings.has(one));
}

/** Absolute paths of files in the image's folder that are called like lists of checksums, in order. */
export async function findListsBeside(path: string): Promise<string[]> {
  const names = await listFolder(dirname(path));
  return names
    .filter((name) => listScope(name, basename(path)) !== undefined)
    .sort()
    .map((name) => join(dirname(path), name));
}

/** A file of bounded size; undefined when it cannot be read, or is none. */
export async function readSmallFile(path: string): Promise<Buffer | undefined> {
  try {
    const stats = await stat(hostPath(path));
    return stats.isFile() && stats.size <= MAX_LIST_BYTES ? await readFile(hostPath(path)) : undefined;
  } catch (thrown) {
    if (isSystemError(thrown)) return undefined;
    throw thrown;
  }
}
