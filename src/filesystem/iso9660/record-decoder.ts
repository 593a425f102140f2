// How one tree reads its records; the directory walker is the same for all trees.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { DirectoryEntry } from '../contract/file-tree.js';
import { ShortDateReader } from './date.js';
import { RECORD, readFixedFields, readRecordDate } from './directory-record.js';
import type { RecordFormat } from './directory-record.js';
import type { NameCharset } from '../../base/name-charset.js';
import { writeJolietName } from './joliet.js';
import { mapIsoName, trimVersion } from './names.js';

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
  readonly #format: RecordFormat;
  readonly #copyName: CopyName;
  readonly #dates: ShortDateReader;

  constructor(format: RecordFormat, copyName: CopyName) {
    this.#format = format;
    this.#copyName = copyName;
    this.#dates = new ShortDateReader(format.flags === RECORD.flags);
  }

  decode(cursor: ByteCursor, entry: DirectoryEntry): DecodeResult {
    readFixedFields(cursor, this.#format.blockSize, entry, this.#format.flags);
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
export function copyIsoName(cursor: ByteCursor, entry: DirectoryEntry, charset?: NameCharset): void {
  const length = cursor.copyText(RECORD.name, cursor.u8(RECORD.nameLength), entry.name, 0);
  // Before it is mapped: in some charsets letters of ASCII are the second bytes of characters.
  const decoded = charset === undefined ? length : charset.decode(entry.name, length);
  entry.nameLength = mapIsoName(entry.name, decoded);
}

/** ISO 9660:1999: the name as it is recorded, long and in both cases, but for ";1". */
export function copyEnhancedName(cursor: ByteCursor, entry: DirectoryEntry, charset?: NameCharset): void {
  const length = cursor.copyText(RECORD.name, cursor.u8(RECORD.nameLength), entry.name, 0);
  const decoded = charset === undefined ? length : charset.decode(entry.name, length);
  entry.nameLength = trimVersion(entry.name, decoded);
}
