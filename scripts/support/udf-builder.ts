// Builds small UDF images descriptor by descriptor, for what no tool would write: wrong fields, chains, odd places.
import { crcOf } from '../../src/base/crc16.js';

/** Partition: first sector, and blocks. What a test places itself goes to blocks from FREE_BLOCK on. */
export const PARTITION_START = 272;
const PARTITION_BLOCKS = 200;
export const ROOT_BLOCK = 1;
/** Sector of the integrity descriptor, where sectors have 2048 bytes. */
export const INTEGRITY = 60;
export const FREE_BLOCK = 8;
const MAIN_SEQUENCE = 32;
const RESERVE_SEQUENCE = 48;
/** 2020-01-02 03:04:05.060708 at +01:00. */
const TIMESTAMP = [0x3c, 0x10, 0xe4, 0x07, 1, 2, 3, 4, 5, 6, 7, 8];
export const EXPECTED_TIME = { seconds: 1_577_930_645, microseconds: 60_708 };

export interface UdfSpec {
  readonly blockSize?: number;
  /** Sectors of the whole image. */
  readonly sectors?: number;
  /** Blocks of the partition. */
  readonly partitionBlocks?: number;
  /** UDF revision that the integrity descriptor asks readers for. */
  readonly minimumReadRevision?: number;
  /** Sectors with an anchor; 256 where absent. */
  readonly anchors?: readonly number[];
  /** Partition maps; one physical one where absent. */
  readonly maps?: readonly Uint8Array[];
  /** Partition reference of file set and root. */
  readonly home?: number;
  /** File identifiers of the root, behind that of its parent. */
  readonly root?: readonly Uint8Array[];
  /** Blocks of the partition, by number, to be put where they say. */
  readonly blocks?: Readonly<Record<number, Uint8Array>>;
  /** Sectors of the image, last of all. */
  readonly image?: Readonly<Record<number, Uint8Array>>;
  /** Bytes between volume structure descriptors; 2048 where absent. */
  readonly recognitionStep?: number;
}

/** Puts a tag before what starts at byte 16 of `bytes` (ECMA-167 3/7.2). */
export function tagged(identifier: number, location: number, bytes: Uint8Array): Uint8Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  view.writeUInt16LE(identifier, 0);
  view.writeUInt16LE(3, 2);
  view[4] = 0;
  const length = bytes.length - 16;
  view.writeUInt16LE(crcOf(bytes.subarray(16)), 8);
  view.writeUInt16LE(length, 10);
  view.writeUInt32LE(location, 12);
  view[4] = bytes.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) & 0xff;
  return bytes;
}

export interface FileSpec {
  readonly block: number;
  readonly extended?: boolean;
  /** ECMA-167 4/14.6.6; 5 (regular) where absent. */
  readonly fileType?: number;
  readonly strategy?: number;
  /** Kind of allocation descriptors: 0 short, 1 long, 2 extended, 3 embedded. */
  readonly kind?: number;
  /** Allocation descriptors, or embedded data. */
  readonly allocation: Uint8Array;
  readonly size: number;
  readonly links?: number;
  readonly attributes?: Uint8Array;
  /** ICB of the stream directory: its block, in partition 0. */
  readonly streams?: number;
}

/** A file entry, or an extended one. */
export function fileEntry(spec: FileSpec): Uint8Array {
  const attributes = spec.attributes ?? new Uint8Array();
  const head = spec.extended ? 216 : 176;
  const bytes = Buffer.alloc(head + attributes.length + spec.allocation.length);
  bytes.writeUInt16LE(spec.strategy ?? 4, 20);
  bytes.writeUInt16LE(1, 24);
  bytes[27] = spec.fileType ?? 5;
  bytes.writeUInt16LE(spec.kind ?? 3, 34);
  bytes.writeUInt32LE(1000, 36);
  bytes.writeUInt32LE(0xffff_ffff, 40);
  bytes.writeUInt32LE(0x1084 | (0o7 << 10), 44);
  bytes.writeUInt16LE(spec.links ?? 1, 48);
  bytes.writeBigUInt64LE(BigInt(spec.size), 56);
  for (const at of spec.extended ? [80, 92, 104, 116] : [72, 84, 96]) bytes.set(TIMESTAMP, at);
  if (spec.streams !== undefined) bytes.set(longExtent(2048, spec.streams), 152);
  bytes.writeUInt32LE(attributes.length, head - 8);
  bytes.writeUInt32LE(spec.allocation.length, head - 4);
  bytes.set(attributes, head);
  bytes.set(spec.allocation, head + attributes.length);
  return tagged(spec.extended ? 266 : 261, spec.block, bytes);
}

/** A volume with the file "f" in FREE_BLOCK, and further blocks. */
export function withFile(spec: Omit<FileSpec, 'block'>, blocks: Record<number, Uint8Array> = {}): UdfSpec {
  return {
    root: [identifier('f', FREE_BLOCK)],
    blocks: { [FREE_BLOCK]: fileEntry({ block: FREE_BLOCK, ...spec }), ...blocks },
  };
}

/** An embedded file with this text. */
export function textFile(block: number, text: string): Uint8Array {
  const data = Buffer.from(text);
  return fileEntry({ block, allocation: data, size: data.length });
}

/** `type` 0 recorded, 1 and 2 holes, 3 continuation. */
export function shortExtent(length: number, block: number, type = 0): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE((length | (type << 30)) >>> 0, 0);
  bytes.writeUInt32LE(block, 4);
  return bytes;
}

export function longExtent(length: number, block: number, partition = 0, type = 0): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.set(shortExtent(length, block, type));
  bytes.writeUInt16LE(partition, 8);
  return bytes;
}

/** A name of 8 bits a character, or raw bytes with their compression id. */
export function identifier(
  name: string | Uint8Array,
  block: number,
  options: { partition?: number; characteristics?: number } = {},
): Uint8Array {
  const text = typeof name === 'string' ? Buffer.concat([Buffer.of(8), Buffer.from(name, 'latin1')]) : name;
  const bytes = Buffer.alloc((38 + text.length + 3) & ~3);
  bytes.writeUInt16LE(1, 16);
  bytes[18] = options.characteristics ?? 0;
  bytes[19] = text.length;
  bytes.set(longExtent(2048, block, options.partition ?? 0), 20);
  bytes.set(text, 38);
  return tagged(257, block, bytes);
}

/** The identifiers of a directory, its parent first, as one run of bytes. */
export function directoryData(parent: number, entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([identifier(Buffer.alloc(0), parent, { characteristics: 0x0a }), ...entries]);
}

/** An embedded directory. */
export function directory(block: number, parent: number, entries: readonly Uint8Array[]): Uint8Array {
  const data = directoryData(parent, entries);
  return fileEntry({ block, fileType: 4, allocation: data, size: data.length });
}

export function physicalMap(number = 0): Uint8Array {
  return Buffer.from([1, 6, 1, 0, number, 0]);
}

/** A map of type 2 with an identifier of UDF (2.2.8 to 2.2.10). */
export function typedMap(name: string, fill: (bytes: Buffer) => void = () => undefined): Uint8Array {
  const bytes = Buffer.alloc(64);
  bytes[0] = 2;
  bytes[1] = 64;
  bytes.write(name, 5, 'latin1');
  bytes.writeUInt16LE(1, 36);
  fill(bytes);
  return bytes;
}

function dstring(text: string, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes[0] = 8;
  bytes.write(text, 1, 'latin1');
  bytes[length - 1] = text.length + 1;
  return bytes;
}

/** Where the descriptor sequences are (ECMA-167 3/10.2). */
export function anchor(sector: number, blockSize = 2048, mainSectors = 16): Uint8Array {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt32LE(mainSectors * blockSize, 16);
  bytes.writeUInt32LE(MAIN_SEQUENCE * Math.ceil(2048 / blockSize), 20);
  bytes.writeUInt32LE(16 * blockSize, 24);
  bytes.writeUInt32LE(RESERVE_SEQUENCE * Math.ceil(2048 / blockSize), 28);
  return tagged(2, sector, bytes);
}

/** A descriptor sequence from sector `start` on: primary, partition, logical, terminating. */
export function volumeDescriptors(start: number, spec: UdfSpec): Map<number, Uint8Array> {
  const blockSize = spec.blockSize ?? 2048;
  const primary = Buffer.alloc(512);
  primary.set(dstring('PRIMARY', 32), 24);
  primary.set(TIMESTAMP, 376);
  const partition = Buffer.alloc(512);
  partition.writeUInt32LE(PARTITION_START, 188);
  partition.writeUInt32LE(spec.partitionBlocks ?? PARTITION_BLOCKS, 192);
  const maps = Buffer.concat(spec.maps ?? [physicalMap()]);
  const logical = Buffer.alloc(440 + maps.length);
  logical.set(dstring('BUILT', 128), 84);
  logical.writeUInt32LE(blockSize, 212);
  logical.write('*OSTA UDF Compliant', 217, 'latin1');
  logical.writeUInt16LE(0x0201, 240);
  logical.set(longExtent(blockSize, 0, spec.home ?? 0), 248);
  logical.writeUInt32LE(maps.length, 264);
  logical.writeUInt32LE(spec.maps?.length ?? 1, 268);
  logical.writeUInt32LE(blockSize, 432);
  logical.writeUInt32LE(INTEGRITY * Math.ceil(2048 / blockSize), 436);
  logical.set(maps, 440);
  return new Map([
    [start, tagged(1, start, primary)],
    [start + 1, tagged(5, start + 1, partition)],
    [start + 2, tagged(6, start + 2, logical)],
    [start + 3, tagged(8, start + 3, Buffer.alloc(512))],
  ]);
}

/** `next`: the extent where the sequence goes on, when it does. */
export function integrity(sector: number, minimumReadRevision: number, next?: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(80 + 8 + 46);
  bytes.set(TIMESTAMP, 16);
  bytes.writeUInt32LE(1, 28);
  bytes.writeUInt32LE(1, 72);
  bytes.writeUInt32LE(46, 76);
  bytes.writeUInt32LE(7, 88 + 32);
  bytes.writeUInt32LE(2, 88 + 36);
  bytes.writeUInt16LE(minimumReadRevision, 88 + 40);
  if (next !== undefined) bytes.set(next, 32);
  return tagged(9, sector, bytes);
}

export interface FileSetSpec {
  readonly home?: number;
  readonly block?: number;
  readonly root?: number;
  /** Number of the set, and of this descriptor of it. */
  readonly number?: number;
  readonly descriptorNumber?: number;
  /** Block where the next descriptor is. */
  readonly next?: number;
}

export function fileSet({ home = 0, block = 0, ...spec }: FileSetSpec): Uint8Array {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt32LE(spec.number ?? 0, 40);
  bytes.writeUInt32LE(spec.descriptorNumber ?? 0, 44);
  bytes.set(longExtent(2048, spec.root ?? ROOT_BLOCK, home), 400);
  if (spec.next !== undefined) bytes.set(longExtent(2048, spec.next, home), 448);
  return tagged(256, block, bytes);
}

/** The whole image. Sectors have a block's bytes. */
export function buildUdf(spec: UdfSpec = {}): Uint8Array {
  const blockSize = spec.blockSize ?? 2048;
  // What comes before the partition is placed by bytes, so that it is clear of the recognition sequence.
  const scale = Math.ceil(2048 / blockSize);
  const sectors = spec.sectors ?? PARTITION_START + (spec.partitionBlocks ?? PARTITION_BLOCKS) + 512;
  const image = Buffer.alloc(sectors * blockSize);
  const put = (sector: number, bytes: Uint8Array): void => image.set(bytes, sector * blockSize);
  const step = spec.recognitionStep ?? 2048;
  for (const [index, name] of ['BEA01', 'NSR03', 'TEA01'].entries()) {
    image.write(name, 32_768 + index * step + 1, 'latin1');
  }
  for (const start of [MAIN_SEQUENCE * scale, RESERVE_SEQUENCE * scale]) {
    for (const [sector, bytes] of volumeDescriptors(start, spec)) put(sector, bytes);
  }
  put(INTEGRITY * scale, integrity(INTEGRITY * scale, spec.minimumReadRevision ?? 0x0201));
  const root = directory(ROOT_BLOCK, ROOT_BLOCK, spec.root ?? []);
  const blocks: Record<number, Uint8Array> = {
    0: fileSet({ home: spec.home ?? 0 }),
    [ROOT_BLOCK]: root,
    ...spec.blocks,
  };
  for (const [block, bytes] of Object.entries(blocks)) put(PARTITION_START + Number(block), bytes);
  for (const sector of spec.anchors ?? [256]) put(sector, anchor(sector, blockSize));
  for (const [sector, bytes] of Object.entries(spec.image ?? {})) put(Number(sector), bytes);
  return image;
}
