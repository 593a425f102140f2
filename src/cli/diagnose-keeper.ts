// The doctor's look at what keeps mounts when the daemon dies: isodrive-keeper, or the system's service manager.
import { accessSync, constants } from 'node:fs';
import { IsodriveError } from '../base/error.js';
import type { Diagnosis } from '../mount/diagnosis.js';
import { ControlClient } from '../protocol/client.js';
import type { KeeperState } from '../protocol/messages.js';
import { keeperProgram } from '../protocol/start-daemon.js';
import { KEEPERS } from './keeper-text.js';

/** Milliseconds for a daemon to answer. */
const DEADLINE = 5000;
const FIXES: Readonly<Record<KeeperState, string | undefined>> = {
  alive: undefined,
  none: 'isodrive unmount --all && isodrive daemon stop: the next mount starts a daemon with a keeper',
  stopped: 'Send SIGCONT to isodrive-keeper, the parent of the daemon',
  gone: 'isodrive unmount --all && isodrive daemon stop: the next mount starts both again',
};

/** Whether mounts outlive the daemon that listens there; where none runs, whether they would. Starts nothing. */
export async function diagnoseKeeper(socketPath: string): Promise<Diagnosis> {
  const name = 'keeper';
  const state = await askDaemon(socketPath);
  const program = keeperProgram();
  const isThere = isExecutable(program);
  const compile = 'npm run build:native (needs a C++ compiler)';
  if (state === undefined) {
    if (isThere) return { name, ok: true, detail: `${program} is there, and no daemon tells of one at work` };
    const detail = `${program} is not there: mounts end with the daemon`;
    return { name, ok: false, optional: true, detail, fix: compile };
  }
  const detail = `Of the daemon that runs: ${KEEPERS[state]}`;
  const fix = state === 'none' && !isThere ? compile : FIXES[state];
  // A daemon that was started without one, as in a terminal, is as it should be.
  return {
    ...{ name, ok: state === 'alive', optional: state === 'none', detail },
    ...(fix === undefined ? {} : { fix }),
  };
}

/** Undefined where no daemon answers, or where it does not tell the caller. */
async function askDaemon(socketPath: string): Promise<KeeperState | undefined> {
  try {
    await using client = await ControlClient.connect(socketPath);
    return (await client.call('status', {}, { deadline: DEADLINE })).keeper;
  } catch (thrown) {
    if (thrown instanceof IsodriveError) return undefined;
    throw thrown;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
