// isodrive drive load DRIVE IMAGE: puts another disc in a drive that is served, as discs of a set are changed.
import { resolveHostPath } from '../../base/path-text.js';
import { IsodriveError } from '../../base/error.js';
import { findDriveUri } from '../../drive/drive-id.js';
import { openDriveImage } from '../../drive/open-drive-image.js';
import { loadServedDrive } from '../../drive/served-drives.js';
import { volumeMarks } from '../../filesystem/choose/volume-marks.js';
import { servedDrivesFolder } from '../../endpoint/socket-path.js';
import type { RunCommand } from '../command-spec.js';

export const runDriveLoad: RunCommand = async (args, { signal }) => {
  const folder = servedDrivesFolder(args.text('socket'));
  const name = args.required('drive');
  const uri = (await findDriveUri(folder, name)) ?? name;
  const path = resolveHostPath(args.required('image'));
  // What is wrong with the image is told here, where its user is.
  await (await openDriveImage(path, volumeMarks, signal))[Symbol.asyncDispose]();
  const loaded = await loadServedDrive(folder, uri, path);
  switch (loaded?.answer) {
    case 'closed':
      return undefined;
    case 'asked':
      throw new IsodriveError('busy', `Cannot load "${uri}" yet: the machine that uses it has it locked`, {
        action: 'It was asked to let go: unmount the disc there, and try again',
      });
    case 'failed':
      throw new IsodriveError('image-unreadable', `Server of "${uri}" says: ${loaded.reason ?? 'nothing'}`);
    case undefined:
      throw refuse(uri, 'nobody of this user serves it');
    case 'open':
    case 'refused':
      throw refuse(uri, 'a drive of its kind keeps its disc, expected one that is served by iSCSI');
  }
};

function refuse(uri: string, why: string): IsodriveError {
  return new IsodriveError('usage', `Cannot load "${uri}": ${why}`, { action: 'See isodrive drives' });
}
