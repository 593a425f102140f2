// One side of a comparison by file: the tree of an image, or a directory of this machine, a mounted disc included.
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { decodePath, encodePath } from '../../base/path-text.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { ROOT_ROW } from '../../index/index-table.js';
import type { OpenedImage } from '../../index/open-image.js';
import { walkRows } from '../../index/walk-rows.js';
import { openFile } from '../../present/file-content.js';
import { pathBytes } from '../../present/path-bytes.js';

export interface SideEntry {
  /** "file", "directory", "symlink", or another type's name. */
  readonly type: string;
  /** Bytes of a file; 0 otherwise. */
  readonly size: number;
  /** Of a symlink. */
  readonly target: string;
  /** Content of a file: fills `target` from `position` on, gives the bytes read. Rejects with IsodriveError. */
  open(): Promise<SideReader>;
}

export interface SideReader extends AsyncDisposable {
  read(target: Uint8Array, position: number): Promise<number>;
}

/** Entries by path from "/" in latin-1, so that names that are no UTF-8 stay apart; the root is left out. */
export type Side = ReadonlyMap<string, SideEntry>;

export async function readImageSide(image: OpenedImage, signal?: AbortSignal): Promise<Side> {
  const entries = new Map<string, SideEntry>();
  for await (const row of walkRows(image.index, ROOT_ROW, signal)) {
    if (row === ROOT_ROW) continue;
    const { type, size, target } = image.index.node(row);
    entries.set(Buffer.from(pathBytes(image.index.table, row)).toString('latin1'), {
      type,
      size: type === 'file' ? size : 0,
      target: Buffer.from(target ?? []).toString('latin1'),
      open: () => {
        const reader = openFile(image, row);
        return Promise.resolve({
          read: (bytes, position) => reader.read(bytes, position, signal),
          [Symbol.asyncDispose]: () => Promise.resolve(),
        });
      },
    });
  }
  return entries;
}

export async function readDirectorySide(directory: string, signal?: AbortSignal): Promise<Side> {
  const entries = new Map<string, SideEntry>();
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    signal?.throwIfAborted();
    const real = Buffer.concat([encodePath(directory), Buffer.from(path, 'latin1')]);
    for (const name of await guard(real, () => readdir(real, { encoding: 'buffer' }))) {
      const child = `${path}/${name.toString('latin1')}`;
      const entry = await readEntry(Buffer.concat([real, Buffer.from('/'), name]));
      entries.set(child, entry);
      if (entry.type === 'directory') pending.push(child);
    }
  }
  return entries;
}

async function readEntry(path: Buffer): Promise<SideEntry> {
  const stats = await guard(path, () => lstat(path));
  const isLink = stats.isSymbolicLink();
  const target = isLink ? await guard(path, () => readlink(path, { encoding: 'buffer' })) : undefined;
  return {
    type: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : isLink ? 'symlink' : 'special',
    size: stats.isFile() ? stats.size : 0,
    target: target?.toString('latin1') ?? '',
    open: async () => {
      const handle = await guard(path, () => open(path, 'r'));
      return {
        read: (bytes, position) =>
          guard(path, async () => (await handle.read(bytes, 0, bytes.length, position)).bytesRead),
        [Symbol.asyncDispose]: () => handle.close(),
      };
    },
  };
}

async function guard<T>(path: Buffer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    throw new IsodriveError('image-unreadable', `Cannot read "${decodePath(path)}": ${thrown.code}`, {
      cause: thrown,
    });
  }
}

/** Path of an entry for people. */
export function shownPath(path: string): string {
  return decodePath(Buffer.from(path, 'latin1'));
}
