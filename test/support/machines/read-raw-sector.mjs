// Reads a whole sector (READ CD) of the drive at argv[2], block argv[3]; run in a guest. Prints it in hexadecimal,
// whether the drive offers C2 pointers, and how many bytes they mark.
import { OpticalDrive, RAW_SECTOR_SIZE } from '../../../dist/src/source/optical/optical-drive.js';

const [, , path, block] = process.argv;
const drive = await OpticalDrive.open(path, 'quiet');
const offersC2 = await drive.offersC2();
const sector = Buffer.from(await drive.readRaw(Number(block), 1, offersC2));
const marks = [...sector.subarray(RAW_SECTOR_SIZE)].map(
  (byte) => byte.toString(2).replaceAll('0', '').length,
);
const marked = marks.reduce((sum, bits) => sum + bits, 0);
process.stdout.write(`${sector.subarray(0, RAW_SECTOR_SIZE).toString('hex')} ${offersC2} ${marked}\n`);
await drive[Symbol.asyncDispose]();
