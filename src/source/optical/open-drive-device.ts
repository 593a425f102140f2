// Opens a physical drive by what this system offers, so that whoever reads discs need not know which it is.
import { stat } from 'node:fs/promises';
import { hostPath } from '../../base/path-text.js';
import type { DriveDevice, DriveMode } from './drive-device.js';

/** Drives of Windows: by their letter, or by their number. Node adds a backslash where it resolves a path. */
const WINDOWS_DRIVE = /^\\\\\.\\(?:[a-z]:|cdrom\d{1,4})\\?$/iu;

/** Whether a path may be that of a drive; opening it says whether it is. */
export async function isDevicePath(path: string): Promise<boolean> {
  if (process.platform === 'win32') return WINDOWS_DRIVE.test(path);
  if (process.platform === 'darwin') return (await import('./macos-drive.js')).isMacosDisc(path);
  return stat(hostPath(path)).then(
    (found) => found.isBlockDevice(),
    () => false,
  );
}

/**
 * Undefined: it is no optical drive, or the addon is not built. Rejects with the system's error: ENOMEDIUM without a
 * disc.
 */
export async function openDriveDevice(path: string, mode: DriveMode): Promise<DriveDevice | undefined> {
  if (process.platform === 'darwin') return (await import('./macos-drive.js')).MacosDrive.open(path, mode);
  if (process.platform !== 'win32') return (await import('./linux-drive.js')).LinuxDrive.open(path, mode);
  if (!WINDOWS_DRIVE.test(path)) return undefined;
  return (await import('./windows-drive.js')).WindowsDrive.open(path.replace(/\\$/u, ''), mode);
}

/**
 * A drive that somebody else has open, and closes once this is not used any more: no further opening of the device,
 * which the kernel counts. Undefined as openDriveDevice, and on systems that do not count.
 */
export async function adoptDriveDevice(path: string, descriptor: number): Promise<DriveDevice | undefined> {
  if (process.platform !== 'linux') return undefined;
  return (await import('./linux-drive.js')).LinuxDrive.adopt(path, descriptor);
}
