// The Windows addon, and what to do where it is not there.
import { loadWindowsAddon } from '../../native/windows/index.js';
import type { WindowsAddon } from '../../native/windows/index.js';
import { IsodriveError } from '../base/error.js';

/** Throws `policy` where the addon was not built. */
export function requireWindowsAddon(): WindowsAddon {
  try {
    return loadWindowsAddon();
  } catch (cause) {
    throw new IsodriveError('policy', `Cannot load the Windows addon: ${String(cause)}`, {
      cause,
      action: 'Build it: node scripts/build-windows.mjs',
    });
  }
}
