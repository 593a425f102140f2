// An image as a virtual disc drive of Windows, by the system's own driver. The system keeps it until it is detached or
// the machine ends, so that no process of ours has to: there is no daemon on Windows.
import { setTimeout as sleep } from 'node:timers/promises';
import { isWindowsError } from '../../native/windows/index.js';
import type { WindowsAddon } from '../../native/windows/index.js';
import { IsodriveError } from '../base/error.js';
import type { ErrorCode } from '../base/error.js';

/** FILE_ATTRIBUTE_ of winnt.h that a host file must not have, and what to do about it. */
const REFUSED_ATTRIBUTES: readonly (readonly [number, string, string])[] = [
  [0x200, 'sparse', 'Copy it to a file that is not sparse'],
  [0x800, 'compressed by NTFS', 'Decompress it: compact /u FILE'],
  [0x4000, 'encrypted', 'Decrypt it: cipher /d FILE'],
];
/** winerror.h: what the system says -> what it means. */
const MEANINGS: ReadonlyMap<number, readonly [ErrorCode, string, string]> = new Map([
  [2, ['image-not-found', 'no such file', 'Check the path of the image']],
  [3, ['image-not-found', 'no such folder', 'Check the path of the image']],
  [5, ['permission', 'access denied', 'Ask for rights to the file, or run the command as administrator']],
  [1314, ['permission', 'a missing privilege', 'Run the command as administrator']],
  [32, ['busy', 'the file in use, or attached already', 'Close what uses it, or unmount it first']],
  [1168, ['no-such-mount', 'the image not attached', 'See which are: Get-Volume in PowerShell']],
  [19, ['no-such-mount', 'the image not attached', 'See which are: Get-Volume in PowerShell']],
  [1392, ['damaged', 'a file that is no disc image', 'Compare the image with its published checksum']],
  [50, ['unsupported', 'a file or Windows that cannot be attached', 'Use isodrive extract instead']],
]);
/** Milliseconds between two looks for the letter, which the system gives some time after it has attached. */
const LOOK_INTERVAL = 50;

export interface AttachedDisk {
  /** Such as "E:". */
  readonly letter: string;
  /** Such as "\\.\CDROM1". */
  readonly device: string;
}

/**
 * Attaches an image and waits for its drive letter. Rejects with `unsupported` (the file is compressed, encrypted, sparse
 * or on another machine), `permission`, `busy`, `damaged`, or `timeout` when no letter comes within `deadline`
 * milliseconds; it is detached then.
 */
export async function attachDisk(
  addon: WindowsAddon,
  path: string,
  { deadline, signal }: { readonly deadline: number; readonly signal: AbortSignal },
): Promise<AttachedDisk> {
  checkHost(addon, path);
  const device = explain(path, () => addon.attach(path));
  const end = performance.now() + deadline;
  while (performance.now() < end && !signal.aborted) {
    const letter = addon.findLetter(device);
    if (letter !== '') return { letter, device };
    await sleep(LOOK_INTERVAL);
  }
  addon.detach(path);
  if (signal.aborted) throw new IsodriveError('cancelled', 'Mount was interrupted');
  throw new IsodriveError(
    'timeout',
    `Windows gave "${path}" no drive letter within ${deadline / 1000} s, expected one for ${device}`,
    { action: 'Allow drive letters for new volumes: mountvol /E' },
  );
}

/** Throws `no-such-mount`, `busy` while files are open there, or `permission`. */
export function detachDisk(addon: WindowsAddon, path: string): void {
  explain(path, () => addon.detach(path));
}

function checkHost(addon: WindowsAddon, path: string): void {
  const { attributes, isRemote } = explain(path, () => addon.describeHost(path));
  for (const [bit, found, action] of REFUSED_ATTRIBUTES) {
    if ((attributes & bit) !== 0) throw refuseHost(path, found, action);
  }
  if (isRemote) throw refuseHost(path, 'on another machine', 'Copy it to a local disk');
}

function refuseHost(path: string, found: string, action: string): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Windows cannot attach "${path}": file is ${found}, expected a plain file on a local disk`,
    { action },
  );
}

function explain<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (!isWindowsError(thrown)) throw thrown;
    const { systemCode, syscall } = thrown;
    const [code, found, action] = MEANINGS.get(systemCode) ?? [
      'policy' as const,
      `error ${systemCode}`,
      `Look the number up: net helpmsg ${systemCode}`,
    ];
    throw new IsodriveError(
      code,
      `${syscall} refuses "${path}": found ${found}, expected a disc image to attach or detach`,
      { cause: thrown, action },
    );
  }
}
