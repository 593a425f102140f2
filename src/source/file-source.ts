// Bytes of a local file or block device. The descriptor is opened once, read-only, so that later changes to the path
// cannot swap the image; changes to the file itself are noticed and become `image-changed`.
import { constants, fstat, read } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Addon } from '../../native/index.js';
import { IsodriveError, isSystemError } from '../base/error.js';
import { throwIfAborted } from './abortable.js';
import { tryToLoadAddon } from './load-addon.js';
import { measureBlockDevice } from './block-device-size.js';
import type { ByteSource, SourceIdentity } from './byte-source.js';

/** Milliseconds between two looks at whether the file is still the one that was opened. */
const IDENTITY_INTERVAL = 100;

export class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly identity: SourceIdentity;
  readonly fileDescriptor: number;
  readonly #handle: FileHandle;
  readonly #isDevice: boolean;
  readonly #addon: Addon | undefined;
  #checkedAt = performance.now();

  private constructor(name: string, handle: FileHandle, stats: BigIntStats, size: number) {
    this.name = name;
    this.size = size;
    this.fileDescriptor = handle.fd;
    this.identity = identify(stats);
    this.#handle = handle;
    this.#isDevice = stats.isBlockDevice();
    this.#addon = tryToLoadAddon();
  }

  /**
   * Opens a regular file or a block device. Rejects with `image-not-found`, `permission`, or `image-unreadable` (a
   * directory, a pipe, an empty file, or what the medium says).
   */
  static async open(path: string, signal?: AbortSignal): Promise<FileSource> {
    throwIfAborted(signal);
    const handle = await openHandle(path);
    try {
      const stats = await handle.stat({ bigint: true });
      refuseWrongType(path, stats);
      const size = stats.isBlockDevice()
        ? await measureBlockDevice(handle.fd, stats.rdev)
        : Number(stats.size);
      if (size === 0) throw unreadable(path, 'it is empty, expected a disc image');
      return new FileSource(path, handle, stats, size);
    } catch (thrown) {
      await handle.close();
      throw isSystemError(thrown) ? translateOpenError(path, thrown) : thrown;
    }
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal);
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    let done = 0;
    while (done < wanted) {
      const got = await this.#readOnce(target, done, wanted - done, position + done);
      if (got === 0) await this.#refuseShortFile(position + done);
      done += got;
      throwIfAborted(signal);
    }
    if (performance.now() - this.#checkedAt > IDENTITY_INTERVAL) await this.checkUnchanged();
    return done;
  }

  /** Also false when it is time to look whether the file is still the same, which `read` does. */
  readCached(target: Uint8Array, position: number): boolean {
    if (this.#addon === undefined || performance.now() - this.#checkedAt > IDENTITY_INTERVAL) return false;
    return this.#addon.readCached(this.fileDescriptor, target, position);
  }

  /** Does nothing without the addon. Rejects with what the kernel says. */
  async dropCached(): Promise<void> {
    await this.#addon?.dropCached(this.fileDescriptor);
  }

  /** Rejects with `image-changed` when the file was written to or truncated since it was opened. */
  async checkUnchanged(): Promise<void> {
    this.#checkedAt = performance.now();
    const stats = await promisify(fstat)(this.fileDescriptor, { bigint: true });
    if (this.#isDevice) return;
    if (Number(stats.size) !== this.size) {
      this.#throwChanged(`it has ${stats.size.toString()} bytes now, expected ${this.size}`);
    }
    if (stats.mtimeNs !== this.identity.modified) {
      this.#throwChanged('it was written to since it was opened, expected it to stay as it is');
    }
  }

  #readOnce(target: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.fileDescriptor, target, offset, length, position, (error, got) => {
        if (error === null) resolve(got);
        else reject(this.#translateReadError(error, position, length));
      });
    });
  }

  #translateReadError(error: NodeJS.ErrnoException, position: number, length: number): IsodriveError {
    return new IsodriveError(
      'image-unreadable',
      `Cannot read ${length} bytes at byte ${position} of "${this.name}": ${error.code ?? error.message}`,
      { at: { source: this.name, offset: position }, cause: error },
    );
  }

  async #refuseShortFile(position: number): Promise<never> {
    await this.checkUnchanged();
    throw new IsodriveError(
      'image-unreadable',
      `Cannot read byte ${position} of "${this.name}": it ends there, expected ${this.size} bytes`,
      { at: { source: this.name, offset: position } },
    );
  }

  #throwChanged(what: string): never {
    throw new IsodriveError('image-changed', `Cannot trust "${this.name}" any more: ${what}`, {
      at: { source: this.name },
    });
  }

  /** Closes the descriptor. No read may be under way, and native code must have let go of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    // A medium that has vanished fails here once more; its reads have told, and nothing was written.
    await this.#handle.close().catch(() => undefined);
  }
}

async function openHandle(path: string): Promise<FileHandle> {
  try {
    // A pipe without a writer would block the open for ever; a drive opened so would skip its check for a medium.
    const flags = (await stat(path)).isBlockDevice() ? 0 : constants.O_NONBLOCK;
    return await open(path, constants.O_RDONLY | flags);
  } catch (thrown) {
    throw isSystemError(thrown) ? translateOpenError(path, thrown) : thrown;
  }
}

function refuseWrongType(path: string, stats: BigIntStats): void {
  if (stats.isFile() || stats.isBlockDevice()) return;
  const found = stats.isDirectory()
    ? 'a directory'
    : stats.isFIFO()
      ? 'a pipe'
      : stats.isSocket()
        ? 'a socket'
        : 'a character device';
  throw unreadable(path, `it is ${found}, expected a file or a block device`);
}

function unreadable(path: string, found: string): IsodriveError {
  return new IsodriveError('image-unreadable', `Cannot open "${path}": ${found}`, {
    at: { source: path },
    action: 'Name the file that holds the disc image',
  });
}

function translateOpenError(path: string, error: NodeJS.ErrnoException): IsodriveError {
  const options = { at: { source: path }, cause: error };
  const code = error.code ?? error.message;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const found = 'there is no such file, expected a disc image';
    return new IsodriveError('image-not-found', `Cannot open "${path}": ${found}`, options);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const found = 'permission is denied, expected read access';
    return new IsodriveError('permission', `Cannot open "${path}": ${found}`, options);
  }
  const found = `${code}, expected a readable file`;
  return new IsodriveError('image-unreadable', `Cannot open "${path}": ${found}`, options);
}

function identify(stats: BigIntStats): SourceIdentity {
  return { device: stats.dev, inode: stats.ino, modified: stats.mtimeNs };
}
