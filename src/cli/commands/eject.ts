// isodrive eject [DRIVE]: opens the tray of a drive, or closes it. A mount of its disc unmounts itself. A drive that is
// served is named by its id or URI.
import { resolveHostPath } from '../../base/path-text.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { nameSystemError } from '../../base/system-error.js';
import { findDriveUri } from '../../drive/drive-id.js';
import { moveServedTray } from '../../drive/served-drives.js';
import { servedDrivesFolder } from '../../endpoint/socket-path.js';
import { listPhysicalDrives } from '../../source/optical/list-drives.js';
import { OpticalDrive } from '../../source/optical/optical-drive.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';

export const runEject: RunCommand = async (args) => {
  const named = args.text('drive');
  const uri =
    named === undefined ? undefined : await findDriveUri(servedDrivesFolder(args.text('socket')), named);
  if (uri !== undefined) return moveVirtual(args, uri);
  const path = named === undefined ? await chooseDrive() : resolveHostPath(named);
  await using drive = await open(path);
  if (args.flag('close')) await drive.closeTray();
  else await drive.eject();
  return undefined;
};

async function moveVirtual(args: CommandArguments, uri: string): Promise<undefined> {
  const opens = !args.flag('close');
  const answer = await moveServedTray(servedDrivesFolder(args.text('socket')), uri, opens);
  if (answer === 'open' || answer === 'closed') return undefined;
  if (answer === 'asked') {
    throw new IsodriveError('busy', `Cannot eject "${uri}" yet: the machine that uses it has it locked`, {
      action: 'It was asked to let go: unmount the disc there',
    });
  }
  const found = answer === undefined ? 'nobody of this user serves it' : 'a drive of its kind has no tray';
  throw new IsodriveError('usage', `Cannot eject "${uri}": ${found}`, { action: 'See isodrive drives' });
}

/** The only one there is. */
async function chooseDrive(): Promise<string> {
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
    throw new IsodriveError(
      code,
      `Cannot open "${path}": ${nameSystemError(thrown)}, expected an optical drive`,
      {
        cause: thrown,
        action: 'See isodrive drives',
      },
    );
  }
  if (drive !== undefined) return drive;
  throw new IsodriveError('usage', `Cannot eject "${path}": it is no optical drive`, {
    action: 'See isodrive drives',
  });
}
