// isodrive daemon upgrade: returns when a new process, of this command's own installation, serves all mounts.
import { ControlClient } from '../../protocol/client.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { IsodriveError } from '../../base/error.js';
import { packageVersion } from '../../protocol/package-info.js';
import { daemonProgram } from '../../protocol/start-daemon.js';
import { findSocket } from '../find-socket.js';
import type { RunCommand } from '../command-spec.js';

/** Milliseconds for the old daemon to go, and for its successor to answer. */
const UPGRADE_DEADLINE = 20_000;

export const runDaemonUpgrade: RunCommand = async (args, { output, signal }) => {
  const { path: socket, isSystem } = findSocket(args);
  const options = { signal, deadline: UPGRADE_DEADLINE };
  await using old = await ControlClient.connect(socket);
  const before = await old.call('version', {}, options);
  const program = daemonProgram();
  await old.call('upgrade', { successor: { executable: process.execPath, program } }, options);
  await old.closed;
  // The listening socket is kept: this connection waits in its queue until the successor takes it.
  await using successor = await ControlClient.connect(socket);
  const after = await successor.call('version', {}, options);
  const { pid, version } = after;
  const own = packageVersion();
  if (!isSystem && (version !== own || (after.program ?? program) !== program)) {
    throw notOurs(`${version}${after.program === undefined ? '' : ` of "${after.program}"`}`, own);
  }
  if (output.json)
    await output.record({ schemaVersion: SCHEMA_VERSION, pid, version, socket, previous: before });
  else await output.line(`isodrived ${version} runs as process ${pid}, ${before.version} has ended`);
  return undefined;
};

/** Its keeper, or its unit, has started the same program again. */
function notOurs(found: string, own: string): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `isodrived ${found} has taken over, expected ${own} of this command`,
    {
      action:
        'All mounts are there. Another program takes over after isodrive daemon stop only, which unmounts them; ' +
        'a unit of systemd names its own program',
    },
  );
}
