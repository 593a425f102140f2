// isodrive doctor: what mounting needs, whether it is there, and the exact fix where it is not.
import { dirname, join } from 'node:path';
import { ERROR_KINDS } from '../../base/error.js';
import type { Diagnosis } from '../../mount/diagnose.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { daemonLogPath } from '../../protocol/socket-path.js';
import type { RunCommand } from '../command-spec.js';

export const runDoctor: RunCommand = async (_, { output }) => {
  const checks = await look();
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

async function look(): Promise<readonly Diagnosis[]> {
  if (process.platform === 'win32')
    return (await import('../../windows/diagnose-windows.js')).diagnoseWindows();
  const { diagnose } = await import('../../mount/diagnose.js');
  return await diagnose(join(dirname(daemonLogPath()), `doctor-${process.pid}`));
}
