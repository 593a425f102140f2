// Builds zisofs files of both versions, and images that hold one (libisofs, zisofs_format.txt, zisofs2_format.txt).
import { compress } from './compress.js';
import type { Algorithm } from './compress.js';
import { ER, SECTOR, SP, buildIso, field, join, nm, px } from './iso-builder.js';

const CHARACTERS: Readonly<Record<Algorithm, string>> = {
  zlib: 'PZ',
  xz: 'XZ',
  lz4: 'L4',
  zstd: 'ZD',
  bzip2: 'B2',
};
const NUMBERS: Readonly<Record<Algorithm, number>> = { zlib: 1, xz: 2, lz4: 3, zstd: 4, bzip2: 5 };
/** Sector of the file in the image. */
const FILE_SECTOR = 30;

export interface ZisofsSpec {
  readonly version: 1 | 2;
  readonly algorithm: Algorithm;
  readonly blockShift: number;
}

/** The file: header, pointers, blocks; those that are all zeros take no bytes. */
export function makeZisofs(content: Uint8Array, { version, algorithm, blockShift }: ZisofsSpec): Buffer {
  const blockBytes = 2 ** blockShift;
  const width = version === 1 ? 4 : 8;
  const headerBytes = version === 1 ? 16 : 24;
  const count = Math.ceil(content.length / blockBytes);
  const head = Buffer.alloc(headerBytes + (count + 1) * width);
  head.write(version === 1 ? '37e45396c9dbd607' : 'ef2255a1bc1b95a0', 'hex');
  if (version === 1) {
    head.writeUInt32LE(content.length, 8);
    head.set([headerBytes / 4, blockShift], 12);
  } else {
    head.set([0, headerBytes / 4, NUMBERS[algorithm], blockShift], 8);
    head.writeBigUInt64LE(BigInt(content.length), 12);
  }
  const parts: Uint8Array[] = [head];
  let at = head.length;
  const point = (block: number): void => {
    if (version === 1) head.writeUInt32LE(at, headerBytes + block * width);
    else head.writeBigUInt64LE(BigInt(at), headerBytes + block * width);
  };
  for (let block = 0; block < count; block += 1) {
    point(block);
    const plain = content.subarray(block * blockBytes, (block + 1) * blockBytes);
    if (plain.every((byte) => byte === 0)) continue;
    const packed = compress(algorithm, plain);
    parts.push(packed);
    at += packed.length;
  }
  point(count);
  return Buffer.concat(parts);
}

/** ZF or Z2. */
export function zf({ version, algorithm, blockShift }: ZisofsSpec, size: number, signature = 'ZF'): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.write(version === 1 ? 'pz' : CHARACTERS[algorithm], 0, 'latin1');
  bytes.set([version === 1 ? 4 : 6, blockShift], 2);
  if (version === 1) {
    bytes.writeUInt32LE(size % 2 ** 32, 4);
    bytes.writeUInt32BE(size % 2 ** 32, 8);
  } else bytes.writeBigUInt64LE(BigInt(size), 4);
  const result = Buffer.from(field(signature, bytes));
  result[3] = version;
  return result;
}

/** An image whose file "packed" holds `stored` and has the field. */
export function makeImage(stored: Uint8Array, use: Uint8Array): Uint8Array {
  const dotUse = join(SP, px(0o040755, 2), ER);
  const systemUse = join(px(0o100644), nm('packed'), use);
  const record = { name: 'P.;1', extent: FILE_SECTOR, size: stored.length, systemUse };
  const length = FILE_SECTOR + Math.ceil(stored.length / SECTOR) + 1;
  return buildIso({ root: [record], dotUse, sectors: { [FILE_SECTOR]: stored }, length });
}
