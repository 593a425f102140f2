// isodrive daemon start: starts isodrived in the background; where one runs, says so.
import { ControlClient } from '../../protocol/client.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { IsodriveError } from '../../base/error.js';
import { findSocket } from '../find-socket.js';
import { START_DEADLINE, startDaemon } from '../../protocol/start-daemon.js';
import type { RunCommand } from '../command-spec.js';

export const runDaemonStart: RunCommand = async (args, { output, signal }) => {
  const { path: socket, isSystem } = findSocket(args);
  if (isSystem) throw refuseService();
  const { pid, existing } = await startOrFind(socket, signal);
  if (existing) output.note(`isodrived runs already, as process ${pid}`);
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, pid, socket, existing });
  else if (!existing) await output.line(`isodrived runs as process ${pid}`);
  return undefined;
};

async function startOrFind(
  socketPath: string,
  signal: AbortSignal,
): Promise<{ readonly pid: number; readonly existing: boolean }> {
  try {
    return { pid: await startDaemon({ socketPath, signal }), existing: false };
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'busy') throw thrown;
    await using client = await ControlClient.connect(socketPath);
    const { pid } = await client.call('version', {}, { signal, deadline: START_DEADLINE });
    return { pid, existing: true };
  }
}

function refuseService(): IsodriveError {
  return new IsodriveError(
    'usage',
    'Cannot start the system service from here, expected its units to do that',
    {
      action: 'Run systemctl start isodrived.socket, or isodrive daemon run --system',
    },
  );
}
