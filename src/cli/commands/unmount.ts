// isodrive unmount TARGET...: every target is tried; the exit code is that of the first fault, or 11 when some went
// well.
import { IsodriveError } from '../../base/error.js';
import { MAX_TARGETS, SCHEMA_VERSION } from '../../protocol/messages.js';
import type { UnmountFailure, UnmountResult, UnmountTarget } from '../../protocol/messages.js';
import { decodeError, encodeError } from '../../protocol/rpc-error.js';
import { connectToMounts } from '../../protocol/start-daemon.js';
import { removeDefaultPoint } from '../../mount/mount-point.js';
import { findSocket } from '../find-socket.js';
import type { RunCommand } from '../command-spec.js';
import { reportError } from '../report-error.js';
import { usageError } from '../usage-error.js';
import { findTarget } from '../target-paths.js';

/** Milliseconds for the daemon to unmount everything that was named. */
const UNMOUNT_DEADLINE = 60_000;

export const runUnmount: RunCommand = async (args, { output, signal }) => {
  const names = args.list('targets');
  const all = args.flag('all');
  if (all === names.length > 0) {
    const message = all
      ? `Argument "${names[0]!}" and --all contradict each other, expected one of them`
      : 'No mount is named, expected what to unmount, or --all';
    throw usageError(message, 'unmount', all ? undefined : 'isodrive list shows the mounts.');
  }
  if (names.length > MAX_TARGETS) {
    throw new IsodriveError('usage', `Found ${names.length} targets, expected at most ${MAX_TARGETS}`);
  }
  const { path: socketPath, isSystem } = findSocket(args);
  const targets = await Promise.all(names.map(findTarget));
  const { unmounted, failed } = await unmount(socketPath, targets, {
    all,
    lazy: args.flag('lazy'),
    signal,
  });
  // It made the folder for the user, who alone may remove it.
  if (isSystem) for (const { mountPoint } of unmounted) await removeDefaultPoint(mountPoint);
  if (output.json) {
    await output.record({ schemaVersion: SCHEMA_VERSION, unmounted, failed: failed.map(describeFailure) });
  }
  await output.flush();
  for (const { mountPoint, heldBy = [] } of unmounted) {
    if (heldBy.length === 0) continue;
    const who = heldBy.map(({ pid, program }) => `${program} (${pid})`).join(', ');
    output.note(`"${mountPoint}" was copied into other mount namespaces, and ended there too: ${who}`);
  }
  const codes = failed.map(({ error }) => reportError(decodeError(error), output));
  if (unmounted.length === 0 || codes.length === 0) return codes[0];
  const total = failed.length + unmounted.length;
  throw new IsodriveError(
    'partial',
    `Cannot unmount ${failed.length} of ${total} targets, expected to unmount all`,
  );
};

async function unmount(
  socketPath: string,
  targets: readonly UnmountTarget[],
  { all, lazy, signal }: { all: boolean; lazy: boolean; signal: AbortSignal },
): Promise<UnmountResult> {
  try {
    await using client = await connectToMounts({ socketPath, signal });
    return await client.call('unmount', { targets, all, lazy }, { signal, deadline: UNMOUNT_DEADLINE });
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'daemon-unreachable') throw thrown;
    // Without a daemon there are no mounts: nothing to do for --all, and no target that could be one.
    return {
      unmounted: [],
      failed: targets.map(({ name }) => ({ target: name, error: encodeError(noMount(name)) })),
    };
  }
}

function noMount(name: string): IsodriveError {
  return new IsodriveError(
    'no-such-mount',
    `No mount is called "${name}": no daemon runs, expected a mount of one`,
  );
}

function describeFailure({ target, error }: UnmountFailure): object {
  const { code, message, action: hint, kind, details } = decodeError(error);
  return { target, code, message, ...(details.length === 0 ? {} : { details }), hint, exit: kind.exit };
}
