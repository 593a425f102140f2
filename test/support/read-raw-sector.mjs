// Prints a whole sector (READ CD) of the drive at argv[2], block argv[3], in hexadecimal; run in a guest.
import { OpticalDrive } from '../../dist/src/source/optical/optical-drive.js';

const [, , path, block] = process.argv;
const drive = await OpticalDrive.open(path, 'quiet');
process.stdout.write(`${Buffer.from(await drive.readRaw(Number(block), 1)).toString('hex')}\n`);
await drive[Symbol.asyncDispose]();
