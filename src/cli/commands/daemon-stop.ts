// isodrive daemon stop: returns when everything is unmounted and the daemon has gone, at once where none runs.
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError } from '../../base/error.js';
import { quoteForShell } from '../../base/shell-word.js';
import { ControlClient } from '../../protocol/client.js';
import { readMountTable } from '../../mount/mount-table.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { findSocket } from '../find-socket.js';
import type { RunCommand } from '../command-spec.js';

/** Milliseconds for a daemon to unmount everything and end. */
const STOP_DEADLINE = 20_000;
const POLL_INTERVAL = 10;

export const runDaemonStop: RunCommand = async (args, { output, signal }) => {
  await using client = await connectIfRunning(findSocket(args).path);
  if (client === undefined) {
    output.note('no daemon runs');
    if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, pid: null, leftMounted: [] });
    return undefined;
  }
  const before = await listPlaces(client, signal);
  const { pid } = await client.call(
    'shutdown',
    { force: args.flag('force') },
    { signal, deadline: STOP_DEADLINE },
  );
  const deadline = Date.now() + STOP_DEADLINE;
  while (isRunning(pid)) {
    if (signal.aborted) throw new IsodriveError('cancelled', 'Waiting for isodrived was interrupted');
    if (Date.now() > deadline) {
      throw new IsodriveError(
        'timeout',
        `isodrived, process ${pid}, did not end within ${STOP_DEADLINE / 1000} s`,
      );
    }
    await sleep(POLL_INTERVAL);
  }
  // The kernel gives the number of a mount that has gone to the next one, wherever that is.
  const left =
    before.size === 0
      ? []
      : readMountTable().filter(({ id, directory }) => before.get(directory)?.has(id) === true);
  for (const { directory } of left) {
    output.note(`"${directory}" could not be unmounted, and has no server any more: ${removal(directory)}`);
  }
  const leftMounted = left.map(({ directory }) => directory);
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, pid, leftMounted });
  else await output.line(`isodrived, process ${pid}, has ended`);
  return undefined;
};

/** Mount points of the daemon, and the ids of what is mounted there, in the mount table of this process. */
async function listPlaces(
  client: ControlClient,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const { mounts } = await client.call('list', {}, { signal, deadline: STOP_DEADLINE });
  const places = new Map(mounts.map(({ mountPoint }) => [mountPoint, new Set<number>()]));
  const entries = process.platform === 'linux' ? readMountTable() : [];
  for (const { id, directory } of entries) places.get(directory)?.add(id);
  return places;
}

/** The command that removes a mount without its server. */
function removal(directory: string): string {
  return `sudo umount --lazy ${quoteForShell(directory)}`;
}

async function connectIfRunning(socketPath: string): Promise<ControlClient | undefined> {
  try {
    return await ControlClient.connect(socketPath);
  } catch (thrown) {
    const isGone = thrown instanceof IsodriveError && thrown.code === 'daemon-unreachable';
    if (!isGone) throw thrown;
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
