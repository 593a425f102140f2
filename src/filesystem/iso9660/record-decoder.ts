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

/** Plain ISO 9660: names as Linux maps them. */
export class IsoRecordDecoder implements RecordDecoder {
  readonly #blockSize: number;
  readonly #dates = new ShortDateReader();

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  decode(cursor: ByteCursor, entry: DirectoryEntry): DecodeResult {
    readFixedFields(cursor, this.#blockSize, entry);
    readRecordDate(cursor, this.#dates, entry);
    copyIsoName(cursor, entry);
    return 'entry';
  }
}

/** Joliet: names in UCS-2. */
export class JolietRecordDecoder implements RecordDecoder {
  readonly #blockSize: number;
  readonly #dates = new ShortDateReader();

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  decode(cursor: ByteCursor, entry: DirectoryEntry): DecodeResult {
    readFixedFields(cursor, this.#blockSize, entry);
    readRecordDate(cursor, this.#dates, entry);
    const nameLength = cursor.u8(RECORD.nameLength);
    entry.nameLength = writeJolietName(cursor, RECORD.name, nameLength, entry.name);
    return 'entry';
  }
}

/** Gives the entry the record's own name, mapped as Linux does. */
export function copyIsoName(cursor: ByteCursor, entry: DirectoryEntry): void {
  const length = cursor.copyText(RECORD.name, cursor.u8(RECORD.nameLength), entry.name, 0);
  entry.nameLength = mapIsoName(entry.name, length);
}
