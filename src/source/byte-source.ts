// The first contract of the flow: random access to the bytes of an image, wherever they are.
import type { DriveFacts } from './optical/drive-facts.js';

/**
 * Random-access bytes. Every decorator (cache, retry, trace) is a ByteSource around a ByteSource. Disposing of one that
 * is closed does nothing.
 */
export interface ByteSource extends AsyncDisposable {
  /** Path, URL or description, for messages. */
  readonly name: string;
  /** Bytes in the source when it was opened. */
  readonly size: number;
  /**
   * Reads `target.length` bytes at byte `position` into `target` and gives the number read, which is short only
   * at the end of the source (0 beyond it). May be called concurrently. The caller owns `target`, and must not
   * touch it until the promise settles. Rejects with `image-unreadable` (the medium failed; the same read may work
   * later), `image-changed` (permanent) or `cancelled`.
   */
  read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number>;
  /**
   * Fills `target` from byte `position` on when all of it is in memory, the kernel's page cache included; otherwise
   * gives false, with `target` in any state. Never waits for the medium: whoever needs the bytes then calls `read`.
   */
  readCached?(target: Uint8Array, position: number): boolean;
  /**
   * Sends `header` and then `length` bytes from byte `position` on to a socket that does not block, from the kernel's
   * page cache and as much as the socket takes at once. Gives the bytes sent, those of `header` included; undefined,
   * with nothing sent, when not all of the bytes are in memory. Never waits for the medium.
   */
  sendCached?(socket: number, header: Uint8Array, position: number, length: number): number | undefined;
  /** Lets go of what the kernel has cached of the source: reads from then on reach the medium. */
  dropCached?(): Promise<void>;
  /** Slows a drive down, or up, to multiples of a CD's speed; 0 is its fastest. Rejects where it does not obey. */
  setSpeed?(speed: number): Promise<void>;
  /** How native code can read the same bytes; absent where it must not. */
  readonly base?: NativeBase;
  /**
   * What native code has to know of a source that is stored in units: it keeps decoded ones, and asks for all
   * others.
   */
  readonly units?: SourceUnits;
  /** The sources that these bytes are one behind the other; absent where they are no such thing. */
  readonly parts?: readonly ByteSource[];
  /** What tells this image from another at the same path. */
  readonly identity?: SourceIdentity;
  /** The drive that the bytes come from, and its disc. */
  readonly drive?: DriveFacts;
}

/** Bytes of a source for native code. */
export interface NativeBase {
  /** Open and seekable: byte for byte the source, but for what is absent. */
  readonly descriptor: number;
  /** Ranges that the source refuses to read, in order and apart from each other. */
  readonly absent: readonly { readonly position: number; readonly size: number }[];
}

/** Units of a source, each of which has to be decoded before it is read. */
export interface SourceUnits {
  /** Of every unit but the last. */
  readonly unitBytes: number;
  /** Who decodes them: `script` is the source's own `read`. */
  readonly filler: 'script';
  /** What they are stored in; absent where they are made of other bases of their plan. */
  readonly of?: ByteSource;
}

/** Identity of a file when it was opened. */
export interface SourceIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  /** Modification time, nanoseconds since the epoch. */
  readonly modified: bigint;
  /** Bytes of the device, where the source shows less of it. */
  readonly size?: bigint;
}
