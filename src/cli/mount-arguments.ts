// What the words behind `mount` are: images, and perhaps the directory for one.
import { stat } from 'node:fs/promises';
import { isSystemError } from '../base/error.js';
import { hostPath, resolveHostPath } from '../base/path-text.js';
import type { CommandArguments } from './command-spec.js';
import { usageError } from './usage-error.js';

/** Absolute paths. */
export interface WantedMounts {
  readonly images: readonly string[];
  /** Only with one image. */
  readonly directory: string | undefined;
}

/** A name that ends as those of files do. */
const FILE_NAME = /\.[a-z0-9]*[a-z][a-z0-9]*$/iu;
const COMMAND = 'mount';

/**
 * The directory is that of --at; without, the second of exactly two words, when it is a directory or something that
 * is not there and is not called as a file is. Rejects with `usage` when several images would have one directory.
 */
export async function readMountArguments(args: CommandArguments): Promise<WantedMounts> {
  const words = args.list('images').map((word) => resolveHostPath(word));
  const at = args.text('at');
  if (at === undefined) {
    const [image = '', second = ''] = words;
    const isPair = words.length === 2 && (await isForDirectory(second));
    if (isPair) return { images: [image], directory: second };
  }
  if (words.length > 1) refuseForSeveral(args, words.length);
  return { images: words, directory: at === undefined ? undefined : resolveHostPath(at) };
}

async function isForDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(hostPath(path))).isDirectory();
  } catch (thrown) {
    // What cannot be looked at, as a dead mount, is no image: mounting there says why.
    if (!isSystemError(thrown) || thrown.code !== 'ENOENT') return true;
    return !FILE_NAME.test(path);
  }
}

function refuseForSeveral(args: CommandArguments, count: number): void {
  for (const name of ['at', 'letter']) {
    if (args.text(name) === undefined) continue;
    const advice = 'Mount them one by one, each with its own.';
    throw usageError(`Option --${name} is of one image, found ${count} images`, COMMAND, advice);
  }
}
