// Tells whether the file at a path is still the one that was mounted.
import { stat } from 'node:fs/promises';
import type { ImageState } from '../src/protocol/messages.js';

export interface ImageIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  /** Bytes. */
  readonly size: bigint;
}

/** Identity of the file at `path` now; undefined when there is none to be seen. */
export async function readIdentity(path: string): Promise<ImageIdentity | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    return { device: found.dev, inode: found.ino, modified: found.mtimeNs, size: found.size };
  } catch {
    return undefined;
  }
}

export function isSameFile(a: ImageIdentity, b: ImageIdentity): boolean {
  return a.device === b.device && a.inode === b.inode;
}

/** What became of the mounted image, judged by what has its path now. */
export function compareIdentity(mounted: ImageIdentity, now: ImageIdentity | undefined): ImageState {
  if (now === undefined || !isSameFile(mounted, now)) return 'replaced';
  if (now.size < mounted.size) return 'truncated';
  return now.size === mounted.size && now.modified === mounted.modified ? 'ok' : 'changed';
}
