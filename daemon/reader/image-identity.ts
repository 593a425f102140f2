// Tells whether the file at a path is still the one that was mounted.
import { measureBlockDevice } from '../../src/io/block-device-size.js';
import type { ByteSource } from '../../src/source/byte-source.js';
import type { FileIo } from '../../src/io/file-io.js';
import { isBlockDevice } from '../../src/source/file/file-source.js';
import type { ImageState } from '../../src/protocol/messages.js';

export interface ImageIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  /** Bytes. */
  readonly size: bigint;
}

/** Of a file beside an image. */
export interface NamedIdentity extends ImageIdentity {
  readonly name: string;
}

/** Identity of an open file, or of what is at a path now; undefined when there is nothing to be seen. */
export async function readIdentity(file: string | number, io: FileIo): Promise<ImageIdentity | undefined> {
  try {
    const facts = await io.stat(file);
    const { device, inode, modified, size } = facts;
    if (!isBlockDevice(facts)) return { device, inode, modified, size };
    const open = { fd: typeof file === 'number' ? file : -1, io };
    return { device, inode, modified, size: BigInt(await measureBlockDevice(open, facts)) };
  } catch {
    return undefined;
  }
}

export function isSameFile(a: ImageIdentity, b: ImageIdentity): boolean {
  return a.device === b.device && a.inode === b.inode;
}

/** What became of the mounted image, judged by what has its path now. */
export function compareIdentity(
  mounted: ImageIdentity,
  now: ImageIdentity | 'unknown' | undefined,
): ImageState {
  if (now === 'unknown') return 'unknown';
  if (now === undefined) return 'deleted';
  if (!isSameFile(mounted, now)) return 'replaced';
  if (now.size < mounted.size) return 'truncated';
  return now.size === mounted.size && now.modified === mounted.modified ? 'ok' : 'changed';
}

/** Identity as a file holds it: decimal, as the numbers may exceed what JSON's hold. */
export function parseIdentity(text: Readonly<Record<keyof ImageIdentity, string>>): ImageIdentity {
  return {
    device: BigInt(text.device),
    inode: BigInt(text.inode),
    modified: BigInt(text.modified),
    size: BigInt(text.size),
  };
}

/** What `parseIdentity` takes. */
export function formatIdentity({
  device,
  inode,
  modified,
  size,
}: ImageIdentity): Record<keyof ImageIdentity, string> {
  return { device: `${device}`, inode: `${inode}`, modified: `${modified}`, size: `${size}` };
}

/** Identity of an image that is open. Throws TypeError for a source that has none. */
export function identityOf({ identity, size, name }: ByteSource): ImageIdentity {
  if (identity === undefined) throw new TypeError(`Source "${name}" has no identity`);
  return { ...identity, size: identity.size ?? BigInt(size) };
}

/** Identities of an image's files. */
export interface FileIdentities {
  readonly identity: ImageIdentity;
  /** Of those beside it. */
  readonly beside: readonly NamedIdentity[];
}

/** What is now where a file beside an image was. */
export interface NamedState {
  readonly name: string;
  readonly now: ImageIdentity | 'unknown' | undefined;
}

/** A file of an image that is not as it was. */
export interface ChangedFile {
  /** Of a file beside the image; absent: it is the image itself. */
  readonly name?: string;
  readonly state: Exclude<ImageState, 'ok'>;
}

/**
 * The first file of a mounted image that is not as it was; undefined: all are. Those beside it are told apart by name,
 * and there may be others beside what was mounted.
 */
export function findChange(
  mounted: FileIdentities,
  now: ImageIdentity | 'unknown' | undefined,
  beside: readonly NamedState[],
): ChangedFile | undefined {
  const own = compareIdentity(mounted.identity, now);
  if (own !== 'ok') return { state: own };
  for (const one of mounted.beside) {
    const state = compareIdentity(one, beside.find(({ name }) => name === one.name)?.now);
    if (state !== 'ok') return { name: one.name, state };
  }
  return undefined;
}

/** Identities as findChange compares them. */
export function statesOf(beside: readonly NamedIdentity[]): readonly NamedState[] {
  return beside.map((now) => ({ name: now.name, now }));
}
