// Unlocks the tray of the drive at argv[2] as a mount does, and says what came of it; run in a guest.
import { LinuxDrive } from '../../../dist/src/source/optical/linux-drive.js';

const drive = await LinuxDrive.open(process.argv[2], 'quiet');
const said = await drive.request('lock', 0).then(
  () => 'unlocked',
  ({ code }) => code,
);
process.stdout.write(`${said}\n`);
await drive.close();
