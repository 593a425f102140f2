// The files of an image: the one that was opened, and those beside it that a format asks for by name. A name comes from
// an untrusted sheet: it never becomes a path.
import { IsodriveError } from '../base/error.js';
import type { ByteSource } from './byte-source.js';

/** Files of one image: more than the tracks of a CD. */
export const MAX_IMAGE_FILES = 100;

/** What a format may open. */
export interface ImageFiles {
  readonly main: ByteSource;
  /**
   * A file in the folder of the main one; folders in `name` are left out. Where none is called exactly so, the one that
   * is in other case, if there is exactly one. Each file is opened once. Undefined where there is none; rejects as
   * FileSource.open does, and with `unsupported` from MAX_IMAGE_FILES files on. The source is not the caller's to
   * close.
   */
  open(name: string, signal?: AbortSignal): Promise<ByteSource | undefined>;
  /** All names in that folder that end so, whatever their case, sorted. */
  find(ending: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** What the main file is called, without its folder. */
  readonly mainName: string;
}

/** Where the files beside an image are, and how they are opened. */
export interface SiblingFolder {
  /** What the main file is called in it. */
  readonly mainName: string;
  /** The file of exactly this name, which is the caller's to close; undefined where there is none. */
  open(name: string, signal?: AbortSignal): Promise<ByteSource | undefined>;
  /** Names, none twice; none where it cannot be listed. */
  list(signal?: AbortSignal): Promise<readonly string[]>;
}

/** A file of an image, by its name. */
export interface NamedSource {
  readonly name: string;
  readonly source: ByteSource;
}

/** An image that lies alone. */
export const NO_FOLDER: SiblingFolder = {
  mainName: '',
  open: () => Promise.resolve(undefined),
  list: () => Promise.resolve([]),
};

/** The files of an image that are open, and whoever closes them all. */
export class OpenedFiles implements ImageFiles, AsyncDisposable {
  readonly main: ByteSource;
  readonly #folder: SiblingFolder;
  readonly #opening = new Map<string, Promise<ByteSource | undefined>>();
  readonly #opened: NamedSource[] = [];

  /** Takes ownership of `main`. */
  constructor(main: ByteSource, folder: SiblingFolder = NO_FOLDER) {
    this.main = main;
    this.#folder = folder;
  }

  get mainName(): string {
    return this.#folder.mainName;
  }

  /** Those beside the main file, in the order in which they were opened. */
  get beside(): readonly NamedSource[] {
    return this.#opened;
  }

  async open(name: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const wanted = withoutFolders(name);
    if (wanted === undefined) return undefined;
    const exact = await this.#openExact(wanted, signal);
    if (exact !== undefined) return exact;
    const folded = foldName(wanted);
    const candidates = (await this.#folder.list(signal)).filter((one) => foldName(one) === folded);
    const [candidate] = candidates;
    return candidates.length === 1 ? this.#openExact(candidate!, signal) : undefined;
  }

  async find(ending: string, signal?: AbortSignal): Promise<readonly string[]> {
    const folded = foldName(ending);
    const names = (await this.#folder.list(signal)).filter((name) => foldName(name).endsWith(folded));
    return names.sort();
  }

  #openExact(name: string, signal: AbortSignal | undefined): Promise<ByteSource | undefined> {
    if (name === this.mainName) return Promise.resolve(this.main);
    let opening = this.#opening.get(name);
    if (opening === undefined) {
      opening = this.#openAnew(name, signal);
      this.#opening.set(name, opening);
    }
    return opening;
  }

  async #openAnew(name: string, signal: AbortSignal | undefined): Promise<ByteSource | undefined> {
    if (this.#opened.length + 1 >= MAX_IMAGE_FILES) {
      throw new IsodriveError(
        'unsupported',
        `Cannot open "${name}" beside "${this.main.name}": found more than ${MAX_IMAGE_FILES} files, ` +
          `expected at most so many`,
      );
    }
    const source = await this.#folder.open(name, signal);
    if (source !== undefined) this.#opened.push({ name, source });
    return source;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    for (const { source } of this.#opened) await source[Symbol.asyncDispose]();
    await this.main[Symbol.asyncDispose]();
  }
}

/** A name of a folder's own; undefined for what is none. Sheets made on Windows hold whole paths. */
export function withoutFolders(name: string): string | undefined {
  const last = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  const isName = last !== '' && last !== '.' && last !== '..' && !last.includes('\0');
  return isName ? last : undefined;
}

/** As file systems of Windows and macOS compare names, nearly. */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
