// The file of a mounted image, as the daemon's main thread has it open: the descriptor stays open however often the
// image's reader ends, and nothing here waits for it for ever.
import { setTimeout } from 'node:timers/promises';
import { loadAddon } from '../../native/index.js';
import type { CallerDescriptors, NamedDescriptor } from '../../src/mount/mount-driver.js';
import { dirname, join } from 'node:path';
import { abortable } from '../../src/base/abortable.js';
import { IsodriveError } from '../../src/base/error.js';
import { POOL_IO } from '../../src/io/file-io.js';
import type { FileIo } from '../../src/io/file-io.js';
import { openForReading } from '../../src/source/file/file-source.js';
import { listFolder } from '../../src/source/file/path-folder.js';
import { MAX_IMAGE_FILES, withoutFolders } from '../../src/source/image-files.js';
import { PoolIo } from '../../src/io/pool-io.js';
import { readIdentity } from './image-identity.js';
import type { ImageIdentity, NamedState } from './image-identity.js';

/** Calls at the same time: to open it, and to look what has its path now. */
const IO_THREADS = 2;
/** Milliseconds to look what has an image's path; a medium that takes longer does not answer. */
const LOOK_PATIENCE = 1000;

/** Threads of their own for files that may hang; without the addon, the pool that all share. */
export function createIo(threads: number): FileIo {
  try {
    return new PoolIo(loadAddon(), threads);
  } catch {
    return POOL_IO;
  }
}

/** Gives up the threads of `createIo`, those that hang included. */
export function closeIo(io: FileIo): void {
  if (io instanceof PoolIo) io[Symbol.dispose]();
}

/** Looks what has the path of an image; of one that its user has opened, what became of it. */
export class PathLook {
  readonly path: string;
  readonly io: FileIo;
  /** What is looked at: a path, or an open file. */
  readonly #place: string | number;
  /** A look that has not come back: no second one is started. */
  #looking: Promise<ImageIdentity | undefined> | undefined;

  constructor(path: string, io = createIo(IO_THREADS), place: string | number = path) {
    this.path = path;
    this.io = io;
    this.#place = place;
  }

  /** Undefined for nothing, `unknown` when its medium does not answer. */
  async look(): Promise<ImageIdentity | 'unknown' | undefined> {
    this.#looking ??= readIdentity(this.#place, this.io).finally(() => {
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

/** How a file beside an image is looked at. */
interface NamedLook {
  readonly name: string;
  readonly place: PathLook;
}

export function lookAtAll(looks: readonly NamedLook[]): Promise<readonly NamedState[]> {
  return Promise.all(looks.map(async ({ name, place }) => ({ name, now: await place.look() })));
}

/** The path of a file in the folder of another. */
export function siblingOf(path: string, name: string): string {
  return join(dirname(path), name);
}

export class ImageFile extends PathLook {
  readonly descriptor: number;
  readonly #beside: NamedDescriptor[] = [];
  /** Of them, once all are open. */
  #looks: readonly NamedLook[] | undefined;
  /** Its map, where its user has opened both: then its path is only a name. */
  readonly map: number | undefined;
  readonly isSealed: boolean;

  private constructor(
    path: string,
    io: FileIo,
    descriptor: number,
    sealed?: { readonly map: number | undefined },
  ) {
    super(path, io, sealed === undefined ? path : descriptor);
    this.descriptor = descriptor;
    this.map = sealed?.map;
    this.isSealed = sealed !== undefined;
  }

  /** Of what a user has opened, of which it keeps copies. */
  static adopt(
    path: string,
    { image, beside, map }: Pick<CallerDescriptors, 'image' | 'beside' | 'map'>,
  ): ImageFile {
    const copy = (descriptor: number): number => loadAddon().duplicateDescriptor(descriptor);
    const sealed = { map: map === undefined ? undefined : copy(map) };
    const file = new ImageFile(path, createIo(IO_THREADS), copy(image), sealed);
    for (const { name, descriptor } of beside) file.#beside.push({ name, descriptor: copy(descriptor) });
    return file;
  }

  /**
   * Rejects as FileSource.open does, or with `cancelled`. An optical drive is not locked; its reader looks whether a
   * disc is in it.
   */
  static async open(path: string, signal?: AbortSignal, beside: readonly string[] = []): Promise<ImageFile> {
    const io = createIo(IO_THREADS);
    let file: ImageFile | undefined;
    try {
      file = new ImageFile(path, io, await abortable(openForReading(path, io, 'unchecked'), signal));
      for (const name of beside) await file.openBeside(name);
      return file;
    } catch (thrown) {
      if (file === undefined) closeIo(io);
      else await file.close();
      throw thrown;
    }
  }

  /** Those that were opened. */
  get beside(): readonly NamedDescriptor[] {
    return this.#beside;
  }

  /** The descriptor of a file that was opened, by its name; undefined where none was. */
  besideNamed(name: string): number | undefined {
    return this.#beside.find((one) => one.name === name)?.descriptor;
  }

  /**
   * The descriptor, which stays open with the image; undefined where there is no such file. Rejects as openForReading
   * does.
   */
  async openBeside(name: string): Promise<number | undefined> {
    const known = this.besideNamed(name);
    if (known !== undefined || this.isSealed) return known;
    if (withoutFolders(name) !== name || this.#beside.length + 1 >= MAX_IMAGE_FILES) return undefined;
    try {
      const descriptor = await openForReading(siblingOf(this.path, name), this.io, 'none');
      this.#beside.push({ name, descriptor });
      return descriptor;
    } catch (thrown) {
      if (thrown instanceof IsodriveError && thrown.code === 'image-not-found') return undefined;
      throw thrown;
    }
  }

  /** What is at the paths of those that were opened, or what became of those that their user has opened. */
  lookBeside(): Promise<readonly NamedState[]> {
    this.#looks ??= this.#beside.map(({ name, descriptor }) => {
      const place = this.isSealed ? descriptor : siblingOf(this.path, name);
      return { name, place: new PathLook(this.path, this.io, place) };
    });
    return lookAtAll(this.#looks);
  }

  /** Names of the files beside it, those that may be opened. */
  async listBeside(): Promise<readonly string[]> {
    return this.isSealed ? this.#beside.map(({ name }) => name) : listFolder(dirname(this.path));
  }

  /** The image's reader must have ended. */
  override async close(): Promise<void> {
    const beside = this.#beside.map(({ descriptor }) => descriptor);
    const all = [this.descriptor, ...beside, ...(this.map === undefined ? [] : [this.map])];
    if (this.io instanceof PoolIo) this.io.closeAll(all);
    else for (const descriptor of all) await this.io.close(descriptor);
    await super.close();
  }
}
