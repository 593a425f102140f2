// The header at the start of a zisofs file, of which nothing is needed: it is compared with the field that is used.
import { countBytes } from '../../../base/byte-count.js';
import { ByteCursor } from '../../../base/byte-cursor.js';
import type { ZisofsParameters } from './zisofs-field.js';

const MAGIC = {
  1: [0x37, 0xe4, 0x53, 0x96, 0xc9, 0xdb, 0xd6, 0x07],
  2: [0xef, 0x22, 0x55, 0xa1, 0xbc, 0x1b, 0x95, 0xa0],
} as const;
/** Bytes of the header of each version. */
export const HEADER_BYTES = { 1: 16, 2: 24 } as const;

/** What the header says against the field, in words; undefined when they agree. */
export function compareHeader(
  bytes: Uint8Array,
  { version, headerBytes, blockShift }: ZisofsParameters,
  size: number,
): string | undefined {
  if (bytes.length < HEADER_BYTES[version]) return 'file ends before the header does';
  const cursor = new ByteCursor(bytes, 'zisofs header', 0);
  if (!MAGIC[version].every((byte, i) => cursor.u8(i) === byte)) return 'file has no header';
  const said =
    version === 1
      ? { size: cursor.u32le(8), header: cursor.u8(12), shift: cursor.u8(13) }
      : { size: readU64(cursor, 12), header: cursor.u8(9), shift: cursor.u8(11) };
  if (said.size !== size) return `header says ${countBytes(said.size)}, the field ${size}`;
  if (said.header * 4 !== headerBytes)
    return `header says that it has ${countBytes(said.header * 4)}, the field ${headerBytes}`;
  if (said.shift !== blockShift)
    return `header says blocks of ${countBytes(2 ** said.shift)}, the field ${2 ** blockShift}`;
  return undefined;
}

function readU64(cursor: ByteCursor, at: number): number {
  return cursor.u32le(at) + cursor.u32le(at + 4) * 0x1_0000_0000;
}
