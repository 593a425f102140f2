// The files beside an image that was opened by its path.
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { decodePath, hostPath } from '../../base/path-text.js';
import { POOL_IO } from '../../io/file-io.js';
import type { FileIo } from '../../io/file-io.js';
import type { ByteSource } from '../byte-source.js';
import type { SiblingFolder } from '../image-files.js';
import { FileSource } from './file-source.js';

export class PathFolder implements SiblingFolder {
  readonly mainName: string;
  readonly #folder: string;
  readonly #io: FileIo;
  #names: Promise<readonly string[]> | undefined;

  /** `path`: of the image. */
  constructor(path: string, io: FileIo = POOL_IO) {
    this.mainName = basename(path);
    this.#folder = dirname(path);
    this.#io = io;
  }

  async open(name: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    try {
      // Who writes a sheet, or packs a symbolic link beside it, chooses no device of the reader's machine.
      return await FileSource.open(this.pathOf(name), signal, this.#io, 'none');
    } catch (thrown) {
      if (thrown instanceof IsodriveError && thrown.code === 'image-not-found') return undefined;
      throw thrown;
    }
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  list(): Promise<readonly string[]> {
    this.#names ??= listFolder(this.#folder);
    return this.#names;
  }
}

/** Names in a folder; none where it lets us in without listing it. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    const names = await readdir(hostPath(folder), { encoding: 'buffer' });
    return names.map(decodePath);
  } catch (thrown) {
    if (isSystemError(thrown)) return [];
    throw thrown;
  }
}
