// The map file that belongs to an image: the one that was named, or one beside it with a name that map files have.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { IsodriveError, isSystemError } from '../base/error.js';
import { MAX_MAP_BYTES, parseMapText } from './rescue-map-text.js';
import type { RescueMap } from './rescue-map.js';

/** What ddrescue's manual, its users and `isodrive create` call it. */
const SUFFIXES = ['.map', '.mapfile'] as const;

export interface FoundMap {
  readonly path: string;
  readonly map: RescueMap;
}

/**
 * The map of the image at `path`, which has `size` bytes. Undefined when none was named and no file beside it is
 * one: other programs have files called .map too. Rejects with `image-not-found`, `permission`, `image-unreadable`
 * or `damaged` for one that was named.
 */
export async function findRescueMap(
  path: string,
  size: number,
  named?: string,
): Promise<FoundMap | undefined> {
  if (named !== undefined) return { path: named, map: parseMapText(await readText(named), named, size).map };
  const stem = path.slice(0, path.length - extname(path).length);
  for (const candidate of new Set([path, stem].flatMap((base) => SUFFIXES.map((suffix) => base + suffix)))) {
    if (candidate === path) continue;
    try {
      return { path: candidate, map: parseMapText(await readText(candidate), candidate, size).map };
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError)) throw thrown;
    }
  }
  return undefined;
}

/** Rejects with `damaged` for what is too large for a map file. */
async function readText(path: string): Promise<string> {
  try {
    // A pipe without a writer would block the open for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      const { size } = stats;
      if (stats.isFile() && size <= MAX_MAP_BYTES) return await file.readFile('latin1');
      throw new IsodriveError(
        'damaged',
        `Cannot read the map file "${path}": it has ${size} bytes, expected a file of at most ${MAX_MAP_BYTES}`,
      );
    } finally {
      await file.close();
    }
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    const code = thrown.code === 'ENOENT' ? 'image-not-found' : 'image-unreadable';
    throw new IsodriveError(code, `Cannot open the map file "${path}": ${thrown.code}`, {
      cause: thrown,
      action: 'Check the path of the map file',
    });
  }
}
