// One volume descriptor of ECMA-119 clause 8: bytes in, record out. Which ones there are: see volume-descriptor-set.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Timestamp } from '../contract/file-tree.js';
import { computeWindowsSerial } from '../contract/windows-identity.js';
import { readLongDate } from './date.js';
import { HIGH_SIERRA_FLAGS, RECORD } from './directory-record.js';
import type { RecordFormat } from './directory-record.js';
import { IdentifierDecoder } from './identifiers.js';
import type { DecodedIdentifiers, IdentifierField } from './identifiers.js';
import { decodeUcs2, jolietLevel } from './joliet.js';
import type { NameCharset } from '../../base/name-charset.js';

export const DESCRIPTOR_BYTES = 2048;
/** ECMA-119 8.1.1 Volume Descriptor Type. */
export const DESCRIPTOR_TYPE = {
  boot: 0,
  primary: 1,
  supplementary: 2,
  partition: 3,
  terminator: 255,
} as const;
/** 8.5.2, ISO 9660:1999 8.5.2: version of the enhanced volume descriptor. */
export const ENHANCED_VERSION = 2;
/** CD-ROM XA: this stands at byte 1024 of the primary descriptor. */
const XA_IDENTIFIER = 'CD-XA001';
const XA_IDENTIFIER_OFFSET = 1024;
/** Logical block sizes (ECMA-119 6.2.2): powers of two up to the sector. */
const BLOCK_SIZES: readonly number[] = [512, 1024, 2048];
const ROOT_RECORD_BYTES = 34;
/** Offset of the type in a descriptor of High Sierra, behind its own block number. */
export const HIGH_SIERRA_TYPE = 8;

/** A primary or supplementary volume descriptor (ECMA-119 8.4, 8.5). Text is trimmed. */
export interface VolumeDescriptor extends DecodedIdentifiers {
  /** Byte offset of the descriptor in the image. */
  readonly offset: number;
  readonly type: number;
  /** 8.5.2: 2 stands for the enhanced descriptor of ISO 9660:1999. */
  readonly version: number;
  /** Level 1 to 3 when the escape sequences are Joliet's, otherwise 0. */
  readonly jolietLevel: number;
  /** Logical blocks of the volume. */
  readonly volumeBlocks: number;
  /** Bytes of a logical block. */
  readonly blockSize: number;
  /** How the records of its directories are laid out. */
  readonly records: RecordFormat;
  readonly pathTable: PathTablePlace;
  /** Records carry the attributes of CD-ROM XA. */
  readonly isXa: boolean;
  /** 8.4.31: 1, or 2 in an enhanced descriptor; other values are a quirk. */
  readonly structureVersion: number;
  /** Length byte of the root's record, which should be 34. */
  readonly rootRecordLength: number;
  /** Root directory: byte offset and bytes of its extent. */
  readonly rootOffset: number;
  readonly rootSize: number;
  readonly created: Timestamp | undefined;
  readonly modified: Timestamp | undefined;
  readonly expires: Timestamp | undefined;
  readonly effective: Timestamp | undefined;
  /** Serial number that Windows derives from it. */
  readonly windowsSerial: number;
  /** Byte offset in the image of the first both-endian number whose halves differ. */
  readonly mismatchOffset: number | undefined;
}

/** Where the path table lies (8.4.13 to 8.4.17). */
export interface PathTablePlace {
  /** Bytes. */
  readonly size: number;
  /** Byte offset of the table with little-endian numbers. */
  readonly littleOffset: number;
  /** Byte offset of the table with big-endian numbers; undefined in High Sierra, which is not asked for it. */
  readonly bigOffset: number | undefined;
}

/**
 * Parses 2048 bytes that stand at `offset`. `charset`: of text that is no UTF-8. Throws `unsupported` for a block
 * size that no disc may have.
 */
export function parseVolumeDescriptor(
  bytes: Uint8Array,
  sourceName: string,
  offset: number,
  charset?: NameCharset,
): VolumeDescriptor {
  const cursor = new ByteCursor(bytes, sourceName, offset, 0, DESCRIPTOR_BYTES);
  const type = cursor.u8(0); // 8.4.1 Volume Descriptor Type, BP 1
  const version = cursor.u8(6); // 8.4.3 Volume Descriptor Version, BP 7
  // 8.5.6 Escape Sequences, BP 89-120. Some masters put Joliet's into the primary descriptor: it is no Joliet there.
  const level = type === DESCRIPTOR_TYPE.supplementary ? jolietLevel(cursor.slice(88, 32)) : 0;
  const decoder = new IdentifierDecoder(charset);
  const text = (field: IdentifierField, at: number, length: number): string => {
    const value = cursor.slice(at, length);
    return level > 0 ? decodeUcs2(value) : decoder.decode(field, value);
  };
  const blockSize = readBlockSize(cursor, 128); // 8.4.12 Logical Block Size, BP 129-132
  const root = readRootRecord(cursor, 156, blockSize); // 8.4.18, BP 157-190
  return {
    offset,
    type,
    version,
    jolietLevel: level,
    systemId: text('systemId', 8, 32), // 8.4.5, BP 9-40
    volumeId: text('volumeId', 40, 32), // 8.4.6, BP 41-72
    volumeBlocks: cursor.u32both(80), // 8.4.8 Volume Space Size, BP 81-88
    blockSize,
    records: { blockSize, flags: RECORD.flags },
    pathTable: {
      size: cursor.u32both(132), // 8.4.13 Path Table Size, BP 133-140
      littleOffset: cursor.u32le(140) * blockSize, // 8.4.14, BP 141-144
      bigOffset: cursor.u32be(148) * blockSize, // 8.4.16, BP 149-152
    },
    isXa: cursor.text(XA_IDENTIFIER_OFFSET, XA_IDENTIFIER.length) === XA_IDENTIFIER,
    structureVersion: cursor.u8(881), // 8.4.31, BP 882
    ...root,
    volumeSetId: text('volumeSetId', 190, 128), // 8.4.19, BP 191-318
    publisherId: text('publisherId', 318, 128), // 8.4.20, BP 319-446
    preparerId: text('preparerId', 446, 128), // 8.4.21, BP 447-574
    applicationId: text('applicationId', 574, 128), // 8.4.22, BP 575-702
    created: readDate(cursor, 813), // 8.4.26, BP 814-830
    modified: readDate(cursor, 830), // 8.4.27, BP 831-847
    expires: readDate(cursor, 847), // 8.4.28, BP 848-864
    effective: readDate(cursor, 864), // 8.4.29, BP 865-881
    unsure: decoder.unsure,
    windowsSerial: computeWindowsSerial(cursor.slice(0, DESCRIPTOR_BYTES)),
    mismatchOffset: cursor.mismatch < 0 ? undefined : cursor.offsetInSource(cursor.mismatch),
  };
}

/**
 * Parses 2048 bytes that are the standard file structure descriptor of High Sierra, in which all fields of ECMA-119
 * 8.4 stand 8 bytes later and dates have no time zone. Throws as parseVolumeDescriptor does.
 */
export function parseHighSierraDescriptor(
  bytes: Uint8Array,
  sourceName: string,
  offset: number,
  charset?: NameCharset,
): VolumeDescriptor {
  const cursor = new ByteCursor(bytes, sourceName, offset, 0, DESCRIPTOR_BYTES);
  const decoder = new IdentifierDecoder(charset);
  const blockSize = readBlockSize(cursor, 136);
  return {
    offset,
    type: cursor.u8(HIGH_SIERRA_TYPE),
    version: cursor.u8(14),
    jolietLevel: 0,
    systemId: decoder.decode('systemId', cursor.slice(16, 32)),
    volumeId: decoder.decode('volumeId', cursor.slice(48, 32)),
    volumeBlocks: cursor.u32both(88),
    blockSize,
    records: { blockSize, flags: HIGH_SIERRA_FLAGS },
    pathTable: {
      size: cursor.u32both(140),
      littleOffset: cursor.u32le(148) * blockSize,
      bigOffset: undefined,
    },
    isXa: false,
    structureVersion: 1,
    ...readRootRecord(cursor, 180, blockSize),
    volumeSetId: decoder.decode('volumeSetId', cursor.slice(214, 128)),
    publisherId: decoder.decode('publisherId', cursor.slice(342, 128)),
    preparerId: decoder.decode('preparerId', cursor.slice(470, 128)),
    applicationId: decoder.decode('applicationId', cursor.slice(598, 128)),
    created: readDate(cursor, 790, false),
    modified: readDate(cursor, 806, false),
    expires: readDate(cursor, 822, false),
    effective: readDate(cursor, 838, false),
    unsure: decoder.unsure,
    windowsSerial: computeWindowsSerial(cursor.slice(0, DESCRIPTOR_BYTES)),
    mismatchOffset: cursor.mismatch < 0 ? undefined : cursor.offsetInSource(cursor.mismatch),
  };
}

function readBlockSize(cursor: ByteCursor, at: number): number {
  const blockSize = cursor.u16both(at);
  if (!BLOCK_SIZES.includes(blockSize)) throw badBlockSize(cursor, at, blockSize);
  return blockSize;
}

/** The record of the root directory (9.1). Its length byte is often wrong, and not needed. */
function readRootRecord(
  cursor: ByteCursor,
  at: number,
  blockSize: number,
): { rootOffset: number; rootSize: number; rootRecordLength: number } {
  cursor.slice(at, ROOT_RECORD_BYTES);
  const extent = cursor.u32both(at + 2); // 9.1.3 Location of Extent
  const extendedAttributes = cursor.u8(at + 1); // 9.1.2 Extended Attribute Record Length
  return {
    rootOffset: (extent + extendedAttributes) * blockSize,
    rootRecordLength: cursor.u8(at),
    rootSize: cursor.u32both(at + 10), // 9.1.4 Data Length
  };
}

function readDate(cursor: ByteCursor, offset: number, hasZone = true): Timestamp | undefined {
  const time = { seconds: 0, microseconds: 0 };
  return readLongDate(cursor, offset, time, hasZone) ? time : undefined;
}

function badBlockSize(cursor: ByteCursor, at: number, found: number): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Cannot read the volume descriptor of "${cursor.sourceName}": logical block size is ${found}, ` +
      `expected 512, 1024 or 2048`,
    { at: { source: cursor.sourceName, offset: cursor.offsetInSource(at), clause: 'ECMA-119 8.4.12' } },
  );
}
