// The attributes that CD-ROM XA puts into the System Use field of a record (System Description CD-ROM XA, II 2.7).
import type { ByteCursor } from '../../base/byte-cursor.js';
import { RECORD, systemUseOffset } from './directory-record.js';

const XA_BYTES = 14;
/** "XA" behind group id, user id and attributes. */
const SIGNATURE = 0x5841;
const SIGNATURE_OFFSET = 6;
/** Bits of the attributes: mode 2 form 2 (bit 12), CD-DA (bit 14). */
export const XA_LARGE_SECTORS = 0x1000 | 0x4000;

/** The 16 attribute bits of the record in the cursor's window, undefined when it has none. */
export function readXaAttributes(record: ByteCursor): number | undefined {
  const at = systemUseOffset(record.u8(RECORD.nameLength));
  if (at + XA_BYTES > record.length || record.u16be(at + SIGNATURE_OFFSET) !== SIGNATURE) return undefined;
  return record.u16be(at + 4);
}
