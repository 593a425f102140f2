// Opens a drive with a disc in it, which may still have to spin up, and says what is wrong with one that has none.
import { IsodriveError, isSystemError } from '../../base/error.js';
import { nameSystemError } from '../../base/system-error.js';
import { OpticalDrive } from './optical-drive.js';
import type { DriveState } from './optical-drive.js';

/** Milliseconds that a drive may take to spin up, and between two looks at it. */
const SPIN_UP_TIME = 30_000;
const SPIN_UP_INTERVAL = 250;
const DENIED_ACTIONS: Partial<Record<NodeJS.Platform, string>> = {
  win32: 'Run the command as administrator: only they may send commands to a drive',
  darwin: 'Run the command with sudo: the device belongs to root, and to whoever sits at the screen',
};
const DENIED_ACTION = DENIED_ACTIONS[process.platform] ?? 'Join the group of the device, usually cdrom';

/**
 * A drive that is ready; undefined when the path is no optical drive. `descriptor`: see DriveSourceOptions. Rejects
 * with `permission`, or `image-unreadable` (no disc, tray open).
 */
export async function openLoadedDrive(path: string, descriptor?: number): Promise<OpticalDrive | undefined> {
  const state = await waitForDisc(path);
  if (state === undefined) return undefined;
  refuseEmpty(path, state);
  const adopted = descriptor === undefined ? undefined : await OpticalDrive.adopt(path, descriptor);
  return adopted ?? (await openDrive(path, 'disc'));
}

async function openDrive(path: string, mode: 'quiet' | 'disc'): Promise<OpticalDrive | undefined> {
  try {
    return await OpticalDrive.open(path, mode);
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    if (thrown.code === 'ENOMEDIUM') refuseEmpty(path, 'empty');
    const isDenied = thrown.code === 'EACCES' || thrown.code === 'EPERM';
    throw new IsodriveError(
      isDenied ? 'permission' : 'image-unreadable',
      `Cannot open drive "${path}": ${nameSystemError(thrown)}, expected read access`,
      { cause: thrown, ...(isDenied ? { action: DENIED_ACTION } : {}) },
    );
  }
}

/** Undefined for what is no drive. Opens it for each look, because that is when Linux reads the size of a new disc. */
async function waitForDisc(path: string): Promise<DriveState | undefined> {
  const end = performance.now() + SPIN_UP_TIME;
  for (;;) {
    await using drive = await openDrive(path, 'quiet');
    const state = await drive?.state();
    if (state !== 'not-ready' || performance.now() > end) return state;
    await new Promise((resolve) => setTimeout(resolve, SPIN_UP_INTERVAL));
  }
}

/** Rejects for a drive without a disc that can be read. */
export function refuseEmpty(path: string, state: DriveState): void {
  if (state === 'loaded') return;
  const found = { open: 'its tray is open', empty: 'no disc is in it', 'not-ready': 'it does not get ready' };
  throw new IsodriveError(
    'image-unreadable',
    `Cannot read drive "${path}": ${found[state]}, expected a disc`,
    {
      at: { source: path },
      action: 'Insert a disc, wait until the drive is ready, and try again',
      cause: Object.assign(new Error('ENOMEDIUM'), { code: 'ENOMEDIUM' }),
    },
  );
}

export async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof IsodriveError) return undefined;
    throw thrown;
  }
}

/** The disc or the drive is not there any more. */
export function isGone({ cause }: IsodriveError): boolean {
  return isSystemError(cause) && ['ENOMEDIUM', 'ENODEV', 'ENXIO'].includes(cause.code);
}
