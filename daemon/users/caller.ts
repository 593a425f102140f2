// Who calls the system service, by the kernel's word, and what they may see. A daemon of one user has no callers: who
// may talk to it at all may do everything.
import type { PeerCredentials } from '../../native/index.js';
import { IsodriveError } from '../../src/base/error.js';
import type { FileOwner } from '../../src/mount/mount-driver.js';
import type { Policy, UserLimits } from './policy.js';

export interface Caller extends FileOwner {
  /** Sees and unmounts everything: root, and members of the group that the policy names. */
  readonly isAdministrator: boolean;
  readonly limits: UserLimits;
}

export function identifyCaller(peer: PeerCredentials, policy: Policy): Caller {
  const { uid, gid } = peer;
  return { uid, gid, isAdministrator: policy.isAdministrator(peer), limits: policy.limitsOf(peer) };
}

/** Whether a mount is there at all, as far as a caller is concerned. */
export function sees(caller: Caller | undefined, owner: FileOwner | undefined): boolean {
  return caller === undefined || caller.isAdministrator || caller.uid === owner?.uid;
}

/** Throws `permission` unless the caller may end or exchange the daemon. */
export function requireRoot(caller: Caller | undefined): void {
  if (caller === undefined || caller.uid === 0) return;
  throw new IsodriveError(
    'permission',
    `Caller is user ${caller.uid}, expected root: others use this service too`,
    {
      action: 'Ask an administrator',
    },
  );
}
