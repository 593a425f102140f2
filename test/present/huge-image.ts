// Writes an image with one file of more than 4 GiB, as a sparse file: a mastering tool would write out all its zeros.
// ECMA-119, level 3: the file is two records of one name, each for an extent of its own.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const SECTOR = 2048;
const ROOT_SECTOR = 18;
const DATA_SECTOR = 19;
/** Largest whole number of sectors that a record's 32-bit length can say. */
const MAX_EXTENT = 0xffff_f800;
/** Sectors between the two extents, so that a reader which takes them for one is seen. */
const GAP = 7;
const NAME = 'HUGE.BIN;1';
const FLAG = { none: 0, directory: 2, multiExtent: 0x80 } as const;

/** The file is shown as "huge.bin", of `bytes` (4 to 8 GiB), zero but for the texts at the positions of `marks`. */
export function makeHugeImage(path: string, bytes: number, marks: ReadonlyMap<number, string>): void {
  const secondSector = DATA_SECTOR + MAX_EXTENT / SECTOR + GAP;
  const end = secondSector * SECTOR + Math.ceil((bytes - MAX_EXTENT) / SECTOR) * SECTOR;
  const root = directoryRecord('\0', ROOT_SECTOR, SECTOR, FLAG.directory);
  const directory = Buffer.concat([
    root,
    directoryRecord('\x01', ROOT_SECTOR, SECTOR, FLAG.directory),
    directoryRecord(NAME, DATA_SECTOR, MAX_EXTENT, FLAG.multiExtent),
    directoryRecord(NAME, secondSector, bytes - MAX_EXTENT, FLAG.none),
  ]);
  const file = openSync(path, 'w');
  try {
    ftruncateSync(file, end);
    const put = (data: Buffer, position: number): number => writeSync(file, data, 0, data.length, position);
    put(primaryDescriptor(end / SECTOR, root), 16 * SECTOR);
    put(Buffer.from('\xffCD001\x01', 'latin1'), 17 * SECTOR);
    put(directory, ROOT_SECTOR * SECTOR);
    const shift = secondSector * SECTOR - MAX_EXTENT;
    for (const [position, text] of marks) {
      const data = Buffer.from(text);
      const head = Math.max(0, Math.min(data.length, MAX_EXTENT - position));
      put(data.subarray(0, head), DATA_SECTOR * SECTOR + position);
      put(data.subarray(head), shift + position + head);
    }
  } finally {
    closeSync(file);
  }
}

/** ECMA-119 8.4. */
function primaryDescriptor(sectors: number, root: Buffer): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.write('\x01CD001\x01', 'latin1');
  bytes.fill(' ', 8, 72);
  bytes.write('HUGE', 40);
  bothEndian32(bytes, 80, sectors); // 8.4.8 Volume Space Size
  bothEndian16(bytes, 120, 1); // 8.4.12 Volume Set Size
  bothEndian16(bytes, 124, 1); // 8.4.13 Volume Sequence Number
  bothEndian16(bytes, 128, SECTOR); // 8.4.14 Logical Block Size
  root.copy(bytes, 156); // 8.4.18 Directory Record for Root Directory
  bytes[881] = 1; // 8.4.31 File Structure Version
  return bytes;
}

/** ECMA-119 9.1. */
function directoryRecord(name: string, sector: number, length: number, flags: number): Buffer {
  const bytes = Buffer.alloc(33 + name.length + ((name.length + 1) % 2));
  bytes[0] = bytes.length;
  bothEndian32(bytes, 2, sector); // 9.1.3 Location of Extent
  bothEndian32(bytes, 10, length); // 9.1.4 Data Length
  bytes.set([120, 1, 1, 0, 0, 0, 0], 18); // 9.1.5 Recording Date and Time
  bytes[25] = flags; // 9.1.6
  bothEndian16(bytes, 28, 1); // 9.1.9 Volume Sequence Number
  bytes[32] = name.length; // 9.1.10
  bytes.write(name, 33, 'latin1');
  return bytes;
}

function bothEndian16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at);
  bytes.writeUInt16BE(value, at + 2);
}

function bothEndian32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at);
  bytes.writeUInt32BE(value, at + 4);
}
