// The way to a physical drive: what each system offers, so that whoever reads discs need not know which it is.
import { stat } from 'node:fs/promises';
import { hostPath } from '../../base/path-text.js';
import type { DriveRequest, ScsiResult } from '../../../native/index.js';
import type { SourceIdentity } from '../byte-source.js';

/** CDROM_DRIVE_STATUS of linux/cdrom.h, which DriveRequest is in terms of on every system. */
export const DRIVE_STATUS = { empty: 1, open: 2, notReady: 3, loaded: 4 } as const;

/** `quiet` neither waits for a disc nor moves the tray, and leaves the button free; `disc` locks the tray while it is open. */
export type DriveMode = 'quiet' | 'disc';

/** What the system says of the device, besides what the drive says of itself. */
export interface DeviceFacts {
  /** Its `size` is the disc's. */
  readonly identity: Omit<SourceIdentity, 'size'>;
  /** Bytes that can be read from `fileDescriptor`; 0 where there is none. */
  readonly kernelSize: number;
}

export interface DriveDevice {
  /** From which the kernel reads user data; undefined where all is asked of the drive. */
  readonly fileDescriptor: number | undefined;
  /** Rejects with a system error, whose `code` is an errno name, whatever the system is. */
  request(request: DriveRequest, argument: number): Promise<number>;
  /** Passes on a command of at most 16 bytes that reads into `target`. `timeout` in milliseconds. Rejects as `request`. */
  command(command: Uint8Array, target: Uint8Array, timeout: number): Promise<ScsiResult>;
  describe(): Promise<DeviceFacts>;
  /** Whether the system itself uses the disc, such as for a mount of its own; absent where it sees to that in `eject`. */
  isClaimed?(): Promise<boolean>;
  /** Lets go of the tray. Nothing may be under way. */
  close(): Promise<void>;
}

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

/** Undefined: it is no optical drive, or the addon is not built. Rejects with the system's error: ENOMEDIUM without a disc. */
export async function openDriveDevice(path: string, mode: DriveMode): Promise<DriveDevice | undefined> {
  if (process.platform === 'darwin') return (await import('./macos-drive.js')).MacosDrive.open(path, mode);
  if (process.platform !== 'win32') return (await import('./linux-drive.js')).LinuxDrive.open(path, mode);
  if (!WINDOWS_DRIVE.test(path)) return undefined;
  return (await import('./windows-drive.js')).WindowsDrive.open(path.replace(/\\$/u, ''), mode);
}

/**
 * A drive that somebody else has open, and closes once this is not used any more: no further opening of the device, which the kernel counts. Undefined as
 * openDriveDevice, and on systems that do not count.
 */
export async function adoptDriveDevice(path: string, descriptor: number): Promise<DriveDevice | undefined> {
  if (process.platform !== 'linux') return undefined;
  return (await import('./linux-drive.js')).LinuxDrive.adopt(path, descriptor);
}
