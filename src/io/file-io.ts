// How files are opened and read: through Node's thread pool, or, where a file may be on a medium that never answers,
// through threads of its own (lane-io.ts). Errors are system errors with an errno name in `code`, whichever it is.
import { close, fstat, open, read, stat } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import { hostPath } from '../base/path-text.js';
import type { FileFacts } from '../../native/index.js';

export type { FileFacts } from '../../native/index.js';

export interface FileIo {
  /** Gives a descriptor, which the caller closes. */
  open(path: string, flags: number): Promise<number>;
  /** Of what is at a path, symlinks followed, or of an open file. */
  stat(file: string | number): Promise<FileFacts>;
  /**
   * One read; gives the bytes read, 0 at the end. `signal` may end it early with `cancelled`, and then nothing is
   * written to `target` any more.
   */
  read(fileDescriptor: number, target: Uint8Array, position: number, signal?: AbortSignal): Promise<number>;
  close(fileDescriptor: number): Promise<void>;
}

/** Through the pool that the whole process shares. */
export const POOL_IO: FileIo = {
  open: (path, flags) => promisify(open)(hostPath(path), flags),
  stat: async (file) => {
    const found =
      typeof file === 'number'
        ? await promisify(fstat)(file, { bigint: true })
        : await promisify(stat)(hostPath(file), { bigint: true });
    return toFacts(found);
  },
  read: (fileDescriptor, target, position) =>
    new Promise((resolve, reject) => {
      read(fileDescriptor, target, 0, target.length, position, (error, got) => {
        if (error === null) resolve(got);
        else reject(error);
      });
    }),
  close: (fileDescriptor) => promisify(close)(fileDescriptor),
};

function toFacts(stats: BigIntStats): FileFacts {
  return {
    device: stats.dev,
    inode: stats.ino,
    size: stats.size,
    modified: stats.mtimeNs,
    specialDevice: stats.rdev,
    mode: Number(stats.mode),
    user: Number(stats.uid),
    links: Number(stats.nlink),
  };
}
