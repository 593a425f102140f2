// isodrive daemon start: starts isodrived in the background; refuses (exit code 7) when one runs.
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { controlSocketPath } from '../../protocol/socket-path.js';
import { startDaemon } from '../../protocol/start-daemon.js';
import type { RunCommand } from '../command-spec.js';

export const runDaemonStart: RunCommand = async (args, { output, signal }) => {
  const socket = controlSocketPath(args.text('socket'));
  const pid = await startDaemon({ socketPath: socket, signal });
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, pid, socket });
  else await output.line(`isodrived runs as process ${pid}`);
  return undefined;
};
