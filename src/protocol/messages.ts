// The words of the control socket: JSON-RPC 2.0, one message a line. Types only, so that the command line starts
// without a validator; the daemon checks every parameter (daemon/control/params.ts must accept exactly these).
import type { MountValues } from '../options/mount-options.js';
import type { ViewValues } from '../options/view-options.js';
import type { TreeKind } from '../filesystem/contract/file-tree.js';
import type { MountCounters } from '../mount/mount-driver.js';
import type { DriverName } from '../options/driver-names.js';

/** Version of every JSON object that is printed or sent. Changes are additive; this grows when one is not. */
export const SCHEMA_VERSION = 1;

/** Longest message either side takes, in bytes, its newline included. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** Targets that one unmount may name. */
export const MAX_TARGETS = 1024;

/**
 * What the file at the image's path is, compared with what was mounted: `changed` in place, `truncated` (shorter,
 * so that reads beyond its end fail), `replaced` (another file has the path; the mount shows the old), `deleted` (no
 * file can be seen there; the mount shows the old), or `unknown` (its medium does not answer).
 */
export type ImageState = 'ok' | 'changed' | 'truncated' | 'replaced' | 'deleted' | 'unknown';
/** `damaged`: the file is as it was, and some of it cannot be read, see `damage`. */
/** `crashed`: the mount has crashed the daemon again and again, and is not there until somebody makes it again. */
export type MountState = ImageState | 'damaged' | 'crashed';

/** What a client of the system service opens itself, and passes beside the message that names it. */
export const PASSED_NAMES = ['image', 'directory', 'map'] as const;
export type PassedName = (typeof PASSED_NAMES)[number];
/** Files beside the image that one message may name: with it, as many as an image has at most (MAX_IMAGE_FILES). */
export const MAX_PASSED_BESIDE = 99;
/** Descriptors of one message; native/control/passed-descriptors.hh has room for more. */
export const MAX_PASSED = PASSED_NAMES.length + MAX_PASSED_BESIDE;

/** What the options of a mount are is said in their tables, src/options. */
export interface MountParams extends ViewValues, MountValues {
  /** Absolute path; for the system service, which opens no paths, only what the image is called. */
  readonly image: string;
  /**
   * Names of the descriptors that come with this message (SCM_RIGHTS), in their order; the system service needs
   * them.
   */
  readonly descriptors?: readonly PassedName[] | undefined;
  /**
   * Names of the files beside the image that are part of it, without folders; their descriptors follow those of
   * `descriptors`, in this order.
   */
  readonly beside?: readonly string[] | undefined;
}

/** Counters of a mount, and what they come to. */
export interface CountersSummary extends MountCounters {
  /** Reads that the page cache answered. */
  readonly cachedReads: number;
  /** Within how much time half, and 99 of 100, were answered: powers of two. */
  readonly latencyMicroseconds: { readonly p50: number; readonly p99: number };
  readonly readLatencyMicroseconds: { readonly p50: number; readonly p99: number };
}

/** Files by what verification says of them. */
export interface VerifiedFiles {
  readonly ok: number;
  readonly mismatch: number;
  /** Nothing on the disc speaks for them. */
  readonly unknown: number;
  /** Something does, and nobody has read them yet. */
  readonly pending: number;
  /** Paths of the first that do not agree. */
  readonly files: readonly string[];
}

/** What of an image is known to be damaged so far. */
export interface DamageSummary {
  /** Bytes of a truncated image, and what its volume says it has; absent for one that is whole. */
  readonly endsAt?: number;
  readonly expectedSize?: number;
  /** Files that reach beyond the end. */
  readonly filesBeyondEnd: number;
  /** The whole tree has been looked at: there are no more such files than those. */
  readonly isWhole: boolean;
  /** The first of what else is damaged. */
  readonly messages: readonly string[];
}

export interface MountSummary {
  readonly id: string;
  /** User of a mount of the system service; absent elsewhere. */
  readonly owner?: number;
  /** Absolute path of the image, symlinks resolved; in the system service, what its user calls it. */
  readonly image: string;
  /** Names of the files beside it that are part of it; absent where there are none. */
  readonly beside?: readonly string[];
  readonly mountPoint: string;
  /** Volume label; may be empty. */
  readonly label: string;
  /** `cdfs`: Windows shows the Joliet tree, or without one the names of ISO 9660. */
  readonly tree: TreeKind | 'cdfs';
  readonly driver: DriverName | 'windows';
  readonly allowOther: boolean;
  /** Bytes of the image when it was mounted. */
  readonly size: number;
  /** ISO 8601, UTC. */
  readonly mountedAt: string;
  readonly state: MountState;
  /** Faults met in the image so far. */
  readonly findings: number;
  /** Absent where nothing is known to be damaged. */
  readonly damage?: DamageSummary;
  /** Entries in the index so far. */
  readonly entries: number;
  /** Absent where the driver does not count. */
  readonly counters?: CountersSummary;
  /** Absent where verification is not wanted. */
  readonly verified?: VerifiedFiles;
  /** Drivers that would have been faster, and why they do not serve this mount; absent when there are none. */
  readonly passedOver?: readonly { readonly driver: DriverName; readonly reason: string }[];
}

export interface MountResult {
  readonly mount: MountSummary;
  /** The image was mounted already, and `mount` is that mount. */
  readonly existing: boolean;
}

/** What a user may call a mount: id, unique id prefix, label, mount point or image path. */
export interface UnmountTarget {
  /** As the user wrote it. */
  readonly name: string;
  /** Absolute paths that the name can stand for. */
  readonly paths: readonly string[];
}

export interface UnmountParams {
  readonly targets?: readonly UnmountTarget[];
  readonly all?: boolean;
  /** Detach at once even while files are open there. */
  readonly lazy?: boolean;
}

export interface UnmountedSummary {
  readonly id: string;
  readonly image: string;
  readonly mountPoint: string;
  /** Processes of other mount namespaces that had a copy when it was unmounted; it has ended for them too. */
  readonly heldBy?: readonly { readonly pid: number; readonly program: string }[];
}

export interface UnmountFailure {
  readonly target: string;
  readonly error: RpcError;
}

export interface UnmountResult {
  readonly unmounted: readonly UnmountedSummary[];
  readonly failed: readonly UnmountFailure[];
}

export interface DaemonStatus {
  readonly pid: number;
  readonly version: string;
  readonly socket: string;
  /** Log file; absent when the daemon logs to its stderr. */
  readonly log?: string;
  /** Seconds since the daemon started. */
  readonly uptime: number;
  /** Resident memory of the daemon, bytes; the system service tells it to administrators only. */
  readonly memory?: number;
  /** Whether a successor would go on with the mounts; the system service tells it to administrators only. */
  readonly keeper?: KeeperState;
  /** Lines that the log did not take, since the daemon started. */
  readonly lostLogLines?: number;
  readonly mounts: readonly MountSummary[];
}

/**
 * Who keeps the mounts should the daemon die: `none` from the start, `alive`, `stopped` (by a signal) or `gone`; in the
 * last two cases the mounts hang, or end, with the daemon.
 */
export type KeeperState = 'none' | 'alive' | 'stopped' | 'gone';

/** What `watch` shows; every event carries the time it was met, ISO 8601, UTC. */
export type DaemonEvent =
  | { readonly event: 'mounted'; readonly time: string; readonly mount: MountSummary }
  | {
      readonly event: 'unmounted';
      readonly time: string;
      readonly mount: UnmountedSummary;
      /** `requested` through the socket, `outside` by somebody's umount, `failed` when the driver broke. */
      /** `ejected`: its disc has left the drive. */
      readonly reason: 'requested' | 'outside' | 'failed' | 'ejected';
      readonly error?: string;
    }
  | {
      readonly event: 'finding';
      readonly time: string;
      readonly mount: UnmountedSummary;
      readonly severity: 'note' | 'warning' | 'damage';
      readonly code: string;
      readonly message: string;
    }
  /** What a mount has done so far; every few seconds in which it does something. */
  | {
      readonly event: 'activity';
      readonly time: string;
      readonly mount: UnmountedSummary;
      readonly counters: CountersSummary;
    }
  | { readonly event: 'shutdown'; readonly time: string };

/** A daemon of some installation: absolute paths of isodrived and of the node that runs it. */
export interface DaemonProgram {
  readonly executable: string;
  readonly program: string;
}

/** Method name -> its parameters and result. */
export interface Methods {
  mount: { params: MountParams; result: MountResult };
  unmount: { params: UnmountParams; result: UnmountResult };
  /** Ties a bound mount to this connection, when the daemon that it was made by is gone. */
  bind: { params: { readonly id: string }; result: { mount: MountSummary } };
  list: { params: Record<string, never>; result: { mounts: readonly MountSummary[] } };
  status: { params: Record<string, never>; result: DaemonStatus };
  /** After its answer the daemon sends every event as a notification `event` on this connection. */
  watch: { params: Record<string, never>; result: { watching: true } };
  /** `program`: what the daemon is run from; absent where it is too old to say. */
  version: { params: Record<string, never>; result: { version: string; pid: number; program?: string } };
  /**
   * A new process takes over, and all mounts stay: of the program that is named, or of the daemon's own again. The
   * system service takes its own alone. Rejects with `unsupported` where mounts would be lost, unless `force`.
   */
  upgrade: {
    params: { readonly successor?: DaemonProgram | undefined; readonly force?: boolean | undefined };
    result: { pid: number };
  };
  /** Rejects with `busy` while programs use mounts, unless `force`, which takes the mounts away from them. */
  shutdown: { params: { readonly force?: boolean }; result: { pid: number } };
}

export type MethodName = keyof Methods;

/** JSON-RPC 2.0 section 5.1; `data` carries what the command line prints. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: {
    readonly code: string;
    readonly hint: string;
    readonly exit: number;
    /** What belongs on lines of its own; absent where there is none. */
    readonly details?: readonly string[];
  };
}

export interface RpcRequest {
  readonly jsonrpc: '2.0';
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}

export type RpcResponse =
  | { readonly jsonrpc: '2.0'; readonly id: number | string | null; readonly result: unknown }
  | { readonly jsonrpc: '2.0'; readonly id: number | string | null; readonly error: RpcError };

export interface RpcNotification {
  readonly jsonrpc: '2.0';
  readonly method: 'event' | 'cancel';
  readonly params: unknown;
}
