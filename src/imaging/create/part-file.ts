// The image while it is being made: OUT.part, which becomes OUT by one rename when all is well and on the disk. What
// is zero is not written into a new file, so that it stays sparse.
import { constants } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { hostPath } from '../../base/path-text.js';
import { isAddonError } from '../../../native/index.js';
import { IsodriveError } from '../../base/error.js';
import { explainSystemError, isFull } from '../../base/system-error.js';
import { tryToLoadAddon } from '../../io/load-addon.js';

/** Bytes that are looked at together for whether they are all zero: a few blocks of any file system. */
const ZERO_UNIT = 65_536;
const ZEROS = Buffer.alloc(ZERO_UNIT);

export class PartFile implements AsyncDisposable {
  readonly path: string;
  readonly #handle: FileHandle;
  /** A new file reads as zeros wherever nothing was written. */
  #isSparse = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /**
   * Opens `path`, with whatever content it has, for this run alone. Rejects with `busy` when another run writes it,
   * `permission` or `partial`.
   */
  static async open(path: string): Promise<PartFile> {
    try {
      const handle = await open(
        hostPath(path),
        constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
        0o666,
      );
      try {
        await lock(path, handle);
      } catch (thrown) {
        await handle.close();
        throw thrown;
      }
      return new PartFile(path, handle);
    } catch (thrown) {
      throw translateWriteError(path, thrown);
    }
  }

  /**
   * Gives it its size; what it holds is dropped, unless a run `resumes`. `preallocates`: takes room for all of it now,
   * where the file system can. Rejects with `partial` where there is none.
   */
  async prepare(size: number, resumes: boolean, preallocates: boolean): Promise<void> {
    this.#isSparse = !resumes;
    await this.#guard(async () => {
      if (!resumes) await this.#handle.truncate(0);
      await this.#handle.truncate(size);
      if (preallocates) await preallocate(this.#handle, size);
    });
  }

  /** Rejects with `partial` when the disk is full, `permission`, or what else it says. */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (!this.#isSparse) return this.#writeAll(position, bytes);
    // Neighbours that hold something are written together.
    for (let start = 0; start < bytes.length;) {
      let end = start;
      while (end < bytes.length && !isZero(bytes.subarray(end, end + ZERO_UNIT))) end += ZERO_UNIT;
      await this.#writeAll(position + start, bytes.subarray(start, end));
      start = end === start ? start + ZERO_UNIT : end;
    }
  }

  /** Fills `target` from `position` on. */
  async readBack(target: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < target.length;) {
      const { bytesRead } = await this.#handle.read(target, done, target.length - done, position + done);
      if (bytesRead === 0) throw this.#shrunk(position + done);
      done += bytesRead;
    }
  }

  /** Resolves when all that was written is on the disk. */
  async sync(): Promise<void> {
    await this.#guard(() => this.#handle.datasync());
  }

  /**
   * Cuts or extends the file, puts it on the disk, and gives it its own name: the one moment at which there is an
   * image.
   */
  async commit(path: string, size: number): Promise<void> {
    await this.#guard(async () => {
      await this.#handle.truncate(size);
      await this.#handle.sync();
      await rename(hostPath(this.path), hostPath(path));
      await syncDirectory(dirname(path));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #writeAll(position: number, bytes: Uint8Array): Promise<void> {
    await this.#guard(async () => {
      for (let done = 0; done < bytes.length;) {
        done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    });
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      throw translateWriteError(this.path, thrown);
    }
  }

  #shrunk(position: number): IsodriveError {
    return new IsodriveError('partial', `Cannot read byte ${position} of "${this.path}" back: it ends there`);
  }
}

/** One run at a time writes an image; without the addon nothing keeps a second one from it. */
async function lock(path: string, handle: FileHandle): Promise<void> {
  const addon = tryToLoadAddon();
  if (addon === undefined) return;
  const isOurs = addon.lockFile(handle.fd);
  // Another run may have finished meanwhile: what we have locked is its image then.
  const [held, named] = [await handle.stat(), await stat(hostPath(path)).catch(() => undefined)];
  if (isOurs && held.ino === named?.ino && held.dev === named.dev) return;
  throw new IsodriveError('busy', `Cannot write "${path}": another run is writing it`, {
    action: 'Wait until it has ended, or name another output',
  });
}

async function preallocate(handle: FileHandle, size: number): Promise<void> {
  try {
    await tryToLoadAddon()?.preallocate(handle.fd, size);
  } catch (thrown) {
    if (!isAddonError(thrown)) throw thrown;
    const code = getSystemErrorName(-thrown.errno);
    // Not every file system can; the image is sparse then.
    if (code === 'EOPNOTSUPP' || code === 'ENOTSUP' || code === 'ENOSYS') return;
    throw Object.assign(thrown, { code });
  }
}

/** A rename is on the disk once its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows flushes no folder: it writes down the names of files by itself.
  if (process.platform === 'win32') return;
  const directory = await open(hostPath(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Gives an error of the output as one of ours; others as they are. */
export function translateWriteError(path: string, thrown: unknown): unknown {
  const what = `Cannot write "${path}"`;
  if (!isFull(thrown)) return explainSystemError(what, thrown);
  return explainSystemError(what, thrown, {
    detail: ', expected room for the whole image',
    action: 'Make room and run the same command: it goes on where it stopped',
  });
}

function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}
