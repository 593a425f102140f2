// Files of one image, through threads of its own: what hangs there hangs nobody else, and whoever waits can give up.
import { readlink } from 'node:fs/promises';
import { getSystemErrorName } from 'node:util';
import { isAddonError } from '../../native/index.js';
import type { Addon, IoPoolHandle } from '../../native/index.js';
import { decodePath, hostPath, holdsRawBytes } from '../base/path-text.js';
import { abortable } from '../base/abortable.js';
import { POOL_IO } from './file-io.js';
import type { FileFacts, FileIo } from './file-io.js';

/** Paths that are not UTF-8 go through the pool of Node: the addon takes text. */
export class PoolIo implements FileIo {
  readonly #addon: Addon;
  readonly #pool: IoPoolHandle;

  /** `threads`: calls at the same time; more wait for their turn. */
  constructor(addon: Addon, threads: number) {
    this.#addon = addon;
    this.#pool = addon.openIoPool(threads);
  }

  open(path: string, flags: number): Promise<number> {
    if (holdsRawBytes(path)) return POOL_IO.open(path, flags);
    return translate(this.#addon.poolOpen(this.#pool, path, flags));
  }

  stat(file: string | number): Promise<FileFacts> {
    if (typeof file === 'string' && holdsRawBytes(file)) return POOL_IO.stat(file);
    return translate(this.#addon.poolStat(this.#pool, file));
  }

  async read(
    fileDescriptor: number,
    target: Uint8Array,
    position: number,
    signal?: AbortSignal,
  ): Promise<number> {
    const reading = translate(this.#addon.poolRead(this.#pool, fileDescriptor, target.length, position));
    const bytes = new Uint8Array(await abortable(reading, signal));
    target.set(bytes);
    return bytes.length;
  }

  close(fileDescriptor: number): Promise<void> {
    this.closeAll([fileDescriptor]);
    return Promise.resolve();
  }

  /** Closes files that belong together, one behind the other; waits for none. */
  closeAll(fileDescriptors: readonly number[]): void {
    this.#addon.closeDescriptors(fileDescriptors);
  }

  /** Closes after what is before it; whatever comes of it, the descriptor is gone. */
  async closeInTurn(fileDescriptor: number): Promise<void> {
    await translate(this.#addon.poolClose(this.#pool, fileDescriptor));
  }

  /** Target of a symlink; undefined for what is none. */
  async readSymlink(path: string): Promise<string | undefined> {
    try {
      const isRaw = holdsRawBytes(path);
      const target = isRaw ? '\ufffd' : await translate(this.#addon.poolReadSymlink(this.#pool, path));
      if (!target.includes('\ufffd')) return target;
      return decodePath(await readlink(hostPath(path), { encoding: 'buffer' }));
    } catch {
      return undefined;
    }
  }

  /** Type of the file system that an open file is on (linux/magic.h). */
  fileSystemType(fileDescriptor: number): Promise<number> {
    return translate(this.#addon.poolFileSystem(this.#pool, fileDescriptor));
  }

  /** What has not begun is dropped: its promises never settle. */
  [Symbol.dispose](): void {
    this.#addon.closeIoPool(this.#pool);
  }
}

/** An error of the addon as Node words those of its own calls. */
async function translate<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    if (!isAddonError(thrown)) throw thrown;
    throw Object.assign(thrown, { code: getSystemErrorName(-thrown.errno) });
  }
}
