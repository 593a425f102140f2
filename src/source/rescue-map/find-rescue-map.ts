// The map file that belongs to an image: the one that was named, or one beside it with a name that map files have.
import { countBytes } from '../../base/byte-count.js';
import { constants } from 'node:fs';
import { extname } from 'node:path';
import { IsodriveError, isSystemError } from '../../base/error.js';
import type { ErrorCode } from '../../base/error.js';
import { nameSystemError } from '../../base/system-error.js';
import { POOL_IO } from '../../io/file-io.js';
import type { FileIo } from '../../io/file-io.js';
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
  io: FileIo = POOL_IO,
): Promise<FoundMap | undefined> {
  if (named !== undefined)
    return { path: named, map: parseMapText(await readText(named, io), named, size).map };
  const stem = path.slice(0, path.length - extname(path).length);
  for (const candidate of new Set([path, stem].flatMap((base) => SUFFIXES.map((suffix) => base + suffix)))) {
    if (candidate === path) continue;
    try {
      return { path: candidate, map: parseMapText(await readText(candidate, io), candidate, size).map };
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError)) throw thrown;
    }
  }
  return undefined;
}

/** The map in an open file, which stays the caller's. Rejects with `damaged` or `image-unreadable`. */
export async function readRescueMap(
  fileDescriptor: number,
  name: string,
  size: number,
  io: FileIo = POOL_IO,
): Promise<RescueMap> {
  return parseMapText(await readDescriptor(fileDescriptor, name, io), name, size).map;
}

/** From its start, wherever the descriptor stands. Rejects with `damaged` for what is too large for a map file. */
async function readDescriptor(fileDescriptor: number, name: string, io: FileIo): Promise<string> {
  const { mode, size } = await io.stat(fileDescriptor);
  if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > MAX_MAP_BYTES) {
    throw new IsodriveError(
      'damaged',
      `Cannot read the map file "${name}": it has ${countBytes(size)}, expected a file of at most ${MAX_MAP_BYTES}`,
    );
  }
  const bytes = Buffer.alloc(Number(size));
  let length = 0;
  while (length < bytes.length) {
    const got = await io.read(fileDescriptor, bytes.subarray(length), length);
    if (got === 0) break;
    length += got;
  }
  return bytes.toString('latin1', 0, length);
}

const CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ['ENOENT', 'image-not-found'],
  ['EACCES', 'permission'],
  ['EPERM', 'permission'],
]);

async function readText(path: string, io: FileIo): Promise<string> {
  try {
    // A pipe without a writer would block the open for ever.
    const file = await io.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readDescriptor(file, path, io);
    } finally {
      await io.close(file);
    }
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    const code = CODES.get(thrown.code) ?? 'image-unreadable';
    throw new IsodriveError(code, `Cannot open the map file "${path}": ${nameSystemError(thrown)}`, {
      cause: thrown,
      action: 'Check the path of the map file',
    });
  }
}
