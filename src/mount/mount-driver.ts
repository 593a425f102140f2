// The contract of everything that can show an index as a mounted file system.
import type { ByteSource } from '../source/byte-source.js';
import type { DiscIndex } from '../index/disc-index.js';
import type { IndexMemory } from '../index/index-memory.js';

export const DRIVER_NAMES = ['erofs', 'fuse', 'fuse-native'] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];

export interface MountRequest {
  readonly index: DiscIndex;
  /** The image's bytes; the mount does not own it and must not use it after `ended` settles. */
  readonly source: ByteSource;
  /** Absolute path of an existing, empty directory. */
  readonly directory: string;
  /** Shown as the device in mount tables: the image's path. */
  readonly sourceName: string;
  /** Volume label, for `statfs` and mount tables; may be empty. */
  readonly label: string;
  /** Let other users than the mounter in (needs root, or user_allow_other in /etc/fuse.conf). */
  readonly allowOther: boolean;
  /**
   * Called once mounted, before the first request is answered, by drivers whose mounts can be taken over. The
   * descriptors stay the driver's.
   */
  readonly keep?: (held: HeldDescriptors) => void;
  /** Gives up a mount that is being made. */
  readonly signal?: AbortSignal;
}

/** What a mount can go on with in another process; whoever is handed descriptors closes them. */
export interface HeldDescriptors {
  /** /dev/fuse, bound to the mount. */
  readonly device: number;
  /** The memory of its index. */
  readonly index: number;
}

/** Why a mount ended. */
export interface MountEnd {
  /** `unmounted`: by us or by somebody's umount; `failed`: the driver broke, `error` says how. */
  readonly reason: 'unmounted' | 'failed';
  readonly error?: Error;
}

/** Work of a mount since this process serves it. */
export interface MountCounters {
  readonly requests: number;
  readonly reads: number;
  /** Bytes of file content that were asked for; what the kernel has cached it does not ask for. */
  readonly readBytes: number;
  /** Time spent on requests, waiting for the medium included; requests overlap. */
  readonly busySeconds: number;
}

export interface ActiveMount {
  readonly driver: DriverName;
  readonly directory: string;
  /** Device number of the mounted file system, as "major:minor" in /proc/self/mountinfo. */
  readonly device: string | undefined;
  /** Settles once, when the file system is gone, whoever unmounted it; never rejects. */
  readonly ended: Promise<MountEnd>;
  /** The kernel serves it from the image's own file: index and source may be closed, and it outlives this process. */
  readonly servedByKernel?: true;
  /** Reads of file content answered so far; absent where the driver does not count. */
  readonly reads?: number;
  /** Absent where the driver does not count. */
  readonly counters?: MountCounters;
  /**
   * Whether requests have waited since the last call and nobody has taken any; a request that waits for its medium was
   * taken. Absent where JavaScript itself or the kernel serves.
   */
  isNeglected?(): boolean;
  /**
   * Unmounts. Rejects with `busy` while files are open there, unless `lazy` (detach now, end when the last user
   * goes). After it resolves the directory is no mount point any more.
   */
  unmount(options: { lazy: boolean }): Promise<void>;
}

export interface DriverAvailability {
  readonly available: boolean;
  /** Why not, and the exact fix; present when not available. */
  readonly reason?: string;
  readonly fix?: string;
}

export interface MountDriver {
  readonly name: DriverName;
  /** Serves only some images: when `mount` rejects, the next driver may do it. */
  readonly isPartial?: true;
  /** Memory for an index that this driver is to mount; absent where any will do. */
  createMemory?(): IndexMemory;
  /** Whether it can work on this machine for this user; touches nobody's mount. */
  check(): Promise<DriverAvailability>;
  /**
   * Mounts. Rejects with `policy` or `permission` (the platform refuses), `busy`, or `unsupported` (this driver cannot
   * serve this image, another may). Nothing is left behind on rejection.
   */
  mount(request: MountRequest): Promise<ActiveMount>;
  /** Memory of an index that another process filled; closes the descriptor. Absent where mounts cannot be taken over. */
  adoptMemory?(index: number): IndexMemory;
  /** Goes on with a mount of another process, which has ended, and takes its device. `index` is in adopted memory. */
  takeOver?(request: MountRequest, device: number): Promise<ActiveMount>;
}
