// Finds rows by path: libfuse's high-level interface names the whole path in every request. The directory of the
// last request is remembered, because requests for a directory's entries come in a row.
import { IsodriveError } from '../../base/error.js';
import { MAX_NAME_BYTES, MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import { ROOT_ROW } from '../../index/index-table.js';
import type { IndexTable } from '../../index/index-table.js';
import { ROW, STATE } from '../../index/layout.js';
import type { ServedImage } from '../served-image.js';
import { isAlias, shownNames } from './directory-aliases.js';

/** Directories whose aliases are remembered. */
const MAX_ALIAS_TABLES = 64;

/** A request that fails with an errno of the operating system; negative, as FUSE answers it. */
export class NativeFault {
  readonly result: number;

  constructor(errno: number) {
    this.result = -errno;
  }
}

export const ENOENT = new NativeFault(2);
export const ENOTDIR = new NativeFault(20);
const ENAMETOOLONG = new NativeFault(36);

export class PathResolver {
  readonly #image: Pick<ServedImage, 'table' | 'load'>;
  readonly #encoder = new TextEncoder();
  readonly #aliases = new Map<number, Map<string, number>>();
  #lastPath = '/';
  #lastRow: number = ROOT_ROW;

  constructor(image: Pick<ServedImage, 'table' | 'load'>) {
    this.#image = image;
  }

  /** The row of an absolute path, a fault, or a promise of either where a directory must be loaded first. */
  resolve(path: string): number | NativeFault | Promise<number | NativeFault> {
    if (path === '/') return ROOT_ROW;
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(1, slash));
    if (parent === this.#lastPath) return this.#child(this.#lastRow, path.slice(slash + 1));
    return this.#walk(path, parent);
  }

  async #walk(path: string, parent: string): Promise<number | NativeFault> {
    let row: number = ROOT_ROW;
    for (const name of parent.split('/')) {
      if (name === '') continue;
      const child = await this.#child(row, name);
      if (typeof child !== 'number') return child;
      row = child;
    }
    this.#lastPath = parent;
    this.#lastRow = row;
    return this.#child(row, path.slice(path.lastIndexOf('/') + 1));
  }

  #child(parent: number, name: string): number | NativeFault | Promise<number | NativeFault> {
    const { table } = this.#image;
    if (table.type(parent) !== MODE_TYPE.directory) return ENOTDIR;
    if (table.word(parent, ROW.state) === STATE.unloaded) {
      return this.#image.load(parent).then(() => this.#lookup(parent, name));
    }
    return this.#lookup(parent, name);
  }

  #lookup(parent: number, name: string): number | NativeFault {
    const fault = directoryFault(this.#image.table, parent);
    if (fault !== undefined) return fault;
    const bytes = this.#encoder.encode(name);
    if (bytes.length > MAX_NAME_BYTES) return ENAMETOOLONG;
    const row = this.#image.table.lookup(parent, bytes);
    if (row >= 0) return row;
    return (isAlias(name) ? this.#aliasTable(parent).get(name) : undefined) ?? ENOENT;
  }

  #aliasTable(parent: number): Map<string, number> {
    let aliases = this.#aliases.get(parent);
    if (aliases === undefined) {
      const first = this.#image.table.word(parent, ROW.first);
      const names = shownNames(this.#image.table, parent).map((name, i) => [name, first + i] as const);
      aliases = new Map(names.filter(([name]) => isAlias(name)));
      if (this.#aliases.size >= MAX_ALIAS_TABLES) this.#aliases.clear();
      this.#aliases.set(parent, aliases);
    }
    return aliases;
  }
}

/** The fault with which a loaded directory answers, when it could not be listed. */
export function directoryFault(table: IndexTable, row: number): NativeFault | undefined {
  if (table.word(row, ROW.state) !== STATE.failed) return undefined;
  return new NativeFault(table.word(row, ROW.count));
}

/** What a request answers when a step of ours rejected. */
export function toFault(thrown: unknown): NativeFault {
  return new NativeFault(thrown instanceof IsodriveError ? thrown.errnoNumber : 5);
}
