// File identifier descriptor (ECMA-167 4/14.4): one name in a directory. Its fields, and where the next one starts.
import type { ByteCursor } from '../../base/byte-cursor.js';

/** Byte offsets in a descriptor. */
export const IDENTIFIER = {
  /** 4/14.4.3 File Characteristics, BP 18. */
  characteristics: 18,
  /** 4/14.4.4 Length of File Identifier, BP 19. */
  nameLength: 19,
  /** 4/14.4.5 ICB, a long allocation descriptor, BP 20-35: length, block, partition reference. */
  icbLength: 20,
  icbBlock: 24,
  icbPartition: 28,
  /** 4/14.4.6 Length of Implementation Use, BP 36-37. */
  useLength: 36,
  /** 4/14.4.7 Implementation Use, BP 38 on; the name stands behind it. */
  use: 38,
} as const;

/** 4/14.4.3, figure 22. Hidden names are shown. */
export const CHARACTERISTIC = { directory: 0x02, deleted: 0x04, parent: 0x08 } as const;

/** Bytes before the implementation use. */
export const MIN_IDENTIFIER_BYTES = IDENTIFIER.use;

/** Bytes of the descriptor at `offset`, of which the first 38 are there: padded to a multiple of 4 (4/14.4.9). */
export function identifierLength(cursor: ByteCursor, offset: number): number {
  const use = cursor.u16le(offset + IDENTIFIER.useLength);
  return (IDENTIFIER.use + use + cursor.u8(offset + IDENTIFIER.nameLength) + 3) & ~3;
}
