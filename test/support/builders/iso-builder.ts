// Builds small ISO 9660 images record by record, for what no tool would write: wrong fields, loops, odd layouts.

export const SECTOR = 2048;
const PRIMARY = 16;
/** Sector of the root directory; what a test places itself goes behind its last sector. */
export const ROOT_SECTOR = 20;

export interface RecordSpec {
  readonly name: string | Uint8Array;
  /** Logical block of the data. */
  readonly extent?: number;
  readonly size?: number;
  readonly flags?: number;
  /** Interleaving, logical blocks. */
  readonly unit?: number;
  readonly gap?: number;
  /** Bytes of the System Use field. */
  readonly systemUse?: Uint8Array;
  /** The seven bytes of the date; 2020-01-02 03:04:05 UTC where absent. */
  readonly date?: readonly number[];
  /** Logical blocks of the extended attribute record. */
  readonly extendedAttributes?: number;
}

export interface ImageSpec {
  /** Records of the root behind "." and "..". */
  readonly root: readonly RecordSpec[];
  /** System Use field of the root's ".". */
  readonly dotUse?: Uint8Array;
  /** Sectors, by number, to be put where they say. */
  readonly sectors?: Readonly<Record<number, Uint8Array>>;
  /** Sectors of the whole image. */
  readonly length?: number;
  /** Changes to the primary volume descriptor before it is written. */
  readonly patch?: (descriptor: Uint8Array) => void;
}

/** A directory record (ECMA-119 9.1). */
export function record(spec: RecordSpec): Uint8Array {
  const name = typeof spec.name === 'string' ? Buffer.from(spec.name, 'latin1') : spec.name;
  const use = spec.systemUse ?? new Uint8Array();
  const useOffset = (33 + name.length + 1) & ~1;
  const bytes = Buffer.alloc((useOffset + use.length + 1) & ~1);
  bytes[0] = bytes.length;
  bytes[1] = spec.extendedAttributes ?? 0;
  writeBoth32(bytes, 2, spec.extent ?? 0);
  writeBoth32(bytes, 10, spec.size ?? 0);
  bytes.set(spec.date ?? [120, 1, 2, 3, 4, 5, 0], 18);
  bytes[25] = spec.flags ?? 0;
  bytes[26] = spec.unit ?? 0;
  bytes[27] = spec.gap ?? 0;
  bytes.set([1, 0, 0, 1], 28);
  bytes[32] = name.length;
  bytes.set(name, 33);
  bytes.set(use, useOffset);
  return bytes;
}

/** The bytes of a directory: "." and "..", then the records, none of which crosses a sector. */
export function directory(sector: number, records: readonly RecordSpec[], dotUse?: Uint8Array): Uint8Array {
  const size = SECTOR * 2;
  const own = { extent: sector, size, flags: 2 };
  const dots = [
    record({ ...own, name: '\0', ...(dotUse === undefined ? {} : { systemUse: dotUse }) }),
    record({ ...own, name: '\x01' }),
  ];
  const bytes = Buffer.alloc(size);
  let at = 0;
  for (const one of [...dots, ...records.map(record)]) {
    if ((at % SECTOR) + one.length > SECTOR) at += SECTOR - (at % SECTOR);
    bytes.set(one, at);
    at += one.length;
  }
  return bytes;
}

/** A whole image with one primary volume descriptor. */
export function buildIso(spec: ImageSpec): Uint8Array {
  const length = spec.length ?? 64;
  const image = Buffer.alloc(length * SECTOR);
  const primary = image.subarray(PRIMARY * SECTOR, (PRIMARY + 1) * SECTOR);
  primary.set(Buffer.from('\x01CD001\x01', 'latin1'));
  primary.fill(0x20, 8, 72);
  primary.write('TEST', 40, 'latin1');
  writeBoth32(primary, 80, length);
  writeBoth16(primary, 120, 1);
  writeBoth16(primary, 124, 1);
  writeBoth16(primary, 128, SECTOR);
  const root = directory(ROOT_SECTOR, spec.root, spec.dotUse);
  primary.set(record({ name: '\0', extent: ROOT_SECTOR, size: root.length, flags: 2 }), 156);
  primary[881] = 1;
  spec.patch?.(primary);
  image.set(Buffer.from('\xffCD001\x01', 'latin1'), (PRIMARY + 1) * SECTOR);
  image.set(root, ROOT_SECTOR * SECTOR);
  for (const [sector, bytes] of Object.entries(spec.sectors ?? {})) image.set(bytes, Number(sector) * SECTOR);
  return image;
}

/** A field of a System Use area (SUSP 4): signature, length, version 1, data. */
export function field(signature: string, ...data: (number | Uint8Array)[]): Uint8Array {
  const body = Buffer.concat(data.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part)));
  return Buffer.concat([Buffer.from(signature, 'latin1'), Uint8Array.of(body.length + 4, 1), body]);
}

/** A both-endian number of 2 x 32 bits. */
export function both32(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  writeBoth32(bytes, 0, value);
  return bytes;
}

export const SP = field('SP', 0xbe, 0xef, 0);
/** Announces Rock Ridge (SUSP 5.5, RRIP 1.12 4.3). */
export const ER = field('ER', 10, 0, 0, 1, Buffer.from('RRIP_1991A'));

/** PX (RRIP 4.1.1). */
export function px(mode: number, links = 1, userId = 0, groupId = 0): Uint8Array {
  return field('PX', both32(mode), both32(links), both32(userId), both32(groupId));
}

/** NM (RRIP 4.1.4). */
export function nm(name: string, flags = 0): Uint8Array {
  return field('NM', flags, Buffer.from(name, 'latin1'));
}

/** CE (SUSP 5.1). */
export function ce(block: number, offset: number, length: number): Uint8Array {
  return field('CE', both32(block), both32(offset), both32(length));
}

export function join(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function writeBoth32(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32LE(value, offset);
  bytes.writeUInt32BE(value, offset + 4);
}

function writeBoth16(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt16LE(value, offset);
  bytes.writeUInt16BE(value, offset + 2);
}
