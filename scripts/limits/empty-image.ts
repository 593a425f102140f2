// The smallest disc there is, as the start that others are compared with: ISO 9660 with nothing in its root directory.
const SECTOR = 2048;
/** Sector of the primary descriptor, its set's end, and the root directory. */
const PRIMARY = 16;
const ROOT = 18;
const SECTORS = 19;
const ROOT_RECORD_OFFSET = 156;
const RECORD_BYTES = 34;
const DIRECTORY_FLAG = 2;

/** Both byte orders of a number, one behind the other (ECMA-119 7.3.3). */
function putBoth32(bytes: DataView, offset: number, value: number): void {
  bytes.setUint32(offset, value, true);
  bytes.setUint32(offset + 4, value, false);
}

function putBoth16(bytes: DataView, offset: number, value: number): void {
  bytes.setUint16(offset, value, true);
  bytes.setUint16(offset + 2, value, false);
}

function putRootRecord(bytes: DataView, offset: number, identifier: number): void {
  bytes.setUint8(offset, RECORD_BYTES);
  putBoth32(bytes, offset + 2, ROOT);
  putBoth32(bytes, offset + 10, SECTOR);
  bytes.setUint8(offset + 25, DIRECTORY_FLAG);
  putBoth16(bytes, offset + 28, 1);
  bytes.setUint8(offset + 32, 1);
  bytes.setUint8(offset + 33, identifier);
}

export function makeEmptyImage(): Uint8Array {
  const image = new Uint8Array(SECTORS * SECTOR);
  const bytes = new DataView(image.buffer);
  const identify = (sector: number, type: number): void => {
    image.set([type, ...Buffer.from('CD001'), 1], sector * SECTOR);
  };
  identify(PRIMARY, 1);
  const primary = PRIMARY * SECTOR;
  image.fill(0x20, primary + 8, primary + 72);
  putBoth32(bytes, primary + 80, SECTORS);
  putBoth16(bytes, primary + 120, 1);
  putBoth16(bytes, primary + 124, 1);
  putBoth16(bytes, primary + 128, SECTOR);
  putRootRecord(bytes, primary + ROOT_RECORD_OFFSET, 0);
  bytes.setUint8(primary + 881, 1);
  identify(PRIMARY + 1, 255);
  putRootRecord(bytes, ROOT * SECTOR, 0);
  putRootRecord(bytes, ROOT * SECTOR + RECORD_BYTES, 1);
  return image;
}
