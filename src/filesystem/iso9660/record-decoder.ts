// How one tree reads its records; the directory walker is the same for all trees.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { DirectoryEntry } from '../file-tree.js';
import { ShortDateReader } from './date.js';
import { RECORD, readFixedFields, readRecordDate } from './directory-record.js';
import { writeJolietName } from './joliet.js';
import { mapIsoName } from './names.js';

/**
 * `moved`: a directory that lies elsewhere, whose size and attributes its own "." record has. `hidden`: not to be
 * shown here. `incomplete`: fetch the continuation area that is missing, then decode again.
 */
export type DecodeResult = 'entry' | 'moved' | 'hidden' | 'incomplete';

export interface RecordDecoder {
  /** Decodes the record in the cursor's window, whose name is known to fit, into the entry. */
  decode(cursor: ByteCursor, entry: DirectoryEntry): DecodeResult;
}

/** Gives an entry the name of the record in the cursor's window. */
export type CopyName = (cursor: ByteCursor, entry: DirectoryEntry) => void;

/** Trees whose records differ in nothing but how a name is written: plain ISO 9660 and Joliet. */
export class PlainRecordDecoder implements RecordDecoder {
  readonly #blockSize: number;
  readonly #copyName: CopyName;
  readonly #dates = new ShortDateReader();

  constructor(blockSize: number, copyName: CopyName) {
    this.#blockSize = blockSize;
    this.#copyName = copyName;
  }

  decode(cursor: ByteCursor, entry: DirectoryEntry): DecodeResult {
    readFixedFields(cursor, this.#blockSize, entry);
    readRecordDate(cursor, this.#dates, entry);
    this.#copyName(cursor, entry);
    return 'entry';
  }
}

/** Joliet: the name is UCS-2. */
export function copyJolietName(cursor: ByteCursor, entry: DirectoryEntry): void {
  const length = cursor.u8(RECORD.nameLength);
  entry.nameLength = writeJolietName(cursor, RECORD.name, length, entry.name);
}

/** Plain ISO 9660: the record's own name, mapped as Linux does. */
export function copyIsoName(cursor: ByteCursor, entry: DirectoryEntry): void {
  const length = cursor.copyText(RECORD.name, cursor.u8(RECORD.nameLength), entry.name, 0);
  entry.nameLength = mapIsoName(entry.name, length);
}
