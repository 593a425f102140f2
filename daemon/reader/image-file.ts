// The file of a mounted image, as the daemon's main thread has it open: the descriptor stays open however often the image's
// reader ends, and nothing here waits for it for ever.
import { setTimeout } from 'node:timers/promises';
import { loadAddon } from '../../native/index.js';
import { abortable } from '../../src/source/abortable.js';
import { POOL_IO } from '../../src/source/file-io.js';
import type { FileIo } from '../../src/source/file-io.js';
import { openForReading } from '../../src/source/file-source.js';
import { LaneIo } from '../../src/source/lane-io.js';
import { readIdentity } from '../image-identity.js';
import type { ImageIdentity } from '../image-identity.js';

/** Calls at the same time: to open it, and to look what has its path now. */
const IO_THREADS = 2;
/** Milliseconds to look what has an image's path; a medium that takes longer does not answer. */
const LOOK_PATIENCE = 1000;

/** Threads of their own for files that may hang; without the addon, the pool that all share. */
export function createIo(threads: number): FileIo {
  try {
    return new LaneIo(loadAddon(), threads);
  } catch {
    return POOL_IO;
  }
}

/** Gives up the threads of `createIo`, those that hang included. */
export function closeIo(io: FileIo): void {
  if (io instanceof LaneIo) io[Symbol.dispose]();
}

/** Looks what has the path of an image. */
export class PathLook {
  readonly path: string;
  readonly io: FileIo;
  /** A look that has not come back: no second one is started. */
  #looking: Promise<ImageIdentity | undefined> | undefined;

  constructor(path: string, io = createIo(IO_THREADS)) {
    this.path = path;
    this.io = io;
  }

  /** Undefined for nothing, `unknown` when its medium does not answer. */
  async look(): Promise<ImageIdentity | 'unknown' | undefined> {
    this.#looking ??= readIdentity(this.path, this.io).finally(() => {
      this.#looking = undefined;
    });
    const patience = new AbortController();
    const late = setTimeout(LOOK_PATIENCE, 'unknown' as const, { signal: patience.signal, ref: false });
    try {
      return await Promise.race([this.#looking, late]);
    } finally {
      late.catch(() => undefined);
      patience.abort();
    }
  }

  close(): Promise<void> {
    closeIo(this.io);
    return Promise.resolve();
  }
}

export class ImageFile extends PathLook {
  readonly descriptor: number;

  private constructor(path: string, io: FileIo, descriptor: number) {
    super(path, io);
    this.descriptor = descriptor;
  }

  /** Rejects as FileSource.open does, or with `cancelled`. */
  static async open(path: string, signal?: AbortSignal): Promise<ImageFile> {
    const io = createIo(IO_THREADS);
    try {
      return new ImageFile(path, io, await abortable(openForReading(path, io), signal));
    } catch (thrown) {
      closeIo(io);
      throw thrown;
    }
  }

  /** The image's reader must have ended. */
  override async close(): Promise<void> {
    await this.io.close(this.descriptor);
    await super.close();
  }
}
