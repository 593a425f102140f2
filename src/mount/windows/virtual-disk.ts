// An image as a virtual disc drive of Windows, by the system's own driver. The system keeps it until it is detached or
// the machine ends, whatever becomes of the process that asked for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { isWindowsError } from '../../../native/windows/index.js';
import type { LetterKind, WindowsAddon } from '../../../native/windows/index.js';
import { IsodriveError } from '../../base/error.js';
import { checkHostFile } from './host-file.js';
import { explainErrors } from '../../io/system-errors.js';

/** Milliseconds between two looks for the letter, which the system gives some time after it has attached. */
const LOOK_INTERVAL = 50;

export interface AttachedDisk {
  /** Such as "E:". */
  readonly letter: string;
  /** Such as "\\.\CDROM1". */
  readonly device: string;
  /** How it got its letter, where that was ours to choose. */
  readonly kind: LetterKind | undefined;
}

export interface AttachOptions {
  /** One letter of A to Z, or undefined for the one that Windows gives. */
  readonly letter: string | undefined;
  /** Milliseconds for the letter to appear. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/**
 * Attaches an image and waits for its drive letter. Rejects with `unsupported` (the file is compressed, encrypted,
 * sparse or on another machine), `permission`, `busy` (the letter is taken too), `damaged`, or `timeout` when no
 * letter comes within the deadline; it is detached then.
 */
export async function attachDisk(
  addon: WindowsAddon,
  path: string,
  { letter, deadline, signal }: AttachOptions,
): Promise<AttachedDisk> {
  checkHostFile(addon, path);
  const wanted = letter === undefined ? undefined : `${letter.toUpperCase()}:`;
  if (wanted !== undefined && addon.listLetters().includes(wanted)) throw letterTaken(wanted);
  const device = explainErrors(path, () => addon.attach(path, wanted !== undefined));
  try {
    return await waitForLetter(addon, device, path, { wanted, deadline, signal });
  } catch (thrown) {
    addon.detach(path);
    throw thrown;
  }
}

async function waitForLetter(
  addon: WindowsAddon,
  device: string,
  path: string,
  options: { readonly wanted: string | undefined; readonly deadline: number; readonly signal: AbortSignal },
): Promise<AttachedDisk> {
  const { wanted, deadline, signal } = options;
  const end = performance.now() + deadline;
  do {
    if (wanted === undefined) {
      const letter = addon.findLetter(device);
      if (letter !== '') return { letter, device, kind: undefined };
    } else {
      const kind = explainErrors(path, () => addon.assignLetter(device, wanted));
      if (kind !== '') return { letter: wanted, device, kind };
    }
    await sleep(LOOK_INTERVAL);
  } while (performance.now() < end && !signal.aborted);
  if (signal.aborted) throw new IsodriveError('cancelled', 'Mount was interrupted');
  throw wanted === undefined ? noLetter(path, device, deadline) : noVolume(path, device, deadline);
}

/** A disk that somebody has attached already; undefined where nobody has, or it has no letter. */
export function findDisk(addon: WindowsAddon, path: string): AttachedDisk | undefined {
  const device = explainErrors(path, () => addon.findDevice(path));
  const letter = device === '' ? '' : addon.findLetter(device);
  return letter === '' ? undefined : { letter, device, kind: undefined };
}

/**
 * Takes back the letter that we gave, and detaches. Throws `no-such-mount`, `busy` while files are open there, or
 * `permission`.
 */
export function detachDisk(addon: WindowsAddon, path: string, { device, letter, kind }: AttachedDisk): void {
  // While the device is there: a link in the session is removed by its exact target, which then is gone.
  if (kind !== undefined) removeLetterQuietly(addon, { device, letter, kind });
  try {
    explainErrors(path, () => addon.detach(path));
  } catch (thrown) {
    if (kind !== undefined) addon.assignLetter(device, letter);
    throw thrown;
  }
}

/** Somebody may have taken it away already. */
function removeLetterQuietly(
  addon: WindowsAddon,
  { device, letter, kind }: { readonly device: string; readonly letter: string; readonly kind: LetterKind },
): void {
  try {
    addon.removeLetter(device, letter, kind);
  } catch (thrown) {
    if (!isWindowsError(thrown)) throw thrown;
  }
}

function letterTaken(letter: string): IsodriveError {
  return new IsodriveError('busy', `Drive letter ${letter} is taken, expected a free one`, {
    action: 'Choose another, or leave --letter out',
  });
}

function noLetter(path: string, device: string, deadline: number): IsodriveError {
  return new IsodriveError(
    'timeout',
    `Windows gave "${path}" no drive letter within ${deadline / 1000} s, expected one for ${device}`,
    { action: 'Allow drive letters for new volumes: mountvol /E, or choose one: --letter E' },
  );
}

function noVolume(path: string, device: string, deadline: number): IsodriveError {
  return new IsodriveError(
    'timeout',
    `Windows showed no volume of "${path}" within ${deadline / 1000} s, expected one on ${device}`,
    { action: 'Leave --letter out, or look for it in Disk Management' },
  );
}
