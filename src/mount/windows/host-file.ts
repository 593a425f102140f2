// Which files Windows attaches as discs. Its own errors do not say what is wrong with the others.
import type { WindowsAddon } from '../../../native/windows/index.js';
import { IsodriveError } from '../../base/error.js';
import { explainErrors } from '../../io/system-errors.js';

/** FILE_ATTRIBUTE_ of winnt.h that a host file must not have, what that means, and what to do about it. */
const REFUSED_ATTRIBUTES: readonly (readonly [number, string, string])[] = [
  [0x200, 'sparse (FILE_ATTRIBUTE_SPARSE_FILE)', 'Copy it to a file that is not sparse'],
  [0x800, 'compressed by NTFS (FILE_ATTRIBUTE_COMPRESSED)', 'Decompress it: compact /u FILE'],
  [0x4000, 'encrypted (FILE_ATTRIBUTE_ENCRYPTED)', 'Decrypt it: cipher /d FILE'],
  [
    0x400000,
    'not on this machine yet (FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS)',
    'Have its cloud service keep it on this device',
  ],
];

/** Throws `unsupported`, with the reason, for a file that cannot be attached; `image-not-found`, `permission`. */
export function checkHostFile(addon: WindowsAddon, path: string): void {
  const { attributes, isRemote } = explainErrors(path, () => addon.describeHost(path));
  for (const [bit, found, action] of REFUSED_ATTRIBUTES) {
    if ((attributes & bit) !== 0) throw refuse(path, found, action);
  }
  if (isRemote) throw refuse(path, 'on another machine', 'Copy it to a local disk');
}

function refuse(path: string, found: string, action: string): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Windows cannot attach "${path}": file is ${found}, expected a plain file on a local disk`,
    { action },
  );
}
