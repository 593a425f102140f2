// isodrive drives: the optical drives of this machine and what is in them, and the images that are drives: attached by
// Windows, or served.
import { driveId } from '../../drive/drive-id.js';
import { listServedDrives } from '../../drive/served-drives.js';
import type { ServedDrive } from '../../drive/served-drives.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { servedDrivesFolder } from '../../endpoint/socket-path.js';
import { listAttachedDrives, listPhysicalDrives } from '../../source/optical/list-drives.js';
import type { PhysicalDrive } from '../../source/optical/list-drives.js';
import type { RunCommand } from '../command-spec.js';
import { formatTable } from '../format-table.js';

const HEADINGS = ['ID', 'DRIVE', 'KIND', 'STATE', 'DISC', 'MODEL OR IMAGE'] as const;
const STATE_TEXTS: Readonly<Record<PhysicalDrive['state'], string>> = {
  loaded: 'disc',
  empty: 'empty',
  open: 'tray open',
  'not-ready': 'not ready',
  'no-access': 'no access',
};

export const runDrives: RunCommand = async (args, { output }) => {
  const physical = await listPhysicalDrives();
  const attached = await listAttachedDrives();
  const served = await listServedDrives(servedDrivesFolder(args.text('socket')));
  if (output.json) {
    const known = served.map((drive) => ({ ...drive, ids: drive.uris.map(driveId) }));
    await output.record({ schemaVersion: SCHEMA_VERSION, physical, attached, served: known });
    return undefined;
  }
  const rows = [
    ...physical.map((drive) => describeDrive(drive, 'physical')),
    ...attached.map((drive) => describeDrive(drive, 'virtual')),
    ...served.flatMap(describeServed),
  ];
  if (rows.length === 0) output.noteNothing('found no optical drive, and no image that is served as one');
  for (const line of await formatTable(HEADINGS, rows)) await output.line(line);
  return undefined;
};

function describeDrive(drive: PhysicalDrive, kind: 'physical' | 'virtual'): string[] {
  const { path, state, vendor = '', product = '', medium = '', tracks = [] } = drive;
  const sound = tracks.filter(({ isData }) => !isData).length;
  const disc = [medium, ...(tracks.length > 1 || sound > 0 ? [`${tracks.length} tracks`] : [])];
  const name = [vendor, product].filter((text) => text !== '').join(' ');
  return ['', path, kind, STATE_TEXTS[state], disc.filter((text) => text !== '').join(', '), name];
}

function describeServed({ uris, images, open, process }: ServedDrive): string[][] {
  return uris.map((uri, i) => {
    const state = STATE_TEXTS[open.includes(uri) ? 'open' : 'loaded'];
    return [driveId(uri), uri, 'virtual', state, `process ${process}`, images[i] ?? ''];
  });
}
