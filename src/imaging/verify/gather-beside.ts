// Checksums of the whole image in files beside it.
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../../base/error.js';
import type { Check } from './check.js';
import { MAX_LIST_BYTES, parseChecksumList } from './checksum-list.js';
import { listScope } from './list-names.js';
import { RangeHash } from './range-hash.js';
import type { BesideContext, Evidence } from './evidence.js';
import { settled } from './evidence.js';

/** One piece of evidence for each list that names the image; each algorithm is hashed once. */
export async function gatherListsBeside({ image, options }: BesideContext): Promise<Evidence[]> {
  const name = basename(options.path);
  const hashes = new Map<string, RangeHash>();
  const found: Evidence[] = [];
  for (const list of await findListsBeside(options.path)) {
    const text = await readSmallFile(list);
    if (text === undefined) {
      found.push(settled({ ...describe(list, name), status: 'unchecked', detail: 'it cannot be read' }));
      continue;
    }
    const scope = listScope(basename(list), name);
    for (const { name: named, algorithm, digest } of parseChecksumList(text, basename(list))) {
      const isOurs = named === undefined ? scope === 'own' : basename(named) === name;
      if (!isOurs) continue;
      const isNew = !hashes.has(algorithm);
      const hash = hashes.get(algorithm) ?? new RangeHash(algorithm, 0, image.source.size);
      hashes.set(algorithm, hash);
      found.push({
        consumers: isNew ? [hash] : [],
        finish: () => [compare(list, name, hash, algorithm, digest)],
      });
    }
  }
  return found;
}

/** Absolute paths of files in the image's folder that are called like lists of checksums, in order. */
export async function findListsBeside(path: string): Promise<string[]> {
  try {
    const names = await readdir(dirname(path));
    return names
      .filter((name) => listScope(name, basename(path)) !== undefined)
      .sort()
      .map((name) => join(dirname(path), name));
  } catch (thrown) {
    // An image may lie in a folder that lets us in without listing it.
    if (isSystemError(thrown)) return [];
    throw thrown;
  }
}

/** Text of a file of bounded size; undefined when it cannot be read, or is none. */
export async function readSmallFile(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() && stats.size <= MAX_LIST_BYTES ? await readFile(path, 'utf8') : undefined;
  } catch (thrown) {
    if (isSystemError(thrown)) return undefined;
    throw thrown;
  }
}

function compare(list: string, name: string, hash: RangeHash, algorithm: string, expected: string): Check {
  const digest = hash.finish();
  const base = describe(list, name);
  if (digest === undefined) return { ...base, status: 'unreadable', detail: 'parts of it cannot be read' };
  if (digest === expected) return { ...base, status: 'ok', detail: `${algorithm} agrees` };
  return { ...base, status: 'mismatch', detail: `${algorithm} is ${digest}, expected ${expected}` };
}

function describe(list: string, subject: string): Pick<Check, 'kind' | 'evidence' | 'subject'> {
  return { kind: 'checksum', evidence: basename(list), subject };
}
