// What a mount may not ask for where the system makes it: nothing is passed over in silence.
import { IsodriveError } from '../../src/base/error.js';
import type { MountParams } from '../../src/protocol/messages.js';
import { isDevicePath } from '../../src/source/optical/open-drive-device.js';

/** Field of the parameters -> what it is to users. Each is a wish that only a file system of ours fulfils. */
const REFUSED: readonly (readonly [keyof MountParams, string])[] = [
  ['directory', 'a directory'],
  ['tree', '--tree'],
  ['session', '--session'],
  ['sectorOffset', '--sector-offset'],
  ['map', '--map'],
  ['charset', '--charset'],
  ['associated', '--associated'],
  ['verify', '--verify'],
  ['driver', '--driver'],
  ['new', '--new'],
  ['allowOther', '--allow-other'],
  ['traceFuse', '--trace-fuse'],
  ['wine', '--wine'],
  ['bound', 'a mount for one command'],
];

/** Throws `unsupported` for the first that is wanted. */
export function refuseOptions(params: MountParams): void {
  for (const [field, name] of REFUSED) {
    const value = params[field];
    if (value === undefined || value === false || value === 'auto') continue;
    throw new IsodriveError(
      'unsupported',
      `Found ${name}, expected none: Windows itself shows the image, at a drive letter`,
      { action: 'Use isodrive extract, ls or cat, which know every view' },
    );
  }
}

/** Rejects with `unsupported` for a drive. */
export async function refuseDrive(image: string): Promise<void> {
  if (!(await isDevicePath(image))) return;
  throw new IsodriveError('unsupported', `Cannot attach "${image}": it is a drive, expected an image`, {
    action: 'Open it as it is: Windows shows its disc already',
  });
}
