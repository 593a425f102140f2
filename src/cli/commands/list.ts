// isodrive list: the mounts, oldest first. Without a daemon there are none.
import { IsodriveError } from '../../base/error.js';
import type { ControlClient } from '../../protocol/client.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { MountSummary } from '../../protocol/messages.js';
import { connectToMounts } from '../../protocol/start-daemon.js';
import { findSocket } from '../find-socket.js';
import type { RunCommand } from '../command-spec.js';
import { formatMounts } from '../format-mounts.js';

const LIST_DEADLINE = 15_000;

export const runList: RunCommand = async (args, { output, signal }) => {
  const mounts = await listMounts(findSocket(args).path, signal);
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, mounts });
  else if (mounts.length === 0) output.noteNothing('nothing is mounted');
  else for (const line of await formatMounts(mounts)) await output.line(line);
  return undefined;
};

/** All mounts; none where no daemon runs. */
export async function listMounts(socketPath: string, signal: AbortSignal): Promise<readonly MountSummary[]> {
  let client: ControlClient;
  try {
    client = await connectToMounts({ socketPath, signal });
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code === 'daemon-unreachable') return [];
    throw thrown;
  }
  await using connection = client;
  return (await connection.call('list', {}, { signal, deadline: LIST_DEADLINE })).mounts;
}
