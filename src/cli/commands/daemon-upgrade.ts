// isodrive daemon upgrade: returns when a new process, of the version that is installed now, serves all mounts.
import { ControlClient } from '../../protocol/client.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { connectOrStart } from '../../protocol/start-daemon.js';
import { findSocket } from '../find-socket.js';
import type { RunCommand } from '../command-spec.js';

/** Milliseconds for the old daemon to go, and for its successor to answer. */
const UPGRADE_DEADLINE = 20_000;

export const runDaemonUpgrade: RunCommand = async (args, { output, signal }) => {
  const socket = findSocket(args).path;
  const options = { signal, deadline: UPGRADE_DEADLINE };
  await using old = await ControlClient.connect(socket);
  const before = await old.call('version', {}, options);
  const force = args.flag('force');
  await old.call('upgrade', force ? { force } : {}, options);
  await old.closed;
  // The listening socket is kept: this connection waits in its queue until the successor takes it. Where nobody kept it,
  // a new daemon makes the mounts again.
  await using successor = await (force
    ? connectOrStart({ socketPath: socket, signal })
    : ControlClient.connect(socket));
  const after = await successor.call('version', {}, options);
  const { pid, version } = after;
  if (output.json)
    await output.record({ schemaVersion: SCHEMA_VERSION, pid, version, socket, previous: before });
  else await output.line(`isodrived ${version} runs as process ${pid}, ${before.version} has ended`);
  return undefined;
};
