// What the control socket asks of whoever holds the mounts: MountManager, where file systems are ours to serve, or
// WindowsMounts, where the system serves them.
import { IsodriveError } from '../../src/base/error.js';
import type {
  MountParams,
  MountResult,
  MountSummary,
  UnmountParams,
  UnmountResult,
  UnmountedSummary,
} from '../../src/protocol/messages.js';
import type { MountCaller } from './prepare-mount.js';
import type { Caller } from '../users/caller.js';

export interface MountService {
  /** Settled once the mounts of the last daemon are back. */
  readonly restored: Promise<void>;
  /** Whether there is any mount, or one being made or given back. */
  readonly isBusy: boolean;
  /** Those that a caller sees, oldest first. */
  list(caller?: Caller): Promise<MountSummary[]>;
  /** Mounts an image, or gives the mount it has. `from`: who calls the system service. */
  mount(wanted: MountParams, signal: AbortSignal, from?: MountCaller): Promise<MountResult>;
  /** Unmounts what the targets name. Never rejects for one of them: each failure is told beside its target. */
  unmount(params: UnmountParams, caller?: Caller): Promise<UnmountResult>;
  /** Says that a client holds a bound mount now. Rejects with `no-such-mount`. */
  bind(id: string, caller?: Caller): Promise<MountSummary>;
  /** Ends a bound mount whose client has gone, if it is there still. Never rejects. */
  release(id: string): Promise<void>;
  /** Brings back the mounts of a daemon that died. Call once, before any other method; never rejects. */
  restore(): Promise<void>;
  /** Gets ready, once the socket listens, what the next mount will want. */
  prepare(): void;
  /** Mounts whose requests nobody has taken since the last call. */
  findNeglected(): UnmountedSummary[];
  /** Rejects with `busy`, and names who uses which mount. */
  refuseWhileUsed(): Promise<void>;
  /** Unmounts everything, and takes no more mounts. Never rejects. */
  close(): Promise<void>;
}

export function daemonIsEnding(): IsodriveError {
  return new IsodriveError('busy', 'Daemon is ending, expected it to stay', {
    action: 'Run the command again: it starts a new daemon',
  });
}
