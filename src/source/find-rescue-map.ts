// The map file that belongs to an image: the one that was named, or one beside it with a name that map files have.
import { constants, fstat, read } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { promisify } from 'node:util';
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

/** The map in an open file, which stays the caller's. Rejects with `damaged` or `image-unreadable`. */
export async function readRescueMap(descriptor: number, name: string, size: number): Promise<RescueMap> {
  return parseMapText(await readDescriptor(descriptor, name), name, size).map;
}

/** From its start, wherever the descriptor stands: that can be shared with another process. */
async function readDescriptor(descriptor: number, name: string): Promise<string> {
  const stats = await promisify(fstat)(descriptor);
  if (!stats.isFile() || stats.size > MAX_MAP_BYTES) {
    throw new IsodriveError(
      'damaged',
      `Cannot read the map file "${name}": it has ${stats.size} bytes, expected a file of at most ${MAX_MAP_BYTES}`,
    );
  }
  const bytes = Buffer.alloc(stats.size);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await promisify(read)(descriptor, bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.toString('latin1', 0, length);
}

/** Rejects with `damaged` for what is too large for a map file. */
async function readText(path: string): Promise<string> {
  try {
    // A pipe without a writer would block the open for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readDescriptor(file.fd, path);
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
