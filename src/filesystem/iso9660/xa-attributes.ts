// The attributes that CD-ROM XA puts into the System Use field of a record (System Description CD-ROM XA, II 2.7).
import type { ByteCursor } from '../../base/byte-cursor.js';
import { RECORD, systemUseOffset } from './directory-record.js';

export const XA_BYTES = 14;
/** "XA" behind group id, user id and attributes. */
const SIGNATURE = 0x5841;
const SIGNATURE_OFFSET = 6;
/** Bits of the attributes: sectors of form 1, of form 2, both in turns, and of sound. */
export const XA_FORM = { form1: 0x0800, form2: 0x1000, interleaved: 0x2000, sound: 0x4000 } as const;
/** Of sectors with more than 2048 bytes. */
export const XA_LARGE_SECTORS = XA_FORM.form2 | XA_FORM.sound;

/** The 16 attribute bits of the record in the cursor's window, undefined when it has none. */
export function readXaAttributes(record: ByteCursor): number | undefined {
  const at = systemUseOffset(record.u8(RECORD.nameLength));
  if (at + XA_BYTES > record.length || record.u16be(at + SIGNATURE_OFFSET) !== SIGNATURE) return undefined;
  return record.u16be(at + 4);
}

/** All that a record has of CD-ROM XA, which has attributes: a view. */
export function xaBytes(record: ByteCursor): Uint8Array {
  return record.slice(systemUseOffset(record.u8(RECORD.nameLength)), XA_BYTES);
}
