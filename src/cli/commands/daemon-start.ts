// isodrive daemon start: starts isodrived in the background; refuses (exit code 7) when one runs.
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { IsodriveError } from '../../base/error.js';
import { findSocket } from '../find-socket.js';
import { startDaemon } from '../../protocol/start-daemon.js';
import type { RunCommand } from '../command-spec.js';

export const runDaemonStart: RunCommand = async (args, { output, signal }) => {
  const { path: socket, isSystem } = findSocket(args);
  if (isSystem) throw refuseService();
  const pid = await startDaemon({ socketPath: socket, signal });
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, pid, socket });
  else await output.line(`isodrived runs as process ${pid}`);
  return undefined;
};

function refuseService(): IsodriveError {
  return new IsodriveError(
    'usage',
    'Cannot start the system service from here, expected its units to do that',
    {
      action: 'Run systemctl start isodrived.socket, or isodrive daemon run --system',
    },
  );
}
