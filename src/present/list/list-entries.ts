// Walks an index in the order `ls` shows: parents before children, names in byte order. Faults become part of the
// entry they concern, so that one bad file or directory spoils nothing else.
import type { IsodriveError } from '../../base/error.js';
import { toIsodriveError } from '../../base/error.js';
import type { FileContent } from '../../filesystem/contract/file-content.js';
import type { NodeRecord } from '../../index/node-record.js';
import type { OpenedImage } from '../../image/open-image.js';
import { throwIfAborted } from '../../base/abort.js';
import { openFile } from '../../image/file-content.js';
import { pathBytes } from '../../image/path-bytes.js';
import { WindowSource } from '../../image/window-source.js';

/** Lower-case hexadecimal. */
type Digests = Readonly<Record<string, string>>;

export interface ListOptions {
  /** The row itself and everything below; otherwise a directory's children, or the row itself when it is none. */
  readonly recursive: boolean;
  /** Gives digests of a regular file, by the names of their algorithms, which are added to its entry. */
  readonly hash?: ((content: FileContent, signal?: AbortSignal) => Promise<Digests>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListedEntry {
  readonly node: NodeRecord;
  /** From "/", bytes as they are on the disc. */
  readonly path: Uint8Array;
  /** What a plain listing prints: the path when recursive, the name otherwise. */
  readonly shown: Uint8Array;
  /** Present for files when asked for and readable. */
  readonly digests?: Digests;
  /** Why the file cannot be read whole, or the directory not be listed. */
  readonly error?: IsodriveError;
}

/**
 * Lists `row`. Rejects with `cancelled` on abort, and, when not recursive, as DiscIndex.children does for a
 * directory that cannot be listed; a recursive listing carries that fault in the directory's entry.
 */
export async function* listEntries(
  image: OpenedImage,
  row: number,
  options: ListOptions,
): AsyncGenerator<ListedEntry, void, undefined> {
  const lister = new Lister(image, options);
  const path = pathBytes(image.index.table, row);
  const node = image.index.node(row);
  if (options.recursive) yield* lister.below(row, path);
  else if (node.type !== 'directory') yield await lister.entry(row, path, node.name);
  else {
    const { first, count } = await image.index.children(row);
    for (let child = first; child < first + count; child += 1) {
      const name = image.index.table.name(child).slice();
      yield await lister.entry(child, joinPath(path, name), name);
    }
  }
}

/** Path of a child, from "/". */
export function joinPath(parent: Uint8Array, name: Uint8Array): Uint8Array {
  const stem = parent.length === 1 ? 0 : parent.length;
  const path = new Uint8Array(stem + 1 + name.length);
  path.set(parent);
  path[stem] = 0x2f;
  path.set(name, stem + 1);
  return path;
}

class Lister {
  readonly #image: OpenedImage;
  readonly #options: ListOptions;
  readonly #window: WindowSource | undefined;

  constructor(image: OpenedImage, options: ListOptions) {
    this.#image = image;
    this.#options = options;
    this.#window = options.hash === undefined ? undefined : new WindowSource(image.data);
  }

  /** The row and all below it; a stack of its own, because a disc may nest a thousand directories. */
  async *below(top: number, topPath: Uint8Array): AsyncGenerator<ListedEntry, void, undefined> {
    const { index } = this.#image;
    const first = await this.entry(top, topPath, topPath);
    yield first;
    if (first.node.type !== 'directory' || first.error !== undefined) return;
    const stack = [{ path: topPath, ...(await index.children(top)), at: 0 }];
    for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
      if (level.at >= level.count) {
        stack.pop();
        continue;
      }
      const row = level.first + level.at;
      level.at += 1;
      const path = joinPath(level.path, index.table.name(row));
      const entry = await this.entry(row, path, path);
      yield entry;
      if (entry.node.type === 'directory' && entry.error === undefined) {
        stack.push({ path, ...(await index.children(row)), at: 0 });
      }
    }
  }

  async entry(row: number, path: Uint8Array, shown: Uint8Array): Promise<ListedEntry> {
    throwIfAborted(this.#options.signal);
    const { index } = this.#image;
    const node = index.node(row);
    try {
      if (node.type === 'directory' && this.#options.recursive) await index.children(row);
      const { hash, signal } = this.#options;
      if (node.type !== 'file' || this.#window === undefined || hash === undefined)
        return { node, path, shown };
      const reader = openFile(this.#image, row, this.#window);
      return { node, path, shown, digests: await hash(reader, signal) };
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      if (error.code === 'cancelled' || error.code === 'internal') throw error;
      return { node, path, shown, error };
    }
  }
}
