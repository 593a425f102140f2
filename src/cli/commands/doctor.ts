// isodrive doctor: what mounting needs, whether it is there, and the exact fix where it is not.
import { dirname, join } from 'node:path';
import { ERROR_KINDS } from '../../base/error.js';
import type { Diagnosis } from '../../mount/diagnosis.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { daemonLogPath } from '../../endpoint/socket-path.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';
import { findSocket } from '../find-socket.js';

export const runDoctor: RunCommand = async (args, { output }) => {
  const checks = await look(args);
  const isHealthy = checks.every(({ ok, optional }) => ok || optional === true);
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, ok: isHealthy, checks });
  else {
    for (const { name, ok, optional, detail, fix } of checks) {
      const mark = ok ? 'ok  ' : optional === true ? 'note' : 'FAIL';
      await output.line(`${mark}  ${name}: ${detail}`);
      if (fix !== undefined) await output.line(`      fix: ${fix}`);
    }
  }
  return isHealthy ? 0 : ERROR_KINDS.policy.exit;
};

async function look(args: CommandArguments): Promise<readonly Diagnosis[]> {
  if (process.platform === 'win32')
    return (await import('../../mount/windows/diagnose-windows.js')).diagnoseWindows();
  const { diagnose } = await import('../../mount/diagnose.js');
  const { diagnoseKeeper } = await import('../diagnose-keeper.js');
  const checks = await diagnose(join(dirname(daemonLogPath()), `doctor-${process.pid}`));
  return [...checks, await diagnoseKeeper(findSocket(args).path)];
}
