// Discs that are written here, byte by byte (ISO 9660): the smallest there is, as the start that others are compared
// with, and one of as many entries as the largest good discs have.
import { closeSync, openSync, writeSync } from 'node:fs';

const SECTOR = 2048;
/** Sector of the primary descriptor, its set's end, and the root directory. */
const PRIMARY = 16;
const ROOT = 18;
const ROOT_RECORD_OFFSET = 156;
/** Of a record without its name, padding included; the most that one of these discs has. */
const RECORD_BYTES = 34;
const MAX_RECORD = 64;
/** Names of a directory in itself, and of the one above. */
const SELF = '\0';
const PARENT = '\x01';
export const FILES_A_DIRECTORY = 5000;
const DIRECTORY_FLAG = 2;

interface Extent {
  readonly sector: number;
  readonly bytes: number;
  readonly isDirectory: boolean;
}

/** Both byte orders of a number, one behind the other (ECMA-119 7.3.3). */
function putBoth32(bytes: DataView, offset: number, value: number): void {
  bytes.setUint32(offset, value, true);
  bytes.setUint32(offset + 4, value, false);
}

function putBoth16(bytes: DataView, offset: number, value: number): void {
  bytes.setUint16(offset, value, true);
  bytes.setUint16(offset + 2, value, false);
}

/** A directory record (ECMA-119 9.1); gives its length. */
function putRecord(bytes: DataView, offset: number, name: string, extent: Extent): number {
  const length = (RECORD_BYTES + name.length) & ~1;
  bytes.setUint8(offset, length);
  putBoth32(bytes, offset + 2, extent.sector);
  putBoth32(bytes, offset + 10, extent.bytes);
  bytes.setUint8(offset + 25, extent.isDirectory ? DIRECTORY_FLAG : 0);
  putBoth16(bytes, offset + 28, 1);
  bytes.setUint8(offset + 32, name.length);
  for (let i = 0; i < name.length; i += 1) bytes.setUint8(offset + 33 + i, name.charCodeAt(i));
  return length;
}

/** The descriptors, in the sectors up to ROOT, of a disc with such a root directory. */
function makeDescriptors(sectors: number, rootBytes: number): Uint8Array {
  const image = new Uint8Array(ROOT * SECTOR);
  const bytes = new DataView(image.buffer);
  const identify = (sector: number, type: number): void => {
    image.set([type, ...Buffer.from('CD001'), 1], sector * SECTOR);
  };
  identify(PRIMARY, 1);
  const primary = PRIMARY * SECTOR;
  image.fill(0x20, primary + 8, primary + 72);
  putBoth32(bytes, primary + 80, sectors);
  putBoth16(bytes, primary + 120, 1);
  putBoth16(bytes, primary + 124, 1);
  putBoth16(bytes, primary + 128, SECTOR);
  putRecord(bytes, primary + ROOT_RECORD_OFFSET, SELF, { sector: ROOT, bytes: rootBytes, isDirectory: true });
  bytes.setUint8(primary + 881, 1);
  identify(PRIMARY + 1, 255);
  return image;
}

/** Records that no sector boundary cuts, for a directory at a sector. Filled up with zeros. */
function makeDirectory(
  own: number,
  parent: Extent,
  entries: readonly (readonly [string, Extent])[],
): Uint8Array {
  const room = new Uint8Array((2 + entries.length) * MAX_RECORD + SECTOR);
  const bytes = new DataView(room.buffer);
  let at = 0;
  const put = (name: string, extent: Extent): void => {
    const left = SECTOR - (at % SECTOR);
    if (left < RECORD_BYTES + name.length) at += left;
    at += putRecord(bytes, at, name, extent);
  };
  const self = { sector: own, bytes: SECTOR, isDirectory: true };
  put(SELF, self);
  put(PARENT, parent);
  for (const [name, extent] of entries) put(name, extent);
  const size = Math.ceil(at / SECTOR) * SECTOR;
  putRecord(bytes, 0, SELF, { ...self, bytes: size });
  return room.subarray(0, size);
}

export function makeEmptyImage(): Uint8Array {
  const root = { sector: ROOT, bytes: SECTOR, isDirectory: true };
  return Buffer.concat([makeDescriptors(ROOT + 1, SECTOR), makeDirectory(ROOT, root, [])]);
}

/** Empty files in directories of 5000: nothing but entries, so that the image is as small as their number allows. */
export function writeLargeImage(path: string, entries: number): void {
  const directories = Math.ceil(entries / FILES_A_DIRECTORY);
  const names = Array.from({ length: directories }, (_, i) => `D${String(i).padStart(7, '0')}`);
  const place = (sector: number, bytes: number): Extent => ({ sector, bytes, isDirectory: true });
  const rootBytes = makeDirectory(
    ROOT,
    place(ROOT, 0),
    names.map((name) => [name, place(0, 0)]),
  ).length;
  const root = place(ROOT, rootBytes);
  const first = ROOT + rootBytes / SECTOR;
  const files = Array.from(
    { length: FILES_A_DIRECTORY },
    (_, i) => [`F${String(i).padStart(7, '0')}.;1`, { sector: 0, bytes: 0, isDirectory: false }] as const,
  );
  const size = makeDirectory(first, root, files).length;
  const sectorOf = (i: number): number => first + (i * size) / SECTOR;
  const file = openSync(path, 'w');
  const write = (bytes: Uint8Array): number => writeSync(file, bytes);
  write(makeDescriptors(sectorOf(directories), rootBytes));
  write(
    makeDirectory(
      ROOT,
      root,
      names.map((name, i) => [name, place(sectorOf(i), size)]),
    ),
  );
  for (let i = 0; i < directories; i += 1) write(makeDirectory(sectorOf(i), root, files));
  closeSync(file);
}
