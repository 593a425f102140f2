// The optical drives of this machine, as sysfs lists them, as Windows gives them letters, or as IOKit
// has them.
import { readdir } from 'node:fs/promises';
import { isSystemError } from '../../base/error.js';
import type { DriveFacts } from './drive-facts.js';
import { OpticalDrive } from './optical-drive.js';
import type { DriveState } from './optical-drive.js';

const BLOCK_CLASS = '/sys/class/block';
/** Names that the kernel gives to optical drives. */
const NAME = /^sr\d+$/;

export interface PhysicalDrive extends Partial<DriveFacts> {
  /** Path of the device. */
  readonly path: string;
  /** `no-access`: this user may not open it. */
  readonly state: DriveState | 'no-access';
}

/** Neither waits for a disc nor moves a tray. In the order of their names; none where there is no sysfs. */
export async function listPhysicalDrives(): Promise<PhysicalDrive[]> {
  return describeDrives(await listPaths());
}

async function describeDrives(paths: readonly string[]): Promise<PhysicalDrive[]> {
  const drives = await Promise.all(paths.map(describeDrive));
  return drives.filter((drive) => drive !== undefined);
}

/** Drives of images that Windows has attached; none elsewhere. */
export async function listAttachedDrives(): Promise<PhysicalDrive[]> {
  if (process.platform !== 'win32') return [];
  const { attached } = (await import('./windows-drive.js')).listWindowsDrives();
  return describeDrives(attached);
}

async function listPaths(): Promise<readonly string[]> {
  if (process.platform === 'win32') return (await import('./windows-drive.js')).listWindowsDrives().physical;
  if (process.platform === 'darwin') return (await import('./macos-drive.js')).listMacosDrives();
  return listBySysfs();
}

async function listBySysfs(): Promise<string[]> {
  const names = (await readdir(BLOCK_CLASS).catch(() => [])).filter((name) => NAME.test(name));
  names.sort((a, b) => Number(a.slice(2)) - Number(b.slice(2)));
  return names.map((name) => `/dev/${name}`);
}

async function describeDrive(path: string): Promise<PhysicalDrive | undefined> {
  let opened: OpticalDrive | undefined;
  try {
    opened = await OpticalDrive.open(path, 'quiet');
  } catch (thrown) {
    if (isSystemError(thrown)) return { path, state: 'no-access' };
    throw thrown;
  }
  if (opened === undefined) return undefined;
  await using drive = opened;
  const state = await drive.state();
  const identity = await drive.identify().catch(() => undefined);
  if (state !== 'loaded') return { path, state, ...identity };
  const medium = await drive.readProfile().catch(() => undefined);
  const tracks = await drive.readTracks().catch(() => []);
  return { path, state, ...identity, medium, tracks };
}
