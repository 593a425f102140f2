// One side of a comparison by file: the tree of an image, or a directory of this machine, a mounted disc included.
import type { Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { decodePath, encodePath } from '../../base/path-text.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { nameSystemError } from '../../base/system-error.js';
import { readAttributes } from '../../index/node-record.js';
import type { NodeType } from '../../index/node-record.js';
import { ROOT_ROW } from '../../index/index-table.js';
import type { OpenedImage } from '../../image/open-image.js';
import { walkRows } from '../../image/walk-rows.js';
import { openFile } from '../../image/file-content.js';
import { pathBytes } from '../../image/path-bytes.js';

const PERMISSION_BITS = 0o7777;
const NODE_TYPES: readonly (readonly [NodeType, (stats: Stats) => boolean])[] = [
  ['file', (stats) => stats.isFile()],
  ['directory', (stats) => stats.isDirectory()],
  ['symlink', (stats) => stats.isSymbolicLink()],
  ['block', (stats) => stats.isBlockDevice()],
  ['char', (stats) => stats.isCharacterDevice()],
  ['fifo', (stats) => stats.isFIFO()],
  ['socket', (stats) => stats.isSocket()],
];

/** What an entry has beside its content. */
export interface SideAttributes {
  /** Permission bits, with set-id and sticky. */
  readonly mode: number;
  /** "USER:GROUP", numbers. */
  readonly owner: string;
  /** Of its last change, whole seconds since 1970: what every format keeps. */
  readonly seconds: number;
  /** Extended attributes by their full names; undefined where they are not read. */
  readonly extended: ReadonlyMap<string, Uint8Array> | undefined;
}

export interface SideEntry {
  readonly type: NodeType;
  /** "MAJOR:MINOR" of a device. */
  readonly device: string | undefined;
  /** Of a file with other names on this side: the path of the first. */
  link: string | undefined;
  attributes(): SideAttributes;
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
  const names = new LinkNames();
  for await (const row of walkRows(image.index, ROOT_ROW, signal)) {
    if (row === ROOT_ROW) continue;
    const node = image.index.node(row);
    const { type, size, target, device } = node;
    const path = Buffer.from(pathBytes(image.index.table, row)).toString('latin1');
    if (type !== 'directory' && node.links > 1) names.add(`${node.inode}:${size}`, path);
    entries.set(path, {
      type,
      device: device && `${device.major}:${device.minor}`,
      link: undefined,
      attributes: () => {
        const { mode, userId, groupId, modified } = image.index.node(row);
        const extended = readAttributes(image.index.table, row);
        return {
          mode: mode & PERMISSION_BITS,
          owner: `${userId}:${groupId}`,
          seconds: modified.seconds,
          extended,
        };
      },
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
  names.mark(entries);
  return entries;
}

export async function readDirectorySide(directory: string, signal?: AbortSignal): Promise<Side> {
  const entries = new Map<string, SideEntry>();
  const names = new LinkNames();
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    signal?.throwIfAborted();
    const real = Buffer.concat([encodePath(directory), Buffer.from(path, 'latin1')]);
    for (const name of await guard(real, () => readdir(real, { encoding: 'buffer' }))) {
      const child = `${path}/${name.toString('latin1')}`;
      const { entry, key } = await readEntry(Buffer.concat([real, Buffer.from('/'), name]));
      if (key !== undefined) names.add(key, child);
      entries.set(child, entry);
      if (entry.type === 'directory') pending.push(child);
    }
  }
  names.mark(entries);
  return entries;
}

async function readEntry(path: Buffer): Promise<{ entry: SideEntry; key: string | undefined }> {
  const stats = await guard(path, () => lstat(path));
  const isLink = stats.isSymbolicLink();
  const target = isLink ? await guard(path, () => readlink(path, { encoding: 'buffer' })) : undefined;
  const isDevice = stats.isBlockDevice() || stats.isCharacterDevice();
  const entry: SideEntry = {
    type: NODE_TYPES.find(([, isOne]) => isOne(stats))?.[0] ?? 'file',
    device: isDevice ? showDevice(stats.rdev) : undefined,
    link: undefined,
    attributes: () => ({
      mode: stats.mode & PERMISSION_BITS,
      owner: `${stats.uid}:${stats.gid}`,
      seconds: Math.floor(stats.mtimeMs / 1000),
      // Node reads none.
      extended: undefined,
    }),
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
  const hasNames = stats.nlink > 1 && !stats.isDirectory();
  return { entry, key: hasNames ? `${stats.dev}:${stats.ino}` : undefined };
}

/** As glibc's gnu_dev_major and gnu_dev_minor have it, for numbers of 32 bits. */
function showDevice(number: number): string {
  return `${(number >>> 8) & 0xfff}:${(number & 0xff) | ((number >>> 12) & 0xfff00)}`;
}

/** Names of files that have several. */
class LinkNames {
  readonly #paths = new Map<string, string[]>();

  add(key: string, path: string): void {
    const paths = this.#paths.get(key);
    if (paths === undefined) this.#paths.set(key, [path]);
    else paths.push(path);
  }

  mark(entries: ReadonlyMap<string, SideEntry>): void {
    for (const paths of this.#paths.values()) {
      if (paths.length < 2) continue;
      const [first] = paths.sort();
      for (const path of paths) entries.get(path)!.link = first;
    }
  }
}

async function guard<T>(path: Buffer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    throw new IsodriveError(
      'image-unreadable',
      `Cannot read "${decodePath(path)}": ${nameSystemError(thrown)}`,
      {
        cause: thrown,
      },
    );
  }
}

/** Path of an entry for people. */
export function shownPath(path: string): string {
  return decodePath(Buffer.from(path, 'latin1'));
}
