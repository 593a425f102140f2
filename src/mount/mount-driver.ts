// The contract of everything that can show an index as a mounted file system.
import type { SessionCounters } from '../../native/index.js';
import type { Diagnosis } from './diagnosis.js';
import type { MountHolder } from './mount-holders.js';
import type { SessionTrace } from '../../native/index.js';
import type { IndexMemory } from '../index/index-memory.js';
import type { DriverName } from '../options/driver-names.js';
import type { ServedImage } from './served-image.js';

/** A user and their group, by number. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface MountRequest {
  /** The mount does not own it and must not use it after `ended` settles. */
  readonly image: ServedImage;
  /** Absolute path of an existing, empty directory. */
  readonly directory: string;
  /** Shown as the device in mount tables: the image's path. */
  readonly sourceName: string;
  /** Volume label, for `statfs` and mount tables; may be empty. */
  readonly label: string;
  /** Let other users than the mounter in (needs root, or user_allow_other in /etc/fuse.conf). */
  readonly allowOther: boolean;
  /** Whom root makes the mount for: only they get in, and all files are theirs. Absent: the mounter. */
  readonly owner?: FileOwner;
  /** The directory, open: it is mounted on and unmounted whatever `directory` means by then. Outlives the mount. */
  readonly point?: number;
  /** "major:minor" of a mount that another process made, where it is known. */
  readonly device?: string;
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

/** An open file, by what it is called in its folder. */
export interface NamedDescriptor {
  readonly name: string;
  readonly descriptor: number;
}

/** What a caller has opened for a mount of theirs: none of it can be opened again by its path. */
export interface CallerDescriptors {
  readonly image: number;
  /** The files beside it that are part of it. */
  readonly beside: readonly NamedDescriptor[];
  /** The directory to mount on. */
  readonly point: number;
  /** The map of what was read when the image was made. */
  readonly map?: number;
}

/** Why a mount ended. */
export interface MountEnd {
  /** `unmounted`: by us or by somebody's umount; `failed`: the driver broke, `error` says how. */
  readonly reason: 'unmounted' | 'failed';
  readonly error?: Error;
}

/** Work of a mount since this process serves it. */
export type MountCounters = SessionCounters;

export interface ActiveMount {
  readonly driver: DriverName;
  readonly directory: string;
  /** Device number of the mounted file system, as "major:minor" in /proc/self/mountinfo. */
  readonly device: string | undefined;
  /** Settles once, when the file system is gone, whoever unmounted it; never rejects. */
  readonly ended: Promise<MountEnd>;
  /** The kernel serves it from the image's own file: index and source may be closed, and it outlives this process. */
  readonly servedByKernel?: true;
  /** Absent where the driver does not count. */
  readonly counters?: MountCounters;
  /** Records requests from now on, or no longer; absent where the driver cannot. */
  trace?(isOn: boolean): void;
  /** What was recorded since the last call. */
  takeTrace?(): SessionTrace;
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
  /** Who had a copy of it in another mount namespace when it was unmounted; it has ended for them too. */
  readonly heldBy?: readonly MountHolder[];
}

export interface DriverAvailability {
  readonly available: boolean;
  /** Why not, and the exact fix; present when not available. */
  readonly reason?: string;
  readonly fix?: string;
  /** The machine or its user lacks something that every driver of the kind needs, not this driver alone. */
  readonly isGeneral?: true;
}

export interface MountDriver {
  readonly name: DriverName;
  /** Serves only some images: when `mount` rejects, the next driver may do it. */
  readonly isPartial?: true;
  /** Memory for an index that this driver, or one that is asked after it, is to mount; other threads can share it. */
  createMemory(): IndexMemory;
  /** Whether it can work on this machine for this user; touches nobody's mount. */
  check(): Promise<DriverAvailability>;
  /** What it needs and others do not, for the doctor. */
  diagnose?(): Diagnosis;
  /**
   * Mounts. Rejects with `policy` or `permission` (the platform refuses), `busy`, or `unsupported` (this driver cannot
   * serve this image, another may). Nothing is left behind on rejection.
   */
  mount(request: MountRequest): Promise<ActiveMount>;
  /**
   * Memory of an index that another process filled; closes the descriptor. Absent where mounts cannot be taken
   * over.
   */
  adoptMemory?(index: number): IndexMemory;
  /** Goes on with a mount of another process, which has ended, and takes its device. `index` is in adopted memory. */
  takeOver?(request: MountRequest, device: number): Promise<ActiveMount>;
}
