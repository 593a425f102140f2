// Bytes of a local file or block device. The descriptor is opened once, read-only, so that later changes to the path
// cannot swap the image; changes to the file itself are noticed and become `image-changed`.
import { countBytes } from '../../base/byte-count.js';
import { constants } from 'node:fs';
import type { Addon } from '../../../native/index.js';
import { IsodriveError, isExhausted, isSystemError, toIsodriveError } from '../../base/error.js';
import { nameSystemError } from '../../base/system-error.js';
import { throwIfAborted } from '../../base/abortable.js';
import { tryToLoadAddon } from '../../io/load-addon.js';
import { measureBlockDevice } from '../../io/block-device-size.js';
import type { ByteSource, NativeBase, SourceIdentity } from '../byte-source.js';
import { POOL_IO } from '../../io/file-io.js';
import type { FileFacts, FileIo } from '../../io/file-io.js';

/** Milliseconds between two looks at whether the file is still the one that was opened. */
const IDENTITY_INTERVAL = 100;

/**
 * Whether block devices are opened too: `checked` as other programs do, so that a drive looks for its medium,
 * `unchecked` without that look.
 */
type DeviceRule = 'checked' | 'unchecked' | 'none';

/** An open file, how it is read, and what closes it. */
interface OpenedFile {
  readonly fd: number;
  readonly io: FileIo;
  readonly close: () => Promise<void>;
}

export class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly identity: SourceIdentity;
  readonly fileDescriptor: number;
  readonly base: NativeBase;
  readonly #io: FileIo;
  readonly #close: () => Promise<void>;
  readonly #isDevice: boolean;
  readonly #addon: Addon | undefined;
  #checkedAt = performance.now();
  #closed: Promise<void> | undefined;

  private constructor(name: string, { fd, io, close }: OpenedFile, facts: FileFacts, size: number) {
    this.name = name;
    this.size = size;
    this.fileDescriptor = fd;
    this.base = { descriptor: fd, absent: [] };
    this.identity = { device: facts.device, inode: facts.inode, modified: facts.modified };
    this.#io = io;
    this.#close = close;
    this.#isDevice = isBlockDevice(facts);
    this.#addon = tryToLoadAddon();
  }

  /**
   * Opens a regular file or, where `devices` allows it, a block device. Rejects with `image-not-found`, `permission`,
   * or `image-unreadable` (a directory, a pipe, an empty file, or what the medium says).
   */
  static async open(
    path: string,
    signal?: AbortSignal,
    io: FileIo = POOL_IO,
    devices: DeviceRule = 'checked',
  ): Promise<FileSource> {
    throwIfAborted(signal);
    const fd = await openForReading(path, io, devices);
    return FileSource.#check(path, { fd, io, close: () => io.close(fd) });
  }

  /**
   * A file that somebody else has opened for reading, and closes; `name` is what it is called in messages. Rejects as
   * `open` does, but never with `image-not-found`.
   */
  static async adopt(
    fd: number,
    name: string,
    signal?: AbortSignal,
    io: FileIo = POOL_IO,
  ): Promise<FileSource> {
    throwIfAborted(signal);
    return FileSource.#check(name, { fd, io, close: () => Promise.resolve() });
  }

  /** Closes the file on rejection. */
  static async #check(name: string, file: OpenedFile): Promise<FileSource> {
    try {
      const facts = await file.io.stat(file.fd);
      refuseWrongType(name, facts);
      const size = isBlockDevice(facts) ? await measureBlockDevice(file, facts) : Number(facts.size);
      if (size === 0) throw unreadable(name, 'it is empty, expected a disc image');
      return new FileSource(name, file, facts, size);
    } catch (thrown) {
      await file.close();
      throw isSystemError(thrown) ? translateOpenError(name, thrown) : thrown;
    }
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal);
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    let done = 0;
    while (done < wanted) {
      const got = await this.#readOnce(target.subarray(done, wanted), position + done, signal);
      if (got === 0) await this.#refuseShortFile(position + done);
      done += got;
      throwIfAborted(signal);
    }
    if (this.#isCheckDue) await this.checkUnchanged();
    return done;
  }

  /** Also false when it is time to look whether the file is still the same, which `read` does. */
  readCached(target: Uint8Array, position: number): boolean {
    if (this.#addon === undefined || this.#isCheckDue) return false;
    return this.#addon.readCached(this.fileDescriptor, target, position);
  }

  /** Also undefined when it is time to look whether the file is still the same, which `read` does. */
  sendCached(socket: number, header: Uint8Array, position: number, length: number): number | undefined {
    if (this.#addon === undefined || this.#isCheckDue) return undefined;
    const sent = this.#addon.sendCached(socket, header, this.fileDescriptor, position, length);
    return sent < 0 ? undefined : sent;
  }

  get #isCheckDue(): boolean {
    return performance.now() - this.#checkedAt > IDENTITY_INTERVAL;
  }

  /** Does nothing without the addon. Rejects with what the kernel says. */
  async dropCached(): Promise<void> {
    await this.#addon?.dropCached(this.fileDescriptor);
  }

  /** Rejects with `image-changed` when the file was written to or truncated since it was opened. */
  async checkUnchanged(): Promise<void> {
    this.#checkedAt = performance.now();
    const facts = await this.#io.stat(this.fileDescriptor);
    if (this.#isDevice) return;
    if (Number(facts.size) !== this.size) {
      this.#throwChanged(`it has ${countBytes(facts.size)} now, expected ${this.size}`);
    }
    if (facts.modified !== this.identity.modified) {
      this.#throwChanged('it was written to since it was opened, expected it to stay as it is');
    }
  }

  async #readOnce(target: Uint8Array, position: number, signal: AbortSignal | undefined): Promise<number> {
    try {
      return await this.#io.read(this.fileDescriptor, target, position, signal);
    } catch (thrown) {
      throw isSystemError(thrown) ? this.#translateReadError(thrown, position, target.length) : thrown;
    }
  }

  #translateReadError(error: NodeJS.ErrnoException, position: number, length: number): IsodriveError {
    return new IsodriveError(
      'image-unreadable',
      `Cannot read ${countBytes(length)} at byte ${position} of "${this.name}": ${error.code ?? error.message}`,
      { at: { source: this.name, offset: position }, cause: error },
    );
  }

  async #refuseShortFile(position: number): Promise<never> {
    await this.checkUnchanged();
    throw new IsodriveError(
      'image-unreadable',
      `Cannot read byte ${position} of "${this.name}": it ends there, expected ${countBytes(this.size)}`,
      { at: { source: this.name, offset: position } },
    );
  }

  #throwChanged(what: string): never {
    throw new IsodriveError('image-changed', `Cannot trust "${this.name}" any more: ${what}`, {
      at: { source: this.name },
    });
  }

  /** Closes the descriptor, once. No read may be under way, and native code must have let go of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    // A medium that has vanished fails here once more; its reads have told, and nothing was written.
    this.#closed ??= this.#close().catch(() => undefined);
    await this.#closed;
  }
}

/** Opens what may be an image, without waiting for a writer. The caller closes it. Rejects as FileSource.open does. */
export async function openForReading(path: string, io: FileIo, devices: DeviceRule): Promise<number> {
  try {
    // A pipe without a writer would block the open for ever; a drive opened so skips its check for a medium.
    const facts = await io.stat(path);
    // Opening a device alone does things: a watchdog starts, a drive loads its medium.
    refuseWrongType(path, facts, devices);
    const isChecked = devices === 'checked' && isBlockDevice(facts);
    const flags = isChecked ? 0 : constants.O_NONBLOCK;
    return await io.open(path, constants.O_RDONLY | flags);
  } catch (thrown) {
    throw isSystemError(thrown) ? translateOpenError(path, thrown) : thrown;
  }
}

function typeOf({ mode }: FileFacts): number {
  return mode & constants.S_IFMT;
}

export function isBlockDevice(facts: FileFacts): boolean {
  return typeOf(facts) === constants.S_IFBLK;
}

const OTHER_TYPES = new Map<number, string>([
  [constants.S_IFDIR, 'a directory'],
  [constants.S_IFIFO, 'a pipe'],
  [constants.S_IFSOCK, 'a socket'],
  [constants.S_IFBLK, 'a block device'],
]);

function refuseWrongType(path: string, facts: FileFacts, devices: DeviceRule = 'checked'): void {
  const type = typeOf(facts);
  if (type === constants.S_IFREG || (type === constants.S_IFBLK && devices !== 'none')) return;
  const found = OTHER_TYPES.get(type) ?? 'a character device';
  throw unreadable(path, `it is ${found}, expected a file${devices === 'none' ? '' : ' or a block device'}`);
}

function unreadable(path: string, found: string): IsodriveError {
  return new IsodriveError('image-unreadable', `Cannot open "${path}": ${found}`, {
    at: { source: path },
    action: 'Name the file that holds the disc image',
  });
}

/** What is wrong with a path itself. */
const PATH_FAULTS = new Map([
  ['ELOOP', 'its symbolic links lead in a circle'],
  ['ENAMETOOLONG', 'the path or a name in it is too long for this system'],
]);

function translateOpenError(path: string, error: NodeJS.ErrnoException): IsodriveError {
  const options = { at: { source: path }, cause: error };
  if (isExhausted(error)) return toIsodriveError(error);
  const code = error.code ?? error.message;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const found = 'there is no such file, expected a disc image';
    return new IsodriveError('image-not-found', `Cannot open "${path}": ${found}`, options);
  }
  const fault = PATH_FAULTS.get(code);
  if (fault !== undefined) {
    const message = `Cannot open "${path}": ${fault}, expected the path of a disc image`;
    return new IsodriveError('image-not-found', message, options);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const found = 'permission is denied, expected read access';
    return new IsodriveError('permission', `Cannot open "${path}": ${found}`, options);
  }
  const found = `${nameSystemError(error)}, expected a readable file`;
  return new IsodriveError('image-unreadable', `Cannot open "${path}": ${found}`, options);
}
