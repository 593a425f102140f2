// isodrive daemon upgrade: returns when a new process, of the version that is installed now, serves all mounts.
import { setTimeout as sleep } from 'node:timers/promises';
import { toIsodriveError } from '../../base/error.js';
import { ControlClient } from '../../protocol/client.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { connectOrStart } from '../../protocol/start-daemon.js';
import type { StartOptions } from '../../protocol/start-daemon.js';
import { findSocket } from '../find-socket.js';
import type { RunCommand } from '../command-spec.js';

/** Milliseconds in which a successor has to answer. */
const UPGRADE_DEADLINE = 20_000;
/** Milliseconds for the old daemon to close its connections, and for one answer: a start under load takes seconds. */
const CLOSE_DEADLINE = 1000;
const ANSWER_DEADLINE = 5000;
const RETRY_INTERVAL = 20;

export const runDaemonUpgrade: RunCommand = async (args, { output, signal }) => {
  const socket = findSocket(args).path;
  const options = { signal, deadline: UPGRADE_DEADLINE };
  await using old = await ControlClient.connect(socket);
  const before = await old.call('version', {}, options);
  const force = args.flag('force');
  await old.call('upgrade', force ? { force } : {}, options);
  // Not longer: a process that cannot end, for a medium that hangs, keeps its connections.
  await Promise.race([old.closed, sleep(CLOSE_DEADLINE, undefined, { ref: false })]);
  const after = await findSuccessor(before.pid, force, { socketPath: socket, signal });
  const { pid, version } = after;
  if (output.json)
    await output.record({ schemaVersion: SCHEMA_VERSION, pid, version, socket, previous: before });
  else await output.line(`isodrived ${version} runs as process ${pid}, ${before.version} has ended`);
  return undefined;
};

/**
 * The listening socket is kept: a connection waits in its queue until the successor takes it. Where nobody kept it, a new
 * daemon makes the mounts again.
 */
async function findSuccessor(
  previous: number,
  force: boolean,
  options: Required<Pick<StartOptions, 'socketPath' | 'signal'>>,
): Promise<{ pid: number; version: string }> {
  const end = performance.now() + UPGRADE_DEADLINE;
  for (;;) {
    try {
      await using client = await (force
        ? connectOrStart(options)
        : ControlClient.connect(options.socketPath));
      // What the old process has accepted as it ended gets no answer.
      const found = await client.call('version', {}, { signal: options.signal, deadline: ANSWER_DEADLINE });
      if (found.pid !== previous) return found;
    } catch (thrown) {
      const { code } = toIsodriveError(thrown);
      const isEarly = code === 'daemon-unreachable' || code === 'timeout';
      if (!isEarly || performance.now() > end) throw thrown;
    }
    await sleep(RETRY_INTERVAL);
  }
}
