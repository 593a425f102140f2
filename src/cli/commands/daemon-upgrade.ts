// isodrive daemon upgrade: returns when a new process, of this command's own installation, serves all mounts.
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError, toIsodriveError } from '../../base/error.js';
import { ControlClient } from '../../protocol/client.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { Methods } from '../../protocol/messages.js';
import { packageVersion } from '../../protocol/package-info.js';
import { connectOrStart, daemonProgram } from '../../protocol/start-daemon.js';
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
  const { path: socket, isSystem } = findSocket(args);
  const options = { signal, deadline: UPGRADE_DEADLINE };
  await using old = await ControlClient.connect(socket);
  const before = await old.call('version', {}, options);
  const force = args.flag('force');
  const program = daemonProgram();
  const successor = { executable: process.execPath, program };
  await old.call('upgrade', { successor, ...(force ? { force } : {}) }, options);
  // Not longer: a process that cannot end, for a medium that hangs, keeps its connections.
  await Promise.race([old.closed, sleep(CLOSE_DEADLINE, undefined, { ref: false })]);
  const after = await findSuccessor(before.pid, force, { socketPath: socket, signal });
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

/**
 * The listening socket is kept: a connection waits in its queue until the successor takes it. Where nobody kept it, a
 * new daemon makes the mounts again.
 */
async function findSuccessor(
  previous: number,
  force: boolean,
  options: Required<Pick<StartOptions, 'socketPath' | 'signal'>>,
): Promise<Methods['version']['result']> {
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
