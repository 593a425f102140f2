// The addon as TypeScript sees it: the only module that loads it, and the declaration of all it exports.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Keeps the memory behind an index region alive in native code. */
export type RegionHandle = object & { readonly __region: never };
export type SessionHandle = object & { readonly __session: never };
export type MountWatchHandle = object & { readonly __watch: never };

/** A loop device that stays for as long as somebody has it open. */
export interface LoopDevice {
  /** Path of the block device. */
  readonly path: string;
  /** Keeps the device until it is mounted; the caller closes it. */
  readonly descriptor: number;
}

/** How a SCSI command went; a drive that refuses it is no failed system call. */
export interface ScsiResult {
  /** SAM status: 0 GOOD, 2 CHECK CONDITION. */
  readonly status: number;
  /** Of the host adapter: other than 0 when the command did not reach the drive, or timed out. */
  readonly hostStatus: number;
  /** Bytes that came. */
  readonly transferred: number;
  readonly sense: Uint8Array;
}

/**
 * `status`: gives one of CDROM_DRIVE_STATUS (1 no disc, 2 tray open, 3 not ready, 4 disc; ENOTTY: no optical drive).
 * `stamp`: a number that differs from the argument when the disc was changed since that was given. `eject` and `close`
 * move the tray; `lock` 1 or 0 is about its button; `speed` is in multiples of a CD's, 0 for the fastest.
 */
export type DriveRequest = 'status' | 'stamp' | 'eject' | 'close' | 'lock' | 'speed';

export interface IndexRegion {
  readonly buffer: ArrayBuffer;
  readonly handle: RegionHandle;
}

export interface SessionOptions {
  /** Descriptor of /dev/fuse, bound to the mount; the session closes it. */
  readonly device: number;
  /** Descriptor of the image, of which the session keeps its own copy; -1 for none: then it asks for all content. */
  readonly image: number;
  readonly imageBytes: number;
  readonly region: RegionHandle;
  readonly volumeBytes: number;
  /** Whether any entry can have extended attributes. */
  readonly hasAttributes: boolean;
  /** Another process served the mount before: what it left unanswered is asked for again. */
  readonly isTakenOver: boolean;
}

/** What a session has done since it started. */
export interface SessionCounters {
  readonly requests: number;
  readonly reads: number;
  /** Bytes of file content that were asked for. */
  readonly readBytes: number;
  /** Time that threads spent on requests, waiting for the medium included. */
  readonly busySeconds: number;
}

/** What a session asks JavaScript for. Must not throw. */
export interface SessionListener {
  /** A directory has to be loaded; to be answered by resumeSession. */
  onLoad(row: number): void;
  /** Content that the image's bytes are not has to be read; to be answered by replyRead. `length` ends with the file. */
  onRead(ticket: number, row: number, offset: number, length: number): void;
  /** Nobody waits for that content any more. */
  onCancel(ticket: number): void;
  /** The mount is gone; nothing needs an answer any more. */
  onEnd(): void;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Failed system calls throw or reject with an Error that has `errno` (positive number) and `syscall`. */
export interface Addon {
  /** A memfd of so many bytes, mapped; only pages written to take memory. */
  allocateIndexRegion(bytes: number): IndexRegion;
  /** Maps a region that another process allocated; takes the descriptor. EINVAL: it has another size. */
  adoptIndexRegion(descriptor: number, bytes: number): IndexRegion;
  /** The region's memfd, which the caller closes; -1 when it was given away before. The region stays mapped. */
  releaseIndexDescriptor(handle: RegionHandle): number;
  /** Gives the region's memory back; every byte reads as 0 from then on. */
  discardIndexRegion(handle: RegionHandle): void;
  /** Serves a mount from threads of its own. */
  startSession(options: SessionOptions, listener: SessionListener): SessionHandle;
  /** Answers what waits for a directory: its state was published, or `errno` says why not (0 otherwise). */
  resumeSession(session: SessionHandle, row: number, errno: number): void;
  /**
   * Answers a read with all the bytes it wants, which are copied before this returns, or with an errno. Nothing happens
   * when it needs no answer any more.
   */
  replyRead(session: SessionHandle, ticket: number, result: Uint8Array | number): void;
  /** Reads of file content that a session has answered. */
  countReads(session: SessionHandle): number;
  sessionCounters(session: SessionHandle): SessionCounters;
  /** mount(2), always read-only, nosuid, nodev. */
  mount(source: string, target: string, type: string, options: string): Promise<void>;
  /** umount2(2), never through a symlink. */
  unmount(target: string, lazy: boolean): Promise<void>;
  /**
   * A free loop device for an open file: read-only, freed with its last user. `blockSize` in bytes, 0 for the kernel's
   * own choice.
   */
  attachLoop(file: number, blockSize: number): Promise<LoopDevice>;
  /**
   * Passes a command of at most 16 bytes to a drive (SG_IO) and reads into `target`, which may be empty and must not be
   * touched until the promise settles. `timeout` in milliseconds.
   */
  scsiCommand(file: number, command: Uint8Array, target: Uint8Array, timeout: number): Promise<ScsiResult>;
  /** An ioctl of optical drives. */
  driveRequest(file: number, request: DriveRequest, argument: number): Promise<number>;
  /** Calls back whenever the mount table of this process changes; alone it does not keep the process. */
  watchMounts(onChange: () => void): MountWatchHandle;
  unwatchMounts(handle: MountWatchHandle): void;
  /** Two connected Unix stream sockets. */
  createSocketPair(): [number, number];
  /** A descriptor that the peer of `socket` has sent already. */
  receiveDescriptor(socket: number): number;
  /**
   * Fills `target` from byte `position` of a file on when the page cache holds all of it; false otherwise, or where the
   * file system cannot tell (preadv2 with RWF_NOWAIT). Never waits and never throws.
   */
  readCached(fileDescriptor: number, target: Uint8Array, position: number): boolean;
  /** Sends variables, and up to 4 descriptors, to a service manager's NOTIFY_SOCKET (sd_notify(3)). */
  notify(socketPath: string, text: string, descriptors: readonly number[]): void;
  /** Who is at the other end of a Unix socket (SO_PEERCRED). */
  peerCredentials(socket: number): PeerCredentials;
}

/** True for errors of the addon's system calls. */
export function isAddonError(thrown: unknown): thrown is Error & { errno: number; syscall: string } {
  return (
    thrown instanceof Error && 'errno' in thrown && typeof thrown.errno === 'number' && 'syscall' in thrown
  );
}

/** Loads the addon; throws the loader's own error where it was not built or does not fit this machine. */
export function loadAddon(): Addon {
  const path = process.env.ISODRIVE_ADDON ?? join(projectRoot(), 'build/release/isodrive.node');
  return createRequire(import.meta.url)(path) as Addon;
}

/** The folder with package.json: this file runs from native/ in tests and from dist/native/ otherwise. */
function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('Cannot find package.json above the addon loader');
    folder = parent;
  }
  return folder;
}
