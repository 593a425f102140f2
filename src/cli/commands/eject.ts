// isodrive eject [DRIVE]: opens the tray of a drive, or closes it. A mount of its disc unmounts itself.
import { resolve } from 'node:path';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { listPhysicalDrives } from '../../source/optical/list-drives.js';
import { OpticalDrive } from '../../source/optical/optical-drive.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';

export const runEject: RunCommand = async (args) => {
  const path = await chooseDrive(args);
  await using drive = await open(path);
  if (args.flag('close')) await drive.closeTray();
  else await drive.eject();
  return undefined;
};

/** The one that is named, or the only one there is. */
async function chooseDrive(args: CommandArguments): Promise<string> {
  const named = args.text('drive');
  if (named !== undefined) return resolve(named);
  const drives = await listPhysicalDrives();
  if (drives.length === 1) return drives[0]!.path;
  const found = drives.length === 0 ? 'no optical drive' : `${drives.length} optical drives`;
  throw new IsodriveError('usage', `This machine has ${found}, expected the name of one`, {
    action: 'See isodrive drives',
  });
}

async function open(path: string): Promise<OpticalDrive> {
  let drive: OpticalDrive | undefined;
  try {
    drive = await OpticalDrive.open(path, 'quiet');
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    const code = thrown.code === 'ENOENT' ? 'image-not-found' : 'permission';
    throw new IsodriveError(code, `Cannot open "${path}": ${thrown.code}, expected an optical drive`, {
      cause: thrown,
      action: 'See isodrive drives',
    });
  }
  if (drive !== undefined) return drive;
  throw new IsodriveError('usage', `Cannot eject "${path}": it is no optical drive`, {
    action: 'See isodrive drives',
  });
}
