// Streams of .xz files (The .xz File Format 1.2), from the last to the first: a footer tells where an index is, and an
// index where blocks are.
import { crc32 } from 'node:zlib';
import { ByteCursor } from '../../base/byte-cursor.js';

/** 2.1.1 and 2.1.2: bytes of a stream's header and of its footer, and how they begin and end. */
export const FRAME_BYTES = 12;
const HEADER_MAGIC = Buffer.from('\xfd7zXZ\0', 'latin1');
const FOOTER_MAGIC = 'YZ';

export function isStreamHeader(bytes: Uint8Array): boolean {
  return bytes.length >= FRAME_BYTES && HEADER_MAGIC.equals(bytes.subarray(0, HEADER_MAGIC.length));
}

/** 2.1.1.2 Stream Flags: which check blocks have. */
export function checkKindOf(header: Uint8Array): number {
  return header[7]! & 0x0f;
}

/** 2.1.2 Stream Footer: bytes of the index before it; undefined where it is none. */
export function parseFooter(bytes: Uint8Array): number | undefined {
  const cursor = new ByteCursor(bytes, '.xz footer', 0);
  const isFooter = Buffer.from(bytes.subarray(10)).toString('latin1') === FOOTER_MAGIC;
  if (!isFooter || crc32(bytes.subarray(4, 10)) !== cursor.u32le(0)) return undefined;
  return (cursor.u32le(4) + 1) * 4;
}

export interface IndexRecord {
  /** Bytes of a block without its padding. */
  readonly unpadded: number;
  /** Bytes of its content. */
  readonly size: number;
}

/** 4 Index; undefined where it is damaged, or has more than `most` records. */
export function parseIndex(bytes: Uint8Array, most: number): IndexRecord[] | undefined {
  const cursor = new ByteCursor(bytes, '.xz index', 0);
  const end = bytes.length - 4;
  if (bytes[0] !== 0 || crc32(bytes.subarray(0, end)) !== cursor.u32le(end)) return undefined;
  let at = 1;
  // 1.2 Multibyte Integers: seven bits each, the lowest first.
  const readNumber = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = cursor.u8(at);
      at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80 || factor > 2 ** 56) return value;
    }
  };
  const count = readNumber();
  // A record has two bytes at least.
  if (count > most || count * 2 > end - at) return undefined;
  const records: IndexRecord[] = [];
  for (let i = 0; i < count; i += 1) records.push({ unpadded: readNumber(), size: readNumber() });
  const isSafe = records.every(({ unpadded, size }) => unpadded > 0 && unpadded < 2 ** 50 && size < 2 ** 50);
  return isSafe && at <= end ? records : undefined;
}
