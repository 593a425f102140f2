// The image while it is being made: OUT.part, which becomes OUT by one rename when all is well and on the disk. What
// is zero is not written into a new file, so that it stays sparse.
import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { IsodriveError, isSystemError } from '../../base/error.js';

/** Bytes that are looked at together for whether they are all zero: a few blocks of any file system. */
const ZERO_UNIT = 65_536;
const ZEROS = Buffer.alloc(ZERO_UNIT);
/** Errors that say that there is no room (errno.h). */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export class PartFile implements AsyncDisposable {
  readonly path: string;
  readonly #handle: FileHandle;
  /** A new file reads as zeros wherever nothing was written. */
  readonly #isSparse: boolean;

  private constructor(path: string, handle: FileHandle, isSparse: boolean) {
    this.path = path;
    this.#handle = handle;
    this.#isSparse = isSparse;
  }

  /** Opens `path` with its content when it `resumes`, empty otherwise. Rejects with `permission` or `partial`. */
  static async open(path: string, size: number, resumes: boolean): Promise<PartFile> {
    try {
      const flags =
        constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | (resumes ? 0 : constants.O_TRUNC);
      const handle = await open(path, flags, 0o666);
      try {
        await handle.truncate(size);
      } catch (thrown) {
        await handle.close();
        throw thrown;
      }
      return new PartFile(path, handle, !resumes);
    } catch (thrown) {
      throw translateWriteError(path, thrown);
    }
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

  /** Cuts or extends the file, puts it on the disk, and gives it its own name: the one moment at which there is an image. */
  async commit(path: string, size: number): Promise<void> {
    await this.#guard(async () => {
      await this.#handle.truncate(size);
      await this.#handle.sync();
      await rename(this.path, path);
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

/** A rename is on the disk once its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Gives an error of the output as one of ours; others as they are. */
export function translateWriteError(path: string, thrown: unknown): unknown {
  if (!isSystemError(thrown)) return thrown;
  const { code } = thrown;
  if (FULL.has(code)) {
    return new IsodriveError(
      'partial',
      `Cannot write "${path}": ${code}, expected room for the whole image`,
      {
        cause: thrown,
        action: 'Make room and run the same command: it goes on where it stopped',
      },
    );
  }
  const isForbidden = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return new IsodriveError(isForbidden ? 'permission' : 'partial', `Cannot write "${path}": ${code}`, {
    cause: thrown,
    action: 'Check the folder of the output and its permissions',
  });
}

function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}
