// What a mount may not ask for where the system makes it: nothing is passed over in silence.
import { IsodriveError } from '../../src/base/error.js';
import { OPTION_TABLES } from '../../src/options/mount-options.js';
import type { OptionTables } from '../../src/options/mount-options.js';
import type { MountParams } from '../../src/protocol/messages.js';
import { isDevicePath } from '../../src/source/optical/open-drive-device.js';

/** Throws `unsupported` for the first that is wanted: each is a wish that only a file system of ours fulfils. */
export function refuseOptions(params: MountParams, { view, mount }: OptionTables = OPTION_TABLES): void {
  const given = new Map<string, unknown>(Object.entries(params));
  for (const [field, option] of Object.entries({ ...mount, ...view })) {
    const value = given.get(field);
    // An option of several choices is always there: its default is no wish.
    const isDefault = option.choices !== undefined && value === option.default;
    const isWanted = value !== undefined && value !== false && !isDefault;
    if (!isWanted || option.platform === 'win32') continue;
    throw new IsodriveError(
      'unsupported',
      `Found ${option.title ?? `--${option.name}`}, expected none: Windows itself shows the image, at a drive letter`,
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
