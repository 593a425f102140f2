// What attaching images needs on Windows, for the doctor.
import { release } from 'node:os';
import { IsodriveError } from '../../base/error.js';
import { requireWindowsAddon } from '../../io/load-windows-addon.js';

interface WindowsDiagnosis {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix?: string;
}

/** Windows 8, the first that attaches ISO images (VIRTUAL_STORAGE_TYPE_DEVICE_ISO of virtdisk.h). */
const FIRST_VERSION = [6, 2] as const;

/** Looks only. */
export function diagnoseWindows(): WindowsDiagnosis[] {
  return [diagnoseAddon(), diagnoseSystem(release())];
}

function diagnoseAddon(): WindowsDiagnosis {
  const name = 'addon';
  try {
    requireWindowsAddon();
    return { name, ok: true, detail: 'Loads: images can be attached, drives can be read' };
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError)) throw thrown;
    return { name, ok: false, detail: thrown.message, fix: thrown.action };
  }
}

function diagnoseSystem(version: string): WindowsDiagnosis {
  const name = 'Windows';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [first, second] = FIRST_VERSION;
  const ok = major > first || (major === first && minor >= second);
  return {
    name,
    ok,
    detail: `Version ${version} ${ok ? 'attaches ISO images itself' : 'attaches no ISO images'}`,
    ...(ok ? {} : { fix: 'Use isodrive extract, ls or cat, or Windows 8 and newer' }),
  };
}
