// The addon as TypeScript sees it: the only module that loads it, and the declaration of all it exports.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProgramCalls } from './program-calls.js';
import type {
  RegionHandle,
  SessionCounters,
  SessionListener,
  SessionOptions,
  SessionOwner,
  SessionTrace,
} from './session.js';

export type { ProgramEnd } from './program-calls.js';
export type * from './session.js';

export type SessionHandle = object & { readonly __session: never };
export type ControlListenerHandle = object & { readonly __listener: never };
/** Of a thread that serves a session. */
export type ServerHandle = object & { readonly __server: never };
export type IoPoolHandle = object & { readonly __ioPool: never };
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
 * move the tray; `lock` 1 or 0 is about its button, and fails for 0 with EBUSY while anybody else has the drive open;
 * `speed` is in multiples of a CD's, 0 for the fastest.
 */
export type DriveRequest = 'status' | 'stamp' | 'eject' | 'close' | 'lock' | 'speed';

export interface IndexRegion {
  readonly buffer: ArrayBuffer;
  readonly handle: RegionHandle;
}

/** What stat(2) says; times in nanoseconds since the epoch. */
export interface FileFacts {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly modified: bigint;
  /** Device number of a device file. */
  readonly specialDevice: bigint;
  readonly mode: number;
  readonly user: number;
  readonly links: number;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; empty where the kernel does not tell (before Linux 4.13). */
  readonly groups: readonly number[];
}

/** How many clients may be connected at the same time. */
export interface ClientLimits {
  readonly clients: number;
  /** Of one user who is not root. */
  readonly clientsOfUser: number;
  /** Of all, how many are for root alone. */
  readonly reservedForRoot: number;
}

/** What a control listener tells. Must not throw. */
export interface ClientListener {
  /**
   * `descriptor`: a copy of the client's socket, non-blocking, which the callee closes. Nothing is read before
   * resumeClient.
   */
  onClient(client: number, descriptor: number): void;
  /**
   * A piece of what it sent, and descriptors that came with it, which the callee closes. `isCut`: there were more.
   * `user`: who connected.
   */
  onBytes(client: number, bytes: Buffer, descriptors: readonly number[], isCut: boolean, user: number): void;
  /** It sends no more; told once. */
  onEnd(client: number, user: number): void;
}

/** Failed system calls throw or reject with an Error that has `errno` (positive number) and `syscall`. */
export interface Addon extends ProgramCalls {
  /** A memfd of so many bytes, mapped; only pages written to take memory. */
  allocateIndexRegion(bytes: number): IndexRegion;
  /** Maps a region that another process allocated; takes the descriptor. EINVAL: it has another size. */
  adoptIndexRegion(descriptor: number, bytes: number): IndexRegion;
  /** Number by which another thread of this process can join the region. */
  regionNumber(handle: RegionHandle): number;
  /** The same memory for this thread. ENOENT: there is no such region any more. */
  joinIndexRegion(number: number): IndexRegion;
  /**
   * From now on, in the whole process, a crash is noted in the index that the crashing thread works for
   * (HEADER.crashes).
   */
  noteCrashes(): void;
  /** The region's memfd, which the caller closes; -1 when it was given away before. The region stays mapped. */
  releaseIndexDescriptor(handle: RegionHandle): number;
  /**
   * Gives the region's memory back: every byte reads as 0 from then on, this thread's `buffer` has none any more, and
   * the address space goes with the last thread or session that has the region. A second call does nothing.
   */
  discardIndexRegion(handle: RegionHandle): void;
  /**
   * Serves a mount from threads of its own; EAGAIN when there are none to be had. What they cannot answer waits for
   * somebody who serves the
   * session.
   */
  startSession(options: SessionOptions, owner: SessionOwner): SessionHandle;
  /** Number by which a thread of this process can serve the session. */
  sessionNumber(session: SessionHandle): number;
  /** Answers all that waits for a server with an errno, and, where that is final, all that would from now on. */
  failSession(session: SessionHandle, errno: number, isFinal: boolean): void;
  /** Answers all that waits, for a server or for the medium, with EIO: the mount has no users any more. */
  abandonSession(session: SessionHandle): void;
  /**
   * Gives the device up, whoever still has the mount; with its last descriptor, in whatever process, the mount fails
   * for all. A thread that is about to wait misses it: to be called again until the session has ended.
   */
  disconnectSession(session: SessionHandle): void;
  /**
   * Whether requests have waited since the last call and no thread of the session has taken any. False while all its
   * threads are in requests: a medium that hangs is not their death.
   */
  isNeglected(session: SessionHandle): boolean;
  sessionCounters(session: SessionHandle): SessionCounters;
  traceSession(session: SessionHandle, isOn: boolean): void;
  /** What was traced since the last call, 4096 requests at most. */
  takeTrace(session: SessionHandle): SessionTrace;
  /**
   * From now on this thread is asked, for what waits already too, until it leaves or ends. ENOENT: the mount is
   * gone.
   */
  serveSession(number: number, listener: SessionListener): ServerHandle;
  /** Nothing is asked any more; what was and has no answer yet waits for another server. */
  leaveSession(server: ServerHandle): void;
  /** Answers what waits for a directory: its state was published, or `errno` says why not (0 otherwise). */
  resumeSession(server: ServerHandle, row: number, errno: number): void;
  /**
   * Answers a read with all the bytes it wants (none for an open), which are copied before this returns, or with an
   * errno. Nothing happens when it needs no answer any more.
   */
  replyRead(server: ServerHandle, ticket: number, result: Uint8Array | number): void;
  /**
   * Takes decoded units, which are copied before this returns, and answers what waits for them; a number is the errno
   * of all. `errors`: for each unit an errno, or 0 where it is there; absent where all are. Nothing happens when
   * nobody wants them.
   */
  fillUnits(server: ServerHandle, ticket: number, result: Uint8Array | number, errors?: Int32Array): void;
  /** Bytes of decoded units that the process keeps. */
  setUnitBudget(bytes: number): void;
  /** Bytes of those that it has now. */
  unitBytes(): number;
  /** Whether anything waits for a directory. */
  isWaitedFor(server: ServerHandle): boolean;
  /** Reads of file content that the session has taken. */
  countReads(server: ServerHandle): number;
  /** Threads, so many at most, for calls that may never return. Ends with closeIoPool, or with this thread. */
  openIoPool(threads: number): IoPoolHandle;
  /** What has not begun is dropped; what has ends by itself, with nobody waiting. */
  closeIoPool(pool: IoPoolHandle): void;
  /** One pread(2); fewer bytes than `length` also before the end. */
  poolRead(
    pool: IoPoolHandle,
    fileDescriptor: number,
    length: number,
    position: number,
  ): Promise<ArrayBuffer>;
  poolOpen(pool: IoPoolHandle, path: string, flags: number): Promise<number>;
  poolStat(pool: IoPoolHandle, file: string | number): Promise<FileFacts>;
  /** Type of the file system that an open file is on (linux/magic.h). */
  poolFileSystem(pool: IoPoolHandle, fileDescriptor: number): Promise<number>;
  /** Target of a symlink; EINVAL: it is none. */
  poolReadSymlink(pool: IoPoolHandle, path: string): Promise<string>;
  /**
   * Writes small files (file-batch.cc has the form of the records), each under the name `draft` first. `image`: what
   * those are read from that do not bring their content, -1 for nothing. Gives a byte for each: 1 where it has its
   * name, 0 where nothing was left, also since the name was taken.
   */
  poolWriteFiles(
    pool: IoPoolHandle,
    image: number,
    draft: Uint8Array,
    records: Uint8Array,
  ): Promise<ArrayBuffer>;
  /** Copies bytes of an open file into another; gives how many before the first fault, or the source's end. */
  poolCopy(
    pool: IoPoolHandle,
    source: number,
    position: number,
    target: number,
    targetPosition: number,
    length: number,
  ): Promise<number>;
  /**
   * Has room set aside for what will be written, where that makes writing faster; changes no size, and never fails
   * for
   * room.
   */
  poolReserve(pool: IoPoolHandle, target: number, position: number, length: number): Promise<void>;
  /** Closes when it is its turn; also when it rejects, the descriptor is gone. */
  poolClose(pool: IoPoolHandle, fileDescriptor: number): Promise<void>;
  /** Closes them in the background, one behind the other: even that may wait for a dead file system. */
  closeDescriptors(fileDescriptors: readonly number[]): void;
  /** Ends the process at once (_exit(2)): process.exit waits for threads of libuv's, which may hang. */
  endProcess(code: number): never;
  /** Gives memory that is free in the process back to the kernel (malloc_trim); takes milliseconds. */
  trimMemory(): void;
  /** Number of this thread, as the kernel has it (gettid(2)). */
  threadNumber(): number;
  /** Clock of this thread's processor time, for threadSeconds in any thread. */
  threadClock(): number;
  /** Seconds of processor time; undefined when that thread has ended. */
  threadSeconds(clock: number): number | undefined;
  /** mount(2), always read-only, nosuid, nodev. `target`: a path, or a descriptor of the directory. */
  mount(source: string, target: string | number, type: string, options: string): Promise<void>;
  /** umount2(2), never through a symlink. Of a descriptor: what is mounted on top of the directory that it is. */
  unmount(target: string | number, lazy: boolean): Promise<void>;
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
  /**
   * Sends `header` and `length` bytes of a file to a socket that does not block, from the page cache: few by one
   * copy, many by none (cachestat, sendfile), and as much as it takes at once. Gives the bytes sent, those of
   * `header` included; -1, with nothing sent, when the file's are not all in memory, or the kernel cannot tell, which
   * for many it can since Linux
   * 6.5. Never waits and never throws.
   */
  sendCached(
    socket: number,
    header: Uint8Array,
    fileDescriptor: number,
    position: number,
    length: number,
  ): number;
  /**
   * Has a TCP socket send as fast as its peer takes (TCP_CONGESTION reno): the timers of congestion controls that
   * pace, as BBR does, cost more than sending within one machine. False where that cannot be had. Never throws.
   */
  stopPacing(socket: number): boolean;
  /** Lets more bytes wait in a socket to be sent, as far as the system lets this process (SO_SNDBUF). Never throws. */
  enlargeSendBuffer(socket: number, bytes: number): void;
  /**
   * Decompresses blocks of RFC 1950, or where `isBare` of RFC 1951, in a thread.
   * `places`: of each block where it starts in `stored`, its bytes,
   * where its content goes in `target`, and the bytes of that. Gives a byte for each: 1 where its content is exactly
   * that long; all 0 where no zlib is to be had. Neither array may be touched until the promise settles.
   */
  inflateBlocks(
    stored: Uint8Array,
    places: Uint32Array,
    target: Uint8Array,
    isBare: boolean,
  ): Promise<Uint8Array>;
  /** CRC-32C of all bytes so far: `crc` is that of those before, 0 of none. Never throws. */
  readonly crc32c: (crc: number, bytes: Uint8Array) => number;
  /** Has the kernel let go of a file's pages, so that the next reads reach its medium (posix_fadvise, DONTNEED). */
  dropCached(fileDescriptor: number): Promise<void>;
  /** Takes room on the disk for so many bytes of a file, which read as zeros (fallocate). */
  preallocate(fileDescriptor: number, bytes: number): Promise<void>;
  /** Locks a file for this descriptor alone (flock); false when another has it. */
  lockFile(fileDescriptor: number): boolean;
  /**
   * Blocks all signals of this thread but those of its own faults, or lets them in again; threads that it starts
   * meanwhile inherit that.
   */
  blockSignals(isBlocked: boolean): void;
  /** Gives an open file or directory an extended attribute (fsetxattr(2)). */
  setAttribute(fileDescriptor: number, name: string, value: Uint8Array): void;
  /**
   * Sends variables, and up to 4 descriptors, to a service manager (sd_notify(3)): to its NOTIFY_SOCKET, or over a
   * socket that is connected to it. Never waits; false when there is no room now.
   */
  notify(socket: string | number, text: string, descriptors: readonly number[]): boolean;
  /** Who was at the other end of a Unix socket when it was connected (SO_PEERCRED, SO_PEERGROUPS). */
  peerCredentials(socket: number): PeerCredentials;
  /** A copy, which the caller closes. */
  duplicateDescriptor(descriptor: number): number;
  /**
   * Sets O_APPEND, which does nothing to a device and shows in /proc/self/fdinfo: this descriptor of /dev/fuse, and
   * every copy of it, is a session's of ours, not libfuse's.
   */
  markDescriptor(descriptor: number): void;
  /** Flags with which it was opened, such as O_PATH (F_GETFL). */
  descriptorFlags(descriptor: number): number;
  /** Serves a listening Unix socket from a thread of its own; takes the descriptor. */
  listenForClients(descriptor: number, limits: ClientLimits, listener: ClientListener): ControlListenerHandle;
  /** Has the next piece of a client, or its end, told. Of one that this is never called for, nothing is received. */
  resumeClient(handle: ControlListenerHandle, client: number): void;
  /** Nothing more of it is told. */
  dropClient(handle: ControlListenerHandle, client: number): void;
  /** Closes the listening socket; clients stay. */
  stopAccepting(handle: ControlListenerHandle): void;
  closeListener(handle: ControlListenerHandle): void;
  /**
   * Sends bytes over a Unix socket, with up to 128 descriptors that come with the first byte (SCM_RIGHTS). Never waits;
   * gives how many bytes were sent.
   */
  sendDescriptors(socket: number, bytes: Uint8Array, descriptors: readonly number[]): number;
}

/** True for errors of the addon's system calls. */
export function isAddonError(thrown: unknown): thrown is Error & { errno: number; syscall: string } {
  return (
    thrown instanceof Error && 'errno' in thrown && typeof thrown.errno === 'number' && 'syscall' in thrown
  );
}

/** Loads the addon; throws the loader's own error where it was not built or does not fit this machine. */
export function loadAddon(): Addon {
  const named = process.env.ISODRIVE_ADDON ?? '';
  const path = named === '' ? join(projectRoot(), 'build/release/isodrive.node') : named;
  return createRequire(import.meta.url)(path) as Addon;
}

/** The folder with package.json: this file runs from native/ in tests and from dist/native/ otherwise. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('Cannot find package.json above the addon loader');
    folder = parent;
  }
  return folder;
}
