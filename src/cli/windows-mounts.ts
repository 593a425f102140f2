// mount and unmount on Windows, where the system holds the mounts and no daemon runs.
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadWindowsAddon } from '../../native/windows/index.js';
import type { WindowsAddon } from '../../native/windows/index.js';
import { IsodriveError } from '../base/error.js';
import { SCHEMA_VERSION } from '../protocol/messages.js';
import { packageRoot } from '../protocol/package-info.js';
import { windowsAddonPath } from '../windows/addon-path.js';
import { attachDisk, detachDisk } from '../windows/virtual-disk.js';
import type { CommandArguments, CommandContext } from './command-spec.js';

/** Milliseconds; ISODRIVE_LETTER_DEADLINE gives others. */
const LETTER_DEADLINE = Number(process.env.ISODRIVE_LETTER_DEADLINE ?? 15_000);

/** Prints the drive. Rejects as attachDisk does. */
export async function mountOnWindows(
  args: CommandArguments,
  { output, signal }: CommandContext,
): Promise<void> {
  if (args.text('dir') !== undefined) {
    throw new IsodriveError('unsupported', 'Found a directory, expected none: Windows gives a drive letter');
  }
  const image = await realPath(args.required('image'));
  const disk = await attachDisk(loadAddon(), image, { deadline: LETTER_DEADLINE, signal });
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, image, ...disk });
  else await output.line(`${disk.letter}\\`);
}

/** Unmounts by the images. Rejects as detachDisk does. */
export async function unmountOnWindows(args: CommandArguments): Promise<void> {
  if (args.flag('all')) {
    throw new IsodriveError('unsupported', 'Found --all, expected the images: Windows keeps the mounts', {
      action: 'Name the images that are to be unmounted',
    });
  }
  const addon = loadAddon();
  for (const target of args.list('targets')) detachDisk(addon, await realPath(target));
}

function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

function loadAddon(): WindowsAddon {
  try {
    return loadWindowsAddon(windowsAddonPath(packageRoot()));
  } catch (cause) {
    throw new IsodriveError('policy', `Cannot load the Windows addon: ${String(cause)}`, {
      cause,
      action: 'Build it: node scripts/build-windows.mjs',
    });
  }
}
