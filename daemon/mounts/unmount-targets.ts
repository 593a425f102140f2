// Unmounts what a call names, all at once; what cannot be is told beside its target.
import type {
  UnmountFailure,
  UnmountParams,
  UnmountResult,
  UnmountTarget,
  UnmountedSummary,
} from '../../src/protocol/messages.js';
import { encodeError } from '../../src/protocol/rpc-error.js';

export interface Unmounter<T> {
  /** Those that the caller sees. */
  readonly mounts: readonly T[];
  /** Throws where the target means none, or several. */
  readonly find: (target: UnmountTarget) => T;
  readonly unmount: (mount: T, lazy: boolean) => Promise<void>;
  readonly name: (mount: T) => UnmountedSummary;
}

/** Never rejects. */
export async function unmountTargets<T>(params: UnmountParams, by: Unmounter<T>): Promise<UnmountResult> {
  const chosen = new Map<T, string>();
  const failed: UnmountFailure[] = [];
  if (params.all === true) for (const mount of by.mounts) chosen.set(mount, by.name(mount).id);
  for (const target of params.targets ?? []) {
    try {
      chosen.set(by.find(target), target.name);
    } catch (thrown) {
      failed.push({ target: target.name, error: encodeError(thrown) });
    }
  }
  const unmounted: UnmountedSummary[] = [];
  await Promise.all(
    [...chosen].map(async ([mount, target]) => {
      try {
        await by.unmount(mount, params.lazy ?? false);
        unmounted.push(by.name(mount));
      } catch (thrown) {
        failed.push({ target, error: encodeError(thrown) });
      }
    }),
  );
  return { unmounted, failed };
}
